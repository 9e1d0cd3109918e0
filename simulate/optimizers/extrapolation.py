"""Random search whose trials end when their learning curves promise nothing."""

from math import isfinite

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.extrapolation import MIN_EPOCHS, Settings, extrapolate
from lcbench.simulate.optimizers.early_termination import EarlyTermination


class Extrapolation(EarlyTermination):
    """Random search with the predictive termination criterion.

    Domhan, Springenberg and Hutter (2015), *Speeding up automatic hyperparameter optimization of deep neural networks
    by extrapolation of learning curves*, IJCAI, section 4. A trial is ended if the probability that its value at the
    largest budget is better than that of the best trial there so far is less than 5 %. No trial is ended before one
    is complete.

    Where we differ: the ensemble is weighted by fit in closed form (:func:`lcbench.simulate.extrapolation.extrapolate`)
    where the paper samples one weighted sum of the families by Markov chain Monte Carlo, and configurations come from
    random search. On a backend that starts each budget from scratch, a short run's curve stands for the beginning of
    the long run, which it is not: its learning rate has come down earlier, so that it flattens earlier.

    Args:
        domain: Where to look.
        budgets: Epochs at which a trial is looked at, increasing.
        rng: Source of randomness.
        grace: Epochs before which no trial is ended (unless it diverged); by default a tenth of the largest budget.
            Never fewer than 4, with which no family can be fitted.
        threshold: The probability below which a trial is ended.
        settings: How the extrapolation is weighted.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        grace: int | None = None,
        threshold: float = 0.05,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(domain, budgets, rng, grace=grace)
        if not 0 < threshold < 1:
            raise InputError(f"threshold must be in (0, 1), got {threshold}.")
        self._threshold, self._settings = threshold, settings or Settings()
        self._best = np.inf

    def _hopeless(self, result: Result) -> bool:
        budget, last = result.job.budget, self._budgets[-1]
        if budget == last:
            self._best = min(self._best, result.loss)
            return True
        if budget < max(self._grace, MIN_EPOCHS) or not (isfinite(result.loss) and isfinite(self._best)):
            return False
        values = np.asarray(result.curve.values[1:], np.float64)
        if not np.isfinite(values).all():
            return False
        wanted = result.metric.value(self._best)
        end = extrapolate(values, last, self._settings)
        better = end.above(wanted) if result.metric.goal == "maximize" else end.below(wanted)
        return better < self._threshold
