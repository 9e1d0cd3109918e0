"""What the cells of one-shot searches are worth: they are looked up in a table, like any other configuration."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.replay import ReplayBackend
from lcbench.space import Config
from lcbench.space.cells import NAMES, canonical, is_cell_space
from lcbench.table.benchmark import Benchmark
from lcbench.table.summary import some

SAME, EQUIVALENT, MISSING = "same", "equivalent", "missing"

FOUND = ("row", "config_id", "value", "test_value", "regret", "test_regret")
"""Columns that :func:`look_up` adds.

``row``: :data:`SAME` if the table has the configuration, :data:`EQUIVALENT` if it has one that computes the same
(:func:`lcbench.space.cells.canonical`; of several the first), :data:`MISSING` if neither. ``config_id``: of that row,
-1 if it is missing. ``value`` and ``test_value``: of the metric and of its counterpart on the test part, at the
largest budget, mean over the table's seeds. ``regret`` and ``test_regret``: distance of their losses from the lowest
ones of the data set's table, over all configurations and budgets, as in a study of optimizers; a cell whose training
diverged has the largest finite one. All four are NaN if the cell is missing, those of the test part also if the table
has none.
"""

_NO_ROW = -1
_DECIMALS = 9


def look_up(searches: pd.DataFrame, bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """Look up the cell of each epoch of each search.

    Args:
        searches: A study, see :mod:`lcbench.simulate.study.one_shot.file`.
        bench: A table of cells.
        metric: Name of a metric; by default the table's objective.

    Returns:
        The searches on data sets that the table has, with the columns :data:`FOUND`.

    Raises:
        UnknownNameError: If the table has no such metric.
        InputError: If it is no table of cells, or has none of the data sets.
    """
    if not is_cell_space(bench.space):
        raise InputError(f"{bench.folder} must be a table of cells ({', '.join(NAMES)}), got space {bench.space.name}.")
    shared = [name for name in searches["dataset"].unique() if name in bench.datasets]
    if not shared:
        asked = ", ".join(searches["dataset"].unique())
        raise InputError(f"{bench.folder} must have a data set of the searches, {asked}, got {some(bench.datasets)}.")
    parts = [_on(searches[searches["dataset"] == name], bench, name, metric) for name in shared]
    return pd.concat(parts).sort_index()


def missing_cells(found: pd.DataFrame) -> pd.DataFrame:
    """The cells that a table lacks, as configurations that ``lcbench collect --grow --configs`` takes.

    Args:
        found: From :func:`look_up`.

    Returns:
        Columns ``Op0`` ... ``Op5``; of cells that compute the same the first one.
    """
    distinct = {canonical(cell): cell for cell in reversed(_cells(found[found["row"] == MISSING]))}
    return pd.DataFrame(list(distinct.values())[::-1], columns=list(NAMES))


def _on(searches: pd.DataFrame, bench: Benchmark, dataset: str, metric: str | None) -> pd.DataFrame:
    """The searches on one data set with the columns :data:`FOUND`."""
    replay = ReplayBackend(bench, dataset, metric, seed="mean")
    equal = _first_equal(replay)
    places = [_place(replay, equal, cell) for cell in _cells(searches)]
    rows = np.array([place for place, _ in places])
    there, losses = rows >= 0, replay.losses[rows, -1]
    known = np.where(there & np.isfinite(losses), losses, np.nan).tolist()
    columns: dict[str, Any] = {
        "row": [word for _, word in places],
        "config_id": np.where(there, bench.configs.index[replay.rows[rows]], _NO_ROW),
        "value": [replay.metric.value(loss) for loss in known],
        "test_value": np.where(there, replay.test_values[rows, -1], np.nan),
        "regret": np.where(there, _regrets(replay.losses)[rows], np.nan),
        "test_regret": np.where(there, _regrets(replay.test_losses)[rows], np.nan),
    }
    return searches.assign(**columns)


def _cells(searches: pd.DataFrame) -> list[dict[str, str]]:
    return [dict(zip(NAMES, cell, strict=True)) for cell in searches[list(NAMES)].itertuples(index=False, name=None)]


def _first_equal(replay: ReplayBackend) -> dict[str, int]:
    """By what cells compute the first row that computes it."""
    found: dict[str, int] = {}
    for place, config in enumerate(replay.table.configs):
        found.setdefault(canonical(config), place)
    return found


def _place(replay: ReplayBackend, equal: Mapping[str, int], cell: Config) -> tuple[int, str]:
    """The row of a cell in the replay, and how it was found."""
    if (row := replay.table.row(cell)) is not None:
        return row, SAME
    row = equal.get(canonical(cell), _NO_ROW)
    return row, EQUIVALENT if row >= 0 else MISSING


def _regrets(losses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Regret of each configuration at the largest budget, ``(configs,)``, from ``(configs, budgets)`` losses."""
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        return np.full(len(losses), np.nan)
    return np.round(np.minimum(losses[:, -1], finite.max()) - finite.min(), _DECIMALS)
