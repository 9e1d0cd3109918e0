"""Fit networks and baselines to every fold of a learning task."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models.baselines import BASELINES, choose
from lcbench.collection.models.fitted import NETWORK, Fitted, Part, mean_of
from lcbench.collection.models.learning_task import LearningTask
from lcbench.collection.models.models import Clock, Estimator, FittedFold
from lcbench.collection.models.networks import NetworkEstimator
from lcbench.table.curve import Curve


def fit_baseline(task: LearningTask, name: str, seed: int, *, clock: Clock) -> Fitted:
    """Fit a baseline (a name of ``BASELINES``) to every fold, at its fixed settings and on one thread.

    Args:
        task: What is to be learnt.
        name: Name of the baseline.
        seed: Its source of randomness.
        clock: Gives seconds.

    Raises:
        UnknownNameError: If there is no such baseline.
        InputError: If its package is not installed.
    """
    choose(name)
    return _fit(task, BASELINES[name], seed, clock, kind=name, problem=None, config=None, budget=1)


def fit_network(
    task: LearningTask,
    config: Mapping[str, Any],
    budget: int,
    seed: int,
    *,
    problem: str = "full",
    patience: int | None = None,
    clock: Clock,
) -> Fitted:
    """Train a configuration of a problem of networks on every fold, on one thread.

    All randomness comes from (the task's name and the fold's number, configuration, seed).

    Args:
        task: What is to be learnt.
        config: A configuration of the problem: its active hyperparameters, in plain types.
        budget: Epochs of its schedule.
        seed: Changes initialisation, batch order and the techniques' draws.
        problem: Name of the problem.
        patience: Epochs without a better score of the fold's validation rows after which training stops and the best
            epoch's weights return; None to train to the end.
        clock: Gives seconds.

    Raises:
        UnknownNameError: If there is no such problem.
        InputError: If it is none of networks.
    """
    estimator = NetworkEstimator(problem, config, budget, patience)
    return _fit(task, estimator, seed, clock, kind=NETWORK, problem=problem, config=config, budget=budget)


def _fit(task: LearningTask, estimator: Estimator, seed: int, clock: Clock, **what: Any) -> Fitted:
    """Fit every fold and combine the folds."""
    begun = clock()
    with estimator.threads():
        fitted = [estimator.fit_fold(task, number, seed, clock) for number in range(len(task.folds))]
        return _gathered(task, fitted, clock, begun, seed=seed, **what)


def _gathered(task: LearningTask, fitted: Sequence[FittedFold], clock: Clock, begun: float, **what: Any) -> Fitted:
    """Combine the folds."""
    parts = tuple(Part(each.encoder, each.model) for each in fitted)
    valid = _valid(task, [each.chances for each in fitted])
    return Fitted(
        **what,
        curve=Curve(_scores(task, fitted, valid), np.sum([each.seconds for each in fitted], axis=0)),
        valid_probabilities=valid,
        test_probabilities=None if task.test is None else mean_of(parts, task.test).astype(np.float32),
        seconds=clock() - begun,
        columns=task.columns,
        labels=task.labels,
        parts=parts,
    )


def _scores(task: LearningTask, fitted: Sequence[FittedFold], valid: NDArray[np.float32]) -> NDArray[np.float64]:
    """``(epochs + 1,)`` mean over the folds on whose rows the score is defined; NaN from where a network diverged.

    Where it is defined on no fold by itself (a ranking, with a single class in each), the last epoch has the score of
    the folds' rows together, and the others, whose probabilities are gone, have none.
    """
    defined = [each for each in fitted if not (np.isnan(each.scores).all() and np.isfinite(each.chances).all())]
    if defined:
        return np.asarray(np.mean([each.scores for each in defined], axis=0))
    scores = np.full(len(fitted[0].scores), np.nan)
    scores[-1] = task.score(valid)
    return scores


def _valid(task: LearningTask, chances: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    """``(validation rows, classes)`` mean over the folds that a row validates in."""
    rows = task.valid_rows
    total, times = np.zeros((len(rows), task.n_classes)), np.zeros((len(rows), 1))
    for fold, own in zip(task.folds, chances, strict=True):
        places = np.searchsorted(rows, fold.valid)
        total[places] += own
        times[places] += 1
    return (total / times).astype(np.float32)
