"""Baselines first: an optimizer that asks for given baselines, and then for what another optimizer asks for."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Domain, Job, Optimizer, Result
from lcbench.simulate.domain import DomainAround
from lcbench.space import Config
from lcbench.space.encoding import Encoding

KEY = "baseline"
"""The one name in the configuration of a baseline."""

EPOCHS = 1
"""The budget of a baseline: it is fitted as a whole."""


def baseline_of(config: Config) -> str | None:
    """Name of the baseline that a configuration stands for; None for a network's."""
    return str(config[KEY]) if set(config) == {KEY} else None


class BaselinesFirst:
    """Asks for the baselines in their order, trials 0, 1, ..., and then for an optimizer's jobs.

    The optimizer never hears of the baselines (paper, section 3: they are no part of the search space); its trials are
    numbered from behind theirs.

    Args:
        names: Names of the baselines.
        optimizer: What comes after them.
    """

    def __init__(self, names: Sequence[str], optimizer: Optimizer) -> None:
        self._waiting = deque(Job(trial, {KEY: name}, EPOCHS) for trial, name in enumerate(names))
        self._count, self._optimizer = len(names), optimizer

    def ask(self) -> Job | None:
        """The next baseline, or the optimizer's next job."""
        if self._waiting:
            return self._waiting.popleft()
        job = self._optimizer.ask()
        return None if job is None else _moved(job, self._count)

    def tell(self, result: Result) -> None:
        """Hand the optimizer what it asked for."""
        if result.job.trial >= self._count:
            self._optimizer.tell(replace(result, job=_moved(result.job, -self._count)))


def _moved(job: Job, by: int) -> Job:
    """The same job with its trials numbered from elsewhere."""
    parent = None if job.parent is None else job.parent + by
    return replace(job, trial=job.trial + by, parent=parent)


class WithBaselines(DomainAround):
    """A domain that knows baselines beside its configurations; they are never drawn.

    Args:
        domain: Where an optimizer may look.
        names: Names of the baselines.
    """

    def __init__(self, domain: Domain, names: Sequence[str]) -> None:
        super().__init__(domain)
        self._names = set(names)

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point ``(dimensions,)`` of the unit cube; a baseline is all NaN."""
        if baseline_of(config) in self._names:
            return np.full(len(Encoding(self.space).names), np.nan)
        return self._domain.encode(config)

    def take(self, config: Config) -> None:
        """Note that a configuration has been proposed."""
        if baseline_of(config) is None:
            self._domain.take(config)
