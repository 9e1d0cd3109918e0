"""What somebody asks to be collected, in words of the command line, as a plan; what is left out has its default.

The defaults are the problem's own; of a table that grows, those of the table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcbench.collection.data.sources import split_sources
from lcbench.collection.growing import added_configs, larger
from lcbench.collection.plan import RANGES, Plan, check_device, given_configs, parse_seeds, read_space, sampled_configs
from lcbench.collection.problem import get_problem, named_by
from lcbench.collection.tasks import Extras
from lcbench.errors import InputError
from lcbench.space.spaces import categories
from lcbench.table.manifest import parse_budgets

if TYPE_CHECKING:
    import pandas as pd
    from ConfigSpace import ConfigurationSpace

    from lcbench.collection.problem import Problem
    from lcbench.table.benchmark import Benchmark

PROBLEM, CONFIGS, SEEDS, BUDGETS = "mlp", "200", "3", "12,25,50"
"""What is collected if nobody says otherwise; a problem has budgets of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Options of ``lcbench collect``; None is what nobody asked for.

    Attributes:
        problem: Name or import string.
        space: File of a search space.
        datasets: Sources, or tasks that only the problem knows, separated by commas.
        configs: Number of configurations, or a file of them.
        budgets: As :func:`lcbench.table.manifest.parse_budgets` takes them.
        seeds: As :func:`lcbench.collection.plan.parse_seeds` takes them.
        plan_seed: Seed of the whole collection.
        encoding: How categories become numbers.
        gradients: Whether to log statistics of gradients.
        predictions: Whether to keep predictions.
        device: Where to compute.
    """

    problem: str | None = None
    space: Path | None = None
    datasets: str | None = None
    configs: str | None = None
    budgets: str | None = None
    seeds: str | None = None
    plan_seed: int | None = None
    encoding: str | None = None
    gradients: bool = False
    predictions: bool = False
    device: str = "cpu"

    def plan(self, narrowed: "ConfigurationSpace | None" = None) -> Plan:
        """The plan of a new table.

        Args:
            narrowed: The search space if no file of one was named and it is not the problem's own.

        Raises:
            InputError: If something that was asked for cannot be used.
        """
        name = self.problem or PROBLEM
        problem = get_problem(name)
        if self.space is not None:
            narrowed = read_space(self.space, problem)
        space, plan_seed = narrowed or problem.space, self.plan_seed or 0
        return Plan(
            sources=_sources(self.datasets, problem),
            problem_name=name,
            configs=_configs(space, self.configs or CONFIGS, plan_seed),
            budgets=parse_budgets(self.budgets) if self.budgets else problem.budgets or parse_budgets(BUDGETS),
            seeds=parse_seeds(self.seeds or SEEDS),
            encoding=self.encoding or problem.encoding,
            plan_seed=plan_seed,
            extras=Extras(self.gradients, self.predictions),
            device=check_device(self.device),
            narrowed=narrowed,
        )

    def larger_plan(self, bench: "Benchmark", table: Mapping[str, Any]) -> Plan:
        """The plan of a table together with what is to be added to it.

        Args:
            bench: The table.
            table: The plan that it was collected with.

        Raises:
            InputError: If something that was asked for cannot be used, or does not fit the table.
        """
        complete = replace(
            self,
            problem=named_by(table, self.problem),
            datasets=self.datasets or ",".join(table["datasets"]),
            configs=self.configs if self.configs and self.configs.isdecimal() else "1",
            budgets=self.budgets or ",".join(map(str, bench.budgets)),
            seeds=self.seeds or "1",
            plan_seed=table["plan seed"] if self.plan_seed is None else self.plan_seed,
            encoding=self.encoding or table["encoding"],
            gradients=self.gradients or table["gradients"],
            predictions=self.predictions or table["predictions"],
            device=table["device"] if self.device == "cpu" else self.device,
        ).plan(bench.space if table.get(RANGES) else None)
        known = given_configs(complete.space, bench.configs)
        if self.configs is None:
            complete = replace(complete, configs=known)
        elif not self.configs.isdecimal():
            given = _configs(complete.space, self.configs, complete.plan_seed)
            complete = replace(complete, configs=given_configs(complete.space, added_configs(known, given)))
        given_names = {"sources": self.datasets, "configs": self.configs, "budgets": self.budgets, "seeds": self.seeds}
        asked = frozenset(name for name, value in given_names.items() if value is not None)
        return larger(table, bench.manifest, complete, asked)


def _sources(datasets: str | None, problem: "Problem") -> tuple[str, ...]:
    if datasets is not None:
        return tuple(split_sources(datasets))
    if not problem.tasks:
        raise InputError(
            f"data sets (--datasets) must be named for problem {problem.name!r}, which brings no tasks of its own; "
            "try --datasets sklearn:wine."
        )
    return tuple(problem.tasks)


def _configs(space: "ConfigurationSpace", configs: str, plan_seed: int) -> "pd.DataFrame":
    """Sample configurations, or read them from a file."""
    from lcbench.collection.data.table_file import READERS, read_table, suffix_of

    if configs.lstrip("-").isdecimal():
        return sampled_configs(space, int(configs), plan_seed)
    if suffix_of(Path(configs)) not in READERS and not Path(configs).exists():
        raise InputError(f"configs must be a whole number or a CSV or Parquet file of configurations, got {configs!r}.")
    as_text = categories(space)  # whose levels may look like numbers
    return given_configs(space, read_table(Path(configs), as_text=as_text))
