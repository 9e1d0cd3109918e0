"""Figures of a study of systems: test error over time in a panel for each data set (paper, section 5)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lcbench.analysis import style
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.looks import Look, look_at
from lcbench.analysis.systems import (
    BASELINES,
    FULL,
    NETWORKS,
    Line,
    baseline_lines,
    network_of,
    peer_lines,
    trajectories,
)

_COLUMNS = 3
_HEIGHT, _LEAST = 1.9, 1.6  # inches of a panel, and of its width at least
_LEGEND_ROW = 0.16
_LEGEND_COLUMN = 2.2
_ENSEMBLE, _BEST = "Ensemble of baselines", "Best baseline"
_CROWDED = 500.0  # last over first time; from here on fewer ticks have room for their numbers


class _Trajectories:
    """The shared parts of these figures: all but their lines.

    Attributes:
        LINES: The lines, in the order of the legend.
        ONCE: Titles of those that are fitted once and change no more; they are thin and have no bands.
    """

    LINES: ClassVar[Sequence[Line]] = ()
    ONCE: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def frame(cls, systems: pd.DataFrame) -> pd.DataFrame:
        """The errors of a study, see :mod:`lcbench.simulate.study.systems.file`.

        Returns:
            The columns of :func:`lcbench.analysis.systems.trajectories`.

        Raises:
            NothingToDrawError: If the study has fewer than two of the lines.
        """
        return trajectories(systems, cls.LINES)

    @classmethod
    def draw(cls, frame: pd.DataFrame) -> Figure:
        """A panel for each data set."""
        return _panels(frame, cls.ONCE)


class MultiFidelity(_Trajectories):
    """Bayesian optimization (BO) against BOHB, by the best network of each (Figure 9 of the paper).

    Test error (1 - accuracy) of the network that is best on the validation rows so far, against wall-clock time: mean
    over the seeds as a line, standard deviation shaded. BO is BOHB's model without its smaller budgets: every network
    is trained for the largest. A line begins when every seed has a network. The test rows decide nothing.
    """

    LINES = (network_of("bo"), network_of("bohb"))


class Portfolios(_Trajectories):
    """Gain of a portfolio: BOHB without one, with the simple and with the greedy one (Figure 10 of the paper).

    Test error (1 - accuracy) of the network that is best on the validation rows so far, against wall-clock time: mean
    over the seeds as a line, standard deviation shaded. The simple portfolio is all incumbents of the meta-training
    data sets, the greedy one 16 of them that together do well (section 3.6). A line begins when every seed has a
    network.
    """

    LINES = (network_of("bohb"), network_of("bohb-simple"), network_of("bohb-greedy"))


class Ensembles(_Trajectories):
    """Ensembles of baselines, of networks, and of both, beside the best network by itself (Figure 11 of the paper).

    Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded. "BOHB +
    greedy PF" is its best network, "+ Ens." the greedy ensemble of its networks, "+ Ens. (div.)" the full system:
    baselines first, then networks, and an ensemble of both. The baselines' ensemble and the best of them (by the
    validation rows) are those of the full system's runs. A line begins when every seed has a model.
    """

    LINES = (
        network_of("bohb-greedy"),
        NETWORKS,
        FULL,
        Line(_ENSEMBLE, "full", "baselines"),
        Line(_BEST, "full", "baseline"),
    )
    ONCE = frozenset({_BEST})


class Workers(_Trajectories):
    """Several workers against one (Figure 12 of the paper).

    Test error (1 - accuracy) against wall-clock time of the same system with different numbers of workers: mean over
    the seeds as a line, standard deviation shaded. Shown is plain BOHB, as in the paper, by its best network; where a
    study has only another system with several numbers of workers, that one. A line begins when every seed has a model.
    """

    LINES = (network_of("bohb"), network_of("bohb-greedy"), FULL, network_of("bohb-simple"), network_of("bo"))

    @classmethod
    def frame(cls, systems: pd.DataFrame) -> pd.DataFrame:
        """The errors of the first of ``LINES`` with several numbers, on the data sets that have been run with each.

        Raises:
            NothingToDrawError: If no system was run with more than one number of workers.
        """
        for line in cls.LINES:
            own = systems[systems["system"] == line.system]
            each = own.groupby("dataset")["workers"].unique()
            numbers = sorted(own["workers"].unique())
            shared = each.index[each.map(len) == len(numbers)]
            if len(numbers) > 1 and len(shared):
                there = systems[systems["dataset"].isin(shared)]
                return trajectories(there, [_with(line, int(number)) for number in numbers])
        raise NothingToDrawError(
            "it compares numbers of workers, and no system of this study has been run with two on one data set; run "
            "'lcbench study' with --systems bohb --workers 1,3."
        )


class Components(_Trajectories):
    """All components together, on every data set (Figure 15 of the paper).

    Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded. From BO
    one component after the other is added: smaller budgets (BOHB), a portfolio, an ensemble of networks, baselines
    among them ("div.", the full system). The baselines by themselves, as the full system has fitted them, are grey. A
    line begins when every seed has a model.
    """

    LINES = (
        *(network_of(name) for name in ("bo", "bohb", "bohb-simple", "bohb-greedy")),
        NETWORKS,
        FULL,
        *baseline_lines(),
    )
    ONCE = frozenset(BASELINES.values())


class Competitors(_Trajectories):
    """The full system against other systems and the baselines (Figure 16 of the paper).

    Test error (1 - accuracy) against wall-clock time: mean over the seeds as a line, standard deviation shaded.
    Baselines are those of the full system's runs, grey from when they are done; they and the peers are fitted once,
    so their lines are flat. The paper's competitors are Auto-Keras, auto-sklearn, hyperopt-sklearn, Auto-Net 2.0 and
    AutoGluon.
    """

    ONCE = frozenset(BASELINES.values())

    @classmethod
    def frame(cls, systems: pd.DataFrame) -> pd.DataFrame:
        """The errors of the full system, of every system in the study that is no search of ours, and of the baselines.

        Raises:
            NothingToDrawError: If the study has fewer than two of them.
        """
        return trajectories(systems, [FULL, *peer_lines(systems), *baseline_lines()])


def _with(line: Line, workers: int) -> Line:
    return Line(f"{line.title}, {workers} worker{'s' * (workers > 1)}", line.system, line.view, workers)


def _panels(frame: pd.DataFrame, once: frozenset[str] = frozenset()) -> Figure:
    """Test error over time in a panel for each data set: mean as a line, standard deviation over the seeds shaded.

    Args:
        frame: From :func:`lcbench.analysis.systems.trajectories`.
        once: Titles of lines that are fitted once and change no more: these are thin and have no bands.
    """
    datasets, titles = sorted(frame["dataset"].unique()), frame["line"].unique().tolist()
    width = style.width_of(style.COLUMN * 1.2 if len(datasets) == 1 else style.PAGE)
    across = style.across(min(_COLUMNS, len(datasets)), width, _LEAST)
    down = -(-len(datasets) // across)
    legend_columns = max(1, min(len(titles), int(width / _LEGEND_COLUMN)))
    height = down * _HEIGHT + 0.4 + _LEGEND_ROW * -(-len(titles) // legend_columns)
    with style.look():
        figure = style.figure(width, height)
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for panel, dataset in zip(panels, datasets, strict=False):
            _panel(panel, dataset, frame[frame["dataset"] == dataset], titles, once)
        for panel in panels[len(datasets) :]:
            panel.set_axis_off()
        lines.write_legend(figure, *_handles(panels, titles), ncols=legend_columns)
        figure.supxlabel(_small_print(frame), fontsize=6, color=style.GREY)
    return figure


def _small_print(frame: pd.DataFrame) -> str:
    """Describe the runs: time, workers, seeds, machine."""
    limits = " and ".join(f"{limit:g} s" for limit in sorted(frame["time_limit"].unique()))
    most = int(frame["workers"].max())
    workers = " and ".join(map(str, sorted(frame["workers"].unique()))) + f" worker{'s' * (most > 1)}"
    low, high = int(frame["seeds"].min()), int(frame["seeds"].max())
    seeds = f"{low} seed{'s' * (low > 1)}" if low == high else f"{low} to {high} seeds"
    machines = "; ".join(sorted(map(str, frame["machine"].unique())))
    return f"runs of {limits}, {workers}, {seeds}, {machines}"


def _panel(panel: Axes, dataset: str, frame: pd.DataFrame, titles: list[str], once: frozenset[str]) -> None:
    found = _looks(titles)
    for place, title in enumerate(titles):
        rows = frame[frame["line"] == title]
        times, errors = rows["time"].to_numpy(np.float64), rows["error"].to_numpy(np.float64)
        if not len(rows):
            continue
        sizes = {"linewidth": 0.8, "markersize": 2.5} if title in once else {"markersize": 3}
        lines.step_line(panel, found[title], title, times, errors, place / len(titles), **sizes)
        spread = rows["std"].to_numpy(np.float64)
        if np.isfinite(spread).all() and title not in once:
            ends = np.clip(errors - spread, 0, 1), np.clip(errors + spread, 0, 1)
            panel.fill_between(times, *ends, step="post", color=found[title].colour, alpha=0.15, linewidth=0)
    _axes(panel, dataset, frame)


_HUES = (
    *(
        line.title
        for line in (FULL, network_of("bohb"), network_of("bohb-simple"), network_of("bohb-greedy"), NETWORKS)
    ),
    _ENSEMBLE,
    network_of("bo").title,
    _BEST,
)
"""Lines with a colour of their own in every figure, those of :data:`lcbench.analysis.style.PALETTE` in order."""


def _looks(titles: Sequence[str]) -> dict[str, Look]:
    """The look of each line, the same in every panel: baselines are grey, others have the colours that are free."""
    found = {title: look_at(_HUES.index(title)) for title in titles if title in _HUES}
    grey = [title for title in BASELINES.values() if title in titles]
    found |= {title: replace(look_at(place), colour=style.GREY) for place, title in enumerate(grey)}
    free = [place for place, title in enumerate(_HUES) if title not in titles] or list(range(len(_HUES)))
    others = [title for title in titles if title not in found]
    return found | {title: look_at(free[i % len(free)], 1 + i // len(free)) for i, title in enumerate(others)}


def _axes(panel: Axes, dataset: str, frame: pd.DataFrame) -> None:
    """Logarithmic time in seconds, error in per cent."""
    panel.set_title(dataset)
    panel.set_xscale("log")
    last = max(float(frame["time_limit"].max()), float(frame["time"].max()))
    first = min(float(frame["time"].min()), last / 2)
    panel.set_xlim(first, last)
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if last < _CROWDED * first else (1.0, 3.0)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    panel.set_xlabel("wall-clock time (s)")
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    panel.set_ylabel("test error (%)")


def _handles(panels: Any, titles: list[str]) -> tuple[list[Any], list[str]]:
    """One handle for each line, from whichever panel has it."""
    found = {str(line.get_label()): line for panel in panels for line in panel.get_lines()}
    return [found[title] for title in titles], titles
