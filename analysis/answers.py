"""The paper's numbers computed on a table; shared results are computed once, when they are first needed."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis import generality
from lcbench.analysis.correlation import ADAPTIVE, NON_ADAPTIVE, End, end_correlation, ends
from lcbench.analysis.generality import losses, performance_matrix, relative_regret
from lcbench.analysis.paper import TABLE_3, PublishedCorrelation
from lcbench.errors import InputError
from lcbench.simulate.transfer.greedy import greedy_portfolio, portfolio_regret
from lcbench.table.benchmark import Benchmark
from lcbench.table.metric import Metric

_LARGEST = 64
"""Size of the largest portfolio that is looked at."""


class Measured:
    """A table and what is derived from it. What cannot be derived is an ``InputError`` that says why.

    Args:
        bench: The table.
        metric: The metric in place of the paper's validation accuracy.
    """

    def __init__(self, bench: Benchmark, metric: Metric) -> None:
        self.bench, self.metric = bench, metric
        self._correlations: dict[tuple[int, int, str], NDArray[np.float64]] = {}

    @cached_property
    def values(self) -> pd.DataFrame:
        """Configurations x data sets, of which there must be two."""
        if len(self.bench.datasets) < 2:
            raise InputError(f"needs at least two data sets, this table has one ({self.bench.datasets[0]}).")
        return performance_matrix(self.bench, self.metric.name)

    @cached_property
    def best(self) -> pd.DataFrame:
        """The best configuration of each data set."""
        return generality.best_configurations(self.values, self.metric)

    @cached_property
    def spread(self) -> pd.DataFrame:
        """Share of good configurations on each data set."""
        return generality.spread(self.values, self.metric)

    @cached_property
    def portfolio(self) -> NDArray[np.intp]:
        """A greedy portfolio, as rows of :attr:`values`; its first ten are that of ten."""
        return greedy_portfolio(relative_regret(self.values, self.metric), _LARGEST)

    @cached_property
    def importance(self) -> pd.DataFrame:
        """Mean fANOVA and LPI over data sets at the smallest and the largest budget, by hyperparameter and budget."""
        from lcbench.analysis.importance import importance  # needs scikit-learn

        budgets = generality.compared_budgets(self.bench)
        ends = sorted({budgets[0], budgets[-1]})
        found = importance(self.bench, self.metric.name, ends)
        if found.empty:
            raise InputError("needs more configurations, none of the data sets has enough for a forest.")
        return found.groupby(["hyperparameter", "budget"])[["fanova", "lpi"]].mean()

    def correlation(self, low: int, high: int, schedule: str) -> NDArray[np.float64]:
        """Spearman's correlation of a pair of the paper's budgets on each data set, where it is defined.

        Non-adaptive values are read from the curves of the largest budget, so they need no runs of the smaller ones.
        """
        key = (low, high, schedule)
        if key not in self._correlations:
            pair = self._ends(*key)
            found = [next(end_correlation(self.bench, d, self.metric.name, [pair]))[0] for d in self.bench.datasets]
            if np.isnan(found).all():
                raise InputError(f"is not defined, {self.metric.name} is the same for all configurations.")
            self._correlations[key] = np.array(found)[~np.isnan(found)]
        return self._correlations[key]

    def _ends(self, low: int, high: int, schedule: str) -> tuple[End, End]:
        """The two ends that a cell of the paper's Table 3 compares.

        Raises:
            InputError: If the table lacks one of the runs.
        """
        pair = ends(schedule, low, high, max(cell.budget_high for cell in TABLE_3))
        lacking = sorted({end.budget for end in pair} - set(self.bench.budgets))
        if lacking:
            raise InputError(
                f"needs runs of {' and '.join(map(str, lacking))} {self.bench.fidelity.unit}, this table has runs of "
                f"{generality.spent(self.bench, *self.bench.budgets)}."
            )
        return pair


# One function for each of the paper's numbers. If a table lacks what it needs, it raises an
# :class:`~lcbench.errors.InputError` that says so.

Answer = float | str
Compute = Callable[[Measured], Answer]

_ARCHITECTURE = {"num_layers", "max_units"}
_TEN, _TENTH = 10, 0.001
_TRAINING = {"batch_size", "learning_rate", "momentum", "weight_decay", "max_dropout"}


def _hours(table: Measured) -> Answer:
    """Seconds of all runs that took place, at the last epoch each has."""
    bench, total = table.bench, 0.0
    if bench.manifest.record.seconds == "none":
        raise InputError("needs recorded seconds, this table has none.")
    for dataset in bench.datasets:
        for budget in bench.budgets:
            seconds = bench.array(dataset, "seconds", budget)
            total += float(np.nansum(np.fmax.reduce(seconds, axis=2), dtype=np.float64))
    return total / 3600


def _size(column: str, reduce: str) -> Compute:
    """Smallest or largest size of the data sets."""

    def value(table: Measured) -> Answer:
        sizes = table.bench.dataset_table.get(column, pd.Series(dtype=float)).dropna()
        sizes = sizes[sizes > 0]  # a real target has no classes
        if sizes.empty:
            raise InputError(f"needs the {column} of the data sets, this table does not say them.")
        return float(getattr(sizes, reduce)())

    return value


def _share(part: str, *of: str) -> Compute:
    """Mean share of a part in percent."""

    def value(table: Measured) -> Answer:
        sizes = table.bench.dataset_table.reindex(columns=list(dict.fromkeys((part, *of)))).astype("Float64")
        shares = (sizes[part] / sum(sizes[name] for name in of)).dropna()
        if shares.empty:
            raise InputError("needs the sizes of the parts, this table does not say them.")
        return float(100 * shares.mean())

    return value


def _kinds(kind: str) -> Compute:
    """Number of hyperparameters of one type."""
    return lambda table: float(sum(kind in type(each).__name__ for each in table.bench.space.values()))


def _among(names: set[str]) -> Compute:
    """Number of hyperparameters with one of these names."""

    def value(table: Measured) -> Answer:
        known = set(table.bench.space)
        if not known <= _ARCHITECTURE | _TRAINING:
            raise InputError("needs a space with the names of the paper's, this table's has others.")
        return float(len(known & names))

    return value


def _middle(table: Measured) -> Answer:
    between = table.bench.budgets[1:-1]
    if len(between) != 1:
        raise InputError(f"needs one budget in between, this table has {len(between) or 'none'}.")
    return generality.units_of(table.bench, between[0])


def _ratio(table: Measured) -> Answer:
    budgets = table.bench.budgets
    if len(budgets) < 2:
        only = generality.spent(table.bench, budgets[0])
        raise InputError(f"needs at least two budgets, this table has one ({only}).")
    return float((budgets[-1] / budgets[0]) ** (1 / (len(budgets) - 1)))


def _refuse(reason: str) -> Compute:
    """Refuse what no table can say."""

    def value(table: Measured) -> Answer:  # noqa: ARG001  # no table holds it
        raise InputError(reason)

    return value


def _over_data_sets(column: str, statistic: Callable[[NDArray[np.float64]], float]) -> Compute:
    """A statistic over data sets of a column of the best configurations, in percent where the metric is a fraction."""

    def value(table: Measured) -> Answer:
        if table.metric.unit != "fraction":
            raise InputError(f"is in percent of an accuracy, {table.metric.name} is none.")
        return 100 * float(statistic(table.best[column].to_numpy(np.float64)))

    return value


def _regret(*, relative: bool) -> Compute:
    """Mean regret of the portfolio of ten in percent."""

    def value(table: Measured) -> Answer:
        if not relative and table.metric.unit != "fraction":
            raise InputError(f"is in percent of an accuracy, {table.metric.name} is none.")
        lost = losses(table.values, table.metric)
        regrets = relative_regret(table.values, table.metric) if relative else lost - lost.min()
        return float(100 * portfolio_regret(regrets, table.portfolio[:_TEN])[-1].mean())

    return value


def _size_below(table: Measured) -> Answer:
    """Size of the smallest greedy portfolio with a mean relative regret under a tenth of a percent."""
    curve = portfolio_regret(relative_regret(table.values, table.metric), table.portfolio).mean(axis=1)
    if curve[-1] >= _TENTH:
        raise InputError(f"does not fall below it with {len(curve)} configurations.")
    return float((curve < _TENTH).argmax() + 1)


def _correlations() -> Iterator[tuple[str, Compute]]:
    """Mean and deviation of every cell of Table 3."""
    for cell in TABLE_3:
        name = f"{cell.schedule}:{cell.budget_low}:{cell.budget_high}"
        yield f"mean:{name}", partial(_mean, cell)
        if cell.std is not None:
            yield f"std:{name}", partial(_deviation, cell)


def _mean(cell: PublishedCorrelation, table: Measured) -> Answer:
    return float(table.correlation(cell.budget_low, cell.budget_high, cell.schedule).mean())


def _deviation(cell: PublishedCorrelation, table: Measured) -> Answer:
    found = table.correlation(cell.budget_low, cell.budget_high, cell.schedule)
    if len(found) < 2:
        raise InputError("needs at least two data sets with a correlation, this table has one.")
    return float(found.std(ddof=1))


def _adjacent(table: Measured) -> Answer:
    """Whether both adjacent pairs correlate more than the distant one, in every schedule that the table has."""
    schedules = [NON_ADAPTIVE] + [ADAPTIVE] * (len(table.bench.budgets) > 1)
    means = [[table.correlation(*pair, s).mean() for pair in ((12, 25), (25, 50), (12, 50))] for s in schedules]
    return _word(all(min(first, second) > distant for first, second, distant in means))


def _adaptive_worse(table: Measured) -> Answer:
    pairs = ((25, 50), (12, 50))
    return _word(
        all(table.correlation(*p, ADAPTIVE).mean() < table.correlation(*p, NON_ADAPTIVE).mean() for p in pairs)
    )


def _word(answer: bool) -> str:
    return "yes" if answer else "no"


def _first(column: str) -> Compute:
    """The most important hyperparameter at the largest budget."""
    return lambda table: str(_at_end(table, column).idxmax())


def _at_end(table: Measured, column: str) -> "pd.Series[float]":
    return table.importance[column].xs(table.bench.budgets[-1], level="budget")


def _units_below_layers(table: Measured) -> Answer:
    found = _at_end(table, "fanova")
    if not set(found.index) >= _ARCHITECTURE:
        raise InputError("needs max_units and num_layers, this table's space lacks one.")
    return _word(bool(found["max_units"] < found["num_layers"]))


def _trend(name: str) -> Compute:
    """Whether a hyperparameter's importance rises from the smallest to the largest budget."""

    def value(table: Measured) -> Answer:
        budgets = generality.compared_budgets(table.bench)
        if len(budgets) < 2:
            only = generality.spent(table.bench, budgets[0])
            raise InputError(f"needs at least two budgets, this table has one ({only}).")
        found = table.importance["fanova"]
        if name not in found.index.get_level_values("hyperparameter"):
            raise InputError(f"needs {name}, this table's space lacks it.")
        low, high = (float(found[name, budget]) for budget in (budgets[0], budgets[-1]))
        return f"{'rises' if high > low else 'falls'} ({low:.2f} to {high:.2f})"

    return value


_STARTED_FROM = "says what the paper chose from; a table holds what was chosen."

ANSWERS: Mapping[str, Compute] = {
    "configs": lambda table: float(len(table.bench.configs)),
    "datasets": lambda table: float(len(table.bench.datasets)),
    "n_budgets": lambda table: float(len(table.bench.budgets)),
    "seeds": lambda table: float(len(table.bench.seeds)),
    "hours": _hours,
    "suite": _refuse(_STARTED_FROM),
    "omitted": _refuse(_STARTED_FROM),
    **{f"{name}_{end}": _size(name, end) for name in ("features", "instances", "classes") for end in ("min", "max")},
    "test_share": _share("test_instances", "instances"),
    "valid_share": _share("valid_instances", "train_instances", "valid_instances"),
    "hyperparameters": lambda table: float(len(table.bench.space)),
    "integers": _kinds("Integer"),
    "floats": _kinds("Float"),
    "architecture": _among(_ARCHITECTURE),
    "training": _among(_TRAINING),
    "b_min": lambda table: generality.units_of(table.bench, table.bench.budgets[0]),
    "b_middle": _middle,
    "b_max": lambda table: generality.units_of(table.bench, table.bench.budgets[-1]),
    "eta": _ratio,
    "annealed": _refuse("is reached after the last epoch, so no epoch that a table holds was trained with it."),
    "gain": _over_data_sets("gain", np.mean),
    "gain_std": _over_data_sets("single_best_value", np.std),
    "unique": lambda table: float(table.best["config_id"].nunique()),
    "most_frequent": lambda table: float(table.best["config_id"].value_counts().max()),
    "dense": lambda table: str(table.spread["dataset"].iloc[0]),
    "sparse": lambda table: str(table.spread.sort_values("mean_relative_regret", kind="stable")["dataset"].iloc[-1]),
    "portfolio": _regret(relative=True),
    "portfolio_absolute": _regret(relative=False),
    "portfolio_size": _size_below,
    **dict(_correlations()),
    "adjacent": _adjacent,
    "adaptive_worse": _adaptive_worse,
    "fanova_first": _first("fanova"),
    "fanova_units": _units_below_layers,
    "lpi_first": _first("lpi"),
    **{f"fanova_{name}": _trend(name) for name in ("learning_rate", "weight_decay", "batch_size")},
}
"""Functions that compute :data:`lcbench.analysis.paper.NUMBERS`, by key."""
