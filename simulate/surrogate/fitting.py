"""From a table to a surrogate: cross-validate the models in question, and fit the best of them to everything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.replay import SCHEDULES
from lcbench.simulate.surrogate.card import (
    FEWEST,
    Card,
    Divergence,
    Score,
    assign_folds,
    hold_out,
    score,
    score_divergence,
)
from lcbench.simulate.surrogate.course import SERIES, Course, fit_course, recorded_targets
from lcbench.simulate.surrogate.models import candidates, versions
from lcbench.simulate.surrogate.recorded import Recorded, record
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import runs_path
from lcbench.table.metric import Metric


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
        return self.recorded.target

    @property
    def resumes(self) -> bool:
        """Whether all budgets are points on the run of the largest one."""
        return len(self.courses) < len(self.recorded.budgets)

    def run(self, budget: int) -> int:
        """The run that a budget is a point of."""
        return self.recorded.budgets[-1] if self.resumes else budget


Done = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that decides how a surrogate turns out. Make it with :func:`plan`, which checks it.

    Attributes:
        dataset: Name of the data set.
        metric: Name of the metric.
        models: The models to try.
        schedule: See :class:`lcbench.simulate.replay.ReplayBackend`.
        folds: Folds of the cross-validation.
        seed: Of the folds and of the models' own randomness.
        steps: How many steps the fit reports.
        facts: The same in plain types for the card, with what the table is.
    """

    dataset: str
    metric: str
    models: tuple[str, ...]
    schedule: str
    folds: int
    seed: int
    steps: int
    facts: Mapping[str, Any]


def plan(
    bench: Benchmark,
    dataset: str,
    metric: str | None = None,
    *,
    model: str = "best",
    schedule: str = "adaptive",
    folds: int = 5,
    seed: int = 0,
) -> Plan:
    """Check what is asked of a surrogate.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: Name of a metric; by default the table's objective.
        model: ``"catboost"``, ``"lightgbm"``, ``"forest"`` or ``"best"``.
        schedule: See :class:`lcbench.simulate.replay.ReplayBackend`.
        folds: Folds of the cross-validation, at least 2.
        seed: Of the folds and of the models' own randomness, at least 0.

    Raises:
        UnknownNameError: If a name is unknown.
        InputError: If a number is out of range or a package is missing.
    """
    for kind, name, known in (("data set", dataset, bench.datasets), ("schedule", schedule, SCHEDULES)):
        if name not in known:
            raise UnknownNameError(kind, name, known)
    for kind, number, least in (("folds", folds, 2), ("seed", seed, 0)):
        if number < least:
            raise InputError(f"{kind} must be at least {least}, got {number}.")
    models, target = candidates(model), bench.metric(metric).name
    runs = 1 if schedule == "non-adaptive" else len(bench.budgets_of(dataset))
    facts = {
        "data set": dataset,
        "metric": target,
        "schedule": schedule,
        "model": model,
        "folds": folds,
        "seed": seed,
        "configurations": len(bench.configs),
        "recorded seeds": len(bench.seeds),
        "table": bench.manifest.title,
        "sha256 of its runs": bench.manifest.files[runs_path(dataset)].sha256,
        **({"runs": bench.view.text} if bench.view.text else {}),
    }
    return Plan(dataset, target, models, schedule, folds, seed, runs * (len(models) * folds + 1), facts)


def carry_out(bench: Benchmark, plan: Plan, done: Done | None = None) -> Surrogate:
    """Fit a surrogate.

    With several models to try each is cross-validated, and for each budget the one with the highest rank correlation
    of the last value is fitted to all configurations; for the seconds likewise.

    Args:
        bench: The table.
        plan: What to do.
        done: Called after each step with what was done, to show progress.

    Raises:
        InputError: If there is too little to fit to.
    """
    recorded = record(bench, plan.dataset, plan.metric, resumes=plan.schedule == "non-adaptive")
    _check(recorded)
    scores, divergence = _validate(recorded, plan, done)
    courses = {run: _fit_run(recorded, run, scores, plan.seed, done) for run in recorded.runs}
    card = Card({**plan.facts, "packages": versions(plan.models)}, tuple(scores), tuple(divergence))
    return Surrogate(recorded, courses, card)


def _check(recorded: Recorded) -> None:
    for run in recorded.runs:
        ended = int(recorded_targets(recorded, run).survived.sum())
        if ended < FEWEST:
            raise InputError(
                f"data set {recorded.dataset!r} must have at least {FEWEST} configurations with a run that reached "
                f"budget {run}, got {ended}."
            )


def _validate(recorded: Recorded, plan: Plan, done: Done | None) -> tuple[list[Score], list[Divergence]]:
    """Cross-validate every model on every run, and mark the best."""
    fold, names = assign_folds(recorded.features(), plan.folds, plan.seed), plan.models
    scores: list[Score] = []
    divergence: list[Divergence] = []
    for run in recorded.runs:
        held_out = {name: hold_out(recorded, run, name, fold, plan.seed, done) for name in names}
        for series in SERIES if recorded_targets(recorded, run).timed else SERIES[:1]:
            metric = recorded.target.name if series == "values" else series
            found = [score(held_out[name], series, metric, run, name) for name in names]
            best = max(found, key=lambda each: (each.spearman, each.r2))
            scores += [replace(each, chosen=each is best) for each in found]
        divergence += [told for name in names if (told := score_divergence(held_out[name], run, name))]
    return scores, divergence


def _fit_run(recorded: Recorded, run: int, scores: Sequence[Score], seed: int, done: Done | None) -> Course:
    """Fit the chosen models of one run to all configurations."""
    chosen = [each for each in scores if each.chosen and each.budget == run]
    models = {"seconds" if each.metric == "seconds" else "values": each.model for each in chosen}
    course = fit_course(recorded.target, recorded_targets(recorded, run), recorded.features(), models, seed)
    if done is not None:
        done(f"{models['values']} at budget {run}, all configurations")
    return course
