"""Collections of publications by name: what ``lcbench collect`` must be told to make such a table."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lcbench.collection.data.sources import LCBENCH
from lcbench.collection.data.suite import LCBENCH_DATASETS, PublishedDataset
from lcbench.errors import UnknownNameError

if TYPE_CHECKING:
    from lcbench.collection.estimate import Estimate


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """A collection.

    Attributes:
        name: Of the folder.
        source: Its data sets, as written on the command line.
        datasets: These data sets.
        problem: Its name, one of networks.
        configs: Number of configurations.
        budgets: Epochs.
        seeds: Number of seeds.
        published: What the publication says of its cost.
    """

    name: str
    source: str
    datasets: tuple[PublishedDataset, ...]
    problem: str
    configs: int
    budgets: tuple[int, ...]
    seeds: int
    published: str

    def command(self, jobs: int) -> str:
        """The whole command line."""
        options = {
            "datasets": self.source,
            "problem": self.problem,
            "configs": self.configs,
            "budgets": ",".join(map(str, self.budgets)),
            "seeds": self.seeds,
            "jobs": jobs,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        return shlex.join(["lcbench", "collect", self.name, *words])

    def estimate(self) -> "Estimate":
        """Its cost on this machine, from a minute of timing."""
        from lcbench.collection.estimate import estimated, extent_of
        from lcbench.collection.networks.problems import network_problem
        from lcbench.collection.plan import sampled_configs
        from lcbench.space.spaces import records
        from lcbench.table.benchmark import load

        problem = network_problem(self.problem)
        configs = records(problem.space, sampled_configs(problem.space, self.configs, 0))
        extents = [extent_of(each) for each in self.datasets]
        return estimated(problem, extents, configs, self.budgets, self.seeds, load())


_PLANS = {
    "paper": NamedPlan(
        name="lcbench-paper",
        source=LCBENCH,
        datasets=LCBENCH_DATASETS,
        problem="mlp",
        configs=2000,
        budgets=(12, 25, 50),
        seeds=3,
        published="the paper had 1,500",
    )
}


def get_plan(name: str) -> NamedPlan:
    """Look up a plan.

    Raises:
        UnknownNameError: If there is none of that name.
    """
    if name not in _PLANS:
        raise UnknownNameError("plan", name, _PLANS)
    return _PLANS[name]
