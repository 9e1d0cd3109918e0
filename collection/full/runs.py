"""All budgets and seeds of a configuration of Search Space 2, one run after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from lcbench.collection.full.fitting import fit
from lcbench.collection.recorder import Run
from lcbench.collection.tensors import Tensors
from lcbench.collection.unit import Extras


def fit_all(
    data: Tensors,
    config: Mapping[str, Any],
    budgets: Sequence[int],
    seeds: Sequence[int],
    plan_seed: int,
    clock: Callable[[], float],
    epoch_seconds: float | None,
    extras: Extras,
) -> list[Run]:
    """Train one configuration at every budget and seed: see :func:`lcbench.collection.train.train`."""
    return [
        _asked(
            fit(
                data, config, budget, seed, plan_seed, clock, epoch_seconds=epoch_seconds, gradients=extras.gradients
            ).run,
            extras,
        )
        for budget in budgets
        for seed in seeds
    ]


def _asked(run: Run, extras: Extras) -> Run:
    return run if extras.predictions else replace(run, predictions=None)
