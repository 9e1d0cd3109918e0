"""Optimizers on small backends: what was asked for when, what was told, and a space and curves to play on."""

import numpy as np
from ConfigSpace import ConfigurationSpace

from lcbench.simulate import OPTIMIZERS, simulate
from lcbench.table.curve import Curve

APART = ("gp-wl",)
"""Optimizers that take long and share what is tried here with others: ``check_optimizer`` tries them alone."""

NAMES = [name for name, made in OPTIMIZERS.items() if name not in APART and not getattr(made, "transfers", False)]
"""Optimizers to try every law on. Those that transfer are one of these if there are no other tasks, as
``tests/simulate/test_transfer_optimizers.py`` holds; with other tasks ``check_optimizer`` tries them."""

SPACE = ConfigurationSpace({"x": (0.0, 1.0), "n": (1, 9), "c": ["a", "b", "d"]})


def curve(config, budget) -> Curve:
    """Better with more epochs; one in about six diverges; an epoch takes 1 to 3 s."""
    epochs = np.arange(budget + 1.0)
    values = (config["x"] - 0.3) ** 2 + (config["c"] == "a") + 1 / (1 + epochs)
    if config["n"] == 4 or config["x"] > 0.95:
        values[1:] = np.nan
    return Curve(values, (1 + 2 * config["x"]) * epochs)


class Script:
    """Asks for these jobs, and learns nothing."""

    def __init__(self, *jobs) -> None:
        self.jobs = list(jobs)

    def ask(self):
        return self.jobs.pop(0) if self.jobs else None

    def tell(self, result) -> None:
        pass


class Spy:
    """Passes everything on, holds ask and tell to their laws, and notes when each job was asked for."""

    def __init__(self, optimizer) -> None:
        self.optimizer, self.jobs, self.told, self.now = optimizer, [], [], 0.0

    def ask(self):
        job = self.optimizer.ask()
        if job is not None:
            self.jobs.append((job, self.now))
        return job

    def tell(self, result) -> None:
        assert result.finished >= self.now, "told in order"
        assert any(job is result.job for job, _ in self.jobs), "told what was asked"
        self.now = result.finished
        self.told.append(result)
        self.optimizer.tell(result)


def play(make, backend, seed=0, **limits):
    """A trace, and the spy that watched it."""
    spy = Spy(make(backend.domain(), backend.budgets, np.random.default_rng(seed)))
    return simulate(spy, backend, **limits), spy


def steps(trace) -> list[tuple]:
    """All that happened, to be compared."""

    def step(r):
        config = tuple(sorted(r.job.config.items()))
        return r.job.trial, config, r.job.budget, r.job.parent, r.loss, r.started, r.finished, r.worker

    return [step(r) for r in trace.results]


def assert_nothing_known_early(spy, trace) -> None:
    """A job is asked for at a time up to which every result has been told."""
    started = {id(r.job): r.started for r in trace.results}
    assert all(asked <= started[id(job)] for job, asked in spy.jobs)
