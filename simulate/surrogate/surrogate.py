"""A fitted surrogate: models of every run, what they were fitted to, and the card."""

from dataclasses import dataclass

from lcbench.metric import Metric, get_metric
from lcbench.simulate.surrogate.card import Card
from lcbench.simulate.surrogate.course import Course
from lcbench.simulate.surrogate.recorded import Recorded


@dataclass(frozen=True, eq=False)
class Surrogate:
    """Models of one metric and the seconds on one data set.

    Attributes:
        recorded: What they were fitted to.
        courses: The models of each run, by budget.
        card: Their cross-validated quality.
    """

    recorded: Recorded
    courses: dict[int, Course]
    card: Card

    @property
    def metric(self) -> Metric:
        """What is predicted, beside the seconds."""
        return get_metric(self.recorded.metric)

    @property
    def resumes(self) -> bool:
        """Whether all budgets are points on the run of the largest one."""
        return len(self.courses) < len(self.recorded.budgets)

    def run(self, budget: int) -> int:
        """The run that a budget is a point of."""
        return self.recorded.budgets[-1] if self.resumes else budget
