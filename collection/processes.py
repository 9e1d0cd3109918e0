"""Processes of this machine that answer orders, one order at a time each: units of a collection, jobs of a live run.

Why not joblib or ``concurrent.futures``: where one of their processes is killed, the whole pool breaks. All orders that
were at work are lost, nobody knows which of them was to blame, and every process imports torch again. Here each process
has its own pipe to the main one. If it breaks, exactly one order is concerned, and exactly one process is replaced.

The processes come from Python's fork server: it imports torch once, while the main process is still preparing data, and
a new process is a fork of it, there in some milliseconds and sharing its memory. It has no threads, so forking is safe.

A process ends when the main process ends, however that happens: a thread waits for it. None of them hears SIGINT: a
terminal sends it to every process, but what Ctrl-C means is for the main process to say.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from multiprocessing.forkserver import ensure_running, set_forkserver_preload
from threading import Thread
from types import ModuleType, TracebackType
from typing import Any, Generic, Self, TypeVar

from lcbench.collection.attempt import describe
from lcbench.collection.engine import GO_ON
from lcbench.errors import StoppedError

Order = TypeVar("Order")
Answer = TypeVar("Answer")

SECONDS_TO_WAIT = 0.5
"""Then look up: a Ctrl-C between Python's last look and the system call would wait for an order to end."""

_STARTS = 5  # attempts to start a process while the fork server is being killed
_SECONDS_BETWEEN_STARTS = 0.2  # a server that refuses connections may take a moment to be known as dead


class Processes(Generic[Order, Answer]):
    """A number of processes, each working on one order at a time; to be entered.

    Args:
        count: How many, at least 1.
        serve: What a process does with an order; it travels to each process once, so what it holds is held there.
        preload: The module that the fork server imports, once for all processes (the first that is entered decides).
    """

    def __init__(
        self, count: int, serve: Callable[[Order], Answer], preload: str = "lcbench.collection.worker"
    ) -> None:
        self.count, self._serve, self._preload = count, serve, preload
        self._idle: list[_Process] = []
        self._busy: dict[Connection, tuple[_Process, Order]] = {}

    def __enter__(self) -> Self:
        with _sigint_blocked(), _main_module_hidden():
            set_forkserver_preload([self._preload])
            ensure_running()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for process in (*self._idle, *(process for process, _ in self._busy.values())):
            process.end()
        self._idle, self._busy = [], {}

    def room(self) -> int:
        """Processes without work."""
        return self.count - len(self._busy)

    def start(self, order: Order) -> None:
        """Give an order to a process without work, or to a new one."""
        while self._idle:
            process = self._idle.pop()
            with suppress(OSError):  # it was killed while it had nothing to do
                process.pipe.send(order)
                self._busy[process.pipe] = process, order
                return
            process.end()
        process = _started(self._serve)
        self._busy[process.pipe] = process, order
        with suppress(OSError):  # killed already: `wait` will find its pipe broken
            process.pipe.send(order)

    def wait(self, seconds: float = SECONDS_TO_WAIT) -> list[tuple[Order, Answer | None]]:
        """Wait until a process has ended its order, or has itself come to an end.

        Args:
            seconds: How long at most.

        Returns:
            The orders that have ended, each with its answer, or with None if its process was killed.
        """
        ready = wait(list(self._busy), timeout=max(0.0, min(seconds, SECONDS_TO_WAIT)))
        return [self._ended(pipe) for pipe in ready if isinstance(pipe, Connection)]

    def at_work(self) -> list[tuple[Order, int]]:
        """The orders that processes are working on, each with its process's number in the operating system."""
        return [(order, process.process.pid or 0) for process, order in self._busy.values()]

    def end(self, order: Order) -> None:
        """End the process that works on this order (the same object); ``wait`` will not speak of it any more."""
        pipe = next(pipe for pipe, (_, own) in self._busy.items() if own is order)
        process, _ = self._busy.pop(pipe)
        process.end()

    def _ended(self, pipe: Connection) -> tuple[Order, Answer | None]:
        process, order = self._busy.pop(pipe)
        try:
            answer: Answer = pipe.recv()
        except (EOFError, OSError):
            process.end()
            return order, None
        self._idle.append(process)
        return order, answer


@dataclass(frozen=True, slots=True)
class _Process:
    """A process and the main process's end of the pipe to it."""

    process: ForkServerProcess
    pipe: Connection

    def end(self) -> None:
        """End it at once; what it was writing is not there."""
        self.pipe.close()
        self.process.kill()
        self.process.join(timeout=1)


def _started(serve: Callable[[Any], Any]) -> _Process:
    """Start a process, or start it again where the fork server was killed meanwhile."""
    context = multiprocessing.get_context("forkserver")
    for left in reversed(range(_STARTS)):
        ours, theirs = multiprocessing.Pipe()
        process = context.Process(target=_serve, args=(theirs, serve), daemon=True)
        try:
            with _sigint_blocked(), _main_module_hidden():
                ensure_running()
            with _main_module_hidden():
                process.start()
            return _Process(process, ours)
        except (EOFError, OSError) as error:
            ours.close()
            if not left:
                raise StoppedError(f"no process can be started ({describe(error)}); {GO_ON}.") from error
            time.sleep(_SECONDS_BETWEEN_STARTS)
        finally:
            theirs.close()
    raise AssertionError("the loop returns or raises")


def _serve(pipe: Connection, serve: Callable[[Any], Any]) -> None:
    """What a process does: order after order until nobody sends any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_main_process, daemon=True).start()
    with suppress(EOFError, OSError):
        while True:
            pipe.send(serve(pipe.recv()))


def _end_with_main_process() -> None:
    main = multiprocessing.parent_process()
    if main is not None:
        wait([main.sentinel])
    os._exit(1)


class _sigint_blocked:  # noqa: N801  # reads as a state: `with _sigint_blocked()`
    """Processes that are started in the block never see SIGINT; this one sees it after the block."""

    def __enter__(self) -> None:
        resource_tracker.ensure_running()  # the fork server would start it first, and that ends with SIGINT unblocked
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


class _main_module_hidden:  # noqa: N801  # reads as a state: `with _main_module_hidden()`
    """Processes that are started in the block do not run the program's main file again: they need nothing of it."""

    def __enter__(self) -> None:
        self._main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")

    def __exit__(self, *_: object) -> None:
        sys.modules["__main__"] = self._main
