"""The engines by name."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from lcbench.collection.attempt import attempt as train
from lcbench.collection.engine import Engine
from lcbench.collection.unit import Outcome, Task
from lcbench.errors import InputError, UnknownNameError

Attempt = Callable[[Task], Outcome]
"""What a worker does with a task; importable by name."""

SCHEDULER = "a Dask scheduler's address (--scheduler)"


def get_engine(name: str, jobs: int, scheduler: str | None, attempt: Attempt = train) -> AbstractContextManager[Engine]:
    """An engine, ready to be entered.

    Args:
        name: A name of :data:`ENGINES`.
        jobs: Processes, for ``"local"``.
        scheduler: Where the scheduler is, for ``"dask"``.
        attempt: What a worker does with a task; by default it trains a unit of a collection.

    Raises:
        UnknownNameError: If there is no such engine.
        InputError: If it cannot be made of this.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    return ENGINES[name](jobs, scheduler, attempt)


def _local(jobs: int, scheduler: str | None, attempt: Attempt) -> AbstractContextManager[Engine]:
    from lcbench.collection.local_engine import LocalEngine

    if scheduler is not None:
        raise InputError(f"{SCHEDULER} must not be given with --engine local, got {scheduler}; add --engine dask.")
    return LocalEngine(jobs, attempt)


def _dask(_: int, scheduler: str | None, attempt: Attempt) -> AbstractContextManager[Engine]:
    from lcbench.collection.dask_engine import DaskEngine

    if scheduler is None:
        raise InputError(f"{SCHEDULER} must be given with --engine dask, got none; start one with: dask scheduler")
    return DaskEngine(scheduler, attempt)


ENGINES: dict[str, Callable[[int, str | None, Attempt], AbstractContextManager[Engine]]] = {
    "local": _local,
    "dask": _dask,
}
