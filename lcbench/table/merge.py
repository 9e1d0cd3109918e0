"""Join two benchmark folders along configurations, seeds, budgets and data sets: runs that both have must agree."""

import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.errors import DataWarning, InputError, UnknownNameError
from lcbench.plugins import SOURCE
from lcbench.table import reading, store
from lcbench.table.joining import KEEPS, Configs, Keep, join, join_configs
from lcbench.table.manifest import (
    BASELINE_KEY,
    BASELINES,
    CONFIGS,
    DATASETS,
    EXTRAS,
    LABELS,
    META,
    OF_RUNS,
    RUNS,
    Manifest,
    table_path,
)
from lcbench.table.metric import Fidelity
from lcbench.table.record import KEY, SECONDS, Record
from lcbench.writing import appearing

_COUNTED = re.compile(r" on \d+ data sets?$")
"""End of a title of older tables that is no longer true when they are joined."""


def merge(
    first: Path, second: Path, out: Path, seconds: Keep = "first", done: Callable[[str, int], None] | None = None
) -> Manifest:
    """Join two benchmarks of one space into a new folder, along any mix of its directions.

    Configurations are recognized by their values; what only the second folder has under a number that is taken gets a
    new one. Runs that both have are kept once, and must agree, but for seconds that were measured, or modelled from a
    measurement: these differ each time. What neither has is missing in the joined table. Warnings say what was
    renumbered, chosen or left out.

    Args:
        first: A benchmark folder.
        second: Another.
        out: The new folder; it appears when it is whole.
        seconds: Whose seconds are kept where both have a run: the first's, the second's or their mean.
        done: Called after each table with its name and how many there are in all, to show progress.

    Returns:
        The new folder's manifest; its provenance holds both folders' under ``"merged"``.

    Raises:
        InputError: If ``out`` exists, the two do not fit together, or a run that both have differs.
        FolderError: If a folder cannot be read.
    """
    if seconds not in KEEPS:
        raise UnknownNameError("choice of seconds", seconds, KEEPS)
    folders = (store.place(first), store.place(second))
    manifests = [store.read_manifest(folder) for folder in folders]
    joined = _fit(*manifests)
    with appearing(out) as folder:
        configs = join_configs(*(reading.configs(*each) for each in zip(folders, manifests, strict=True)))
        store.write_parquet(folder / CONFIGS, configs.table)
        described = [reading.datasets(*each) for each in zip(folders, manifests, strict=True)]
        store.write_parquet(folder / DATASETS, _joined_datasets(described))
        work = _Merge(dict(zip(folders, manifests, strict=True)), configs, joined.record, seconds, folder)
        datasets = list(dict.fromkeys(name for manifest in manifests for name in manifest.datasets))
        parts = [(k, d) for k, d in product((RUNS, *EXTRAS), datasets) if work.has(k, d)]
        for kind, dataset in parts:
            work.join(kind, dataset)
            if done is not None:
                done(f"{kind} of {dataset}", len(parts))
        work.say(second)
        return store.seal(folder, joined, datasets)


def _joined_datasets(tables: list[pa.Table]) -> pa.Table:
    """Join what is known of data sets; a meta-feature is that of the first table that has it."""
    fields = [each for table in tables for each in table.schema if each.name.startswith(META)]
    meta = dict.fromkeys(each.name for each in fields if all(pa.types.is_floating(f.type) for f in fields))
    plain = [table.drop_columns([name for name in meta if name in table.column_names]) for table in tables]
    joined, known = join(plain, ("name",), DATASETS).rows, [{row["name"]: row for row in t.to_pylist()} for t in tables]
    for name in meta:
        values = [
            next((rows[each][name] for rows in known if rows.get(each, {}).get(name) is not None), None)
            for each in joined["name"].to_pylist()
        ]
        joined = joined.append_column(name, pa.array(values, pa.float64()))
    return joined


@dataclass(slots=True)
class _Merge:
    """Joins the tables of two folders one by one, and remembers what is to be said."""

    manifests: Mapping[Path, Manifest]
    configs: Configs
    record: Record
    seconds: Keep
    out: Path
    differ: int = 0
    """Runs that both have with different seconds."""
    dropped: list[str] = field(default_factory=list)
    """Tables beside the runs that are of some runs only."""

    def has(self, kind: str, dataset: str) -> bool:
        """Whether there is such a table in either folder."""
        return any(table_path(kind, dataset) in manifest.files for manifest in self.manifests.values())

    def join(self, kind: str, dataset: str) -> None:
        """Join one data set's table of one kind; those that have none give none."""
        path = table_path(kind, dataset)
        tables = self._read(path)
        if kind == RUNS:
            clock = SECONDS if self.record.seconds in ("measured", "modelled") else ""
            joined = join(tables, self.record.key, f"runs of {dataset}", clock, self.seconds)
            self.differ += joined.differ
            store.write_runs(self.out, dataset, joined.rows, self.record)
            return
        if kind in OF_RUNS and len(tables) < sum(table_path(RUNS, dataset) in m.files for m in self.manifests.values()):
            self.dropped.append(f"{kind} of {dataset}")
            return
        if kind == LABELS:
            if len(tables) == 2 and not tables[0].equals(tables[1]):
                raise InputError(
                    f"both tables must have the same labels of {dataset}, got others; their splits differ."
                )
            rows = tables[0]
        elif kind == BASELINES:
            rows = join(tables, BASELINE_KEY, f"{kind} of {dataset}", SECONDS, self.seconds).rows
        else:
            rows = join(tables, KEY, f"{kind} of {dataset}").rows
            rows = rows.sort_by([(key, "ascending") for key in KEY])
        store.write_parts(self.out / path, [rows], pa.schema(rows.schema))

    def _read(self, path: str) -> list[pa.Table]:
        tables = []
        for place, (folder, manifest) in enumerate(self.manifests.items()):
            if path in manifest.files:
                table = reading.table(folder, manifest, path)
                renumbered = place == 1 and "config_id" in table.column_names
                tables.append(self.configs.renumber(table) if renumbered else table)
        return tables

    def say(self, second: Path) -> None:
        """Warn of what somebody may not expect, a line each."""
        notes = []
        if self.configs.renumbered:
            taken = f"{self.configs.renumbered} configurations of {second} have new numbers"
            notes.append(f"{taken}, since the first table has others under theirs.")
        if self.differ:
            kept = "their mean is" if self.seconds == "mean" else f"the {self.seconds} table's are"
            notes.append(f"{self.differ} runs that both tables have agree in all but their seconds; {kept} kept.")
        if self.dropped:
            notes.append(f"{', '.join(self.dropped)} are left out, as only one of the tables has them.")
        for note in notes:
            warnings.warn(note, DataWarning, stacklevel=3)


# What both manifests say -----------------------------------------------------------------------------------------


def _fit(first: Manifest, second: Manifest) -> Manifest:
    """The joined manifest, without files yet.

    Raises:
        InputError: If the two do not fit together.
    """
    one, other = ({name: v for name, v in each.space.items() if name != "name"} for each in (first, second))
    if one != other:
        raise InputError(f"both tables must have the same space, got {_odd_space(one, other)}; merge what is alike.")
    if first.schedule != second.schedule:
        raise InputError(
            f"both tables must have the same schedule, got {first.schedule!r} and {second.schedule!r}; their runs of "
            "one budget are no repetitions."
        )
    sources = [source for each in (first, second) if (source := (each.provenance.get("plan") or {}).get(SOURCE))]
    if len(set(sources)) > 1:
        raise InputError(
            f"both tables must be of one problem, got sources {' and '.join(sources)}; what two programs trained is "
            "not mixed."
        )
    parts = "; ".join((first.title, second.title)).split("; ")
    return replace(
        first,
        record=_record(first.record, second.record),
        budgets=tuple(sorted({*first.budgets, *second.budgets})),
        seeds=tuple(sorted({*first.seeds, *second.seeds})),
        title="; ".join(dict.fromkeys(_COUNTED.sub("", part) for part in parts)),
        licence="; ".join(dict.fromkeys(filter(None, (first.licence, second.licence)))),
        citation="; ".join(dict.fromkeys(filter(None, (first.citation, second.citation)))),
        provenance=_provenance(first, second),
        files={},
    )


def _odd_space(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """What two spaces differ in, in a few words."""
    one, other = ({each["name"]: each for each in space.get("hyperparameters", ())} for space in (first, second))
    odd = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    if not odd:
        return "other conditions or forbidden combinations"
    lacking = [name for name in odd if name not in one or name not in other]
    return f"{lacking[0]} in one only" if lacking else f"two definitions of {odd[0]}"


def _record(first: Record, second: Record) -> Record:
    """What the runs of both record, at the fidelities of either.

    Raises:
        InputError: If they record different things.
    """
    goals = {metric.name: metric.goal for metric in first.metrics}
    for metric in second.metrics:
        if goals.get(metric.name, metric.goal) != metric.goal:
            raise InputError(
                f"metric {metric.name} must have one goal, got {goals[metric.name]} in the first table and "
                f"{metric.goal} in the second; correct the one that is wrong."
            )
    for name in ("metrics", "objective", "seconds", "series", "columns"):
        one, other = getattr(first, name), getattr(second, name)
        if one != other:
            raise InputError(f"both tables must record the same {name}, got {_odd(one, other)}; merge what is alike.")
    if len(first.fidelities) != len(second.fidelities):
        raise InputError(
            f"both tables must have the same fidelities, got {len(first.fidelities)} and {len(second.fidelities)}."
        )
    return replace(first, fidelities=tuple(map(_fidelity, first.fidelities, second.fidelities)))


def _odd(one: Any, other: Any) -> str:
    """The first thing that two records differ in."""
    if not isinstance(one, tuple):
        return f"{one} and {other}"
    names = [[each.name for each in entries] for entries in (one, other)]
    lacking = [name for name in (*names[0], *names[1]) if (name in names[0]) != (name in names[1])]
    if lacking:
        return f"{lacking[0]} in one only"
    odd = [left.name for left, right in zip(one, other, strict=True) if left != right]
    return f"two definitions of {odd[0]}"


def _fidelity(first: Fidelity, second: Fidelity) -> Fidelity:
    """A fidelity with the values of both; the steps of a shorter curve are the first of a longer one's."""
    steps = (first.steps, second.steps)
    prefix = all(isinstance(each, tuple) for each in steps) and all(
        a == b for a, b in zip(*steps, strict=False)  # type: ignore[arg-type]  # tuples
    )  # fmt: skip
    if (first.name, first.unit) != (second.name, second.unit) or not (steps[0] == steps[1] or prefix):
        raise InputError(
            f"both tables must have the same fidelities, got {first.label} and {second.label}; merge what is alike."
        )
    longest = max(steps, key=len) if prefix else first.steps  # type: ignore[arg-type]  # tuples
    return replace(first, steps=longest, budgets=tuple(sorted({*first.budgets, *second.budgets})))


def _provenance(first: Manifest, second: Manifest) -> dict[str, object]:
    """What both say alike, and both in full."""
    one, other = first.provenance, second.provenance
    return {key: one[key] for key in one if key in other and one[key] == other[key]} | {"merged": [one, other]}
