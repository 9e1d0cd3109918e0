"""Optimizers of other packages by name, in a registry like :data:`lcbench.simulate.optimizers.OPTIMIZERS`.

Making one imports its package, or says which extra is missing; listing them imports nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from lcbench.registry import Registry
from lcbench.simulate.adapters._shared import require
from lcbench.simulate.adapters.neps import NePSOptimizer
from lcbench.simulate.adapters.optuna import OptunaObjectives, OptunaOptimizer
from lcbench.simulate.adapters.smac import SMACOptimizer
from lcbench.simulate.adapters.syne_tune import SyneTuneOptimizer
from lcbench.simulate.contract import Domain, Optimizer, OptimizerFactory


@dataclass(frozen=True, slots=True)
class Adapter:
    """Makes an optimizer of another package, which is imported only then.

    Attributes:
        says: What it is, in a line.
        module: Where the package has it.
        extra: The extra of ours that installs the package.
        adapt: Gives the class and the arguments of our adapter, from the module.
        multi_fidelity: Whether it trains at smaller budgets than the largest.
    """

    says: str
    module: str
    extra: str
    adapt: Callable[[Any], Callable[..., Optimizer]]
    multi_fidelity: bool

    def __call__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        """Make the optimizer.

        Raises:
            InputError: If the package is not installed.
        """
        return self.adapt(require(self.module, self.extra))(domain, budgets, rng)

    def is_installed(self) -> bool:
        """Whether its package is there, without importing it."""
        return find_spec(self.module.partition(".")[0]) is not None


def _optuna(says: str, sampler: str, pruner: str | None = None) -> Adapter:
    def adapt(found: Any) -> Callable[..., Optimizer]:
        pruning = None if pruner is None else getattr(found.pruners, pruner)
        return partial(OptunaOptimizer, sampler=getattr(found.samplers, sampler), pruner=pruning)

    return Adapter(says, "optuna", "optuna", adapt, multi_fidelity=pruner is not None)


def _optuna_objectives(says: str, sampler: str) -> Adapter:
    def adapt(found: Any) -> Callable[..., Optimizer]:
        return partial(OptunaObjectives, sampler=getattr(found.samplers, sampler))

    return Adapter(says, "optuna", "optuna", adapt, multi_fidelity=False)


def _smac(says: str, facade: str, *, multi_fidelity: bool = False) -> Adapter:
    def adapt(found: Any) -> Callable[..., Optimizer]:
        return partial(SMACOptimizer, facade=getattr(found, facade))

    return Adapter(says, "smac", "smac", adapt, multi_fidelity)


def _syne_tune(says: str, scheduler: str, *, multi_fidelity: bool = False) -> Adapter:
    def adapt(found: Any) -> Callable[..., Optimizer]:
        return partial(SyneTuneOptimizer, scheduler=getattr(found, scheduler))

    return Adapter(says, "syne_tune.optimizer.baselines", "syne-tune", adapt, multi_fidelity)


def _neps(says: str, algorithm: str, *, multi_fidelity: bool = False, prior: bool = False) -> Adapter:
    def adapt(found: Any) -> Callable[..., Optimizer]:
        return partial(NePSOptimizer, algorithm=getattr(found.algorithms, algorithm), prior=prior)

    return Adapter(says, "neps", "neps", adapt, multi_fidelity)


ADAPTERS: Registry[OptimizerFactory] = Registry(
    "optimizer",
    {
        "optuna-tpe": _optuna("Optuna's TPE.", "TPESampler"),
        "optuna-tpe-median": _optuna("Optuna's TPE, with its median pruner.", "TPESampler", "MedianPruner"),
        "optuna-tpe-hyperband": _optuna("Optuna's TPE, with its Hyperband pruner.", "TPESampler", "HyperbandPruner"),
        "optuna-nsga-ii": _optuna_objectives("Optuna's NSGA-II, for several objectives.", "NSGAIISampler"),
        "smac-multi-fidelity": _smac(
            "SMAC3's Hyperband with a random forest.", "MultiFidelityFacade", multi_fidelity=True
        ),
        "smac-forest": _smac("SMAC3's random forest.", "HyperparameterOptimizationFacade"),
        "syne-tune-random": _syne_tune("Syne Tune's random search.", "RandomSearch"),
        "syne-tune-asha": _syne_tune("Syne Tune's ASHA.", "ASHA", multi_fidelity=True),
        "syne-tune-bohb": _syne_tune("Syne Tune's BOHB.", "BOHB", multi_fidelity=True),
        "syne-tune-tpe": _syne_tune("Syne Tune's TPE.", "TPE"),
        "neps-random": _neps("NePS's random search.", "random_search"),
        "neps-asha": _neps("NePS's ASHA.", "asha", multi_fidelity=True),
        "neps-hyperband": _neps("NePS's Hyperband.", "hyperband", multi_fidelity=True),
        "neps-priorband": _neps("NePS's PriorBand.", "priorband", multi_fidelity=True, prior=True),
        "neps-gp": _neps("NePS's Gaussian processes.", "bayesian_optimization"),
    },
)
"""``ADAPTERS[name](backend.domain(), backend.budgets, rng)``."""
