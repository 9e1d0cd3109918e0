"""One-shot searches beside replayed optimizers: regret of the cell that each has found by then (Figure 13).

Lines: mean over seeds, a panel for each data set. Of an optimizer the best result so far, against its simulated
seconds; of a one-shot method the trained network of the cell that it stands for, as the table has it, against the
processor time of the search. A one-shot method does not know what its cells are worth once they are trained, so its
line may rise. Bands: 95 % bootstrap interval of the mean over the seeds. A line begins when every seed has a result,
and has a gap where the table lacks a cell of some seed. More than eight lines have a panel each, with a dash for each
data set.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.analysis.anytime import anytime_regret
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError, labelled, metric_label
from lcbench.analysis.provenance import check_same_table
from lcbench.simulate.study.one_shot import look_up
from lcbench.simulate.study.one_shot.look_up import MISSING
from lcbench.simulate.study.statistics import bootstrap_interval
from lcbench.table.benchmark import Benchmark

COLUMNS = ("dataset", "optimizer", "seconds", "regret", "low", "high", "cells", "lacking", "workers")
"""Columns of :func:`frame`: ``optimizer`` is the name of the line, ``cells`` how many cells a method stood for in all
(NaN for an optimizer), ``lacking`` how many of them the table lacks, and ``workers`` how many an optimizer had (NaN for
a method: one process searches)."""

_TIMES = 601
_BOOTSTRAP_SEED = 0
_SHORTEST = 2.0  # the last over the first second of an axis, at least


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame | None, searches: pd.DataFrame) -> pd.DataFrame:
    """The regrets.

    Args:
        bench: A table of cells.
        metric: Name of a metric; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`, run on this table; None for the searches alone.
        searches: See :mod:`lcbench.simulate.study.one_shot.file`.

    Returns:
        :data:`COLUMNS` and :data:`lcbench.analysis.figures.contract.LABELS`, on the data sets that all of them have.

    Raises:
        NothingToDrawError: If nothing of the searches can be shown, or the study's limit is no time.
        InputError: If the table is none of cells, or the study was run on another table or metric.
    """
    found = look_up(searches, bench, metric)
    datasets = found["dataset"].unique().tolist()
    if traces is not None:
        check_same_table(traces, bench, metric)
        _check_seconds(traces)
        datasets = [name for name in datasets if name in set(traces["dataset"])]
        if not datasets:
            raise NothingToDrawError("the study has no data set of the searches; simulate on theirs.")
    parts = [part for dataset in datasets for part in _lines_on(dataset, traces, found)]
    if not any(part["regret"].notna().any() for part in parts if part["cells"].notna().any()):
        raise NothingToDrawError(
            "the table lacks cells of every search at all times; 'lcbench one-shot' with --table and --missing writes "
            "them to a file, and 'lcbench collect --grow --configs' trains them."
        )
    return labelled(pd.concat(parts, ignore_index=True)[list(COLUMNS)], bench, metric)


def _lines_on(dataset: str, traces: pd.DataFrame | None, found: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The lines of one data set, read at the same times: optimizers, then methods."""
    own = found[found["dataset"] == dataset]
    replayed = None if traces is None else traces[traces["dataset"] == dataset]
    times = _times(own, replayed)
    if replayed is not None:
        yield _optimizers(replayed, times).assign(dataset=dataset)
    for name, rows in own.groupby("method", sort=False):
        yield _method(rows, times).assign(dataset=dataset, optimizer=name)


def _times(found: pd.DataFrame, traces: pd.DataFrame | None) -> NDArray[np.float64]:
    """Seconds evenly on a logarithmic scale, and the ends of all searches."""
    ends = found.groupby(["method", "seed"])["seconds"].max().to_numpy()
    first, last = found["seconds"].min(), ends.max()
    if traces is not None:
        first, last = min(first, traces["finished"].min()), max(last, traces["limit"].max())
    return np.unique([*np.geomspace(first, last, _TIMES), *ends])


def _check_seconds(traces: pd.DataFrame) -> None:
    """Check that a study is over time.

    Raises:
        NothingToDrawError: If it is not.
    """
    lines.need_one_objective(traces)
    if (unit := lines.unit_of(traces)) != "seconds":
        raise NothingToDrawError(
            f"it is over seconds, and this study's limit counts {unit}; simulate with --budget 20x."
        )


def _optimizers(traces: pd.DataFrame, times: NDArray[np.float64]) -> pd.DataFrame:
    """The lines of the optimizers on one data set, to the longest limit."""
    limit = float(traces["limit"].max())
    read = times[times <= limit]
    shares = (read / limit).tolist()
    found = anytime_regret(traces.assign(limit=limit), shares)
    seconds = found["time"].map(dict(zip(shares, read, strict=True)))  # exactly those of the other lines
    workers = traces["workers"].max() if "workers" in traces else np.nan
    return found.assign(seconds=seconds, cells=np.nan, lacking=np.nan, workers=workers)


def _method(rows: pd.DataFrame, times: NDArray[np.float64]) -> pd.DataFrame:
    """The line of a method on one data set, to its longest search: regret of the cell that it stands for."""
    read = times[(times >= rows["seconds"].min()) & (times <= rows["seconds"].max())]
    regrets = np.stack([_stood_for(search, read) for _, search in rows.groupby("seed", sort=False)])
    low, high = bootstrap_interval(regrets, np.random.default_rng(_BOOTSTRAP_SEED))
    columns = {"seconds": read, "regret": regrets.mean(axis=0), "low": low, "high": high}
    return pd.DataFrame(columns).assign(cells=len(rows), lacking=int((rows["row"] == MISSING).sum()), workers=np.nan)


def _stood_for(search: pd.DataFrame, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Regret of the cell that a search stands for at each time, ``(times,)``; NaN before its first epoch.

    Deriving a cell takes a little more time after one epoch than after another, so that the latest epoch that is over
    need not be the last to have ended.
    """
    ended = search.sort_values("seconds", kind="stable")
    latest = np.maximum.accumulate(ended["epoch"].to_numpy())
    places = np.searchsorted(ended["seconds"].to_numpy(), times, side="right") - 1
    regrets = search.set_index("epoch")["regret"].reindex(latest).to_numpy(np.float64)
    return np.where(places >= 0, regrets[places], np.nan)


def draw(frame: pd.DataFrame) -> Figure:
    """A panel for each data set; both axes logarithmic (regret linear if it is nowhere above zero)."""
    drawn = frame[frame["regret"].notna()]

    def axes(panel: Axes, title: str) -> None:
        own = drawn[drawn["dataset"] == title] if title else drawn
        panel.set(xscale="log", xlabel="time of the search (s)")
        first = float(own["seconds"].min())
        panel.set_xlim(first, max(float(own["seconds"].max()), _SHORTEST * first))
        lines.regret_axis(panel, own)
        panel.set_ylabel(f"mean regret of {metric_label(frame)}")

    lineless = frame["regret"].isna().groupby(frame["optimizer"]).transform("all")
    shown = frame.assign(optimizer=frame["optimizer"].where(~lineless, frame["optimizer"] + " (no line)"))
    with style.look():
        return lines.parts_over_time(shown, ("seconds", "regret", "dataset"), "min", axes)


def notes(frame: pd.DataFrame) -> Iterator[str]:
    """Workers of the optimizers, and cells that the table lacks."""
    workers = frame["workers"].dropna().unique()
    if (workers > 1).any():
        yield f"Optimizers had {' or '.join(f'{each:.0f}' for each in workers)} workers, a search one process."
    counted = frame.dropna(subset="cells").drop_duplicates(["dataset", "optimizer"])
    lacking = counted[counted["lacking"] > 0]
    if len(lacking):
        said = (
            f"{row.lacking:.0f} of {row.cells:.0f} of {row.optimizer} on {row.dataset}" for row in lacking.itertuples()
        )
        yield f"Cells that the table lacks: {', '.join(said)}."
