"""What an import gathers over all data sets: configurations, settings, budgets, seeds, and a row per data set."""

from collections.abc import Sequence
from typing import Any

from lcbench.errors import InputError
from lcbench.official.layout import HYPERPARAMETERS, T_MAX
from lcbench.official.parsing import COUNTS
from lcbench.official.run import Run


class Gathered:
    """Grows run by run; one configuration number means one configuration, one name one data set."""

    def __init__(self) -> None:
        self.configs: dict[int, dict[str, Any]] = {}
        self.settings: dict[str, Any] = {}
        self.budgets: set[int] = set()
        self.seeds: set[int] = set()
        self.datasets: dict[str, dict[str, Any]] = {}

    def add(self, dataset: str, run: Run) -> None:
        """Take note of a run.

        Raises:
            InputError: If its configuration or settings are not those of the runs before it.
        """
        where = f"configuration {run.config_id} on {dataset}"
        missing = [name for name in HYPERPARAMETERS if name not in run.config]
        if missing:
            raise InputError(f"{where} must have the hyperparameter {missing[0]}; the file is not the published one.")
        config = {name: _number(run.config[name]) for name in HYPERPARAMETERS}
        settings = {name: run.config[name] for name in run.config if name not in (*HYPERPARAMETERS, T_MAX)}
        if self.configs.setdefault(run.config_id, config) != config:
            raise InputError(f"{where} must have the hyperparameters it has on other data sets, got {config}.")
        if not self.budgets:
            self.settings = settings
        if settings != self.settings:
            raise InputError(f"{where} must have the settings of the other runs, {self.settings}, got {settings}.")
        self.budgets.add(run.budget)
        self.seeds.add(run.seed)

    def close(self, dataset: str, runs: Sequence[Run]) -> None:
        """Take note of a data set, all of whose runs are there.

        Raises:
            InputError: If it or one of its configurations was there before, or its runs disagree about it.
        """
        if dataset in self.datasets:
            raise InputError(f"data set {dataset} must be in the file once, got it again.")
        if len({run.config_id for run in runs}) < len(runs):
            raise InputError(f"each configuration must be on data set {dataset} once, got one again.")
        facts = {tuple(run.results[name] for name in COUNTS) for run in runs}
        if len(facts) > 1:
            raise InputError(
                f"all runs on {dataset} must agree on {', '.join(COUNTS)}, got {sorted(facts, key=str)[:2]}."
            )
        instances, features, classes, task = facts.pop()
        self.datasets[dataset] = {
            "name": dataset,
            "source": "published" if task is None else f"openml:{task}",
            "openml_task_id": task,
            "instances": int(instances),
            "features": int(features),
            "classes": int(classes),
        }


def _number(value: object) -> object:
    """The published file writes a 1 as ``true``."""
    return int(value) if isinstance(value, bool) else value
