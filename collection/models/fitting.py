"""Fit networks and baselines to every fold of a problem."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collection.baselines import BASELINES, choose
from collection.models.fitted import Fitted, mean_of
from collection.models.part import Part, ready
from collection.models.problem import Problem
from lcbench.curve import Curve
from lcbench.errors import UnknownNameError


def fit_baseline(problem: Problem, name: str, seed: int, *, clock: Callable[[], float]) -> Fitted:
    """Fit one of ``collection.baselines.BASELINES`` to every fold, at its fixed settings and on one thread.

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

    if name not in BASELINES:
        raise UnknownNameError("baseline", name, BASELINES)
    choose(name)
    baseline, begun = BASELINES[name], clock()
    parts: list[Part] = []
    chances: list[NDArray[np.float64]] = []
    scores: list[list[float]] = []
    with threadpool_limits(1):
        for fold in problem.folds:
            encoder, data = ready(problem, fold)
            parts.append(Part(encoder, baseline.fit(data, baseline.settings, seed)))
            chances.append(parts[-1].model(data.x_valid))
            scorer = problem.fold_scorer(fold)
            scores.append([scorer.score(_shares(data.y_train, chances[-1])), scorer.score(chances[-1])])
        fit_seconds = clock() - begun
        return _gathered(problem, name, None, 1, seed, parts, chances, scores, [0.0, fit_seconds], clock, begun)


def fit_network(
    problem: Problem,
    config: Mapping[str, Any],
    budget: int,
    seed: int,
    *,
    patience: int | None = None,
    clock: Callable[[], float],
) -> Fitted:
    """Train a configuration of any search space on every fold.

    Args:
        problem: What is to be learnt.
        config: A configuration of ``full``, ``mlp`` or ``mlp-released``.
        budget: Epochs of its schedule.
        seed: Changes initialisation, batch order and the techniques' draws.
        patience: Epochs without improvement of the score after which training stops and the best epoch's weights
            return; None to train to the end.
        clock: Gives seconds.
    """
    raise NotImplementedError


def _gathered(
    problem: Problem,
    kind: str,
    config: Mapping[str, Any] | None,
    budget: int,
    seed: int,
    parts: Sequence[Part],
    chances: Sequence[NDArray[np.floating]],
    scores: Sequence[Sequence[float]],
    seconds: Sequence[float],
    clock: Callable[[], float],
    begun: float,
) -> Fitted:
    """Bring the folds together."""
    learnt = tuple(parts)
    test = None if problem.test is None else mean_of(learnt, problem.test).astype(np.float32)
    return Fitted(
        kind=kind,
        config=config,
        budget=budget,
        seed=seed,
        curve=Curve(np.mean(scores, axis=0, dtype=np.float64), np.asarray(seconds, np.float64)),
        valid_probabilities=_valid(problem, chances),
        test_probabilities=test,
        seconds=clock() - begun,
        columns=problem.columns,
        labels=problem.labels,
        parts=learnt,
    )


def _valid(problem: Problem, chances: Sequence[NDArray[np.floating]]) -> NDArray[np.float32]:
    """``(validation rows, classes)`` mean over the folds that a row validates in."""
    rows = problem.valid_rows
    total, times = np.zeros((len(rows), problem.n_classes)), np.zeros((len(rows), 1))
    for fold, own in zip(problem.folds, chances, strict=True):
        places = np.searchsorted(rows, fold.valid)
        total[places] += own
        times[places] += 1
    return (total / times).astype(np.float32)


def _shares(y_train: NDArray[np.int64], like: NDArray[np.floating]) -> NDArray[np.float64]:
    """The training part's shares of the classes as probabilities of every row."""
    counts = np.bincount(y_train, minlength=like.shape[1])
    return np.broadcast_to(counts / counts.sum(), like.shape)
