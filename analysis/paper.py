"""The paper's published numbers, as data, each with the table or figure it comes from.

L. Zimmer, M. Lindauer, F. Hutter: Auto-PyTorch: Multi-Fidelity MetaLearning for Efficient and Robust AutoDL.
"""

from dataclasses import dataclass

from analysis.correlation import ADAPTIVE, CROSS, NON_ADAPTIVE


@dataclass(frozen=True, slots=True)
class PublishedCorrelation:
    """One cell of Table 3: Spearman's rank correlation between two budgets, averaged over 35 data sets.

    Attributes:
        budget_low: Epochs of the smaller budget.
        budget_high: Epochs of the larger budget.
        schedule: One of ``analysis.correlation.SCHEDULES``.
        mean: Mean over the data sets.
        std: What the paper prints after ±, None where it prints nothing.
        source: Where it stands.
    """

    budget_low: int
    budget_high: int
    schedule: str
    mean: float
    std: float | None = None
    source: str = "Table 3"


TABLE_3: tuple[PublishedCorrelation, ...] = (
    PublishedCorrelation(12, 25, NON_ADAPTIVE, 0.94, 0.03),
    PublishedCorrelation(12, 25, ADAPTIVE, 0.95, 0.05),
    PublishedCorrelation(12, 25, CROSS, 0.89),
    PublishedCorrelation(25, 50, NON_ADAPTIVE, 0.96, 0.06),
    PublishedCorrelation(25, 50, ADAPTIVE, 0.94, 0.05),
    PublishedCorrelation(25, 50, CROSS, 0.86),
    PublishedCorrelation(12, 50, NON_ADAPTIVE, 0.91, 0.07),
    PublishedCorrelation(12, 50, ADAPTIVE, 0.88, 0.09),
    PublishedCorrelation(12, 50, CROSS, 0.71),
)
"""Table 3, row by row."""


def published_correlation(budget_low: int, budget_high: int, schedule: str) -> PublishedCorrelation | None:
    """The cell of Table 3 for a budget pair and schedule, None if the paper has none."""
    wanted = (budget_low, budget_high, schedule)
    return next((c for c in TABLE_3 if (c.budget_low, c.budget_high, c.schedule) == wanted), None)
