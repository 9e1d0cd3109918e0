"""Figures of a study of optimizers over time: regret, ranks, and how many runs have reached a target."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, PercentFormatter

from lcbench.analysis import style
from lcbench.analysis.anytime import (
    OVERTUNING,
    anytime_ranks,
    anytime_regret,
    evaluation_regret,
    target_shares,
    tested_regret,
)
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError, labelled, metric_label
from lcbench.analysis.provenance import check_same_table
from lcbench.simulate.study.objectives import measure_of
from lcbench.simulate.study.tested import is_tested
from lcbench.table.benchmark import Benchmark

SIZE = (style.COLUMN * 1.3, 2.7)
"""Inches of a panel of lines."""

_FIRST = 0.01  # where the axis of ranks begins, as a share of the limit
_EVERY = 5  # of the times of ranks is drawn: each swap of two close optimizers is a step otherwise
_BANDS = "mean and its 95 % interval over seeds"
_RANK_BANDS = "mean and its 95 % interval over data sets"


class Regret:
    """Anytime regret of the optimizers: distance of the best result so far from the best of the table.

    Lines: mean over data sets and seeds, against the share of each data set's limit that was used (virtual seconds on
    the simulated workers, or epochs or evaluations if the study's limit counts these). Bands: 95 % bootstrap interval
    of the mean over the seeds. More than eight optimizers have a panel each. A line begins when every run of the
    optimizer has a result that did not diverge (one that never has counts as the worst of the table); a line that
    leaves at the bottom has reached the best of the table on every data set and seed.
    """

    @staticmethod
    def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The regrets.

        Args:
            bench: The table on which the study was run.
            metric: Name of the metric that was optimized; by default the table's objective.
            traces: From :func:`lcbench.simulate.study.study`, one row per result.

        Returns:
            The columns of :func:`lcbench.analysis.anytime.anytime_regret`, those of
            :func:`lcbench.analysis.figures._lines.limited`, and :data:`lcbench.analysis.figures.contract.LABELS`.

        Raises:
            NothingToDrawError: If no optimizer has a finite result on every data set and seed.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        lines.need_one_objective(traces)
        found = labelled(anytime_regret(traces).assign(**lines.limited(traces)), bench, metric)
        return with_results(found)

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """One line and band per optimizer; both axes logarithmic (regret linear if it is nowhere above zero)."""
        drawn = frame[frame["regret"].notna()]

        def axes(panel: Axes, narrow: bool) -> None:
            lines.share_axis(panel, frame, float(drawn["time"].min()), narrow=narrow)
            lines.regret_axis(panel, drawn)
            panel.set_ylabel(_regret_label(frame))

        with style.look():
            return lines.over_time(named(frame), "time", "regret", SIZE, axes, _BANDS)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """Lines that begin late."""
        begins = frame[frame["regret"].notna()].groupby("optimizer", sort=False)["time"].min()
        late = {name: f"{100 * time:.2g} %" for name, time in begins.items() if time > 2 * begins.min()}
        if late:
            shown = ", ".join(f"{name} at {share}" for name, share in late.items())
            yield f"Begin late, since until then some run has no result: {shown} of the limit."
        yield lines.limit_note(frame)


class RegretOverEvaluations:
    """Regret of the optimizers over evaluations: distance of the best result so far from the best of the table.

    Lines: mean over data sets and seeds after so many results, whatever their budgets and the time they took: an
    optimizer that trains most configurations briefly makes many more evaluations in the same time. Bands: 95 %
    bootstrap interval of the mean over the seeds. More than eight optimizers have a panel each. A line ends with the
    run that has the fewest evaluations, and begins when every run has a result that did not diverge (one that never
    has counts as the worst of the table).
    """

    @staticmethod
    def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The regrets, of the same arguments as :meth:`Regret.frame`.

        Returns:
            The columns of :func:`lcbench.analysis.anytime.evaluation_regret` and
            :data:`lcbench.analysis.figures.contract.LABELS`; no rows where there is no mean.

        Raises:
            NothingToDrawError: If no optimizer has a finite result on every data set and seed.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        lines.need_one_objective(traces)
        found = labelled(evaluation_regret(traces), bench, metric).dropna(subset="regret").reset_index(drop=True)
        return with_results(found)

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """One line and band per optimizer; both axes logarithmic (regret linear if it is nowhere above zero)."""

        def axes(panel: Axes, narrow: bool) -> None:
            panel.set_xscale("log")
            panel.set_xlim(1, max(2, int(frame["evaluations"].max())))
            panel.xaxis.set_major_locator(LogLocator(subs=(1.0,) if narrow else (1.0, 2.0, 5.0)))
            panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            panel.xaxis.set_minor_formatter(NullFormatter())
            panel.set_xlabel("evaluations, whatever their budgets")
            lines.regret_axis(panel, frame)
            panel.set_ylabel(_regret_label(frame))

        with style.look():
            return lines.over_time(frame, "evaluations", "regret", SIZE, axes, _BANDS)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """Lines that end early."""
        ends = frame.groupby("optimizer", sort=False)["evaluations"].max()
        early = {name: int(end) for name, end in ends.items() if end < ends.max()}
        if early:
            shown = ", ".join(f"{name} after {count}" for name, count in early.items())
            yield f"End early, since their runs have no more evaluations within the limit: {shown}."


class Rank:
    """Mean rank of the optimizers over time: who is ahead, and when.

    On each data set and at each time, optimizers are ranked by their mean normalized regret (hypervolume difference
    with several objectives) over the seeds; 1 is best, equal ones share the mean of their ranks. Lines: mean over data
    sets, against the share of the limit that was used; all begin with the mean rank. They are read at 20 times in a
    power of ten. Bands: 95 % bootstrap interval of the mean over the data sets (none for a single one).
    More than eight optimizers have a panel each.
    """

    @staticmethod
    def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The ranks, of the same arguments as :meth:`Regret.frame`.

        Returns:
            The columns of :func:`lcbench.analysis.anytime.anytime_ranks`, those of
            :func:`lcbench.analysis.figures._lines.limited`, and :data:`lcbench.analysis.figures.contract.LABELS`.

        Raises:
            NothingToDrawError: If there is one optimizer.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        lines.need_two_optimizers(traces)
        return labelled(anytime_ranks(traces).assign(**lines.limited(traces)), bench, metric)

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """One line and band per optimizer, the best on top."""
        optimizers = frame["optimizer"].nunique()

        def axes(panel: Axes, narrow: bool) -> None:
            lines.share_axis(panel, frame, _FIRST, narrow=narrow)
            panel.set_ylim(optimizers + 0.1, 0.9)
            panel.yaxis.set_major_locator(MaxNLocator(5 if narrow else 8, integer=True))
            panel.set_ylabel("mean rank over data sets")

        with style.look():
            shown = frame[frame["time"].isin(frame["time"].unique()[::_EVERY])]
            return lines.over_time(shown, "time", "rank", SIZE, axes, _RANK_BANDS)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """How long the time is."""
        yield lines.limit_note(frame)


class TimeToTarget:
    """Time to target: the share of runs that have come within a distance of the best of the table, over time.

    Each panel is one target, a normalized regret (distance from the best as a part of the distance between best and
    worst of the table). Lines: empirical distribution of the time at which a run, one data set and one seed, reaches
    it; runs that never do are missing at the right end. More than eight optimizers have a panel each, with a dash for
    each target and, in grey, the largest share that any optimizer has at that time.
    """

    @staticmethod
    def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The shares, of the same arguments as :meth:`Regret.frame`.

        Returns:
            The columns of :func:`lcbench.analysis.anytime.target_shares`, those of
            :func:`lcbench.analysis.figures._lines.limited`, ``measure`` (what the targets are of) and
            :data:`lcbench.analysis.figures.contract.LABELS`.

        Raises:
            NothingToDrawError: If no run has reached any target.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        found = labelled(
            target_shares(traces).assign(**lines.limited(traces), measure=measure_of(traces)), bench, metric
        )
        if (found["share"] == 0).all():
            raise NothingToDrawError("no run has reached any of its targets; simulate for longer.")
        return found

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """One panel per target, from the widest to the closest, or one per optimizer."""
        first = float(frame.loc[frame["share"] > 0, "time"].min())
        measure = str(frame["measure"].iloc[0])
        titles = {target: f"{measure} ≤ {100 * target:g} %" for target in frame["target"].unique()}

        def axes(panel: Axes, title: str) -> None:  # noqa: ARG001  # all panels are alike
            lines.share_axis(panel, frame, first, narrow=True)
            panel.set_ylim(0, 1)
            panel.set_ylabel("runs that reached it (%)")
            panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=""))

        with style.look():
            shown = frame.assign(target=frame["target"].map(titles))
            return lines.parts_over_time(shown, ("time", "share", "target"), "max", axes)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """How long the time is."""
        yield lines.limit_note(frame)


class TestedRegret:
    """Regret on the test part of what validation chose, beside its regret on the validation part, and overtuning.

    First panel: normalized regret of the incumbent, the result with the lowest validation loss so far; 0 is the
    best of the table, 100 % the worst. Second: normalized test regret, the same of the test loss of this incumbent,
    between the lowest and highest test loss of the table; it may rise, since nothing is chosen by the test part.
    Third: overtuning (Schneider, Bischl and Feurer 2025), how far the test loss of the incumbent is above the
    lowest among the incumbents so far, as a share of the same range: what was lost again by choosing on validation.
    Lines: mean over data sets and seeds, from where every run has a result. Bands: 95 % bootstrap interval of the
    mean over the seeds. More than eight optimizers have a panel each, with a dash for each regret and, in grey, the
    lowest of any optimizer at that time; overtuning is the distance that opens between the two, and among the
    numbers beside the picture.
    """

    @staticmethod
    def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The regrets, of the same arguments as :meth:`Regret.frame`.

        Returns:
            The columns of :func:`lcbench.analysis.anytime.tested_regret`, those of
            :func:`lcbench.analysis.figures._lines.limited`, and
            :data:`lcbench.analysis.figures.contract.LABELS`.

        Raises:
            NothingToDrawError: If the study has no test losses, or no optimizer a result on every data set and seed.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        if not is_tested(traces):
            raise NothingToDrawError("it needs test losses, and this table or study has none of this metric.")
        return with_results(labelled(tested_regret(traces).assign(**lines.limited(traces)), bench, metric))

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """One panel per value, or one per optimizer; regrets logarithmic, overtuning linear."""
        if frame["optimizer"].nunique() > lines.MOST:
            frame = frame[frame["view"] != OVERTUNING]
        drawn = frame[frame["regret"].notna()]
        first = float(drawn["time"].min())

        def axes(panel: Axes, title: str) -> None:
            lines.share_axis(panel, frame, first, narrow=True)
            if title == OVERTUNING:
                panel.set_ylim(0.0, 1.1 * float(drawn.loc[drawn["view"] == title, ["regret", "high"]].max().max()) or 1)
                panel.set_ylabel("overtuning (% of the range)")
            else:
                lines.regret_axis(panel, drawn[drawn["view"] != OVERTUNING])
                panel.set_ylabel("normalized regret (%)")
            panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
            panel.yaxis.set_minor_formatter(NullFormatter())

        with style.look():
            return lines.parts_over_time(frame, ("time", "regret", "view"), "min", axes)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """How long the time is."""
        yield lines.limit_note(frame)


def with_results(found: pd.DataFrame) -> pd.DataFrame:
    """The same numbers, unless there are none."""
    if not found["regret"].notna().any() or not found["runs"].any():
        raise NothingToDrawError("no optimizer has a result on every data set and seed; simulate for longer.")
    return found


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """The same numbers; an optimizer that has no line says so in its name."""
    lineless = ~np.isfinite(frame["regret"]).groupby(frame["optimizer"]).transform("any")
    return frame.assign(
        optimizer=frame["optimizer"].where(~lineless, frame["optimizer"] + " (some runs without a result)")
    )


def _regret_label(frame: pd.DataFrame) -> str:
    return f"mean regret of {metric_label(frame)}"
