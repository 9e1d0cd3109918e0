"""Optimizers run for real: their jobs are trained while the clock runs, on several workers."""

import math
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lcbench.errors import InputError
from lcbench.simulate.contract import Backend, Optimizer
from lcbench.simulate.optimizers.spec import digest_of
from lcbench.simulate.realtime.job import Continues
from lcbench.simulate.realtime.record import CHECKPOINTS, SOURCE, Record, Unrecorded
from lcbench.simulate.realtime.report import LiveReport
from lcbench.simulate.realtime.result import LiveInterrupted
from lcbench.simulate.realtime.state import LiveState, Watch
from lcbench.simulate.realtime.studied import LiveRun
from lcbench.simulate.trace import Trace
from lcbench.table.metric import Fidelity
from lcbench.whole import is_number, whole


def live(
    optimizer: Optimizer,
    backend: Backend,
    *,
    workers: int = 1,
    scheduler: str | None = None,
    wallclock: float | None = None,
    trials: int | None = None,
    record: Path | str | None = None,
    quiet: bool = False,
    title: str = "live",
    name: str | None = None,
    seed: int = 0,
    watch: Watch | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Trace:
    """Run an optimizer on a backend in real time.

    A :class:`lcbench.simulate.training.TrainingBackend` trains in processes of this machine; any other backend's
    ``curve`` is called in threads. Results are told as they come, and a free worker takes the next job at once.
    An attempt that fails, or whose process is killed, is made once more; if it fails again, the job is told as diverged
    (infinite loss, NaN curve), with its reason in :class:`lcbench.simulate.realtime.result.LiveResult`. A
    :class:`lcbench.work.GiveUpError` says that a second attempt is pointless; then there is none.

    With one worker the jobs are those of :func:`lcbench.simulate.run.simulate` on a backend with the same values. With
    several, the order in which they end varies, and an optimizer that learns may ask for other jobs the next time.

    Args:
        optimizer: Asks for jobs and is told results; used up by the run.
        backend: Trains the jobs.
        workers: How many jobs run at once.
        scheduler: Address of a Dask scheduler, whose workers do the jobs. Those that run when the time is over, or on
            Ctrl-C, run on there to their end, and are not told.
        wallclock: Time limit in seconds. Jobs that run then are stopped, and neither told nor counted.
        trials: How many jobs are started at most (``evaluations`` of ``simulate``); they all run to their end.
        record: Folder for every event as it happens, see :mod:`lcbench.simulate.realtime.record`. Called again
            with the same folder, backend and a fresh optimizer of the same seed, the run resumes where it was
            stopped, however that was: finished results are told at once, with their times, and interrupted jobs are
            trained again. Limits and workers may differ.
        quiet: Whether to show no progress on standard error.
        title: Text before the progress.
        name: Name of the optimizer in the record's trace; by default that of its class.
        seed: Seed of the optimizer in the record's trace; it decides nothing.
        watch: Is told each result after the optimizer, see :data:`lcbench.simulate.realtime.state.Watch`; while it
            runs, no results are taken and free workers wait.
        clock: Gives seconds; they are counted from the call, or from the last event of a record.

    Returns:
        The results in the order in which they were told.

    Raises:
        InputError: If an argument cannot be used, not a single job ends within ``wallclock``, or the optimizer asks
            for something that the backend does not offer, or for nothing at all.
        PlanConflictError: If the record is that of another run.
        LiveInterrupted: On Ctrl-C; finished results are in its ``trace`` and in the record.
    """
    workers, trials = check_limits(workers, wallclock, trials)
    kept = Unrecorded() if record is None else Record(Path(record), _identity(optimizer, backend))
    told = LiveRun(name or type(optimizer).__name__, _dataset(backend), seed, wallclock, trials)
    with ExitStack() as stack:
        stack.enter_context(kept)
        report = stack.enter_context(
            LiveReport(backend.metric, trials, wallclock, quiet=quiet, title=title, unit=_unit(backend))
        )
        backend = _keeping(backend, record, stack)
        limits = math.inf if trials is None else trials, math.inf if wallclock is None else wallclock
        run = LiveState(optimizer, backend, backend.domain(), kept, report, list(range(workers)), watch, *limits)
        run.recall()
        begun, already = clock(), run.now
        try:
            run.work(workers, lambda: already + clock() - begun, scheduler)
        except KeyboardInterrupt:
            raise LiveInterrupted(Trace(tuple(run.told), backend.metric, workers)) from None
        finally:
            kept.finish(Trace(tuple(run.told), backend.metric, workers), run.domain.space, told)
    _check_anything(run)
    return Trace(tuple(run.told), backend.metric, workers)


def _unit(backend: Backend) -> str:
    """What budgets count, for people."""
    fidelity = getattr(backend, "fidelity", None)
    return fidelity.label if isinstance(fidelity, Fidelity) else "epochs"


def _keeping(backend: Backend, record: Path | str | None, stack: ExitStack) -> Backend:
    """A backend whose trials go on gets a place for their states, which lasts as long as the record."""
    if not (backend.resumes and isinstance(backend, Continues)):
        return backend
    place = stack.enter_context(TemporaryDirectory()) if record is None else Path(record) / CHECKPOINTS
    return backend.keeping(Path(place))


def _dataset(backend: Backend) -> str:
    """Name of the data set that a backend trains on; that of its class if it has none."""
    dataset = getattr(backend, "dataset", None)
    return dataset if isinstance(dataset, str) else type(backend).__name__


def _identity(optimizer: Optimizer, backend: Backend) -> dict[str, Any]:
    """Everything that decides a run's values and can be described; the rest shows when the record is replayed."""
    described: Callable[[], Mapping[str, Any]] | None = getattr(backend, "describe", None)
    plain = {"metric": backend.metric.name, "budgets": list(backend.budgets)} if described is None else described()
    digest = digest_of(type(optimizer))  # None of one of ours
    source = {} if digest is None else {SOURCE: digest}
    return {"optimizer": type(optimizer).__name__, "backend": type(backend).__name__, **source, **plain}


def check_limits(workers: int, wallclock: float | None, trials: int | None) -> tuple[int, int | None]:
    """Check the limits of a live run.

    Returns:
        ``workers`` and ``trials``, as integers.

    Raises:
        InputError: If one cannot be used, or there is none.
    """
    workers = whole("workers", workers, least=1)
    if wallclock is None and trials is None:
        raise InputError("a limit must be given, got none; give wallclock, trials or both.")
    if wallclock is not None and not (is_number(wallclock) and 0 < wallclock < math.inf):
        raise InputError(f"wallclock must be finitely many seconds, more than 0, got {wallclock!r}.")
    return workers, None if trials is None else whole("trials", trials, least=1)


def _check_anything(run: LiveState) -> None:
    """Check that there was at least one result."""
    if run.told:
        return
    if run.jobs or run.now >= run.limit:
        raise InputError(
            f"wallclock must be enough for one evaluation, got {run.limit:g} s and none had ended; give more seconds."
        )
    raise InputError(
        f"an optimizer must ask for a first job, got None from {type(run.optimizer).__name__} with nothing running; "
        "it was used before, or its domain is empty."
    )
