"""Plays optimizers against a table in virtual time.

>>> import lcbench, numpy as np
>>> from simulate import OPTIMIZERS, ReplayBackend, simulate
>>> backend = ReplayBackend(lcbench.load("DIR"), "wine")
>>> optimizer = OPTIMIZERS["bohb"](backend.domain(), backend.budgets, np.random.default_rng(0))
>>> trace = simulate(optimizer, backend, workers=4, seconds=3600)
>>> trace.incumbent(1800).loss

With ``TrainingBackend("sklearn:wine")`` and ``live`` the same optimizers train for real, on the clock.

Studies of many optimizers, data sets and seeds are in :mod:`simulate.study`. Names are imported when they are first
used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"adapters", "portfolio", "study", "wrappers"},
    submod_attrs={
        "contract": ["Job", "Result"],
        "function": ["FunctionBackend"],
        "realtime.result": ["LiveInterrupted"],
        "realtime.run": ["live"],
        "objectives": ["evaluation", "objective"],
        "optimizers": ["OPTIMIZERS"],
        "portfolio.shipped": ["load_portfolio"],
        "replay": ["ReplayBackend"],
        "run": ["simulate"],
        "surrogate": ["SurrogateBackend"],
        "trace": ["Trace"],
        "training": ["TrainingBackend"],
        "warm_start": ["WarmStart"],
    },
)

if TYPE_CHECKING:
    from simulate import adapters as adapters
    from simulate import portfolio as portfolio
    from simulate import study as study
    from simulate import wrappers as wrappers
    from simulate.contract import Job as Job
    from simulate.contract import Result as Result
    from simulate.function import FunctionBackend as FunctionBackend
    from simulate.objectives import evaluation as evaluation
    from simulate.objectives import objective as objective
    from simulate.optimizers import OPTIMIZERS as OPTIMIZERS
    from simulate.portfolio.shipped import load_portfolio as load_portfolio
    from simulate.realtime.result import LiveInterrupted as LiveInterrupted
    from simulate.realtime.run import live as live
    from simulate.replay import ReplayBackend as ReplayBackend
    from simulate.run import simulate as simulate
    from simulate.surrogate import SurrogateBackend as SurrogateBackend
    from simulate.trace import Trace as Trace
    from simulate.training import TrainingBackend as TrainingBackend
    from simulate.warm_start import WarmStart as WarmStart
