"""Optimizers of other packages by name, in a registry like :data:`lcbench.simulate.optimizers.OPTIMIZERS`.

Making one imports its package, or says which extra is missing; listing them imports nothing.
"""

import numpy as np

from lcbench.registry import Registry
from lcbench.simulate.adapters._shared import require
from lcbench.simulate.adapters.neps import NePSOptimizer
from lcbench.simulate.adapters.optuna import OptunaOptimizer
from lcbench.simulate.adapters.smac import SMACOptimizer
from lcbench.simulate.adapters.syne_tune import SyneTuneOptimizer
from lcbench.simulate.contract import Domain, Optimizer, OptimizerFactory


def _optuna(sampler: str, pruner: str | None = None) -> OptimizerFactory:
    def make(domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        found = require("optuna", "optuna")
        pruning = None if pruner is None else getattr(found.pruners, pruner)
        return OptunaOptimizer(domain, budgets, rng, sampler=getattr(found.samplers, sampler), pruner=pruning)

    return make


def _smac(facade: str) -> OptimizerFactory:
    def make(domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        return SMACOptimizer(domain, budgets, rng, facade=getattr(require("smac", "smac"), facade))

    return make


def _syne_tune(scheduler: str) -> OptimizerFactory:
    def make(domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        found = require("syne_tune.optimizer.baselines", "syne-tune")
        return SyneTuneOptimizer(domain, budgets, rng, scheduler=getattr(found, scheduler))

    return make


def _neps(algorithm: str, *, prior: bool = False) -> OptimizerFactory:
    def make(domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        found = require("neps", "neps")
        return NePSOptimizer(domain, budgets, rng, algorithm=getattr(found.algorithms, algorithm), prior=prior)

    return make


ADAPTERS: Registry[OptimizerFactory] = Registry(
    "optimizer",
    {
        "optuna-tpe": _optuna("TPESampler"),
        "optuna-tpe-median": _optuna("TPESampler", "MedianPruner"),
        "optuna-tpe-hyperband": _optuna("TPESampler", "HyperbandPruner"),
        "smac-multi-fidelity": _smac("MultiFidelityFacade"),
        "smac-forest": _smac("HyperparameterOptimizationFacade"),
        "syne-tune-random": _syne_tune("RandomSearch"),
        "syne-tune-asha": _syne_tune("ASHA"),
        "syne-tune-bohb": _syne_tune("BOHB"),
        "syne-tune-tpe": _syne_tune("TPE"),
        "neps-random": _neps("random_search"),
        "neps-asha": _neps("asha"),
        "neps-hyperband": _neps("hyperband"),
        "neps-priorband": _neps("priorband", prior=True),
        "neps-gp": _neps("bayesian_optimization"),
    },
)
"""``ADAPTERS[name](backend.domain(), backend.budgets, rng)``."""
