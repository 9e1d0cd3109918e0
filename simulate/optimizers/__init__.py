"""One algorithm per file, and the registry by which they are found.

To add one: write a class with ``ask`` and ``tell`` (see :mod:`lcbench.simulate.contract`) that is made from a domain,
budgets and a generator, and give it a line in :data:`OPTIMIZERS`; the contract tests find it there. One that trains at
smaller budgets than the largest says so: ``multi_fidelity = True``. An optimizer may use the contract,
:mod:`lcbench.space` and other optimizers; it knows no table and no clock. Those of other people need no line here:
:mod:`lcbench.simulate.optimizers.spec` finds them by where they are, and packages by entry points of the group
``lcbench.optimizers``.
"""

from lcbench.registry import Registry
from lcbench.simulate.contract import OptimizerFactory

__all__ = ["OPTIMIZERS", "OptimizerFactory", "Registry", "get_optimizer"]

_HERE = "lcbench.simulate.optimizers"

OPTIMIZERS: Registry[OptimizerFactory] = Registry(
    "optimizer",
    {
        "random": f"{_HERE}.random_search:RandomSearch",
        "random-2x": f"{_HERE}.baselines:Random2x",
        "random-5x": f"{_HERE}.baselines:Random5x",
        "default-then-random": f"{_HERE}.baselines:DefaultThenRandom",
        "prior-random": f"{_HERE}.pibo:PriorRandomSearch",
        "grid": f"{_HERE}.grid_search:GridSearch",
        "successive-halving": f"{_HERE}.hyperband:SuccessiveHalving",
        "hyperband": f"{_HERE}.hyperband:Hyperband",
        "asha": f"{_HERE}.asha:ASHA",
        "asha-stopping": f"{_HERE}.asha:ASHAStopping",
        "median-rule": f"{_HERE}.early_termination:MedianRule",
        "extrapolation": f"{_HERE}.early_termination:Extrapolation",
        "priorband": f"{_HERE}.priorband:PriorBand",
        "bohb": f"{_HERE}.bohb:BOHB",
        "kde": f"{_HERE}.bohb:KDEBO",
        "tpe": f"{_HERE}.tpe:TPE",
        "gp-ei": f"{_HERE}.gp_bo:GPEI",
        "pibo": f"{_HERE}.pibo:PiBO",
        "gp-pi": f"{_HERE}.gp_bo:GPPI",
        "gp-ucb": f"{_HERE}.gp_bo:GPUCB",
        "gp-wl": f"{_HERE}.gp_wl:GPWL",
        "forest": f"{_HERE}.forest:ForestBO",
        "forest-hyperband": f"{_HERE}.forest:ForestHyperband",
        "dehb": f"{_HERE}.dehb:DEHB",
        "de": f"{_HERE}.dehb:DifferentialEvolution",
        "cma-es": f"{_HERE}.cma_es:CMAES",
        "pso": f"{_HERE}.pso:PSO",
        "dyhpo": f"{_HERE}.dyhpo:DyHPO",
        "nsga-ii": f"{_HERE}.nsga:NSGA2",
        "parego": f"{_HERE}.parego:ParEGO",
        "mo-asha": f"{_HERE}.mo_asha:MOASHA",
        "pbt": f"{_HERE}.pbt:PBT",
        "portfolio": f"{_HERE}.transfer_starts:PortfolioStart",
        "nearest-task": f"{_HERE}.transfer_starts:NearestTask",
        "meta-model": f"{_HERE}.transfer_starts:MetaModelStart",
        "bounding-box": f"{_HERE}.transfer_starts:BoundingBox",
        "relative-landmarks": f"{_HERE}.relative_landmarks:RelativeLandmarks",
        "rgpe": f"{_HERE}.rgpe:RGPE",
        "quantile-transfer": f"{_HERE}.quantile_transfer:QuantileTransfer",
        "regularized-evolution": f"{_HERE}.regularized_evolution:RegularizedEvolution",
        "reinforce": f"{_HERE}.reinforce:Reinforce",
        "local-search": f"{_HERE}.local_search:LocalSearch",
    },
    group="lcbench.optimizers",
)
"""Optimizers by name, ours and installed ones: ``OPTIMIZERS[name](backend.domain(), backend.budgets, rng)``."""


def get_optimizer(text: str) -> OptimizerFactory:
    """Look up an optimizer: one of ours, of another package, or anybody's.

    Args:
        text: A name in :data:`OPTIMIZERS` or :data:`lcbench.simulate.adapters.ADAPTERS`, an import string, with
            arguments or without, as :mod:`lcbench.simulate.optimizers.spec` says.

    Raises:
        UnknownNameError: If there is no such optimizer or argument.
        InputError: If the text cannot be read, or leads nowhere.
    """
    from lcbench.simulate.optimizers.spec import parse  # it looks names up here

    return parse(text).factory
