"""Asynchronous successive halving for several objectives."""

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Job, Result
from lcbench.simulate.optimizers.asha import ASHA, Rung
from lcbench.simulate.pareto import front_numbers

Array = NDArray[np.float64]


def net_order(losses: Array) -> list[int]:
    """Points of a front in the order in which they cover it: first the best in the first objective, then the farthest.

    The greedy epsilon-net of Schmucker et al. (2021), section 3: each next point is the one whose distance to the
    nearest of those before is the largest. Distances are Euclidean, with each objective brought to [0, 1] over these
    points. Of points that are alike the earlier comes first.

    Args:
        losses: ``(n, objectives)``, finite.
    """
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - low) / np.where(high > low, high - low, 1.0)
    order = [int(losses[:, 0].argmin())]
    away = np.full(len(losses), np.inf)
    while len(order) < len(losses):
        away = np.minimum(away, np.linalg.norm(scaled - scaled[order[-1]], axis=1))
        away[order[-1]] = -1.0
        order.append(int(away.argmax()))
    return order


class FrontRung(Rung):
    """All losses of one rung, and the trials that have not been promoted from it."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: list[Job | None] = []  # None if promoted
        self._points: list[tuple[float, ...]] = []
        self._best: list[int] | None = None  # of the points as they are now

    def __len__(self) -> int:
        return len(self._points)

    def wait(self, result: Result) -> None:
        """Note a result whose trial may be promoted later."""
        self._jobs.append(result.job)
        self._points.append(result.objectives)
        self._best = None

    def promote(self, eta: int) -> Job | None:
        """Take out the first trial not yet promoted of the best ``floor(n / eta)`` of the rung."""
        if self._best is None:
            self._best = self._ordered(len(self) // eta)
        for place in self._best:
            job, self._jobs[place] = self._jobs[place], None
            if job is not None:
                return job
        return None

    def _ordered(self, most: int) -> list[int]:
        """The best so many that did not diverge: front by front, each in the order in which it is covered."""
        losses = np.array(self._points)
        if not most:
            return []
        finite = np.flatnonzero(np.isfinite(losses).all(axis=1))
        fronts = front_numbers(losses[finite], most)
        order: list[int] = []
        for number in range(fronts.max(initial=-1) + 1):
            front = finite[fronts == number]
            order += front[net_order(losses[front])].tolist() if len(order) < most else []
        return order[:most]


class MOASHA(ASHA):
    """Asynchronous successive halving that promotes by all objectives.

    Schmucker, Donini, Zafar, Salinas and Archambeau (2021), *Multi-objective asynchronous successive halving*,
    arXiv:2106.12639: as ``asha``, but the results of a rung are in the order of their fronts (of those that no other
    dominates, of those that none of the rest dominates, and so on), and within a front of :func:`net_order`. So trials
    are stopped early with several objectives as with one; with one it is ``asha``.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        rungs: Epochs of the rungs, out of the budgets; by default
            :func:`lcbench.simulate.optimizers.rungs.geometric_rungs`.
    """

    rung = FrontRung
