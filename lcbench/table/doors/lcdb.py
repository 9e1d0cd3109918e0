"""LCDB 1.0 (Mohr et al. 2022): learning curves over numbers of training rows, of 20 learners on 248 data sets.

A CSV has one score: a row for each data set, learner, outer and inner seed of the splits, and anchor. Anchors are 16,
23, 32, 45, ... (``2 ** (4 + k / 2)``, rounded), and last of all the whole training part, whose size is each data set's
own. A learner is trained anew at every anchor.

A run is one curve: its steps are the anchors of the common grid, its budget is the number of them that the data set has
rows for. What was measured on the whole training part stands in columns of its own. Learners that failed or ran out of
time at an anchor have NaN there.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from ConfigSpace import Categorical, ConfigurationSpace, Constant
from numpy.typing import NDArray
from pyarrow import csv

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.space.spaces import to_json
from lcbench.table.doors._foreign import Described, Foreign, configs_table, provenance, runs_table
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric, Series
from lcbench.table.record import SECONDS, Record
from lcbench.wanted import Wanted

Learners = Literal["hyperparameter", "task"]
LEARNERS: tuple[Learners, ...] = ("hyperparameter", "task")

SCORES: dict[str, tuple[str, Literal["maximize", "minimize"], float]] = {
    "accuracy": ("fraction", "maximize", 1.0),
    "auc": ("fraction", "maximize", 1.0),
    "f1": ("fraction", "maximize", 1.0),
    "logloss": ("nats", "minimize", np.inf),
}
"""Unit, goal and largest value of each score that was published."""

MOST_BYTES = 1 << 30
"""Of a CSV; the largest has 153 MB. It is held in memory as numbers, which are fewer bytes."""

PARTS = ("train", "valid", "test")
FIT_SECONDS, ALL = "fit_seconds", "all_rows"
_SPLIT = ["openmlid", "learner", "outer_seed", "inner_seed"]
_COLUMNS = {
    "openmlid": pa.int32(),
    "learner": pa.dictionary(pa.int32(), pa.string()),
    **dict.fromkeys(("size_train", "outer_seed", "inner_seed"), pa.int32()),
    "traintime": pa.float64(),
    **{f"score_{part}": pa.float64() for part in PARTS},
}


_ENDS = (".csv", ".csv.gz", ".csv.bz2", ".csv.lz4", ".csv.zst")

LCDB = Wanted("a CSV of LCDB, such as database-accuracy.csv, or the folder of package lcdb", folder=True, ends=_ENDS)
"""What :func:`lcdb` opens."""


def lcdb(
    source: Path, learners: str = "hyperparameter", score: str | None = None, anchors: int | None = None
) -> Foreign:
    """Open one score of LCDB.

    Args:
        source: The CSV, or the folder of the package with all four.
        learners: Whether a learner is the value of the only hyperparameter, so that the data sets are the tasks, or a
            task on each data set, with one configuration.
        score: Which of :data:`SCORES`; by default what the name of the CSV says, or the accuracy of a folder.
        anchors: How many anchors every curve has: longer ones are cut, and data sets with fewer rows left out, so that
            the table has one budget. By default all data sets come in, each with all its anchors.

    Raises:
        InputError: If there is no such file, or an option is none of the above.
        DamagedFileError: If it is not in the published layout.
    """
    if learners not in LEARNERS:
        raise UnknownNameError("role of the learners", learners, LEARNERS)
    path, score = _file(source, score)
    table = _read(path)
    grid = _grid(int(pc.max(table["size_train"]).as_py()))
    if anchors is not None:
        grid, table = _cut(table, grid, anchors)
    bounds = _bounds(table)
    if len(bounds) - 1 != pc.count_distinct(table["openmlid"]).as_py():
        raise DamagedFileError(f"{path} must have the rows of a data set together, got them apart; get it again.")
    names, as_tasks = sorted(pc.unique(table["learner"]).to_pylist()), learners == "task"
    curves = _Curves(path, table, bounds, names, grid, _record(score, grid), score, _titles(path))
    space = ConfigurationSpace(name="lcdb")
    space.add(Constant("settings", "default") if as_tasks else Categorical("learner", names))
    configs = pd.DataFrame({next(iter(space)): ["default"] if as_tasks else names})
    count = len(curves.tasks()) if as_tasks else len(bounds) - 1
    return Foreign(curves.manifest(space, learners), configs_table(space, configs), count, curves.runs(as_tasks))


def _file(source: Path, score: str | None) -> tuple[Path, str]:
    LCDB.check(source)
    if score is not None and score not in SCORES:
        raise UnknownNameError("score", score, SCORES)
    if source.is_dir():
        path = source / f"database-{score or 'accuracy'}.csv"
        if not path.is_file():
            raise InputError(LCDB.refusal(source, f"a folder without {path.name}"))
        return path, score or "accuracy"
    named = re.search("|".join(SCORES), source.name)
    if score is None and named is None:
        raise InputError(f"the name of {source} must say the score ({', '.join(SCORES)}); or name it with --score.")
    return source, score or (named.group() if named else "")


def _record(score: str, grid: tuple[int, ...]) -> Record:
    """What a run has."""
    unit, goal, high = SCORES[score]
    last = {f"{part}_{score}_{ALL}": "float64" for part in PARTS}
    return Record(
        metrics=tuple(Metric(f"{part}_{score}", unit, goal, 0.0, high) for part in PARTS),
        objective=f"valid_{score}",
        fidelities=(Fidelity("rows", steps=grid),),
        seconds="published",
        series=(Series(FIT_SECONDS, "seconds"),),
        columns={ALL: "int32", **last, f"{FIT_SECONDS}_{ALL}": "float64"},
    )


def _read(path: Path) -> pa.Table:
    if path.stat().st_size > MOST_BYTES:
        raise DamagedFileError(f"{path} must have at most {MOST_BYTES >> 20} MB, got more; name a CSV of LCDB.")
    try:
        options = csv.ConvertOptions(column_types=_COLUMNS, include_columns=list(_COLUMNS))
        table = csv.read_csv(path, convert_options=options).combine_chunks()
    except (pa.ArrowException, KeyError, OSError) as error:
        reason = str(error).splitlines()[0][:150]
        raise DamagedFileError(f"{path} cannot be read as a CSV of LCDB: {reason}; get it again.") from error
    whole = [name for name in _COLUMNS if not name.startswith("score_")]
    if not table.num_rows or any(table[name].null_count for name in whole):
        raise DamagedFileError(f"{path} must have rows without gaps in {', '.join(whole)}; get it again.")
    for name, low in (("size_train", 1), ("outer_seed", 0), ("inner_seed", 0), ("openmlid", 0)):
        least, most = (pc.min_max(table[name])[end].as_py() for end in ("min", "max"))
        if least < low or (name == "inner_seed" and most > 99) or (name == "outer_seed" and most > 10_000):
            raise DamagedFileError(f"{path} has {name} from {least} to {most}, which cannot be; get it again.")
    return table


def _grid(largest: int) -> tuple[int, ...]:
    """The anchors that data sets share: ``2 ** 4, 2 ** 4.5, ...`` up to the largest."""
    steps = np.round(2 ** (4 + np.arange(60) / 2)).astype(int)
    return tuple(steps[: max(1, int((steps <= largest).sum()))].tolist())


def _cut(table: pa.Table, grid: tuple[int, ...], anchors: int) -> tuple[tuple[int, ...], pa.Table]:
    """The first anchors, and the rows of the data sets that have them all."""
    if not 1 <= anchors <= len(grid):
        raise InputError(f"anchors must be from 1 to {len(grid)} (16, 23, ... {grid[-1]} rows), got {anchors}.")
    largest = table.group_by("openmlid").aggregate([("size_train", "max")])
    long = largest.filter(pc.greater_equal(largest["size_train_max"], grid[anchors - 1]))["openmlid"]
    kept = pc.and_(
        pc.is_in(table["openmlid"], long.combine_chunks()), pc.less_equal(table["size_train"], grid[anchors - 1])
    )
    return grid[:anchors], table.filter(kept).combine_chunks()


def _bounds(table: pa.Table) -> NDArray[np.intp]:
    """Where the rows of each data set begin, and where the last ones end."""
    ids = table["openmlid"].to_numpy()
    return np.append(np.flatnonzero(np.diff(ids, prepend=-1)), len(ids))


def _titles(path: Path) -> Mapping[int, str]:
    """The data sets' names, where ``datasets.csv`` of the package lies beside; some have none."""
    beside = path.with_name("datasets.csv")
    if not beside.is_file():
        return {}
    found = pd.read_csv(beside, usecols=["openmlid", "Name"])
    return dict(zip(found["openmlid"].tolist(), found["Name"].tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class _Curves:
    """The rows of a CSV, those of a data set together."""

    path: Path
    table: pa.Table
    bounds: NDArray[np.intp]
    names: list[str]
    grid: tuple[int, ...]
    record: Record
    score: str
    titles: Mapping[int, str]

    def manifest(self, space: ConfigurationSpace, learners: str) -> Manifest:
        """What the folder says of itself."""
        datasets = len(self.bounds) - 1
        seeds = pc.unique(pc.add(pc.multiply(self.table["outer_seed"], 100), self.table["inner_seed"]))
        return Manifest(
            title=f"LCDB 1.0: {self.score} of {len(self.names)} learners on {datasets} data sets, over numbers of rows",
            problem="lcdb",
            space=to_json(space),
            record=self.record,
            budgets=tuple(sorted({self.budget(at) for at in range(datasets)})),
            seeds=tuple(sorted(seeds.to_pylist())),
            provenance=provenance(
                [self.path],
                "as published: the time of the training, added up over the anchors",
                seeds="100 * outer_seed + inner_seed",
                learners=learners,
            ),
            schedule="every anchor is a training of its own; a run goes over those that its data set has rows for",
            licence="MIT",
            citation="Mohr et al.: LCDB 1.0: An Extensive Learning Curves Database for Classification Tasks "
            "(ECML PKDD 2022)",
        )

    def budget(self, at: int) -> int:
        """Number of anchors of the common grid that a data set has rows for, at least 1."""
        sizes = self.table["size_train"].slice(self.bounds[at], self.bounds[at + 1] - self.bounds[at]).to_numpy()
        on_grid = sizes[np.isin(sizes, self.grid)]
        return int(np.searchsorted(self.grid, on_grid.max()) + 1) if len(on_grid) else 1

    def tasks(self) -> list[tuple[int, str]]:
        """Which learners there are on which data sets."""
        pairs = self.table.select(["openmlid", "learner"]).group_by(["openmlid", "learner"]).aggregate([])
        return list(zip(pairs["openmlid"].to_pylist(), pairs["learner"].to_pylist(), strict=True))

    def runs(self, as_tasks: bool) -> Iterator[tuple[Described, pa.Table]]:
        """The data sets, or the learners on each of them, with their runs."""
        for at in range(len(self.bounds) - 1):
            rows = self.table.slice(self.bounds[at], self.bounds[at + 1] - self.bounds[at]).to_pandas()
            number, budget = int(rows["openmlid"].iloc[0]), self.budget(at)
            known = {
                "source": f"openml data set {number}",
                "openml_dataset_id": number,
                "title": self.titles.get(number, ""),
            }
            if not as_tasks:
                rows["config_id"] = rows["learner"].cat.codes.map(self._places(rows)).to_numpy()
                yield {"name": f"openml-{number}", **known}, self._table(rows, budget)
                continue
            rows["config_id"] = 0
            for learner, part in rows.groupby("learner", observed=True, sort=True):
                name = f"openml-{number}-{str(learner).rpartition('.')[2]}"
                yield {"name": name, **known, "learner": learner}, self._table(part, budget)

    def _places(self, rows: pd.DataFrame) -> dict[int, int]:
        return {code: self.names.index(name) for code, name in enumerate(rows["learner"].cat.categories)}

    def _table(self, rows: pd.DataFrame, budget: int) -> pa.Table:
        """The curves of some rows, one a run."""
        seeds = 100 * rows["outer_seed"].to_numpy() + rows["inner_seed"].to_numpy()
        keys, run = np.unique(np.stack([rows["config_id"].to_numpy(), seeds]), axis=1, return_inverse=True)
        sizes, run = rows["size_train"].to_numpy(), run.reshape(-1)
        on_grid = np.isin(sizes, self.grid)
        if len(np.unique(np.stack([run, sizes]), axis=1).T) < len(rows):
            raise DamagedFileError(f"{self.path} must have each anchor of a curve once, got one again; get it again.")
        last = _last_off_grid(sizes, run, on_grid)
        where = (run[on_grid], np.searchsorted(self.grid, sizes[on_grid]) + 1)
        series: dict[str, NDArray[Any]] = {}
        columns: dict[str, NDArray[Any]] = {ALL: np.zeros(keys.shape[1], np.int64)}
        columns[ALL][run[last]] = sizes[last]
        published = {f"{part}_{self.score}": f"score_{part}" for part in PARTS} | {FIT_SECONDS: "traintime"}
        for ours, theirs in published.items():
            values = rows[theirs].to_numpy()
            series[ours] = np.full((keys.shape[1], budget + 1), np.nan)
            series[ours][where] = values[on_grid]
            columns[f"{ours}_{ALL}"] = np.full(keys.shape[1], np.nan)
            columns[f"{ours}_{ALL}"][run[last]] = values[last]
        series[SECONDS] = np.nancumsum(series[FIT_SECONDS], axis=1)
        return runs_table(self.record, keys[0], keys[1], series, columns, str(self.path))


def _last_off_grid(sizes: NDArray[np.integer], run: NDArray[np.intp], on_grid: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Of each curve the row of the whole training part: the only anchor that is not on the common grid."""
    rows = np.flatnonzero(~on_grid)
    twice = len(np.unique(run[rows])) < len(rows)
    if twice:
        raise DamagedFileError(
            f"a curve must have one anchor beside 16, 23, 32, ..., got {int(sizes[rows].max())} and another; "
            "the file is not LCDB 1.0."
        )
    return rows
