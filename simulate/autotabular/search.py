"""A search: baselines, then an optimizer from a portfolio, and a new ensemble after every model."""

import io
import math
import time
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from pickle import PicklingError
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from lcbench.errors import InputError, StoppedError
from lcbench.simulate.autotabular.backend import ModelBackend
from lcbench.simulate.autotabular.baselines_first import BaselinesFirst
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.selection import Selection
from lcbench.simulate.autotabular.settings import SearchSettings
from lcbench.simulate.autotabular.work import FitModel
from lcbench.simulate.contract import Optimizer
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.realtime.run import live
from lcbench.simulate.warm_start import WarmStart

if TYPE_CHECKING:
    from lcbench.collection.models import LearningTask


def search(
    problem: "LearningTask",
    settings: SearchSettings,
    folder: Folder,
    *,
    since: float,
    quiet: bool = True,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Search until the limits are reached; the folder always holds the models so far.

    Args:
        problem: What is to be learnt.
        settings: What decides the search.
        folder: Folder of the search, begun; a search in it is resumed, and the time that it took counts.
        since: When the time limit began to run, on the clock.
        quiet: Whether to show no progress on standard error.
        clock: Gives seconds.

    Raises:
        InputError: If not a single model was fitted within the time limit, or a setting cannot be used.
        PlanConflictError: If the folder's search is another one.
        StoppedError: If every model failed.
        LiveInterrupted: On Ctrl-C.
    """
    backend = ModelBackend(FitModel(problem, folder, settings.seed, settings.space, settings.patience), settings)
    chosen = Selection(problem, folder, settings, clock)
    chosen.recall()
    limit = math.inf if settings.time_limit is None else settings.time_limit - (clock() - since)
    if limit <= 0:
        raise _too_short(settings)
    try:
        live(
            optimizer_of(backend, settings),
            backend,
            workers=max(1, settings.workers),
            scheduler=settings.scheduler,
            wallclock=None if math.isinf(limit) else limit,
            trials=settings.trials,
            record=folder.record,
            quiet=quiet,
            title="fit",
            watch=chosen,
            clock=clock,
        )
    except InputError:
        if chosen.entries or clock() - since < limit:
            raise
        raise _too_short(settings) from None
    finally:
        chosen.finish()
    _check_any(chosen)


def optimizer_of(backend: ModelBackend, settings: SearchSettings) -> Optimizer:
    """Baselines in their order, then the portfolio, then what the optimizer proposes."""
    make = WarmStart(get_optimizer(settings.optimizer), settings.portfolio)
    networks = make(backend.networks(), settings.budgets, np.random.default_rng(settings.seed))
    return BaselinesFirst(settings.baselines, networks)


def check_sent(problem: "LearningTask") -> None:
    """Check that the scorer can be sent to other processes, by sending it: they import its functions by name.

    Raises:
        InputError: If it cannot.
    """
    try:
        _Sent(io.BytesIO()).dump(problem.scorer.call)
    except Exception as error:  # whatever a caller's own object may raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(
            f"metric must be a function that can be imported by its name where there are workers, got {reason}; define "
            "it in a module that you import, or give workers=0."
        ) from error


class _Sent(ForkingPickler):
    """Sends what the processes can import: they have no script or notebook, and nothing of the inside of a function."""

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, FunctionType | type) and (thing.__module__ == "__main__" or "<" in thing.__qualname__):
            place = " of the script or notebook itself" if thing.__module__ == "__main__" else ""
            raise PicklingError(f"{thing.__qualname__}{place}")
        return NotImplemented


def _too_short(settings: SearchSettings) -> InputError:
    return InputError(
        f"time_limit must be enough for one model, got {settings.time_limit:g} s and none was done; give more seconds."
    )


def _check_any(chosen: Selection) -> None:
    """Check that there is a model."""
    if any(entry.weights for entry in chosen.entries.values()):
        return
    tried = list(chosen.entries.values())
    raise StoppedError(
        f"a model must be fitted, but all {len(tried)} failed or diverged, the first: {tried[0].kind}, "
        f"{tried[0].status}; look at results.jsonl in {chosen.folder.path}."
    )
