"""Fit networks and baselines to every fold of a problem."""

from collections.abc import Callable, Mapping
from typing import Any

from collection.models.fitted import Fitted
from collection.models.problem import Problem


def fit_baseline(problem: Problem, name: str, seed: int, *, clock: Callable[[], float]) -> Fitted:
    """Fit one of ``collection.baselines.BASELINES`` to every fold, at its fixed settings.

    Args:
        problem: What is to be learnt.
        name: Name of the baseline.
        seed: Its source of randomness.
        clock: Gives seconds.

    Raises:
        UnknownNameError: If there is no such baseline.
        InputError: If its package is not installed.
    """
    raise NotImplementedError


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
