"""Plays optimizers against a table in virtual time.

>>> import lcbench, numpy as np
>>> from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
>>> backend = ReplayBackend(lcbench.load("DIR"), "wine")
>>> optimizer = OPTIMIZERS["bohb"](backend.domain(), backend.budgets, np.random.default_rng(0))
>>> trace = simulate(optimizer, backend, workers=4, seconds=3600)
>>> trace.incumbent(1800).loss

With ``TrainingBackend("sklearn:wine")`` and ``live`` the same optimizers train for real, on the clock.

Studies of many optimizers, data sets and seeds are in :mod:`lcbench.simulate.study`. Names are imported when they are
first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"adapters", "portfolio", "study", "wrappers"},
    submod_attrs={
        "contract": ["Job", "Result"],
        "function": ["FunctionBackend"],
        "objectives": ["evaluation", "objective"],
        "optimizers": ["OPTIMIZERS"],
        "portfolio.shipped": ["load_portfolio"],
        "realtime.result": ["LiveInterrupted"],
        "realtime.run": ["live"],
        "replay": ["ReplayBackend"],
        "run": ["simulate"],
        "surrogate": ["SurrogateBackend"],
        "trace": ["Trace"],
        "training": ["TrainingBackend"],
        "warm_start": ["WarmStart"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate import adapters as adapters
    from lcbench.simulate import portfolio as portfolio
    from lcbench.simulate import study as study
    from lcbench.simulate import wrappers as wrappers
    from lcbench.simulate.contract import Job as Job
    from lcbench.simulate.contract import Result as Result
    from lcbench.simulate.function import FunctionBackend as FunctionBackend
    from lcbench.simulate.objectives import evaluation as evaluation
    from lcbench.simulate.objectives import objective as objective
    from lcbench.simulate.optimizers import OPTIMIZERS as OPTIMIZERS
    from lcbench.simulate.portfolio.shipped import load_portfolio as load_portfolio
    from lcbench.simulate.realtime.result import LiveInterrupted as LiveInterrupted
    from lcbench.simulate.realtime.run import live as live
    from lcbench.simulate.replay import ReplayBackend as ReplayBackend
    from lcbench.simulate.run import simulate as simulate
    from lcbench.simulate.surrogate import SurrogateBackend as SurrogateBackend
    from lcbench.simulate.trace import Trace as Trace
    from lcbench.simulate.training import TrainingBackend as TrainingBackend
    from lcbench.simulate.warm_start import WarmStart as WarmStart
