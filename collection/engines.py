"""The engines by name."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from collection.engine import Engine
from lcbench.errors import InputError, UnknownNameError

SCHEDULER = "a Dask scheduler's address (--scheduler)"


def get_engine(name: str, jobs: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    """An engine, ready to be entered.

    Args:
        name: A name of :data:`ENGINES`.
        jobs: Processes, for ``"local"``.
        scheduler: Where the scheduler is, for ``"dask"``.

    Raises:
        UnknownNameError: If there is no such engine.
        InputError: If it cannot be made of this.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, ENGINES)
    return ENGINES[name](jobs, scheduler)


def _local(jobs: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    from collection.local_engine import LocalEngine

    if scheduler is not None:
        raise InputError(f"{SCHEDULER} must not be given with --engine local, got {scheduler}; add --engine dask.")
    return LocalEngine(jobs)


def _dask(_: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    from collection.dask_engine import DaskEngine

    if scheduler is None:
        raise InputError(f"{SCHEDULER} must be given with --engine dask, got none; start one with: dask scheduler")
    return DaskEngine(scheduler)


ENGINES: dict[str, Callable[[int, str | None], AbstractContextManager[Engine]]] = {"local": _local, "dask": _dask}
