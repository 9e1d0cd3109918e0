"""The paper's published numbers, as data, each with the table or figure it comes from.

L. Zimmer, M. Lindauer, F. Hutter: Auto-PyTorch: Multi-Fidelity MetaLearning for Efficient and Robust AutoDL.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lcbench.analysis.correlation import ADAPTIVE, CROSS, NON_ADAPTIVE


@dataclass(frozen=True, slots=True)
class PublishedCorrelation:
    """One cell of Table 3: Spearman's rank correlation between two budgets, averaged over 35 data sets.

    Attributes:
        budget_low: Epochs of the smaller budget.
        budget_high: Epochs of the larger budget.
        schedule: One of ``lcbench.analysis.correlation.SCHEDULES``.
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


@dataclass(frozen=True, slots=True)
class PublishedNumber:
    """A number, or a finding that can be checked, in section 4.

    Attributes:
        key: Short name, unique.
        section: Where it stands.
        source: ``text`` or the table or figure.
        quantity: What it is of.
        value: As a number, or the finding in a word.
        unit: Its unit; empty for counts and shares in [0, 1].
        digits: Decimals that the paper prints.
        finer: Decimals more for a table's own number.
        prefix: ``<`` if the paper gives a bound.
        note: Why a table's number may differ, or what the paper leaves open.
    """

    key: str
    section: str
    source: str
    quantity: str
    value: float | str
    unit: str = ""
    digits: int = 0
    prefix: str = ""
    note: str = ""
    finer: int = 0

    @property
    def text(self) -> str:
        """As the paper prints it."""
        return self.prefix + written(self.value, self.unit, self.digits)


def written(value: float | str, unit: str = "", digits: int = 0) -> str:
    """A number with its unit, in so many decimals; a word as it is."""
    number = value if isinstance(value, str) else f"{value:,.{digits}f}"
    return f"{number} {unit}".strip()


def _table_3() -> Iterator[PublishedNumber]:
    """Table 3 as single numbers."""
    for cell in TABLE_3:
        name = f"({cell.budget_low}, {cell.budget_high}) {cell.schedule}"
        key = f"{cell.schedule}:{cell.budget_low}:{cell.budget_high}"
        notes = {
            NON_ADAPTIVE: "one run's curve read at both epochs",
            ADAPTIVE: "",
            CROSS: "the paper does not define this column; ours is the adaptive run against the non-adaptive curve",
        }
        note = notes[cell.schedule]
        yield PublishedNumber(f"mean:{key}", "4.2.3", cell.source, f"correlation {name}", cell.mean, "", 2, "", note)
        if cell.std is not None:
            note = "the paper does not say how it is computed; ours is the deviation over data sets (ddof=1)"
            yield PublishedNumber(f"std:{key}", "4.2.3", cell.source, f"its ± {name}", cell.std, "", 2, "", note)


_TARGET = "the paper counts the target: of its 35 data sets OpenML says 4 to 1636 without it"
_SPACE = "of the search space"
_HOURS = "of the seconds that the table has"
_RATIO = "ours is the mean ratio; 12 is rounded"
_SHARES = "data sets that come with a split of their own keep it"
_GAIN = "of what is not said; ours is that of the accuracies of the single best, which fits the released table"
_DENSE = "ours has the largest share of configurations within 5 % of the best"
_SPARSE = "ours has the largest mean relative regret"
_RELATIVE = "ours is the mean relative regret of the greedy portfolio"
_ABSOLUTE = 'the paper writes "accuracy regret" and does not say which of both'
_FOREST = "by the mean over data sets at the largest budget"

NUMBERS: tuple[PublishedNumber, ...] = (
    PublishedNumber("configs", "4.1", "text, Figure 3", "configurations", 2000),
    PublishedNumber("datasets", "4.1", "text, Figure 3", "data sets", 35),
    PublishedNumber("n_budgets", "4.1", "text", "budgets", 3),
    PublishedNumber("seeds", "4.1", "text", "seeds, over which accuracies are averaged", 3),
    PublishedNumber("hours", "4.1", "text", "CPU hours of all runs, one core each", 1500, "h", note=_HOURS, finer=1),
    PublishedNumber("suite", "4.1.1", "text", "data sets of the AutoML Benchmark", 39),
    PublishedNumber("omitted", "4.1.1", "text", "of these left out, the largest", 4),
    PublishedNumber("features_min", "4.1.1", "text, Figure 14", "features, fewest", 5, note=_TARGET),
    PublishedNumber("features_max", "4.1.1", "text, Figure 14", "features, most", 1637, note=_TARGET),
    PublishedNumber("instances_min", "4.1.1", "text, Figure 14", "data points, fewest", 690),
    PublishedNumber("instances_max", "4.1.1", "text, Figure 14", "data points, most", 581012),
    PublishedNumber("classes_min", "4.1.1", "text", "classes, fewest", 2),
    PublishedNumber("classes_max", "4.1.1", "text", "classes, most", 355),
    PublishedNumber("test_share", "4.1.1", "text", "test part, of all data", 33, "%", note=_SHARES),
    PublishedNumber("valid_share", "4.1.1", "text", "validation part, of the training data", 33, "%"),
    PublishedNumber("hyperparameters", "4.1.2", "text, Table 1", "hyperparameters", 7, note=_SPACE),
    PublishedNumber("integers", "4.1.2", "text, Table 1", "of these integer", 3, note=_SPACE),
    PublishedNumber("floats", "4.1.2", "text, Table 1", "of these float", 4, note=_SPACE),
    PublishedNumber("architecture", "4.1.2", "text, Table 1", "of these of the architecture", 2, note=_SPACE),
    PublishedNumber("training", "4.1.2", "text, Table 1", "of these of the training", 5, note=_SPACE),
    PublishedNumber("b_min", "4.1.3", "text", "smallest budget", 12, "epochs"),
    PublishedNumber("b_middle", "4.1.3", "text", "budget in between", 25, "epochs"),
    PublishedNumber("b_max", "4.1.3", "text", "largest budget", 50, "epochs"),
    PublishedNumber("eta", "4.1.3", "text", "η, ratio of adjacent budgets", 2, note=_RATIO, finer=2),
    PublishedNumber("annealed", "4.1.3", "text", "learning rate at the end of a schedule", "1e-8"),
    PublishedNumber(
        "gain", "4.2.1", "text", "gain of the best per data set over the single best on average", 3, "%", finer=1
    ),
    PublishedNumber("gain_std", "4.2.1", "text", "standard deviation across the data sets", 15.3, "%", 1, note=_GAIN),
    PublishedNumber("unique", "4.2.1", "text", "unique configurations among the best of each data set", 22),
    PublishedNumber("most_frequent", "4.2.1", "text", "data sets on which the most frequent one is best", 7),
    PublishedNumber("dense", "4.2.1", "Figure 3", "where most configurations do well, e.g.", "APSFailure", note=_DENSE),
    PublishedNumber("sparse", "4.2.1", "Figure 3", "where good ones are sparse, e.g.", "dionis", note=_SPARSE),
    PublishedNumber(
        "portfolio", "4.2.2", "Figure 4", "regret of a portfolio of 10", 0.1, "%", 1, "<", _RELATIVE, finer=1
    ),
    PublishedNumber(
        "portfolio_absolute", "4.2.2", "Figure 4", "the same, as a difference", 0.1, "%", 1, "<", _ABSOLUTE, finer=1
    ),
    PublishedNumber("portfolio_size", "4.2.2", "Figure 4", "size at which it falls below 0.1 %", 10, prefix="≤"),
    *_table_3(),
    PublishedNumber("adjacent", "4.2.3", "text", "adjacent budgets correlate more than distant ones", "yes"),
    PublishedNumber("adaptive_worse", "4.2.3", "text", "adaptive correlates less on the larger budgets", "yes"),
    PublishedNumber("fanova_first", "4.2.4", "Figure 6", "most important by fANOVA", "num_layers", note=_FOREST),
    PublishedNumber("fanova_units", "4.2.4", "Figure 6", "max_units matters less than num_layers", "yes", note=_FOREST),
    PublishedNumber("lpi_first", "4.2.4", "Figure 6", "most important by LPI", "learning_rate", note=_FOREST),
    PublishedNumber(
        "fanova_learning_rate", "4.2.4", "Figure 6", "importance of learning_rate with the budget (fANOVA)", "rises"
    ),
    PublishedNumber(
        "fanova_weight_decay", "4.2.4", "Figure 6", "importance of weight_decay with the budget (fANOVA)", "falls"
    ),
    PublishedNumber(
        "fanova_batch_size", "4.2.4", "Figure 6", "importance of batch_size with the budget (fANOVA)", "falls"
    ),
)
"""Every number of section 4, and the findings it states in words. Of section 5 there is Table 4, below."""


@dataclass(frozen=True, slots=True)
class PublishedAccuracy:
    """One cell of Table 4: accuracy on the test part after 1 hour on 6 cores, over 5 seeds.

    Attributes:
        dataset: OpenML's name of the data set (the paper shortens some and misprints two).
        system: As the paper writes it.
        mean: In per cent.
        std: Standard deviation over the seeds, in points.
        source: Where it stands.
    """

    dataset: str
    system: str
    mean: float
    std: float
    source: str = "Table 4"


_SYSTEMS = (
    "Auto-PyTorch Tabular",
    "AutoNet2.0",
    "AutoKeras",
    "Auto-Sklearn",
    "hyperopt-sklearn",
    "Auto-PyTorch w/ ens.",
    "AutoGluon w/ stack.",
    "Auto-PyTorch w/o ens.",
    "AutoGluon w/o stack.",
)

_ROWS = """
covertype     96.86±0.41 68.22±2.46 61.61±3.52 -          -           96.86±0.41 -          93.35±0.02 -
volkert       70.52±0.51 60.90±3.89 44.25±2.38 67.32±0.46 -           70.52±0.51 72.16±0.00 70.74±0.01 68.34±0.10
higgs         73.01±0.09 71.36±0.55 71.25±0.29 72.03±0.33 -           73.01±0.09 73.26±0.00 72.64±0.02 72.60±0.00
car           96.41±1.47 96.14±0.35 93.39±2.82 98.42±0.62 98.95±0.96  96.41±1.47 99.12±0.50 98.59±0.01 97.16±0.35
mfeat-factors 99.10±0.18 98.97±0.21 97.73±0.23 98.64±0.39 97.88±38.48 99.10±0.18 98.79±0.15 98.78±0.01 98.03±0.23
APSFailure    99.41±0.05 98.83±0.03 -          99.43±0.04 -           99.41±0.05 99.57±0.01 99.38±0.00 99.50±0.03
phoneme       90.55±0.14 86.61±0.19 86.76±0.12 89.26±0.14 89.79±4.54  90.55±0.14 90.63±0.08 90.40±0.01 89.62±0.06
dilbert       98.70±0.15 97.43±0.46 96.51±0.62 98.14±0.47 -           98.70±0.15 99.33±0.00 98.54±0.00 98.17±0.05
"""


def _table_4() -> Iterator[PublishedAccuracy]:
    """Table 4 as single numbers; a dash is a system that crashed."""
    for row in _ROWS.split("\n")[1:-1]:
        dataset, *cells = row.split()
        for system, cell in zip(_SYSTEMS, cells, strict=True):
            if cell != "-":
                mean, std = map(float, cell.split("±"))
                yield PublishedAccuracy(dataset, system, mean, std)


TABLE_4: tuple[PublishedAccuracy, ...] = tuple(_table_4())
"""Table 4, row by row."""


def published_accuracy(dataset: str, system: str) -> PublishedAccuracy | None:
    """The cell of Table 4 for a data set and a system, None if the paper has none."""
    return next((cell for cell in TABLE_4 if (cell.dataset, cell.system) == (dataset, system)), None)
