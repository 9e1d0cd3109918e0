"""Who fits the models of a search: processes under limits of time and memory, or this process itself."""

import math
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import psutil
from lcbench.collection.engine import KILLED
from lcbench.collection.processes import Processes

from lcbench.simulate.autotabular.work import Done, Order
from lcbench.simulate.contract import Job
from lcbench.simulate.realtime.crew import Answer

_SECONDS_BETWEEN_LOOKS = 0.1  # at the time and the memory of processes at work
_MIB = 2**20

Serve = Callable[[Order], Done]


class LimitedCrew:
    """A process for each job; one that is over its time or memory is ended, and a new one takes the next job.

    Memory is what is resident, shared libraries included (about 400 MiB before anything is fitted).

    Args:
        workers: How many processes.
        serve: What a process does with an order.
        seconds: How long it may take.
        memory: How many bytes it may have.
        clock: Gives seconds.
    """

    def __init__(
        self,
        workers: int,
        serve: Serve,
        seconds: float = math.inf,
        memory: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._processes: Processes[Order, Done] = Processes(workers, serve, preload="lcbench.collection.models.warm")
        self._seconds, self._memory, self._clock = seconds, memory, clock
        self._begun: dict[int, float] = {}

    def __enter__(self) -> Self:
        self._processes.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._processes.__exit__(kind, error, at)

    def start(self, number: int, job: Job) -> None:
        """Give a job to a process; its time runs from when the process is there."""
        self._processes.start(Order(number, job.config, job.budget))
        self._begun[number] = self._clock()

    def wait(self, seconds: float) -> list[Answer]:
        """Wait for processes to end their jobs, to be killed, or to go over a limit."""
        done = self._processes.wait(min(seconds, _SECONDS_BETWEEN_LOOKS))
        return [_answer(order, answer) for order, answer in done] + self._ended()

    def _ended(self) -> list[Answer]:
        """End what is over a limit."""
        found = []
        for order, pid in self._processes.at_work():
            reason = self._over(order, pid)
            if reason is not None:
                self._processes.end(order)
                found.append(Answer(order.number, None, reason, again=False))
        return found

    def _over(self, order: Order, pid: int) -> str | None:
        """Which limit a process is over."""
        if self._clock() - self._begun[order.number] > self._seconds:
            return f"it took more than its {self._seconds:g} s and was ended"
        if math.isfinite(self._memory) and _resident(pid) > self._memory:
            return f"it took more than its {self._memory / _MIB:g} MiB of memory and was ended"
        return None


class OwnCrew(AbstractContextManager["OwnCrew"]):
    """Does jobs in this process, one after the other; nothing can end one but Ctrl-C.

    Args:
        serve: What is done with an order.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve, self._waiting = serve, deque[Order]()

    def __exit__(self, *_: object) -> None:
        """Nothing to end."""

    def start(self, number: int, job: Job) -> None:
        """Take a job."""
        self._waiting.append(Order(number, job.config, job.budget))

    def wait(self, seconds: float) -> list[Answer]:  # noqa: ARG002  # it takes what it takes
        """Do the next job."""
        if not self._waiting:
            return []
        order = self._waiting.popleft()
        return [_answer(order, self._serve(order))]


def _answer(order: Order, done: Done | None) -> Answer:
    if done is None:
        return Answer(order.number, None, KILLED)
    return Answer(order.number, done.curve, done.reason, again=done.again)


def _resident(pid: int) -> float:
    try:
        return float(psutil.Process(pid).memory_info().rss)
    except psutil.Error:  # gone: its pipe will say so
        return 0.0
