"""Runs optimizers on a table in virtual time.

>>> import lcbench, numpy as np
>>> from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
>>> backend = ReplayBackend(lcbench.load("DIR"), "wine")
>>> optimizer = OPTIMIZERS["bohb"](backend.domain(), backend.budgets, np.random.default_rng(0))
>>> trace = simulate(optimizer, backend, workers=4, seconds=3600)
>>> trace.incumbent(1800).loss

With ``TrainingBackend("sklearn:wine")`` and ``live`` the same optimizers train for real, on the clock.

Studies of many optimizers, data sets and seeds are in :mod:`lcbench.simulate.study`. It may use :mod:`lcbench` and,
where it trains for real, :mod:`lcbench.collection`. Names are imported when they are first used, so that the command
line answers at once and replaying loads nothing that trains.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"adapters", "study", "transfer", "wrappers"},
    submod_attrs={
        "contract": ["Job", "Result"],
        "function": ["FunctionBackend", "evaluation", "objective"],
        "optimizers": ["OPTIMIZERS"],
        "realtime.result": ["LiveInterrupted"],
        "realtime.run": ["live"],
        "replay": ["ReplayBackend"],
        "run": ["simulate"],
        "surrogate": ["SurrogateBackend"],
        "trace": ["Trace"],
        "training": ["TrainingBackend"],
        "transfer.shipped": ["load_portfolio"],
        "warm_start": ["WarmStart"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate import adapters as adapters
    from lcbench.simulate import study as study
    from lcbench.simulate import transfer as transfer
    from lcbench.simulate import wrappers as wrappers
    from lcbench.simulate.contract import Job as Job
    from lcbench.simulate.contract import Result as Result
    from lcbench.simulate.function import FunctionBackend as FunctionBackend
    from lcbench.simulate.function import evaluation as evaluation
    from lcbench.simulate.function import objective as objective
    from lcbench.simulate.optimizers import OPTIMIZERS as OPTIMIZERS
    from lcbench.simulate.realtime.result import LiveInterrupted as LiveInterrupted
    from lcbench.simulate.realtime.run import live as live
    from lcbench.simulate.replay import ReplayBackend as ReplayBackend
    from lcbench.simulate.run import simulate as simulate
    from lcbench.simulate.surrogate import SurrogateBackend as SurrogateBackend
    from lcbench.simulate.trace import Trace as Trace
    from lcbench.simulate.training import TrainingBackend as TrainingBackend
    from lcbench.simulate.transfer.shipped import load_portfolio as load_portfolio
    from lcbench.simulate.warm_start import WarmStart as WarmStart
