"""The median stopping rule: a trial ends whose best value is worse than what others had on average by then."""

from bisect import insort
from math import isfinite

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.optimizers.early_termination import EarlyTermination


class MedianRule(EarlyTermination):
    """Random search with the median stopping rule.

    Golovin, Solnik, Moitra, Kochanski, Karro and Sculley (2017), *Google Vizier: a service for black-box
    optimization*, KDD, section 3.1. A trial is ended at epoch ``s`` if the best of its losses up to ``s`` is strictly
    worse than the median of the running averages (of the losses after epochs 1 to ``s``) of the other trials that have
    reached ``s``, whether they are running, ended or complete.

    Where we differ: the paper averages over complete trials only, and has no period of grace; others that run count
    too, and at least three must be there, as in the program Ray Tune. On a backend that starts each budget from
    scratch, curves of the same budget are compared with one another.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
        others: How many other trials must have reached an epoch before one is ended there.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        grace: int | None = None,
        others: int = 3,
    ) -> None:
        super().__init__(domain, budgets, rng, grace=grace)
        if others < 1:
            raise InputError(f"others must be at least 1 (trials to be compared with), got {others}.")
        self._others = others
        self._averages: dict[int, list[float]] = {budget: [] for budget in self._budgets}  # each list is sorted

    def _hopeless(self, result: Result) -> bool:
        losses = result.losses[1:] if isfinite(result.loss) else np.array([np.inf])
        averages = self._averages[result.job.budget]
        hopeless = len(averages) >= self._others and float(losses.min()) > _median(averages)
        insort(averages, float(losses.mean()))
        return hopeless


def _median(ordered: list[float]) -> float:
    """The median of a sorted list."""
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
