"""The plan of a build of portfolios."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lcbench.collection.data.sources import is_source
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.problem import get_problem
from lcbench.errors import InputError
from lcbench.simulate.optimizers.rungs import hyperband_brackets, infer_eta, rungs_of
from lcbench.table.manifest import check_budgets
from lcbench.work import differences

OBJECTIVE = RECORD.metric()
"""The metric of the searches and of the regrets."""

METRIC = OBJECTIVE.name

SEED = 0
"""The seed of every run; the plan's seed is that of the whole build."""


@dataclass(frozen=True, slots=True)
class BuildPlan:
    """Everything that decides what a build trains.

    Attributes:
        sources: Meta-training data sets, as in ``lcbench collect --datasets``; at least two.
        trials: Evaluations of each data set's BOHB run; enough for one of them to reach the largest budget.
        budgets: Epochs, increasing; incumbents are those of the largest, and are evaluated there.
        seed: Seed of the searches and of all training.
        space: Name of the problem whose space is searched.
        encoding: How categories become numbers.
        patience: Epochs without a better validation accuracy after which a run is stopped; None: never.
        trial_seconds: Processor seconds after which an evaluation is given up; None: never.

    Raises:
        InputError: If one of them cannot be used.
        UnknownNameError: If there is no such problem.
    """

    sources: tuple[str, ...]
    trials: int = 40
    budgets: tuple[int, ...] = (12, 25, 50)
    seed: int = 0
    space: str = "full"
    encoding: str = "onehot"
    patience: int | None = None
    trial_seconds: float | None = None

    def __post_init__(self) -> None:
        if len(self.sources) < 2:
            given = ", ".join(self.sources) or "none"
            raise InputError(f"datasets must be at least two, so that one can be tried on the other, got {given}.")
        check_budgets(self.budgets)
        problem = get_problem(self.space)
        for source in self.sources:
            if not is_source(source):
                problem.check_task(source)
        for name, legal, wanted in (
            ("trials", self.trials >= self.fewest_trials, f"at least {self.fewest_trials}: BOHB's first bracket"),
            ("seed", self.seed >= 0, "at least 0"),
            ("patience", self.patience is None or self.patience >= 1, "at least 1 epoch"),
            ("trial_seconds", self.trial_seconds is None or self.trial_seconds > 0, "more than 0"),
        ):
            if not legal:
                raise InputError(f"{name} must be {wanted}, got {getattr(self, name)}.")

    @property
    def fewest_trials(self) -> int:
        """Evaluations after which BOHB has one on the largest budget: those of its first bracket."""
        eta = infer_eta(self.budgets)
        return sum(hyperband_brackets(len(rungs_of(self.budgets, eta)), eta)[0])

    def describe(self) -> dict[str, Any]:
        """Write down the plan in plain types, as it is kept in the folder."""
        return {
            "datasets": list(self.sources),
            "trials": self.trials,
            "budgets": list(self.budgets),
            "seed": self.seed,
            "space": self.space,
            "encoding": self.encoding,
            "patience": self.patience,
            "trial seconds": self.trial_seconds,
        }


def extends(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    """Whether a plan is another one with more data sets at its end: all that was trained for that one counts."""
    before = kept.get("datasets", [])
    return bool(before) and not differences(kept, {**asked, "datasets": asked["datasets"][: len(before)]})
