"""How good a surrogate is: cross-validation over whole configurations, with all their budgets and seeds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.simulate.surrogate.course import SERIES, Targets, fit_course, recorded_targets
from lcbench.simulate.surrogate.features import from_pace, from_scale
from lcbench.simulate.surrogate.recorded import Recorded

if TYPE_CHECKING:
    from rich.table import Table
FEWEST = 10
"""Configurations without which nothing is fitted."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What a model predicts of configurations that it was not fitted to, and what was recorded of them.

    Attributes:
        predicted: For each of the series ``(configs, budget + 1)`` curves.
        recorded: The same as recorded: means over the seeds; NaN where there is none.
        diverges: ``(configs,)``: whether a run is said to diverge.
        alive: ``(configs,)``: share of the recorded seeds that reached the end; NaN if there is none.
    """

    predicted: dict[str, NDArray[np.float64]]
    recorded: dict[str, NDArray[np.float64]]
    diverges: NDArray[np.bool_]
    alive: NDArray[np.float64]


def assign_folds(features: NDArray[np.float32], folds: int, seed: int) -> NDArray[np.intp]:
    """Deal configurations out to folds of about the same size, equal configurations to the same fold.

    Returns:
        ``(configs,)``: the fold of each configuration, in [0, folds).

    Raises:
        InputError: If there are too few configurations or folds.
    """
    if folds < 2:
        raise InputError(f"folds must be at least 2, got {folds}.")
    unique, group = np.unique(features, axis=0, return_inverse=True)
    if len(unique) < max(folds, FEWEST):
        raise InputError(
            f"a surrogate must have at least {max(folds, FEWEST)} different configurations to be fitted to, "
            f"got {len(unique)}."
        )
    return (np.random.default_rng(seed).permutation(len(unique)) % folds)[group.reshape(-1)]


def hold_out(
    recorded: Recorded, run: int, model: str, fold: NDArray[np.intp], seed: int, done: Callable[[str], None] | None
) -> HeldOut:
    """Predict every configuration by models fitted to the other folds.

    Args:
        recorded: The recorded curves.
        run: The budget.
        model: Name of the model.
        fold: Of each configuration.
        seed: Of the models' own randomness.
        done: Called after each fold, to show progress.
    """
    metric, features = recorded.target, recorded.features()
    targets = recorded_targets(recorded, run)
    predicted = {name: np.full((len(fold), run + 1), np.nan) for name in SERIES}
    diverges = np.zeros(len(fold), np.bool_)
    for number in range(int(fold.max()) + 1):
        out = fold == number
        course = fit_course(metric, targets.take(~out), features[~out], dict.fromkeys(SERIES, model), seed)
        predicted["values"][out], predicted["seconds"][out] = course.curves(features[out], cut=False)
        diverges[out] = course.diverges(features[out])
        if done is not None:
            done(f"{model} at budget {run}, fold {number + 1}")
    return HeldOut(predicted, _recorded(recorded, targets), diverges, targets.alive)


def _recorded(recorded: Recorded, targets: Targets) -> dict[str, NDArray[np.float64]]:
    """The targets as curves again."""
    level = np.log(np.exp(targets.pace).mean(axis=1))
    values = np.where(targets.survived[:, None], from_scale(recorded.target, targets.values), np.nan)
    return {"values": values, "seconds": from_pace(level, targets.pace)}


COLUMNS = ("metric", "budget", "model", "chosen", "configurations", "r2", "spearman", "kendall", "rmse", "curve_rmse")


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of one model for one series of one run, over configurations that were held out whole.

    Attributes:
        metric: Name of the metric, or ``"seconds"``.
        budget: Epochs of the run.
        model: Name of the model.
        chosen: Whether the surrogate uses this model here.
        configurations: How many were predicted.
        r2: Coefficient of determination of the last value (of the total seconds), at most 1.
        spearman: Rank correlation of the same; 0 where all predictions are the same.
        kendall: Kendall's tau-b of the same.
        rmse: Root of the mean squared error of the same, in the metric's unit (seconds).
        curve_rmse: Root of the mean squared error over all epochs.
    """

    metric: str
    budget: int
    model: str
    chosen: bool
    configurations: int
    r2: float
    spearman: float
    kendall: float
    rmse: float
    curve_rmse: float


@dataclass(frozen=True, slots=True)
class Divergence:
    """How well diverging runs are told, over configurations that were held out whole.

    Attributes:
        budget: Epochs of the run.
        model: Name of the model.
        configurations: How many have recorded runs.
        diverging: Of how many at least half of the recorded seeds diverged.
        found: How many of these were said to diverge.
        false_alarms: How many of the others were.
    """

    budget: int
    model: str
    configurations: int
    diverging: int
    found: int
    false_alarms: int


@dataclass(frozen=True, slots=True)
class Card:
    """Where a surrogate comes from and how good it is.

    Attributes:
        facts: Data set, metric, numbers of configurations, seeds and folds, packages with their versions.
        scores: One per model that was tried, metric and budget.
        divergence: One per model that was tried and budget with diverged runs.
    """

    facts: Mapping[str, Any]
    scores: tuple[Score, ...]
    divergence: tuple[Divergence, ...]

    def chosen(self) -> tuple[Score, ...]:
        """The scores of the models in use."""
        return tuple(score for score in self.scores if score.chosen)

    def to_json(self) -> dict[str, Any]:
        """Plain types only."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> "Card":
        """Read a card.

        Raises:
            DamagedFileError: If it is none.
        """
        try:
            scores = tuple(_checked(Score, entry) for entry in document["scores"])
            divergence = tuple(_checked(Divergence, entry) for entry in document["divergence"])
            return cls(dict(document["facts"]), scores, divergence)
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedFileError(f"a surrogate's card cannot be understood ({error}).") from error

    def to_text(self) -> str:
        """The card for people, as Markdown."""
        facts = "\n".join(f"- {name}: {_text(value)}" for name, value in self.facts.items())
        rows = [COLUMNS, tuple("---" for _ in COLUMNS), *(_cells(score) for score in self.scores)]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        told = "".join(f"\n- {_told(entry)}" for entry in self.divergence)
        return f"# Surrogate\n\n{facts}\n\n{_HOW}\n\n{lines}\n{told}" + ("\n" if told else "")


_HOW = (
    "Cross-validated: each configuration was predicted by models that had seen nothing of it, at no budget and with no "
    "seed. r2, spearman, kendall and rmse are of the last value (or the total seconds) of the mean over seeds, "
    "curve_rmse is over all steps. Where several models were tried, the figures of the chosen one are a little "
    "flattered, since it was chosen by them."
)


def score(held_out: HeldOut, series: str, metric: str, budget: int, model: str) -> Score:
    """Score one model's predictions."""
    wanted, found = held_out.recorded[series], held_out.predicted[series]
    there = np.isfinite(wanted).all(axis=1)
    last, guess = wanted[there, -1], found[there, -1]
    error = np.sqrt(np.square(guess - last).mean())
    spearman, kendall = (_rank_correlation(name, last, guess) for name in ("spearmanr", "kendalltau"))
    curve = np.sqrt(np.square(wanted[there] - found[there]).mean())
    r2 = 1.0 - float(np.square(error) / np.var(last)) if np.var(last) > 0 else 0.0
    return Score(metric, budget, model, False, int(there.sum()), r2, spearman, kendall, float(error), float(curve))


def score_divergence(held_out: HeldOut, budget: int, model: str) -> Divergence | None:
    """Score how diverging runs are told; None if no recorded run diverged."""
    recorded = np.isfinite(held_out.alive)
    alive, said = held_out.alive[recorded], held_out.diverges[recorded]
    if (alive == 1).all():
        return None
    truly = alive <= 0.5
    counts = (len(alive), truly.sum(), (truly & said).sum(), (~truly & said).sum())
    return Divergence(budget, model, *map(int, counts))


def card_table(card: Card) -> "Table":
    """The card's scores for the terminal; where several models were tried, a star marks the one in use."""
    from lcbench.console import table

    facts, several = card.facts, len({each.model for each in card.scores}) > 1
    title = f"{facts['data set']}, {facts['metric']}: {facts['configurations']} configurations, {facts['folds']} folds"
    rows = [
        (each.metric, each.budget, each.model + " *" * (several and each.chosen), *_figures(each)[:-1])
        for each in card.scores
    ]
    return table(title, ("metric", "budget", "model", "R2", "Spearman", "Kendall", "RMSE"), rows)


def _rank_correlation(name: str, first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    from scipy import stats  # slow to import

    if not (np.ptp(first) > 0 and np.ptp(second) > 0):
        return 0.0
    return float(getattr(stats, name)(first, second).statistic)


def _cells(each: Score) -> Sequence[str]:
    chosen = "yes" if each.chosen else ""
    return (each.metric, str(each.budget), each.model, chosen, str(each.configurations), *_figures(each))


def _figures(each: Score) -> Sequence[str]:
    correlations = (f"{figure:.3f}" for figure in (each.r2, each.spearman, each.kendall))
    return (*correlations, f"{each.rmse:.3g}", f"{each.curve_rmse:.3g}")


def _told(each: Divergence) -> str:
    return (
        f"{each.model} at budget {each.budget}: {each.diverging} of {each.configurations} configurations diverge, "
        f"{each.found} of them are found, with {each.false_alarms} false alarms"
    )


def _text(value: object) -> str:
    return ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)


def _checked(kind: type[Any], entry: Mapping[str, Any]) -> Any:
    """A record whose fields are of the types that they are declared with."""
    types: dict[str, Any] = {"int": int, "float": (int, float), "str": str, "bool": bool}
    for field in fields(kind):
        if not isinstance(entry[field.name], types[str(getattr(field.type, "__name__", field.type))]):
            raise TypeError(f"{field.name} is {entry[field.name]!r}")
    return kind(**{field.name: entry[field.name] for field in fields(kind)})
