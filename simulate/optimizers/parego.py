"""ParEGO: Bayesian optimization of several objectives, by another weighting of them for each proposal."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.optimizers._trials import History
from lcbench.simulate.optimizers.gp_bo import GPEI
from lcbench.simulate.scalarization import chebyshev

Array = NDArray[np.float64]


def simplex(objectives: int, divisions: int) -> Array:
    """All weights that are multiples of ``1 / divisions`` and sum to 1 (Knowles 2006, equation 1).

    Returns:
        ``(C(divisions + objectives - 1, objectives - 1), objectives)``.
    """
    chosen = list(combinations(range(divisions + objectives - 1), objectives - 1))
    bars = np.array(chosen, dtype=np.intp).reshape(len(chosen), objectives - 1)
    ends = np.full((len(bars), 1), -1), np.full((len(bars), 1), divisions + objectives - 1)
    return (np.diff(np.hstack([ends[0], bars, ends[1]]), axis=1) - 1) / divisions


class ParEGO(GPEI):
    """ParEGO: Gaussian-process optimization of an augmented Chebyshev function with weights drawn anew each time.

    Knowles (2006), *ParEGO: a hybrid algorithm with on-line landscape approximation for expensive multiobjective
    optimization problems*, IEEE TEC 10(1). Each objective is brought to [0, 1] by the lowest and highest finite losses
    so far; the weights are one of the vectors of :func:`simplex`; the Gaussian process and its expected improvement are
    those of ``gp-ei``, which fits its hyperparameters anew when there are a quarter more results, and so to the
    function of that time, where Knowles fits them every time. With one objective it is ``gp-ei``.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        divisions: Number of steps between weights 0 and 1.
        settings: Further ones of :class:`lcbench.simulate.optimizers.gp_bo.GPBO`.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        divisions: int = 10,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, **settings)
        if divisions < 1:
            raise InputError(f"divisions must be at least 1, got {divisions}.")
        self._divisions = divisions
        self._objectives: list[tuple[float, ...]] = []

    def tell(self, result: Result) -> None:
        """Learn a result."""
        super().tell(result)
        self._objectives.append(result.objectives)

    def _told(self) -> History:
        """The results, with a weighting of their losses as loss."""
        losses = np.array(self._objectives)
        finite = np.isfinite(losses).all(axis=1)
        if losses.shape[1] == 1 or not finite.any():
            return super()._told()
        low, high = losses[finite].min(axis=0), losses[finite].max(axis=0)
        weights = self._rng.permutation(simplex(losses.shape[1], self._divisions))[0]
        scaled = (losses - low) / np.where(high > low, high - low, 1.0)
        folded = np.where(finite, chebyshev(np.where(finite[:, None], scaled, 0.0).T, weights), np.inf)
        return self._books.told.with_losses(folded)
