"""Fit networks and baselines to every fold of a problem."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from collection.baselines import BASELINES, choose
from collection.models.fitted import NETWORK, Fitted, mean_of
from collection.models.part import Part, ready
from collection.models.problem import Problem
from lcbench.curve import Curve
from lcbench.errors import UnknownNameError
from lcbench.metric import METRICS

if TYPE_CHECKING:
    from collection.recorder import Run


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
    """Train a configuration of any search space on every fold, on one thread.

    All randomness comes from (the problem's name and the fold's number, configuration, seed).

    Args:
        problem: What is to be learnt.
        config: A configuration of ``full``, ``mlp`` or ``mlp-released``; only its active hyperparameters.
        budget: Epochs of its schedule.
        seed: Changes initialisation, batch order and the techniques' draws.
        patience: Epochs without a better score of the fold's validation rows after which training stops and the best
            epoch's weights return; None to train to the end.
        clock: Gives seconds.
    """
    from collection.full.fitting import Stopping, fit  # torch is imported only where networks are trained
    from collection.models.network import Network
    from collection.tensors import Tensors
    from collection.threads import one_thread

    begun = clock()
    parts: list[Part] = []
    chances: list[NDArray[np.floating]] = []
    scores: list[NDArray[np.float64]] = []
    seconds = np.zeros(budget + 1)
    with one_thread():
        for number, fold in enumerate(problem.folds):
            encoder, data = ready(problem, fold)
            tensors = Tensors(replace(data, name=f"{problem.name} {number}"))
            scorer = problem.fold_scorer(fold)
            metric = _RECORDED.get(scorer.name)
            stopping = None if patience is None else Stopping(metric or "valid_accuracy", patience)
            score = None if metric else scorer.score
            found = fit(tensors, config, budget, seed, 0, clock, stopping=stopping, score=score)
            parts.append(Part(encoder, Network(found.network)))
            chances.append(parts[-1].model(data.x_valid))
            scores.append(found.scores if metric is None else _recorded(found.run, metric))
            seconds += found.run.series["seconds"]
        return _gathered(problem, NETWORK, config, budget, seed, parts, chances, scores, seconds, clock, begun)


_RECORDED = {
    "accuracy": "valid_accuracy",
    "balanced_accuracy": "valid_balanced_accuracy",
    "neg_log_loss": "valid_cross_entropy",
}
"""Scorers whose value every run records anyway."""


def _recorded(run: "Run", metric: str) -> NDArray[np.float64]:
    """The score by epoch, from what a run has recorded."""
    values = run.series[metric].astype(np.float64)
    return values if METRICS[metric].goal == "maximize" else -values


def _gathered(
    problem: Problem,
    kind: str,
    config: Mapping[str, Any] | None,
    budget: int,
    seed: int,
    parts: Sequence[Part],
    chances: Sequence[NDArray[np.floating]],
    scores: Sequence[Sequence[float] | NDArray[np.float64]],
    seconds: Sequence[float] | NDArray[np.float64],
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
