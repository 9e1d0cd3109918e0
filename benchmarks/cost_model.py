"""How well the cost model's seconds match measured single runs that it was not calibrated on.

    python benchmarks/cost_model.py [--runs 100] [--problem full]

Calibrates as a collection does, on five data sets' sizes and configurations of a search space; then times single runs
of other configurations at the full number of rows and prints the share within 25 %.
"""

from typing import Annotated

import numpy as np
import typer

from lcbench.collection.networks.calibration import calibrated, time_epoch
from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.problems import network_problem
from lcbench.collection.plan import sampled_configs
from lcbench.space.spaces import records

EXTENTS = {
    "credit-g": Extent(20, 2, Sizes(449, 221, 330)),
    "car": Extent(6, 4, Sizes(775, 382, 571)),
    "mfeat-factors": Extent(216, 10, Sizes(898, 442, 660)),
    "phoneme": Extent(5, 2, Sizes(2425, 1195, 1784)),
    "adult": Extent(14, 2, Sizes(21925, 10799, 16118)),
}


def main(
    runs: Annotated[int, typer.Option(help="Held-out single runs.")] = 100,
    space: Annotated[str, typer.Option(help="Search space.")] = "mlp",
) -> None:
    """Calibrate, measure, compare."""
    problem = network_problem(space)
    known, others = (
        records(problem.space, sampled_configs(problem.space, n, seed)) for n, seed in ((200, 0), (runs, 1))
    )
    model = calibrated(problem, list(EXTENTS.values()), known, np.random.default_rng(0))
    ratios: dict[str, list[float]] = {name: [] for name in EXTENTS}
    for i, config in enumerate(others):
        name = list(EXTENTS)[i % len(EXTENTS)]
        extent = EXTENTS[name]
        modelled = model.seconds_of(problem.work(extent, config))
        ratios[name].append(modelled / time_epoch(problem, extent, config))
    for name, found in ratios.items():
        spread = ", ".join(f"{q:.2f}" for q in np.quantile(found, (0.1, 0.5, 0.9)))
        print(f"{name:<14} modelled / measured, 10 %, median, 90 %: {spread}; within 25 %: {within(found):.0%}")
    print(f"all: within 25 %: {within([r for found in ratios.values() for r in found]):.0%} of {runs} runs")


def within(ratios: list[float]) -> float:
    """Share of ratios within 25 %."""
    return float(np.mean(np.abs(np.array(ratios) - 1) <= 0.25))


if __name__ == "__main__":
    typer.run(main)
