"""Regret: how far the best result so far is from the best of the table, run by run.

Starts from the traces of a study, one row per result. The regret of one run (one optimizer, data set and seed) at time
t is

    r(t) = incumbent(t) - best,    incumbent(t) = min {loss of a result | finished <= t},

a step function that never interpolates, in the unit of the metric; best is the lowest loss in the table of the data set
(over all configurations and budgets), so 0 can be reached and nothing is below. Times are fractions of each data set's
limit, so that data sets on which training takes seconds and data sets on which it takes hours can be averaged. A study
whose limit counts epochs or evaluations has fractions of these.

Of several objectives there is no single best result; what a run lacks of the table's hypervolume stands in the place of
its regret, see :mod:`lcbench.simulate.study.objectives`: best is 0 and worst 1.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.study.file import VARIANTS, is_empty
from lcbench.simulate.study.objectives import judged
from lcbench.simulate.trace import incumbent_losses

FRACTIONS: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
"""Fractions of the limit at which a study is summed up."""

TRACE_COLUMNS = ("optimizer", "dataset", "seed", "loss", "finished", "limit", "best_loss")
"""The columns that are read of a study: ``loss`` is smaller the better, ``finished`` and the time ``limit`` are virtual
seconds, ``best_loss`` is the smallest loss that could be reached on the data set. If there is a column ``unit`` that
says other than ``"seconds"``, ``used`` is read in place of ``finished``, and it and ``limit`` are in that unit."""

RUN = ["optimizer", "dataset", "seed"]
"""The columns that name a run of a study."""

_DECIMALS = 9
"""A regret that differs from zero by less comes from rounding."""


def run_regrets(traces: pd.DataFrame, times: Sequence[float]) -> pd.DataFrame:
    """Regret of every single run of a study.

    Args:
        traces: From :func:`lcbench.simulate.study.study`, or any DataFrame with the columns :data:`TRACE_COLUMNS`.
        times: Fractions of the limit.

    Returns:
        Index (``optimizer``, ``dataset``, ``seed``), all combinations in the order in which each first comes; one
        column per time. Infinite until there is a result that did not diverge, NaN if everything in the table diverged.

    Raises:
        InputError: If there are no results, columns are lacking, or a loss is below the best.
    """
    check_traces(traces)
    return _read_at(judged(traces), shares_used(traces), times)


def shares_used(traces: pd.DataFrame) -> NDArray[np.float64]:
    """The share of its limit that a run had used at each result, ``(results,)``."""
    in_seconds = "unit" not in traces or (traces["unit"] == "seconds").all()
    return (traces["finished" if in_seconds else "used"] / traces["limit"]).to_numpy(np.float64)


def evaluation_regrets(traces: pd.DataFrame, counts: Sequence[int]) -> pd.DataFrame:
    """Regret of every single run of a study after a number of evaluations, whatever their budgets.

    Args:
        traces: As for :func:`run_regrets`; the rows of a run in the order in which they were told.
        counts: Numbers of evaluations.

    Returns:
        As :func:`run_regrets`, with one column per count; NaN where a run has not so many (of a run in which nothing
        finished, see :mod:`lcbench.simulate.study.file`, all are infinite).

    Raises:
        InputError: As :func:`run_regrets`.
    """
    check_traces(traces)
    number = traces.groupby(RUN, sort=False).cumcount().to_numpy() + 1
    found = _read_at(judged(traces), number.astype(np.float64), counts)
    lengths = number_of_evaluations(traces).reindex(found.index, fill_value=0).to_numpy()
    return found.where(lengths[:, None] >= np.asarray(counts))


def number_of_evaluations(traces: pd.DataFrame) -> "pd.Series[float]":
    """Number of results of each run; infinitely many if nothing finished, since none of them is ever better."""
    runs = traces.assign(empty=is_empty(traces)).groupby(RUN, sort=False)["empty"]
    return runs.size().astype(np.float64).mask(runs.any(), np.inf)


def with_worst(regrets: pd.DataFrame, traces: pd.DataFrame) -> pd.DataFrame:
    """Let runs that never have an incumbent hold the worst configuration of the table all along.

    Args:
        regrets: From :func:`run_regrets` or :func:`evaluation_regrets`.
        traces: What they were computed from; without a column ``worst_loss``, nothing is known and nothing changes.

    Returns:
        The regrets, finite in such runs; those of runs without a single row stay infinite.
    """
    if "worst_loss" not in traces:
        return regrets
    traces = judged(traces)
    never = np.isinf(traces.groupby(RUN, sort=False)["loss"].min()).reindex(regrets.index, fill_value=False)
    values, spans = regrets.to_numpy(), _spans(traces, regrets.index)[:, None]
    return pd.DataFrame(
        np.where(never.to_numpy()[:, None] & np.isinf(values), spans, values), regrets.index, regrets.columns
    )


def _read_at(traces: pd.DataFrame, progress: NDArray[np.float64], times: Sequence[float]) -> pd.DataFrame:
    """The regret of each run when its progress has reached each time."""
    every, runs = runs_of(traces)
    losses, best = traces["loss"].to_numpy(np.float64), traces["best_loss"].to_numpy(np.float64)
    found = np.full((len(every), len(times)), np.inf)
    for i, rows in runs:
        found[i] = _regret(incumbent_losses(progress[rows], losses[rows], times), best[rows[0]], every[i])
    return pd.DataFrame(found, every, list(times))


def runs_of(traces: pd.DataFrame) -> tuple[pd.MultiIndex, list[tuple[int, NDArray[np.intp]]]]:
    """All combinations of the columns :data:`RUN`; for each that has results its place among them and its rows."""
    codes, names = zip(*(pd.factorize(traces[name]) for name in RUN), strict=True)
    every: pd.MultiIndex = pd.MultiIndex.from_product(names, names=RUN)
    run = np.ravel_multi_index(codes, tuple(map(len, names)))
    order = np.argsort(run, kind="stable")
    starts = np.searchsorted(run[order], np.arange(len(every) + 1))
    return every, [(i, order[start:stop]) for i, (start, stop) in enumerate(pairwise(starts)) if start < stop]


def check_traces(traces: pd.DataFrame) -> None:
    """Check that there is something to work on.

    Raises:
        InputError: If there are no results or columns are lacking.
    """
    lacking = [name for name in TRACE_COLUMNS if name not in traces.columns]
    if lacking:
        raise InputError(f"traces must have the columns {', '.join(TRACE_COLUMNS)}, got no {', '.join(lacking)}.")
    if traces.empty:
        raise InputError("traces must hold at least one result, got none; simulate with a larger budget.")
    for name in (name for name in VARIANTS if name in traces):
        several = not traces[name].eq(traces[name].iloc[0]).all()
        if several and traces.groupby(RUN, sort=False)[name].nunique().max() > 1:
            what = name.replace("workers", "number of workers")
            raise InputError(
                f"a run must have one {what}, got {', '.join(map(str, traces[name].unique()))}; name these apart with "
                "lcbench.simulate.study.by_variant(traces)."
            )


def _regret(losses: NDArray[np.float64], best: float, run: object) -> NDArray[np.float64]:
    """Distance from the best; NaN where the best is infinite, that is, everything in the table diverged."""
    if not np.isfinite(best):
        return np.full(len(losses), np.nan)
    regret = np.round(losses - best, _DECIMALS)
    if (regret < 0).any():
        raise InputError(
            f"loss must not be below best_loss, {best:.9g}, got {losses.min():.9g} in {run}; take the best of the "
            "table, metric, seed and schedule that the study was run with."
        )
    return regret


def normalized_regrets(traces: pd.DataFrame, fractions: Sequence[float] = FRACTIONS) -> pd.DataFrame:
    """Normalized regret of every run of a study, in [0, 1].

    ``normalized_regret = regret / (worst - best)``, where worst is the highest finite loss in the table; see
    :func:`regrets`.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        fractions: Fractions of the limit.

    Returns:
        As :func:`run_regrets`, always finite.
    """
    table = run_regrets(traces, fractions)
    regret, span = table.to_numpy(), _spans(traces, table.index)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = np.where(span > 0, np.minimum(regret, span) / span, 0.0)
    nowhere = np.isinf(regret) & np.isnan(span)  # a seed of which no optimizer has anything on this data set
    return pd.DataFrame(np.where(nowhere, 1.0, shares), table.index, table.columns)


def areas(traces: pd.DataFrame) -> "pd.Series[float]":
    """Area under the curve of normalized regret of every run, in [0, 1]: its mean over the time.

    The integral of :func:`normalized_regrets` over the share of the limit from 0 to 1, exactly; until the first result
    the worst configuration of the table counts.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.

    Returns:
        One value per run, with the index of :func:`run_regrets`.
    """
    check_traces(traces)
    traces = judged(traces)
    shares, losses = np.minimum(shares_used(traces), 1.0), traces["loss"].to_numpy(np.float64)
    every, runs = runs_of(traces)
    best, spans = traces["best_loss"].to_numpy(np.float64), _spans(traces, every)
    found = np.ones(len(every))
    for i, rows in runs:
        ends = rows[np.argsort(shares[rows], kind="stable")]
        regret = np.minimum(np.minimum.accumulate(losses[ends]) - best[ends[0]], spans[i])
        level = regret / spans[i] if spans[i] > 0 else np.zeros(len(ends))
        found[i] = np.concatenate([[1.0 if spans[i] > 0 else 0.0], level]) @ np.diff([0.0, *shares[ends], 1.0])
    return pd.Series(found, every)


def scores(traces: pd.DataFrame, fraction: float = 1.0) -> pd.DataFrame:
    """Scores that optimizers are compared by: mean normalized regret over the seeds.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        fraction: Fraction of the limit.

    Returns:
        One row per data set, one column per optimizer, in the order in which they first come.
    """
    names = [traces[name].unique() for name in ("dataset", "optimizer")]
    last = normalized_regrets(traces, (fraction,)).reset_index()
    table = last.pivot_table(index="dataset", columns="optimizer", values=fraction, aggfunc="mean")
    return table.round(_DECIMALS).reindex(index=names[0], columns=names[1])


def _spans(traces: pd.DataFrame, runs: pd.MultiIndex | pd.Index) -> NDArray[np.float64]:
    """Worst minus best loss for each run."""
    best, worst = ends_of(judged(traces), runs, "best_loss", "worst_loss")
    return worst - best


def ends_of(traces: pd.DataFrame, runs: pd.MultiIndex | pd.Index, *names: str) -> NDArray[np.float64]:
    """Columns that say what a table holds, for each run; drawn seeds differ in them, so by data set and seed.

    Returns:
        ``(columns, runs)`` array.
    """
    ends = traces.groupby(["dataset", "seed"])[list(names)].first()
    asked = pd.MultiIndex.from_arrays([runs.get_level_values("dataset"), runs.get_level_values("seed")])
    return ends.reindex(asked).to_numpy(np.float64).T


def regrets(traces: pd.DataFrame, fractions: Sequence[float] = FRACTIONS) -> pd.DataFrame:
    """Regret, normalized regret and rank of every run of a study.

    An optimizer without a result that did not diverge is counted as holding the worst configuration of the table, so
    that means over runs are defined at all times and never worsen.

    ``normalized_regret = regret / (worst - best)``, in [0, 1], where worst is the highest finite loss in the table.
    Averaged over data sets this is the "average distance to the minimum" of Wistuba, Schilling and Schmidt-Thieme
    (2015), *Hyperparameter search space pruning*, ECML PKDD. 0 if all configurations are equally good.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        fractions: Fractions of the limit.

    Returns:
        One row per optimizer, data set, seed and fraction: ``optimizer``, ``dataset``, ``seed``, ``fraction``,
        ``regret``, ``normalized_regret`` and ``rank`` (among the optimizers, 1 is best, equal ones share the mean).
    """
    table = run_regrets(traces, fractions).rename_axis(columns="fraction")
    stacked = cast("pd.Series[float]", table.stack())  # noqa: PD013  # melt would not keep the order of the runs
    found = stacked.rename("regret").reset_index()
    span = pd.Series(np.repeat(_spans(traces, table.index), len(fractions)))
    found["regret"] = np.minimum(found["regret"], span)
    found["normalized_regret"] = (found["regret"] / span).where(span > 0, 0.0)
    found["rank"] = found.groupby(["dataset", "seed", "fraction"])["regret"].rank(method="average")
    return found


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Means over data sets and seeds.

    Args:
        found: From :func:`regrets`.

    Returns:
        Index ``optimizer``, in the order in which they first come; one column per fraction with the mean regret, and
        ``rank``, the mean rank at the last fraction.
    """
    table = found.pivot_table(index="optimizer", columns="fraction", values="regret", aggfunc="mean", sort=False)
    last = found[found["fraction"] == found["fraction"].max()]
    return table.assign(rank=last.groupby("optimizer")["rank"].mean())
