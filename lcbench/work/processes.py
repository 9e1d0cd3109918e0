"""Tasks in processes of this machine, one task at a time each.

Why not joblib or ``concurrent.futures``: if one of their processes is killed, the whole pool breaks. All tasks that
were running are lost, nobody knows which of them was to blame, and every process imports torch again. Here each process
has its own pipe to the main one. If it breaks, exactly one task is concerned, and exactly one process is replaced.

The processes come from Python's fork server where there is one: it imports what tasks need once, while the main process
still prepares data, and a new process is a fork of it, there in some milliseconds and sharing its memory. It has no
threads, so forking is safe. Elsewhere (Windows) processes are spawned.

A process ends when the main process ends, however that happens: a thread waits for it. None of them hears SIGINT: a
terminal sends it to every process, but what Ctrl-C means is for the main process to say.
"""

import math
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread
from types import ModuleType, TracebackType
from typing import Any, Generic, Self, TypeVar

from lcbench.errors import InputError, StoppedError
from lcbench.work.executors import SECONDS_TO_WAIT
from lcbench.work.run import run
from lcbench.work.task import KILLED, RESUMABLE, GiveUpError, Outcome, Task, attempt, describe, sendable

T = TypeVar("T", bound=Task)

_STARTS = 5  # attempts to start a process while the fork server is being killed
_SECONDS_BETWEEN_STARTS = 0.2  # a server that refuses connections is not known as dead at once
_SECONDS_BETWEEN_LOOKS = 0.1  # at the time and the memory of running tasks
_MIB = 2**20
_METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class LocalExecutor(Generic[T]):
    """A number of processes, each running one task at a time; to be entered.

    A task over a limit is ended and not tried again. Memory is what is resident, shared libraries included (about 400
    MiB before any model is fitted).

    Args:
        jobs: How many processes, at least 1; the outcomes do not depend on it.
        function: What a process does with a task; it is sent to each process once, so what it holds is held there.
        preload: A module that is imported once for all processes (the first executor that is entered decides).
        seconds: How long a task may take.
        memory: How many bytes its process may have.
        clock: Gives seconds.

    Raises:
        InputError: If ``jobs`` is less than 1; when it is entered, if this process may start no others.
    """

    def __init__(
        self,
        jobs: int,
        function: Callable[[T], Any],
        preload: str = "",
        *,
        seconds: float = math.inf,
        memory: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if jobs < 1:
            raise InputError(f"number of processes (--jobs) must be at least 1, got {jobs}.")
        self._jobs, self._function, self._preload = jobs, function, preload
        self._seconds, self._memory, self._clock = seconds, memory, clock
        self._idle: list[_Process] = []
        self._busy: dict[Connection, tuple[_Process, T, float]] = {}

    def __enter__(self) -> Self:
        if multiprocessing.current_process().daemon:
            raise InputError(
                "this process must be allowed to start others, but it is a daemon; start Dask workers with --no-nanny."
            )
        _prepare_to_start(self._preload)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in (*self._idle, *(process for process, _, _ in self._busy.values())):
            process.end()
        self._idle, self._busy = [], {}

    def describe(self) -> str:
        """Number of processes."""
        return f"{self._jobs} process{'es' if self._jobs > 1 else ''} on this machine"

    def room(self) -> int:
        """Processes without a task."""
        return self._jobs - len(self._busy)

    def start(self, task: T) -> None:
        """Give a task to a process without one, or to a new process."""
        while self._idle:
            process = self._idle.pop()
            with suppress(OSError):  # it was killed while it had nothing to do
                process.pipe.send(task)
                self._busy[process.pipe] = process, task, self._clock()
                return
            process.end()
        process = _started(self._function)
        self._busy[process.pipe] = process, task, self._clock()
        with suppress(OSError):  # killed already: `wait` will find its pipe broken
            process.pipe.send(task)

    def wait(self, seconds: float = SECONDS_TO_WAIT) -> list[Outcome[T]]:
        """Wait until a task has ended, its process has been killed, or it is over a limit."""
        limited = math.isfinite(self._seconds) or math.isfinite(self._memory)
        longest = _SECONDS_BETWEEN_LOOKS if limited else SECONDS_TO_WAIT
        ready = wait(list(self._busy), timeout=max(0.0, min(seconds, longest)))
        ended = [self._ended(pipe) for pipe in ready if isinstance(pipe, Connection)]
        return ended + (self._end_over_limits() if limited else [])

    def _ended(self, pipe: Connection) -> Outcome[T]:
        process, task, _ = self._busy.pop(pipe)
        try:
            outcome: Outcome[T] = pipe.recv()
        except (EOFError, OSError):
            process.end()
            return Outcome(task, reason=KILLED)
        self._idle.append(process)
        return outcome.of(task)

    def _end_over_limits(self) -> list[Outcome[T]]:
        over = [(pipe, reason) for pipe in self._busy if (reason := self._over(pipe)) is not None]
        found = []
        for pipe, reason in over:
            process, task, _ = self._busy.pop(pipe)
            process.end()
            found.append(Outcome(task, reason=reason, final=True))
        return found

    def _over(self, pipe: Connection) -> str | None:
        """The limit that a running task is over."""
        process, _, begun = self._busy[pipe]
        if self._clock() - begun > self._seconds:
            return f"it took more than its {self._seconds:g} s and was ended"
        if math.isfinite(self._memory) and process.resident() > self._memory:
            return f"it took more than its {self._memory / _MIB:g} MiB of memory and was ended"
        return None


@dataclass(frozen=True, slots=True, eq=False)
class OwnProcess(Generic[T]):
    """Runs each task in a process of its own under limits, on whatever machine it is called.

    Attributes:
        function: What the process does with the task.
        preload: As in :class:`LocalExecutor`.
        seconds: Likewise.
        memory: Likewise.
    """

    function: Callable[[T], Any]
    preload: str = ""
    seconds: float = math.inf
    memory: float = math.inf

    def __call__(self, task: T) -> Any:
        """What the function returned.

        Raises:
            GiveUpError: If the task failed, with the reason; a second attempt has been made if it could help.
            InputError: If the function refused it, or this process may start no others.
            OSError: If the disk is full.
        """
        with LocalExecutor(1, self.function, self.preload, seconds=self.seconds, memory=self.memory) as executor:
            outcome = next(run(executor, [task], retry_at_once=True))
        if outcome.refused:
            raise InputError(outcome.reason)
        if outcome.reason is not None:
            raise GiveUpError(outcome.reason)
        return outcome.value


@dataclass(frozen=True, slots=True)
class _Process:
    """A process and the main process's end of the pipe to it."""

    process: BaseProcess
    pipe: Connection

    def end(self) -> None:
        """End it at once; what it was writing is not there."""
        self.pipe.close()
        self.process.kill()
        self.process.join(timeout=1)

    def resident(self) -> float:
        """Bytes of memory that it has."""
        import psutil

        try:
            return float(psutil.Process(self.process.pid).memory_info().rss)
        except psutil.Error:  # gone: its pipe will say so
            return 0.0


def _prepare_to_start(preload: str | None = None) -> None:
    """Start the fork server, unless it is running or this system has none."""
    if _METHOD == "forkserver":
        from multiprocessing.forkserver import ensure_running, set_forkserver_preload

        with _sigint_blocked(), _main_module_hidden():
            if preload:
                set_forkserver_preload([preload])
            ensure_running()


def _started(function: Callable[[Any], Any]) -> _Process:
    """Start a process, and again if the fork server was killed meanwhile."""
    context: Any = multiprocessing.get_context(_METHOD)
    for left in reversed(range(_STARTS)):
        ours, theirs = multiprocessing.Pipe()
        process = context.Process(target=_serve, args=(theirs, function), daemon=True)
        try:
            _prepare_to_start()
            with _main_module_hidden():
                process.start()
            return _Process(process, ours)
        except (EOFError, OSError) as error:
            ours.close()
            if not left:
                raise StoppedError(f"no process can be started ({describe(error)}); {RESUMABLE}.") from error
            time.sleep(_SECONDS_BETWEEN_STARTS)
        finally:
            theirs.close()
    raise AssertionError("the loop returns or raises")


def _serve(pipe: Connection, function: Callable[[Any], Any]) -> None:
    """Run task after task until no more are sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_main_process, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            outcome = sendable(attempt(function, task))
            try:
                pipe.send(outcome)
            except OSError:
                raise
            except Exception as error:  # what it returned cannot be sent
                pipe.send(Outcome(task, reason=describe(error), final=True))


def _end_with_main_process() -> None:
    main = multiprocessing.parent_process()
    if main is not None:
        wait([main.sentinel])
    os._exit(1)


@contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Processes that are started in the block never see SIGINT; this one sees it after the block."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # the fork server would start it first, and that ends with SIGINT unblocked
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Processes that are started in the block do not run the program's main file again: they need nothing of it."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
