"""Join two benchmark folders over data sets and seeds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path

import pyarrow as pa

from lcbench import store
from lcbench.errors import InputError
from lcbench.overlap import join
from lcbench.schema import (
    BASELINE_KEY,
    BASELINES,
    CONFIGS,
    DATASETS,
    EXTRAS,
    KEY,
    LABELS,
    RUNS,
    Manifest,
    table_path,
)

_SAME = ("space", "budgets", "schedule", "metrics")


def merge(first: Path, second: Path, out: Path) -> Manifest:
    """Join two benchmarks of the same configurations and budgets into a new folder.

    Every data set must have every seed in one of the two. Runs that both have are kept once.

    Args:
        first: A benchmark folder.
        second: Another.
        out: The new folder; it appears when it is whole.

    Returns:
        The new folder's manifest; its provenance holds both folders' under ``"merged"``.

    Raises:
        InputError: If ``out`` exists, the two do not fit together, or a run that both have differs.
        FolderError: If a folder cannot be read.
    """
    folders = (first, second)
    manifests = [store.read_manifest(folder) for folder in folders]
    joined = _fit(*manifests)
    with _appearing(out) as folder:
        configs = store.read_parquet(first / CONFIGS)
        if not configs.equals(store.read_parquet(second / CONFIGS)):
            raise InputError(f"both tables must have the same configurations, got others in {second / CONFIGS}.")
        store.write_parquet(folder / CONFIGS, configs)
        described = [store.read_parquet(each / DATASETS) for each in folders]
        store.write_parquet(folder / DATASETS, join(described, ("name",), DATASETS))
        datasets = list(dict.fromkeys(name for manifest in manifests for name in manifest.datasets))
        for kind, dataset in product((RUNS, *EXTRAS), datasets):
            _join(kind, dataset, dict(zip(folders, manifests, strict=True)), folder)
        return store.seal(folder, joined, datasets)


def _fit(first: Manifest, second: Manifest) -> Manifest:
    """The joined manifest, without files yet."""
    for name in _SAME:
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            shown = f": {one} and {other}" if name in ("budgets", "schedule") else ""
            raise InputError(f"both tables must have the same {name}, got different ones{shown}.")
    seeds = tuple(sorted({*first.seeds, *second.seeds}))
    there = {pair for manifest in (first, second) for pair in product(manifest.datasets, manifest.seeds)}
    for dataset, seed in product(dict.fromkeys(first.datasets + second.datasets), seeds):
        if (dataset, seed) not in there:
            raise InputError(
                f"every data set must have every seed in one of the tables, got no seed {seed} of {dataset}; "
                "merge with a table that has it first."
            )
    title = first.title if first.title == second.title else f"{first.title}; {second.title}"
    return replace(first, title=title, seeds=seeds, provenance=_provenance(first, second), files={})


def _provenance(first: Manifest, second: Manifest) -> dict[str, object]:
    """What both say alike, and both in full."""
    one, other = first.provenance, second.provenance
    return {key: one[key] for key in one if key in other and one[key] == other[key]} | {"merged": [one, other]}


def _join(kind: str, dataset: str, manifests: dict[Path, Manifest], out: Path) -> None:
    """Join one data set's table of one kind; those that have none give none."""
    path = table_path(kind, dataset)
    tables = [store.read_parquet(folder / path) for folder, manifest in manifests.items() if path in manifest.files]
    if kind == LABELS and len(tables) == 2 and not tables[0].equals(tables[1]):
        raise InputError(f"both tables must have the same labels of {dataset}, got others; their splits differ.")
    if kind == RUNS:
        store.write_runs(out, dataset, join(tables, KEY, f"runs of {dataset}"))
    elif tables:
        key, measured = (BASELINE_KEY, ("seconds",)) if kind == BASELINES else (KEY, ())
        joined = tables[0] if kind == LABELS else join(tables, key, f"{kind} of {dataset}", measured)
        store.write_parts(out / path, [joined], pa.schema(joined.schema))


@contextmanager
def _appearing(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` that takes its name when the block ends well, and is gone otherwise."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"the output must go to a new folder, got {out}; choose another name.")
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
