"""One algorithm per file, and the registry by which they are found.

To add one: write a class with ``ask`` and ``tell`` (see :mod:`simulate.contract`) that is made from a domain, budgets
and a generator, and give it a line in :data:`OPTIMIZERS`; the contract tests find it there.
"""

from collections.abc import Callable

import numpy as np

from lcbench.errors import UnknownNameError
from simulate.contract import Domain, Optimizer
from simulate.optimizers.asha import ASHA, ASHAStopping
from simulate.optimizers.bohb import BOHB
from simulate.optimizers.dehb import DEHB
from simulate.optimizers.differential_evolution import DifferentialEvolution
from simulate.optimizers.extrapolation import Extrapolation
from simulate.optimizers.forest_bo import ForestBO
from simulate.optimizers.forest_hyperband import ForestHyperband
from simulate.optimizers.gp_bo import GPEI, GPPI, GPUCB
from simulate.optimizers.grid_search import GridSearch
from simulate.optimizers.hyperband import Hyperband
from simulate.optimizers.kde_bo import KDEBO
from simulate.optimizers.median_rule import MedianRule
from simulate.optimizers.pbt import PBT
from simulate.optimizers.random_search import RandomSearch
from simulate.optimizers.regularized_evolution import RegularizedEvolution
from simulate.optimizers.successive_halving import SuccessiveHalving

OptimizerFactory = Callable[[Domain, tuple[int, ...], np.random.Generator], Optimizer]

OPTIMIZERS: dict[str, OptimizerFactory] = {
    "random": RandomSearch,
    "grid": GridSearch,
    "successive-halving": SuccessiveHalving,
    "hyperband": Hyperband,
    "asha": ASHA,
    "asha-stopping": ASHAStopping,
    "median-rule": MedianRule,
    "extrapolation": Extrapolation,
    "bohb": BOHB,
    "kde": KDEBO,
    "gp-ei": GPEI,
    "gp-pi": GPPI,
    "gp-ucb": GPUCB,
    "forest": ForestBO,
    "forest-hyperband": ForestHyperband,
    "dehb": DEHB,
    "de": DifferentialEvolution,
    "pbt": PBT,
    "regularized-evolution": RegularizedEvolution,
}
"""Optimizers by name: ``OPTIMIZERS[name](backend.domain(), backend.budgets, rng)``."""


def get_optimizer(name: str) -> OptimizerFactory:
    """Look up an optimizer: one of ours, or one of another package's by its name in :mod:`simulate.adapters.named`.

    Raises:
        UnknownNameError: If there is no such optimizer.
    """
    if name in OPTIMIZERS:
        return OPTIMIZERS[name]
    from simulate.adapters.named import ADAPTERS  # adapters are made of ours

    if name not in ADAPTERS:
        raise UnknownNameError("optimizer", name, (*OPTIMIZERS, *ADAPTERS))
    return ADAPTERS[name]
