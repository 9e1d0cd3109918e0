"""Optimizers of other packages under our contract: they run in virtual time, with any number of workers.

>>> from lcbench.simulate.adapters import OptunaOptimizer
>>> from optuna.pruners import HyperbandPruner
>>> optimizer = OptunaOptimizer(backend.domain(), backend.budgets, rng, pruner=HyperbandPruner)
>>> trace = simulate(optimizer, backend, workers=4, seconds=3600)

Each needs its package: ``pip install 'lcbench[optuna]'``, ``'lcbench[smac]'``, ``'lcbench[syne-tune]'`` or
``'lcbench[neps]'``. What a package is told of a table, and what becomes of its words, is in
docs/decisions/0033-adapters.md. An adapter may use the contract and :mod:`lcbench.space`. Names are imported when they
are first used.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "named": ["ADAPTERS"],
        "neps": ["NePSOptimizer"],
        "optuna": ["OptunaOptimizer"],
        "smac": ["SMACOptimizer"],
        "syne_tune": ["SyneTuneOptimizer"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate.adapters.named import ADAPTERS as ADAPTERS
    from lcbench.simulate.adapters.neps import NePSOptimizer as NePSOptimizer
    from lcbench.simulate.adapters.optuna import OptunaOptimizer as OptunaOptimizer
    from lcbench.simulate.adapters.smac import SMACOptimizer as SMACOptimizer
    from lcbench.simulate.adapters.syne_tune import SyneTuneOptimizer as SyneTuneOptimizer
