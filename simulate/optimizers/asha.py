"""ASHA: successive halving without waiting for a rung to fill, in its two variants."""

import heapq
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._trials import Running
from lcbench.simulate.optimizers.random_search import draw
from lcbench.simulate.optimizers.rungs import check_eta, geometric_rungs, infer_eta


class Rung:
    """The losses of one rung, kept sorted, and the trials that may still be promoted from it."""

    def __init__(self) -> None:
        self._losses: list[tuple[float, int]] = []  # sorted, with the order in which they came
        self._waiting: list[tuple[float, int, Job]] = []  # heap of the trials not promoted

    def add(self, loss: float) -> int:
        """Note a loss; gives how many of the others are better (equal ones are not)."""
        insort(self._losses, (loss, len(self._losses)))
        return bisect_left(self._losses, (loss, -1))

    def __len__(self) -> int:
        return len(self._losses)

    def wait(self, result: Result) -> None:
        """Note a result whose trial may be promoted later."""
        heapq.heappush(self._waiting, (result.loss, len(self._losses), result.job))
        self.add(result.loss)

    def promote(self, eta: int) -> Job | None:
        """Take out the best trial not yet promoted if it is among the best ``floor(n / eta)`` of the rung.

        Of equal losses the earlier counts as better. A diverged run (infinite loss) is never promoted.
        """
        if not self._waiting or not isfinite(self._waiting[0][0]):
            return None
        loss, order, job = self._waiting[0]
        if bisect_left(self._losses, (loss, order)) >= len(self._losses) // eta:
            return None
        heapq.heappop(self._waiting)
        return job


class _RungSystem:
    """The base of both variants: the rungs, and new trials on the lowest of them.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        rungs: Epochs of the rungs, out of the budgets; by default
            :func:`lcbench.simulate.optimizers.rungs.geometric_rungs`.
    """

    multi_fidelity = True
    rung = Rung

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        rungs: Sequence[int] | None = None,
    ) -> None:
        self._domain, self._rng, budgets = domain, rng, checked(budgets)
        self._eta = infer_eta(budgets) if eta is None else check_eta(eta)
        self._budgets = geometric_rungs(budgets, self._eta) if rungs is None else _check_rungs(rungs, budgets)
        self._rungs = {budget: self.rung() for budget in self._budgets[:-1]}
        self._next = dict(pairwise(self._budgets))
        self._running: Running[None] = Running()

    def _new_trial(self) -> Job | None:
        """A new configuration on the lowest rung; None once a table has none left."""
        config = draw(self._domain, self._rng)
        if config is None:
            return None
        return self._begun(Job(self._running.new_trial(), config, self._budgets[0]))

    def _begun(self, job: Job) -> Job:
        self._running.begin(job.trial, None)
        return job

    def _promoted(self, job: Job) -> Job:
        return Job(job.trial, job.config, self._next[job.budget])


class ASHA(_RungSystem):
    """Asynchronous successive halving that promotes: a trial pauses on each rung until it is among the best.

    Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht and Talwalkar (2020), *A system for massively parallel
    hyperparameter tuning*, MLSys, algorithm 2, without early-stopping rate (s = 0). A free worker promotes the best
    trial that is among the best ``floor(n / eta)`` of the ``n`` results of its rung and not yet promoted, from the
    highest such rung; otherwise it begins a new trial on the lowest rung.

    Where we differ: a diverged run is never promoted, and the rungs are taken from the backend's budgets.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        rungs: Epochs of the rungs, out of the budgets; by default
            :func:`lcbench.simulate.optimizers.rungs.geometric_rungs`.
    """

    def ask(self) -> Job | None:
        """A promotion or a new trial; None once a table has no rows left and nothing can be promoted for now."""
        for rung in reversed(self._rungs.values()):
            job = rung.promote(self._eta)
            if job is not None:
                return self._begun(self._promoted(job))
        return self._new_trial()

    def tell(self, result: Result) -> None:
        """Note a result in its rung."""
        self._running.end(result)
        if result.job.budget in self._rungs:
            self._rungs[result.job.budget].wait(result)


class ASHAStopping(_RungSystem):
    """Asynchronous successive halving that stops: a trial continues at once, or never.

    The variant of the programs Syne Tune (``type="stopping"``, its default) and Ray Tune, without pausing: on a rung,
    a trial continues if its loss is at most the quantile ``1 / eta`` of the rung's losses so far, its own among them,
    and is stopped otherwise. Syne Tune interpolates that quantile linearly as numpy does, which comes to: of ``n``
    losses at most ``floor((n - 1) / eta)`` may be better. So the first trial always continues, and more do while the
    rung is nearly empty; one that was stopped is never looked at again.

    Where we differ: a diverged run never continues.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of randomness.
        eta: Halving rate; by default the one that fits the budgets.
        rungs: Epochs of the rungs, out of the budgets; by default
            :func:`lcbench.simulate.optimizers.rungs.geometric_rungs`.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        eta: int | None = None,
        rungs: Sequence[int] | None = None,
    ) -> None:
        super().__init__(domain, budgets, rng, eta=eta, rungs=rungs)
        self._going_on: deque[Job] = deque()

    def ask(self) -> Job | None:
        """The trial that continues, or a new one; None once a table has no rows left."""
        return self._begun(self._going_on.popleft()) if self._going_on else self._new_trial()

    def tell(self, result: Result) -> None:
        """Note a result in its rung, and decide about its trial."""
        self._running.end(result)
        rung = self._rungs.get(result.job.budget)
        if rung is None:
            return
        better = rung.add(result.loss)
        if isfinite(result.loss) and better <= (len(rung) - 1) // self._eta:
            self._going_on.append(self._promoted(result.job))


def _check_rungs(rungs: Sequence[int], budgets: tuple[int, ...]) -> tuple[int, ...]:
    """Check rungs that were given: some of the budgets, increasing, the largest last."""
    given = tuple(rungs)
    if not given or given != tuple(sorted(set(given) & set(budgets))) or given[-1] != budgets[-1]:
        raise InputError(
            f"rungs must be some of the budgets ({', '.join(map(str, budgets))}), increasing, the largest last, got "
            f"{', '.join(map(str, given)) or 'none'}."
        )
    return given
