"""The paper's figures of components by replay: normalized regret over simulated time, for all data sets and for each.

The same comparisons as in :mod:`lcbench.analysis.figures.systems`, of which these take the place where there are traces
of a study of optimizers in place of systems that were trained.
"""

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lcbench.analysis import style
from lcbench.analysis.anytime import GRID
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.analysis.looks import look_at
from lcbench.analysis.provenance import check_same_table
from lcbench.simulate.portfolios import NONE
from lcbench.simulate.portfolios import label_of as portfolio_label
from lcbench.simulate.study.file import BASE
from lcbench.simulate.study.regret import RUN, normalized_regrets, run_regrets, with_worst
from lcbench.table.benchmark import Benchmark

COLUMNS = ("dataset", "line", "time", "used", "regret", "std", "low", "high", "seeds")
ALL = "mean of all data sets"

BO = ("kde", "tpe", "forest", "gp-ei")
"""Bayesian optimizers of one budget, BOHB's own model first: the first of them that a study has stands for BO."""

_COLUMNS, _LEAST, _HEIGHT = 3, 1.6, 1.8
_FLOOR = 1e-4  # normalized regret below which nothing is told apart
_CROWDED = 500.0  # last over first time; from here on fewer ticks have room for their numbers


class _Replayed:
    """The shared parts of these figures: all but the choice of their lines.

    Attributes:
        NEEDS: Arguments of ``lcbench simulate`` whose study has the lines.
    """

    NEEDS: ClassVar[str] = ""

    @classmethod
    def titles(cls, traces: pd.DataFrame) -> dict[str, str]:
        """The titles of the lines by optimizers of :func:`lcbench.simulate.study.by_variant`; the first is the control.

        Raises:
            NothingToDrawError: If the study has fewer than two of them.
        """
        raise NotImplementedError

    @classmethod
    def frame(cls, bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
        """The regrets.

        Args:
            bench: The table on which the study was run.
            metric: Name of the metric that was optimized; by default the table's objective.
            traces: A study as :func:`lcbench.simulate.study.by_variant` gives it.

        Returns:
            The columns :data:`COLUMNS` (``dataset`` also :data:`ALL`; ``time`` a share of the limit, ``used`` the same
            in the limit's unit; ``low`` and ``high`` one standard deviation over the seeds from the mean), those of
            :func:`lcbench.analysis.figures._lines.limited`, and :data:`lcbench.analysis.figures.contract.LABELS`.

        Raises:
            NothingToDrawError: If the study has fewer than two of the lines.
            InputError: If the study was run on another table or metric.
        """
        check_same_table(traces, bench, metric)
        lines.need_one_objective(traces)
        titles = cls.titles(traces)
        chosen = traces[traces["optimizer"].isin(titles)]
        found = _over_time(chosen, titles).assign(**lines.limited(chosen))
        if "workers" in chosen:
            numbers = sorted(chosen["workers"].unique())
            found["workers"] = f"{' and '.join(map(str, numbers))} simulated worker{'s' * (numbers != [1])}"
        return labelled(found, bench, metric)

    @staticmethod
    def draw(frame: pd.DataFrame) -> Figure:
        """A panel for the mean over all data sets, if there are several, and one for each."""
        return _panels(frame)

    @staticmethod
    def notes(frame: pd.DataFrame) -> Iterator[str]:
        """When each line is where the first one is at the end."""
        panel = frame["dataset"].iloc[0]
        curves = frame[frame["dataset"] == panel].set_index(["time", "line"])["regret"].unstack("line")  # noqa: PD010
        control, *others = frame["line"].unique()
        last = curves[control].iloc[-1]
        for name in others:
            when = curves.index[(curves[name] <= last).to_numpy()]
            used = 100 * float(when[0]) if len(when) else np.nan
            share = f"after {used:.{0 if used >= 10 else 1}f} % of the limit" if len(when) else "not within the limit"
            end = f"{100 * curves[name].iloc[-1]:.2g} %"
            yield (
                f"{panel.capitalize()}: {name} comes to the last regret of {control} ({100 * last:.2g} %) {share} and "
                f"ends at {end}."
            )


class MultiFidelity(_Replayed):
    """Bayesian optimization (BO) against BOHB by replay (after Figure 9 of the paper).

    Normalized regret of the best result so far (0 is the best of the table, 100 % its worst) against simulated
    time: mean over the seeds as a line, standard deviation over the seeds shaded. The first of several panels is
    the mean over the data sets, against the share of each data set's limit. BO is a model-based optimizer that
    trains for the largest budget alone: kde, which is BOHB's model without its smaller budgets, or else tpe, forest
    or gp-ei. A line begins when every seed has a result; one that leaves at the bottom has come to the best of the
    table with every seed, or within 0.01 % of it.
    """

    NEEDS = "--optimizers kde,bohb"

    @classmethod
    def titles(cls, traces: pd.DataFrame) -> dict[str, str]:
        """BO, then BOHB, each without a portfolio where the study has that."""
        plain = _first(_first(traces, "portfolio", NONE), "workers")
        found = {str(name).partition("(")[0]: str(name) for name in plain["optimizer"].unique()[::-1]}
        if BASE in plain:
            pairs = plain[["optimizer", BASE]].drop_duplicates()[::-1].itertuples(index=False)
            found = {str(base).partition("(")[0]: str(name) for name, base in pairs}
        model = next((name for name in BO if name in found), None)
        if model is None or "bohb" not in found:
            raise NothingToDrawError(
                f"it compares BO ({' or '.join(BO)}) with bohb, and this study has no "
                f"{'bohb' if model is not None else BO[0]}; {advice(cls.NEEDS)}."
            )
        return {found[model]: f"BO ({model})", found["bohb"]: "BOHB"}


class Portfolios(_Replayed):
    """Gain of a portfolio by replay: one optimizer without and with portfolios (after Figure 10 of the paper).

    Normalized regret of the best result so far (0 is the best of the table, 100 % its worst) against simulated
    time: mean over the seeds as a line, standard deviation over the seeds shaded. The first of several panels is
    the mean over the data sets, against the share of each data set's limit. Shown is BOHB, or else the study's
    first optimizer. A portfolio is chosen from the table's other data sets, unless its name says "of all data
    sets": then it has seen the data set that it is tried on. A line begins when every seed has a result; one that
    leaves at the bottom has come to the best of the table with every seed, or within 0.01 % of it.
    """

    NEEDS = "--optimizers bohb --portfolio none,simple,greedy:16 --leave-one-out"

    @classmethod
    def titles(cls, traces: pd.DataFrame) -> dict[str, str]:
        """The optimizer without a portfolio, then those with simple and greedy ones."""
        base = _base_of(traces, "portfolio", cls.NEEDS, "it compares portfolios")
        own = _first(traces[traces[BASE] == base], "workers").drop_duplicates("optimizer")
        names = dict(zip(own["portfolio"], own["optimizer"], strict=True))
        order = sorted(names, key=lambda name: (name != NONE, not name.startswith("simple")))
        return {names[name]: base if name == NONE else f"{base} + {portfolio_label(name)}" for name in order}


class MultiFidelityPortfolios(_Replayed):
    """BO, BOHB, and BOHB that begins with a portfolio, by replay (after Figure 17 of the paper).

    Normalized regret of the best result so far (0 is the best of the table, 100 % its worst) against simulated
    time: mean over the seeds as a line, standard deviation over the seeds shaded. The first of several panels is
    the mean over the data sets, against the share of each data set's limit. BO is a model-based optimizer that
    trains for the largest budget alone: kde, which is BOHB's model without its smaller budgets, or else tpe, forest
    or gp-ei. A portfolio is chosen from the table's other data sets, unless its name says "of all data sets": then it
    has seen the data set that it is tried on. A line begins when every seed has a result; one that leaves at the bottom
    has come to the best of the table with every seed, or within 0.01 % of it.
    """

    NEEDS = "--optimizers kde,bohb --portfolio none,best:5 --leave-one-out"

    @classmethod
    def titles(cls, traces: pd.DataFrame) -> dict[str, str]:
        """BO and BOHB without a portfolio, then BOHB with each."""
        if "portfolio" not in traces or not {NONE} < {*traces["portfolio"].unique()}:
            raise NothingToDrawError(f"it compares BOHB with and without a portfolio; {advice(cls.NEEDS)}.")
        plain = MultiFidelity.titles(traces)
        base = next(name for name, title in plain.items() if title == "BOHB")
        own = traces[traces[BASE] == traces.loc[traces["optimizer"] == base, BASE].iloc[0]]
        warm = _first(own[own["portfolio"] != NONE], "workers").drop_duplicates("optimizer")
        names = dict(zip(warm["optimizer"], warm["portfolio"], strict=True))
        return plain | {str(name): f"BOHB + {portfolio_label(portfolio)}" for name, portfolio in names.items()}


class Workers(_Replayed):
    """Several workers against one by replay (after Figure 12 of the paper).

    Normalized regret of the best result so far (0 is the best of the table, 100 % its worst) against simulated
    time: mean over the seeds as a line, standard deviation over the seeds shaded. The first of several panels is
    the mean over the data sets, against the share of each data set's limit. Shown is BOHB, or else the study's
    first optimizer, with each number of simulated workers. A line begins when every seed has a result; one that
    leaves at the bottom has come to the best of the table with every seed, or within 0.01 % of it.
    """

    NEEDS = "--optimizers bohb --workers 1,3"

    @classmethod
    def titles(cls, traces: pd.DataFrame) -> dict[str, str]:
        """The optimizer with the fewest workers first."""
        base = _base_of(traces, "workers", cls.NEEDS, "it compares numbers of workers")
        if lines.unit_of(traces) != "seconds":
            raise NothingToDrawError(
                f"it compares times, and this study has a limit of {lines.unit_of(traces)}; simulate with a limit of "
                "time, such as --budget 20x."
            )
        own = _first(traces[traces[BASE] == base], "portfolio", NONE).drop_duplicates("optimizer")
        numbers = sorted(zip(own["workers"], own["optimizer"], strict=True))
        return {str(name): f"{base}, {number} worker{'s' * (number > 1)}" for number, name in numbers}


def advice(needs: str) -> str:
    """What to do for a study with the lines of a figure."""
    return f"run 'lcbench simulate DIR {needs} --out traces.parquet' and give --traces traces.parquet"


def _first(traces: pd.DataFrame, column: str, best: str | None = None) -> pd.DataFrame:
    """The rows with one value of a column that makes variants: the best one if it is there, else the first."""
    if column not in traces or not len(traces):
        return traces
    value = best if best is not None and (traces[column] == best).any() else traces[column].iloc[0]
    return traces[traces[column] == value]


def _base_of(traces: pd.DataFrame, column: str, needs: str, does: str) -> str:
    """The optimizer whose variants are shown."""
    several = BASE in traces and len(traces[column].unique()) > 1
    if not several:
        there = f"one ({traces[column].iloc[0]})" if column in traces else "one"
        raise NothingToDrawError(f"{does}, and this study has {there}; {advice(needs)}.")
    names = traces[BASE].unique().tolist()
    return next((str(name) for name in names if str(name).partition("(")[0] == "bohb"), str(names[0]))


def _over_time(traces: pd.DataFrame, titles: dict[str, str]) -> pd.DataFrame:
    """Mean and deviation over the seeds on each data set, and of the mean over them if there are several."""
    begun = np.isfinite(with_worst(run_regrets(traces, GRID), traces))
    regrets = normalized_regrets(traces, GRID).where(begun)
    datasets, shape = regrets.index.unique("dataset"), [len(regrets.index.unique(name)) for name in RUN]
    every = dict(zip(regrets.index.unique("optimizer"), regrets.to_numpy().reshape(*shape, len(GRID)), strict=True))
    cubes = {title: every[name] for name, title in titles.items()}
    limits = traces.groupby("dataset")["limit"].first()
    parts = []
    if len(datasets) > 1:
        parts += [_rows(ALL, title, cube.mean(axis=0), 1.0) for title, cube in cubes.items()]
    for place, dataset in enumerate(datasets):
        limit = float(limits[dataset])
        parts += [_rows(str(dataset), title, cube[place], limit) for title, cube in cubes.items()]
    return pd.concat(parts, ignore_index=True)


def _rows(dataset: str, line: str, regrets: np.ndarray, limit: float) -> pd.DataFrame:
    """One line of one panel from its ``(seeds, times)`` regrets."""
    mean, seeds = regrets.mean(axis=0), len(regrets)
    std = regrets.std(axis=0, ddof=1) if seeds > 1 else np.full(len(mean), np.nan)
    times = np.asarray(GRID)
    low, high = np.clip(mean - std, 0.0, None), mean + std
    values = (dataset, line, times, times * limit, mean, std, low, high, seeds)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def _panels(frame: pd.DataFrame) -> Figure:
    names, titles = frame["dataset"].unique().tolist(), frame["line"].unique().tolist()
    width = style.width_of(style.COLUMN * 1.2 if len(names) == 1 else style.PAGE)
    across = style.across(min(_COLUMNS, len(names)), width, _LEAST)
    down = -(-len(names) // across)
    with style.look():
        figure = lines.sized(titles, width, down * _HEIGHT + 0.3)
        panels = figure.subplots(down, across, squeeze=False).ravel()
        for panel, name in zip(panels, names, strict=False):
            _panel(panel, name, frame[frame["dataset"] == name], titles)
        for panel in panels[len(names) :]:
            panel.set_axis_off()
        lines.legend(figure)
        figure.supxlabel(_small_print(frame), fontsize=6, color=style.GREY)
    return figure


def _panel(panel: Axes, name: str, frame: pd.DataFrame, titles: Sequence[str]) -> None:
    drawn = frame[frame["regret"].notna()]
    x = "time" if name == ALL else "used"
    for place, title in enumerate(titles):
        rows, look = frame[frame["line"] == title], look_at(place)
        ends = rows["low"].to_numpy(np.float64), rows["high"].to_numpy(np.float64)
        panel.fill_between(rows[x].to_numpy(), *ends, step="post", color=look.colour, alpha=0.15, linewidth=0)
        lines.step_line(panel, look, title, rows[x], rows["regret"], place / len(titles), markersize=3)
    panel.set_title(name)
    if len(drawn):
        _regret_axis(panel, drawn)
        _time_axis(panel, frame, drawn, x)
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
    panel.yaxis.set_minor_formatter(NullFormatter())
    panel.set_ylabel("normalized regret (%)")


def _regret_axis(panel: Axes, drawn: pd.DataFrame) -> None:
    """Logarithmic down to :data:`_FLOOR` where anything is above it, with two ticks at least."""
    lines.regret_axis(panel, drawn)
    if panel.get_yscale() == "log":
        low, high = panel.get_ylim()
        low = max(low, min(_FLOOR, high / 10))
        panel.set_ylim(low, high)
        powers = np.floor(np.log10(high)) - np.ceil(np.log10(low)) + 1  # of ten, on the axis
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0,) if powers >= 2 else (1.0, 3.0)))


def _time_axis(panel: Axes, frame: pd.DataFrame, drawn: pd.DataFrame, x: str) -> None:
    """Logarithmic: shares of the limit in per cent, or what the limit counts."""
    if x == "time":
        lines.share_axis(panel, frame, float(drawn[x].min()), narrow=True)
        panel.set_xlim(float(drawn[x].min()), 1.0)
        return
    first, last = float(drawn[x].min()), float(drawn[x].max())
    panel.set_xscale("log")
    panel.set_xlim(first if first < last else last / 2, last)
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 3.0) if last < _CROWDED * first else (1.0,)))
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.xaxis.set_minor_formatter(NullFormatter())
    unit = label_of(frame, "unit")
    words = {"seconds": "simulated time (s)", "epochs": f"{label_of(frame, 'fidelity')} in all"}
    panel.set_xlabel(words.get(unit, unit))


def _small_print(frame: pd.DataFrame) -> str:
    """Describe the runs: data sets, seeds, workers."""
    seeds = int(frame["seeds"].iloc[0])
    said = f"replayed, {seeds} seed{'s' * (seeds > 1)}"
    return f"{said}, {frame['workers'].iloc[0]}" if "workers" in frame else said
