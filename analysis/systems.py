"""Studies of systems in numbers: test error over time, and the paper's Table 4."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.simulate.ablation.systems import SYSTEMS, title_of

BASELINES = {
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "random_forest": "Random forest",
    "extra_trees": "Extra trees",
    "knn": "KNN",
}
"""The paper's five baselines by the names of their views, with their titles."""

COLUMNS = ("dataset", "line", "system", "view", "workers", "time", "error", "std", "seeds", "time_limit", "machine")


@dataclass(frozen=True, slots=True)
class Line:
    """What a line shows.

    Attributes:
        title: Its name in the legend.
        system: Name of the system.
        view: Which of its views, see :mod:`lcbench.simulate.ablation.views`.
        workers: Of which runs; None for the study's usual number.
    """

    title: str
    system: str
    view: str
    workers: int | None = None


def network_of(system: str) -> Line:
    """A system by its best network alone."""
    return Line(title_of(system), system, "network")


FULL = Line(title_of("full"), "full", "all")
"""The full system."""

NETWORKS = Line("BOHB + greedy PF + Ens.", "bohb-greedy", "networks")
"""The ensemble of networks without baselines."""


def baseline_lines() -> list[Line]:
    """Each baseline by itself, as the full system has fitted it."""
    return [Line(title, "full", name) for name, title in BASELINES.items()]


def peer_lines(systems: pd.DataFrame) -> list[Line]:
    """Every system that is no search of ours."""
    others = [str(name) for name in systems["system"].unique() if name not in SYSTEMS]
    return [Line(title_of(name), name, "single") for name in sorted(others)]


def usual_workers(systems: pd.DataFrame) -> int:
    """The number of workers that most systems of a study have been run with, the smallest of several."""
    runs = systems.drop_duplicates(["dataset", "system", "workers", "seed"])
    counts = runs.groupby("workers")["system"].agg(["nunique", "size"])
    return int(counts.sort_values(["nunique", "size"], ascending=False, kind="stable").index[0])


def trajectories(systems: pd.DataFrame, lines: Iterable[Line], *, least: int = 2) -> pd.DataFrame:
    """Test error over time, 1 - accuracy, mean and standard deviation over the seeds.

    A line begins on a data set when every seed of it has a model, and goes on to the time limit.

    Args:
        systems: A study, see :mod:`lcbench.simulate.ablation.file`.
        lines: What to show; those that the study does not have are left out.
        least: How many of them there must be.

    Returns:
        One row for each line, data set and moment at which its mean may change, with :data:`COLUMNS`. The deviation
        (ddof=1) is NaN for a single seed.

    Raises:
        NothingToDrawError: If there are fewer.
    """
    wanted = list(lines)
    usual = usual_workers(systems)
    parts = [_line(systems, line, usual) for line in wanted]
    found = [part for part in parts if len(part)]
    if len(found) < least:
        lacking = [line for line, part in zip(wanted, parts, strict=True) if not len(part)]
        raise NothingToDrawError(lacks(lacking))
    return pd.concat(found, ignore_index=True)


def lacks(lines: Sequence[Line]) -> str:
    """What a study lacks, in one line."""
    names = ",".join(dict.fromkeys(line.system for line in lines))
    return f"it compares systems, and this study has no runs of {names}; run 'lcbench ablation' with --systems {names}."


def _line(systems: pd.DataFrame, line: Line, usual: int) -> pd.DataFrame:
    workers = usual if line.workers is None else line.workers
    own = systems[(systems["system"] == line.system) & (systems["view"] == line.view) & (systems["workers"] == workers)]
    parts = [_mean(rows) for _, rows in own.groupby("dataset", sort=False)]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS))
    shown = pd.concat(parts, ignore_index=True)
    return shown.assign(line=line.title, system=line.system, view=line.view, workers=workers)[list(COLUMNS)]


def _mean(rows: pd.DataFrame) -> pd.DataFrame:
    """One line on one data set."""
    runs = [run.sort_values("moment", kind="stable") for _, run in rows.groupby("seed")]
    limit, first = float(rows["time_limit"].iloc[0]), max(float(run["moment"].iloc[0]) for run in runs)
    times = np.unique([*rows.loc[rows["moment"] >= first, "moment"], max(limit, first)])
    errors = 1 - np.stack([_step(run["moment"].to_numpy(), run["test"].to_numpy(), times) for run in runs])
    deviation = errors.std(axis=0, ddof=1) if len(runs) > 1 else np.full(len(times), np.nan)
    return pd.DataFrame({"time": times, "error": errors.mean(axis=0), "std": deviation}).assign(
        dataset=rows["dataset"].iloc[0],
        seeds=len(runs),
        time_limit=limit,
        machine=rows["machine"].iloc[0],
    )


def _step(moments: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A step function's values; every time is at its first moment or later."""
    return values[np.searchsorted(moments, times, side="right") - 1]
