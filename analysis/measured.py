"""What several of the paper's numbers need of a table, computed once, when it is first asked for."""

from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis import generality
from lcbench.analysis.correlation import End, end_correlation, ends
from lcbench.analysis.paper import TABLE_3
from lcbench.analysis.performance import performance_matrix, relative_regret
from lcbench.benchmark import Benchmark
from lcbench.errors import InputError
from lcbench.simulate.portfolio.greedy import greedy_portfolio

_LARGEST = 64
"""Size of the largest portfolio that is looked at."""


class Measured:
    """A table and what is derived from it. What cannot be derived is an ``InputError`` that says why.

    Args:
        bench: The table.
        metric: Name of the metric in place of the paper's validation accuracy.
    """

    def __init__(self, bench: Benchmark, metric: str = "valid_accuracy") -> None:
        self.bench, self.metric = bench, metric
        self._correlations: dict[tuple[int, int, str], NDArray[np.float64]] = {}

    @cached_property
    def values(self) -> pd.DataFrame:
        """Configurations x data sets, of which there must be two."""
        if len(self.bench.datasets) < 2:
            raise InputError(f"needs at least two data sets, this table has one ({self.bench.datasets[0]}).")
        return performance_matrix(self.bench, self.metric)

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

        ends = sorted({self.bench.budgets[0], self.bench.budgets[-1]})
        found = importance(self.bench, self.metric, ends)
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
            found = [next(end_correlation(self.bench, d, self.metric, [pair]))[0] for d in self.bench.datasets]
            if np.isnan(found).all():
                raise InputError(f"is not defined, {self.metric} is the same for all configurations.")
            self._correlations[key] = np.array(found)[~np.isnan(found)]
        return self._correlations[key]

    def _ends(self, low: int, high: int, schedule: str) -> tuple[End, End]:
        """What a cell of the paper's Table 3 compares.

        Raises:
            InputError: If the table lacks one of the runs.
        """
        pair = ends(schedule, low, high, max(cell.budget_high for cell in TABLE_3))
        lacking = sorted({end.budget for end in pair} - set(self.bench.budgets))
        if lacking:
            raise InputError(
                f"needs runs of {' and '.join(map(str, lacking))} epochs, this table has runs of "
                f"{', '.join(map(str, self.bench.budgets))}."
            )
        return pair
