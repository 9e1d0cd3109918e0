"""Studies of systems in numbers: test error over time, and the paper's Table 4."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.paper import published_accuracy
from lcbench.analysis.tables import mean_and_spread
from lcbench.console import table
from lcbench.simulate.study.systems.report import after, not_worse
from lcbench.simulate.study.systems.systems import SYSTEMS, title_of

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
    """The subject of a line.

    Attributes:
        title: Its name in the legend.
        system: Name of the system.
        view: Which of its views, see :mod:`lcbench.simulate.study.systems.views`.
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

    A line begins on a data set when every seed of it has a model, and continues to the time limit.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.
        lines: What to show; those that the study does not have are left out.
        least: How many of them there must be.

    Returns:
        One row for each line, data set and time at which its mean may change, with :data:`COLUMNS`. The deviation
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
    """Describe in one line what a study lacks."""
    names = ",".join(dict.fromkeys(line.system for line in lines))
    return f"it compares systems, and this study has no runs of {names}; run 'lcbench study' with --systems {names}."


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
    runs = [run.sort_values("time", kind="stable") for _, run in rows.groupby("seed")]
    limit, first = float(rows["time_limit"].iloc[0]), max(float(run["time"].iloc[0]) for run in runs)
    times = np.unique([*rows.loc[rows["time"] >= first, "time"], max(limit, first)])
    errors = 1 - np.stack([_step(run["time"].to_numpy(), run["test"].to_numpy(), times) for run in runs])
    deviation = errors.std(axis=0, ddof=1) if len(runs) > 1 else np.full(len(times), np.nan)
    return pd.DataFrame({"time": times, "error": errors.mean(axis=0), "std": deviation}).assign(
        dataset=rows["dataset"].iloc[0],
        seeds=len(runs),
        time_limit=limit,
        machine=rows["machine"].iloc[0],
    )


def _step(changes: NDArray[np.float64], values: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """A step function's values; every time is at its first step or later."""
    return values[np.searchsorted(changes, times, side="right") - 1]


# Table 4 of a study of systems: accuracy on the test rows at the end of the runs, beside the paper's.

HERE, PAPER = "here", "paper"
TABLE_4_COLUMNS = (
    "dataset",
    "column",
    "source",
    "system",
    "view",
    "workers",
    "seconds",
    "seeds",
    "mean",
    "std",
    "bold",
)
MEAN = "mean"

OURS = (Line("full", "full", "all"), Line("networks", "full", "networks"), Line("w/o ens.", "full", "single"))
"""The full system, of the same runs its ensemble of networks alone, and its best model alone."""

PUBLISHED = (("paper: Auto-PyTorch", "Auto-PyTorch Tabular"), ("paper: AutoGluon", "AutoGluon w/ stack."))
"""The paper's columns that stand beside ours, under short names."""


def numbers(systems: pd.DataFrame) -> pd.DataFrame:
    """Mean and deviation over seeds after the time limit, and which are best or not significantly worse.

    Bold as in the paper: the best mean of a data set here, and all without sufficient evidence of being worse (Welch's
    t-test over the seeds, two-sided, 0.05; with a single seed there is no test).

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.

    Returns:
        One row for each data set and column, with :data:`TABLE_4_COLUMNS`; accuracies in [0, 1]. ``source`` is ``here``
        or ``paper`` (1 hour on 6 cores, no test against ours). A last data set ``mean`` is the mean over all of them.

    Raises:
        NothingToDrawError: If the study has no runs of the full system.
    """
    workers, limit = usual_workers(systems), float(systems["time_limit"].iloc[0])
    lines = [*OURS, *peer_lines(systems), *baseline_lines()]
    last = after(systems[systems["workers"] == workers], limit)
    if not len(last[last["system"] == FULL.system]):
        raise NothingToDrawError(lacks([FULL]))
    rows = [row for name in systems["dataset"].unique() for row in _dataset(str(name), last, lines)]
    found = pd.DataFrame(rows, columns=list(TABLE_4_COLUMNS)).assign(workers=workers)
    found["seconds"] = np.where(found["source"] == HERE, limit, 3600.0)
    return pd.concat([found, _means(found)], ignore_index=True)


def _dataset(dataset: str, last: pd.DataFrame, lines: list[Line]) -> Iterator[dict[str, object]]:
    own = last[last["dataset"] == dataset]
    samples = {line.title: _tests(own, line) for line in lines}
    samples = {title: values for title, values in samples.items() if len(values)}
    bold = not_worse(samples)
    for line in lines:
        if line.title in samples:
            values = samples[line.title]
            spread = values.std(ddof=1) if len(values) > 1 else np.nan
            cell = {"seeds": len(values), "mean": values.mean(), "std": spread, "bold": line.title in bold}
            yield _named(dataset, line.title, HERE) | {"system": line.system, "view": line.view} | cell
    for short, name in PUBLISHED:
        published = published_accuracy(dataset, name)
        if published is not None:
            said = {"seeds": 5, "mean": published.mean / 100, "std": published.std / 100, "bold": False}
            yield _named(dataset, short, PAPER) | {"system": name, "view": ""} | said


def _named(dataset: str, column: str, source: str) -> dict[str, object]:
    return {"dataset": dataset, "column": column, "source": source}


def _tests(own: pd.DataFrame, line: Line) -> np.ndarray:
    """Accuracies of one column by seed."""
    return own.loc[(own["system"] == line.system) & (own["view"] == line.view), "test"].to_numpy(np.float64)


def _means(found: pd.DataFrame) -> pd.DataFrame:
    """The mean over data sets, of the columns here that have all of them."""
    here = found[found["source"] == HERE]
    whole = here.groupby("column", sort=False).filter(lambda rows: len(rows) == here["dataset"].nunique())
    parts = [
        rows.head(1).assign(dataset=MEAN, mean=rows["mean"].mean(), std=np.nan, seeds=rows["seeds"].min(), bold=False)
        for _, rows in whole.groupby("column", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def header(found: pd.DataFrame) -> list[str]:
    """The columns' names, those of the paper last."""
    columns = found.drop_duplicates("column")
    return [*columns.loc[columns["source"] == HERE, "column"], *columns.loc[columns["source"] == PAPER, "column"]]


def cells(found: pd.DataFrame) -> list[tuple[str, list[tuple[str, bool]]]]:
    """For each data set, under :func:`header`, what stands in a cell (in per cent) and whether it is bold."""
    names, rows = header(found), []
    for dataset, own in found.groupby("dataset", sort=False):
        known = zip(own["column"], own["mean"], own["std"], own["bold"], strict=True)
        said = {name: (mean_and_spread(100 * mean, 100 * std), bool(bold)) for name, mean, std, bold in known}
        rows.append((str(dataset), [said.get(name, ("-", False)) for name in names]))
    return rows


def title(found: pd.DataFrame) -> str:
    """Title of the table, with the time, the workers and the seeds of the runs here."""
    here = found[(found["source"] == HERE) & (found["dataset"] != MEAN)]
    low, high = int(here["seeds"].min()), int(here["seeds"].max())
    seeds = f"{low if low == high else f'{low} to {high}'} seed{'s' * (high > 1)}"
    return (
        f"Table 4. Test accuracy (%) after {here['seconds'].iloc[0]:g} s with {_workers(here)}, "
        f"mean ± deviation over {seeds}; the paper: 1 h, 6 cores, 5 seeds"
    )


def _workers(here: pd.DataFrame) -> str:
    number = int(here["workers"].iloc[0])
    return f"{number} worker{'s' * (number > 1)}"


def rich_table(found: pd.DataFrame) -> Table:
    """The table for a terminal, transposed: terminals are narrow, and systems have long names."""
    rows = cells(found)
    made = table(title(found), ["", *(dataset for dataset, _ in rows)], [])
    for name, *across in zip(header(found), *(row for _, row in rows), strict=True):
        made.add_row(name, *(Text(said, style="bold" if bold else "") for said, bold in across))
    return made


def markdown(found: pd.DataFrame) -> str:
    """The table as Markdown."""
    names = header(found)
    lines = [f"{title(found)}.", "", f"| data set | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for dataset, row in cells(found):
        lines.append(f"| {dataset} | {' | '.join(f'**{said}**' if bold else said for said, bold in row)} |")
    return "\n".join(lines) + "\n"
