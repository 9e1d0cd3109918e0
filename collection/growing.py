"""Tables that grow: what a larger plan adds is trained beside the table, joined with it, and put in its place at once.

::

    DIR/                      the table, as it is until the last moment
      .collecting/
        plan.json             the larger plan, marked as growth
        units/ ...            finished tasks, as in every collection
        new/                  a table of the new runs
        grown/                the larger table; from the moment that it is there, readers of DIR read it

A process may be killed at any time: readers find the old table or the new one, and the next process that holds the
folder puts the files of ``grown`` in their place (:func:`install`).
"""

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lcbench.collection.plan import Plan, digest_configs
from lcbench.collection.shards import Shards
from lcbench.collection.tasks import Block, RunsTask
from lcbench.errors import InputError, PlanConflictError, StoppedError
from lcbench.table import store, verify
from lcbench.table.manifest import MANIFEST, Manifest
from lcbench.table.merge import merge
from lcbench.writing import replacing

if TYPE_CHECKING:
    from lcbench.collection.collecting import Collection

GROWS = "grows"
"""Entry of a plan that makes a table larger."""


GROWING = (GROWS, "datasets", "configurations", "configurations digest", "budgets", "seeds")
"""Entries of a plan that are others when a table has grown."""


def grows(shards: Shards) -> bool:
    """Whether a growth was begun in a folder and is not finished."""
    return bool((shards.plan() or {}).get(GROWS))


def larger(table: Mapping[str, Any], manifest: Manifest, asked: Plan, given: frozenset[str]) -> Plan:
    """The plan of a table and of what is to be added to it.

    Args:
        table: The plan that the table was collected with.
        manifest: What the table says of itself.
        asked: What is to be added; what is not in ``given`` counts for nothing.
        given: Which of ``sources``, ``configs``, ``budgets`` and ``seeds`` somebody asked for.

    Raises:
        PlanConflictError: If the configurations that were asked for are fewer than those of the table, or do not begin
            with them.
    """
    sources = list(table["datasets"]) + [each for each in asked.sources if each not in table["datasets"]]
    configs = asked.configs
    if "configs" in given and len(configs) < table["configurations"]:
        raise PlanConflictError(
            f"a table that grows must keep its {table['configurations']} configurations, got {len(configs)}; give the "
            "number of all, the table's included."
        )
    if "configs" in given and digest_configs(configs.head(table["configurations"])) != table["configurations digest"]:
        raise PlanConflictError(
            f"the first {table['configurations']} configurations must be those of the table, got others; give the same "
            "--plan-seed and --space, or a file that begins with them."
        )
    budgets = {*manifest.budgets, *(asked.budgets if "budgets" in given else ())}
    seeds = {*manifest.seeds, *(asked.seeds if "seeds" in given else ())}
    return replace(
        asked,
        sources=tuple(sources if "sources" in given else table["datasets"]),
        configs=configs,
        budgets=tuple(sorted(budgets)),
        seeds=tuple(sorted(seeds)),
    )


def new_runs(
    plan: Plan, described: Mapping[str, object], manifest: Manifest
) -> tuple[tuple[Block, ...], list[RunsTask]]:
    """What a larger plan trains that the table has not.

    Args:
        plan: The larger plan; its first configurations are those of the table.
        described: Names of its data sets.
        manifest: What the table says of itself.

    Returns:
        The blocks, and the tasks of each.

    Raises:
        PlanConflictError: If the table has something that the plan has not.
    """
    _check_larger(plan, described, manifest)
    seeds = tuple(seed for seed in plan.seeds if seed not in manifest.seeds)
    budgets = tuple(budget for budget in plan.budgets if budget not in manifest.budgets)
    blocks = [plan.block]
    blocks += [Block(plan.budgets, seeds)] if seeds else []
    blocks += [Block(budgets, manifest.seeds)] if budgets else []
    old, tasks = manifest.files["configs.parquet"].rows, []
    for task in plan.tasks(described):
        known = task.dataset in manifest.datasets and task.config_id < old
        tasks += [replace(task, block=block) for block in (range(1, len(blocks)) if known else (0,))]
    return tuple(blocks), tasks


def _check_larger(plan: Plan, described: Mapping[str, object], manifest: Manifest) -> None:
    lost = [
        *({*manifest.datasets} - {*described}),
        *({*manifest.budgets} - {*plan.budgets}),
        *({*manifest.seeds} - {*plan.seeds}),
    ]
    if lost or len(plan.configs) < manifest.files["configs.parquet"].rows:
        raise PlanConflictError("a plan that grows must have all that the table has; leave out what stays as it is.")


def finish_growth(collection: "Collection", now: datetime) -> None:
    """Join the new runs with the table, check the whole, and put it in the table's place.

    Raises:
        StoppedError: If what came out is not whole; the table is as it was.
    """
    root, folder = collection.shards.root, collection.folder
    new, grown, half = root / "new", root / GROWN, root / "growing"
    for leftover in (new, half):
        shutil.rmtree(leftover, ignore_errors=True)
    collection.write(new, now)
    before, plan = store.read_manifest(folder), {k: v for k, v in collection.kept.items() if k != GROWS}
    joined = merge(folder, new, half)
    earlier = [*before.provenance.get("grown from", ()), _circumstances(before)]
    provenance = {**store.read_manifest(new).provenance, "plan": plan, "grown from": earlier}
    titled = store.read_manifest(new).title
    store.write_manifest(half, replace(joined, title=titled, provenance=provenance))
    wrong = verify.verify(half)
    if wrong:
        raise StoppedError(f"the larger table is not whole ({wrong[0]}); {folder} is as it was.")
    half.replace(grown)
    install(folder)


GROWN = store.GROWN.name


def _circumstances(manifest: Manifest) -> dict[str, Any]:
    """When and where a table was made, and of what size, for those that grew from it."""
    known = ("created", "python", "packages", "processor", "seconds", "cost model")
    sizes = {"configurations": manifest.files["configs.parquet"].rows, "datasets": list(manifest.datasets)}
    sizes |= {"budgets": list(manifest.budgets), "seeds": list(manifest.seeds)}
    return {name: manifest.provenance[name] for name in known if name in manifest.provenance} | sizes


def install(folder: Path) -> None:
    """Put the files of a finished growth in the table's place, if there are any; readers never see half of them."""
    grown = folder / store.GROWN
    if not (grown / MANIFEST).is_file():
        return
    manifest = store.read_manifest(grown)
    for path in (*manifest.files, MANIFEST):
        if (folder / path).exists() and (folder / path).samefile(grown / path):
            continue  # by a process that was killed; a link does not replace another of the same file
        with replacing(folder / path) as temporary:
            try:
                os.link(grown / path, temporary)
            except OSError:  # a file system without links
                shutil.copy2(grown / path, temporary)
    (grown / MANIFEST).unlink()
    with suppress(InputError):
        Shards(folder).remove()


def added_configs(table: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """The table's configurations, then those of a file that are not among them."""
    both = pd.concat([table, given], ignore_index=True)
    return both[~both.duplicated()].reset_index(drop=True) if not table.duplicated().any() else both
