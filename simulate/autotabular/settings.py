"""Settings of a search, checked once."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike

from lcbench.collection.data.containers import column_of
from lcbench.collection.problem import get_problem
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.ensembles import CANDIDATES, SIZE
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.transfer.shipped import completed_once, portfolio_digest, shipped
from lcbench.space import Config
from lcbench.table.manifest import check_budgets

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Seconds of ``"90s"``, ``"10m"``, ``"1.5h"`` or ``"600"``.

    Raises:
        InputError: If it is no length of time, or none at all.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h|)\s*", text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds > 0:
        raise InputError(f"time must be a length of time more than 0, such as 90s, 10m or 2h, got {text!r}.")
    return seconds


AUTO = "auto"

FOLDS = 5
"""Stratified folds where there are few rows."""

MOST_ROWS = 5000
"""Up to so many rows there are folds; beyond them a model takes long enough once, and a share is rows enough."""


def chosen(splitter: Any, target: pd.Series | ArrayLike, validation: Any = None) -> Any:
    """Choose the splitter.

    Args:
        splitter: A splitter, a number of folds, None for a share, or :data:`AUTO`.
        target: ``(rows,)`` classes.
        validation: The caller's own validation part, or None.

    Returns:
        The splitter; of :data:`AUTO` :data:`FOLDS` for at most :data:`MOST_ROWS` rows with :data:`FOLDS` of each class
        and no validation part of the caller's, otherwise None.
    """
    if not isinstance(splitter, str) or splitter != AUTO:
        return splitter
    counts = column_of(target).astype(str).value_counts()  # as text: what cannot be a class is said later
    few = counts.sum() <= MOST_ROWS and len(counts) > 0 and counts.min() >= FOLDS
    return FOLDS if few and validation is None else None


POOLS = ("all", "networks", "baselines")
"""Groups of models from which an ensemble may be made."""

PORTFOLIOS = ("greedy", "simple")
"""The portfolios that come with the package."""

PATIENCE = 20
"""Epochs without progress after which a network stops; Auto-PyTorch's number, the paper does not say its own."""

SHARE_OF_A_TRIAL = 0.5
"""Share of the time limit that one model may take by default; Auto-PyTorch's number."""


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Settings of a search: what it tries, in which order, and within which limits.

    Attributes:
        time_limit: Seconds in all; None for no limit.
        trials: How many models are fitted at most, baselines included; None for no limit.
        workers: Processes; 0 to fit in this process, where limits of time and memory are not checked until a model is
            done.
        scheduler: Address of a Dask scheduler, whose workers fit in place of processes of this machine.
        seed: Source of all randomness.
        baselines: Names of the baselines, in the order in which they are fitted.
        portfolio: Configurations that the optimizer begins with.
        optimizer: Name of the optimizer.
        space: Name of the problem of networks: their search space and their training.
        budgets: Epochs of the optimizer's rungs, increasing.
        patience: Epochs without progress on the validation rows after which a network stops; None for all its epochs.
        ensemble_size: How many times a model is added to the ensemble; 1 for the best model alone.
        candidates: How many of the best models it is selected from.
        pool: Which models it may have, a name of :data:`POOLS`.
        memory_limit: MiB of memory (resident, libraries included) that a process may have; None for no limit.
        trial_time_limit: Seconds that a model may take; None for :data:`SHARE_OF_A_TRIAL` of the time limit.

    Raises:
        InputError: If one of them cannot be used.
        UnknownNameError: If a name is not known.
    """

    time_limit: float | None
    trials: int | None
    workers: int
    seed: int
    baselines: tuple[str, ...]
    portfolio: tuple[Config, ...]
    optimizer: str = "bohb"
    space: str = "full"
    budgets: tuple[int, ...] = (12, 25, 50)
    patience: int | None = PATIENCE
    ensemble_size: int = SIZE
    candidates: int = CANDIDATES
    pool: str = "all"
    memory_limit: float | None = None
    trial_time_limit: float | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.time_limit is None and self.trials is None:
            raise InputError("a limit must be given, got none; give time_limit, trials or both.")
        for name, least in (("workers", 0), ("seed", 0), ("ensemble_size", 1), ("candidates", 1)):
            _check_whole(name, getattr(self, name), least)
        for name in ("trials", "patience"):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name), 1)
        for name, unit in (("time_limit", "seconds"), ("trial_time_limit", "seconds"), ("memory_limit", "MiB")):
            _check_amount(name, getattr(self, name), unit)
        if self.pool not in POOLS:
            raise UnknownNameError("pool of an ensemble", self.pool, POOLS)
        get_optimizer(self.optimizer)
        get_problem(self.space)
        check_budgets(self.budgets)

    @property
    def trial_seconds(self) -> float:
        """Seconds that one model may take."""
        if self.trial_time_limit is not None:
            return self.trial_time_limit
        return math.inf if self.time_limit is None else SHARE_OF_A_TRIAL * self.time_limit

    @property
    def trial_bytes(self) -> float:
        """Bytes of memory that a process may have."""
        return math.inf if self.memory_limit is None else self.memory_limit * 2**20

    def describe(self) -> dict[str, Any]:
        """Describe what a resumed search must share with its beginning: all but limits and workers."""
        names = (
            "seed",
            "baselines",
            "optimizer",
            "space",
            "budgets",
            "patience",
            "ensemble_size",
            "candidates",
            "pool",
        )
        return {name.replace("_", " "): _plain(getattr(self, name)) for name in names} | {
            "portfolio": portfolio_digest(self.portfolio) if self.portfolio else "none"
        }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _check_whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
        raise InputError(f"{name} must be a whole number of at least {least}, got {value!r}.")


def _check_amount(name: str, value: float | None, unit: str) -> None:
    if value is not None and not 0 < value < math.inf:
        raise InputError(f"{name} must be finitely many {unit}, more than 0, got {value}.")


def choose_baselines(asked: str | Sequence[str] | None) -> tuple[str, ...]:
    """Choose the baselines of a search, the quick ones first, so that there is a model early.

    Args:
        asked: ``"all"``, names, or None for none.

    Raises:
        UnknownNameError: If there is no such baseline.
        InputError: If a package that they need is not installed.
    """
    from lcbench.collection.models.baselines import choose

    if asked is None or (not isinstance(asked, str) and not len(asked)):
        return ()
    names = None if asked == "all" else asked if isinstance(asked, str) else ",".join(asked)
    return tuple(reversed(choose(names)))


def choose_portfolio(asked: str | Sequence[Mapping[str, Any]] | None, space: str) -> tuple[Config, ...]:
    """Choose the configurations that an optimizer begins with.

    Args:
        asked: ``"greedy"`` or ``"simple"`` for those of the package (there are none for problems other than
            the one they were built for); configurations; or None for none.
        space: Name of the problem.

    Raises:
        UnknownNameError: If there is no portfolio of that name.
        FolderError: If those of the package are missing or damaged.
    """
    if not isinstance(asked, str):
        return tuple(dict(config) for config in asked or ())
    if asked not in PORTFOLIOS:
        raise UnknownNameError("portfolio", asked, PORTFOLIOS)
    folder = shipped()
    return tuple(completed_once(folder.configs(asked), space)) if folder.plan["space"] == space else ()
