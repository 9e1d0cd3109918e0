"""Fit networks and baselines to every fold of a problem."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models.baselines import BASELINES, Baseline, choose
from lcbench.collection.models.fitted import NETWORK, Fitted, Part, mean_of, ready
from lcbench.collection.models.folds import Fold
from lcbench.collection.models.problem import Problem
from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.table.curve import Curve

if TYPE_CHECKING:
    from lcbench.collection.networks.recorder import Run

Clock = Callable[[], float]
"""Gives seconds."""

_RECORDED = {
    "accuracy": "valid_accuracy",
    "balanced_accuracy": "valid_balanced_accuracy",
    "neg_log_loss": "valid_cross_entropy",
}
"""Scorers whose value every run records anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class _Trained:
    """What came of one fold.

    Attributes:
        part: What it has learnt.
        chances: ``(validation rows of the fold, classes)`` probabilities.
        scores: ``(epochs + 1,)`` of these rows.
        seconds: ``(epochs + 1,)`` cumulative.
    """

    part: Part
    chances: NDArray[np.float64]
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]


def fit_baseline(problem: Problem, name: str, seed: int, *, clock: Clock) -> Fitted:
    """Fit a baseline (a name of ``BASELINES``) to every fold, at its fixed settings and on one thread.

    Args:
        problem: What is to be learnt.
        name: Name of the baseline.
        seed: Its source of randomness.
        clock: Gives seconds.

    Raises:
        UnknownNameError: If there is no such baseline.
        InputError: If its package is not installed.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    choose(name)
    begun = clock()
    with threadpool_limits(1):
        trained = [_baseline(problem, fold, BASELINES[name], seed, clock) for fold in problem.folds]
        return _gathered(problem, trained, clock, begun, kind=name, config=None, budget=1, seed=seed)


def fit_network(
    problem: Problem,
    config: Mapping[str, Any],
    budget: int,
    seed: int,
    *,
    patience: int | None = None,
    clock: Clock,
) -> Fitted:
    """Train a configuration of any search space on every fold, on one thread.

    All randomness comes from (the problem's name and the fold's number, configuration, seed).

    Args:
        problem: What is to be learnt.
        config: A configuration of ``full``, ``mlp`` or ``mlp-released``: its active hyperparameters, in plain types.
        budget: Epochs of its schedule.
        seed: Changes initialisation, batch order and the techniques' draws.
        patience: Epochs without a better score of the fold's validation rows after which training stops and the best
            epoch's weights return; None to train to the end.
        clock: Gives seconds.
    """
    from lcbench.collection.networks.tensors import one_thread  # torch is imported only where networks are trained

    begun = clock()
    with one_thread():
        trained = [_network(problem, i, config, budget, seed, patience, clock) for i in range(len(problem.folds))]
        return _gathered(problem, trained, clock, begun, kind=NETWORK, config=config, budget=budget, seed=seed)


def _baseline(problem: Problem, fold: Fold, baseline: Baseline, seed: int, clock: Clock) -> _Trained:
    begun = clock()
    encoder, data = ready(problem, fold)
    part = Part(encoder, baseline.fit(data, baseline.settings, seed))
    chances, scorer = part.model(data.x_valid), problem.fold_scorer(fold)
    counts = np.bincount(data.y_train, minlength=problem.n_classes)
    before = scorer.score(np.broadcast_to(counts / counts.sum(), chances.shape))
    scores = np.array([before, scorer.score(chances)])
    return _Trained(part, chances, scores, np.array([0, clock() - begun]))


def _network(
    problem: Problem,
    number: int,
    config: Mapping[str, Any],
    budget: int,
    seed: int,
    patience: int | None,
    clock: Clock,
) -> _Trained:
    from lcbench.collection.models.fitted import Network
    from lcbench.collection.networks.full.fitting import Stopping, fit
    from lcbench.collection.networks.tensors import Tensors

    fold = problem.folds[number]
    encoder, data = ready(problem, fold)
    scorer = problem.fold_scorer(fold)
    metric = _RECORDED.get(scorer.name)
    found = fit(
        Tensors(replace(data, name=f"{problem.name} {number}")),
        config,
        budget,
        seed,
        0,
        clock,
        stopping=None if patience is None else Stopping(metric or RECORD.objective, patience),
        score=None if metric else scorer.score,
    )
    part = Part(encoder, Network(found.network))
    scores = np.asarray(found.scores, np.float64) if metric is None else _recorded(found.run, metric)
    return _Trained(part, part.model(data.x_valid), scores, found.run.series["seconds"].astype(np.float64))


def _recorded(run: "Run", metric: str) -> NDArray[np.float64]:
    """The score by epoch, from what a run has recorded."""
    values = run.series[metric].astype(np.float64)
    return -METRICS[metric].sign * values


def _gathered(problem: Problem, trained: Sequence[_Trained], clock: Clock, begun: float, **what: Any) -> Fitted:
    """Bring the folds together."""
    parts = tuple(each.part for each in trained)
    valid = _valid(problem, [each.chances for each in trained])
    return Fitted(
        **what,
        curve=Curve(_scores(problem, trained, valid), np.sum([each.seconds for each in trained], axis=0)),
        valid_probabilities=valid,
        test_probabilities=None if problem.test is None else mean_of(parts, problem.test).astype(np.float32),
        seconds=clock() - begun,
        columns=problem.columns,
        labels=problem.labels,
        parts=parts,
    )


def _scores(problem: Problem, trained: Sequence[_Trained], valid: NDArray[np.float32]) -> NDArray[np.float64]:
    """``(epochs + 1,)`` mean over the folds on whose rows the score is defined; NaN from where a network diverged.

    Where it is defined on no fold by itself (a ranking, with a single class in each), the last epoch has the score of
    the folds' rows together, and the others, whose probabilities are gone, have none.
    """
    defined = [each for each in trained if not (np.isnan(each.scores).all() and np.isfinite(each.chances).all())]
    if defined:
        return np.asarray(np.mean([each.scores for each in defined], axis=0))
    scores = np.full(len(trained[0].scores), np.nan)
    scores[-1] = problem.score(valid)
    return scores


def _valid(problem: Problem, chances: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """``(validation rows, classes)`` mean over the folds that a row validates in."""
    rows = problem.valid_rows
    total, times = np.zeros((len(rows), problem.n_classes)), np.zeros((len(rows), 1))
    for fold, own in zip(problem.folds, chances, strict=True):
        places = np.searchsorted(rows, fold.valid)
        total[places] += own
        times[places] += 1
    return (total / times).astype(np.float32)
