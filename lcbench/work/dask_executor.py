"""Tasks on other machines, through Dask's scheduler.

A task keeps its results in the shared folder itself; only its outcome travels. If a worker is lost, the scheduler gives
its tasks to another one. At most twice as many tasks as there are threads are with the scheduler, so that a long plan
costs it no memory, and later workers get their share.
"""

import logging
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from lcbench.errors import InputError, StoppedError
from lcbench.work.executors import SECONDS_TO_WAIT
from lcbench.work.task import KILLED, RESUMABLE, Outcome, Task, attempt, describe, sendable

if TYPE_CHECKING:
    from distributed import Future

T = TypeVar("T", bound=Task)
_Answer = TypeVar("_Answer")

_SECONDS_TO_CONNECT = 5
_SECONDS_BETWEEN_COUNTS = 2.0


class DaskExecutor(Generic[T]):
    """Dask workers, each of which must see the folder under the same path and have ``lcbench[dask]`` installed.

    Args:
        scheduler: The scheduler's address, ``tcp://HOST:PORT``.
        function: What a worker does with a task; it is sent to the scheduler once.
        most: Largest number of tasks at once, where a task must not wait for a thread; by default twice as many as
            there are threads.

    Raises:
        InputError: If ``distributed`` is not installed.
    """

    def __init__(self, scheduler: str, function: Callable[[T], Any], most: int | None = None) -> None:
        self._distributed = _distributed()
        self._scheduler, self._function, self._most = scheduler, function, most
        self._running: dict[str, tuple[Future[Outcome[T]], T]] = {}
        self._ended: SimpleQueue[Future[Outcome[T]]] = SimpleQueue()
        self._threads, self._counted = 0, -_SECONDS_BETWEEN_COUNTS

    def __enter__(self) -> Self:
        try:
            self._client = self._distributed.Client(
                self._scheduler, timeout=_SECONDS_TO_CONNECT, set_as_default=False, name="lcbench"
            )
        except (OSError, ValueError) as error:
            raise InputError(
                f"no Dask scheduler answers at {self._scheduler} ({describe(error)}); start one with: dask scheduler"
            ) from error
        key = f"{type(self._function).__name__}-{time.monotonic_ns()}"
        self._sent = self._client.submit(_Same(self._function), key=key, pure=False)  # made again if its worker is lost
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running, self._sent = {}, None
        self._client.close(timeout=1)

    def describe(self) -> str:
        """Scheduler and number of threads."""
        threads = self._count()
        waiting = "" if threads else " (work waits until one comes: dask worker " + self._scheduler + ")"
        return f"{threads} Dask worker thread{'s' * (threads != 1)} at {self._scheduler}{waiting}"

    def room(self) -> int:
        """Tasks that the scheduler may still be given."""
        threads = max(self._count(), 1)
        return (2 * threads if self._most is None else min(self._most, threads)) - len(self._running)

    def start(self, task: T) -> None:
        """Give a task to the scheduler."""
        key = f"{task}-{time.monotonic_ns()}".replace(" ", "-")
        future = self._client.submit(_attempt, self._sent, task, key=key, pure=False)
        self._running[key] = future, task
        future.add_done_callback(self._ended.put)

    def wait(self, seconds: float = SECONDS_TO_WAIT) -> list[Outcome[T]]:
        """Wait half a second at most for a task to end."""
        try:
            return [self._outcome(self._ended.get(timeout=min(seconds, SECONDS_TO_WAIT)))]
        except Empty:
            self._check()
            return []

    def _outcome(self, ended: "Future[Outcome[T]]") -> Outcome[T]:
        future, task = self._running[str(ended.key)]
        if future.status == "finished":
            outcome: Outcome[T] = self._asked(future.result).of(task)
        elif future.status == "error":
            outcome = Outcome(task, reason=self._reason(self._asked(future.exception)))
        else:
            raise self._lost()
        del self._running[str(ended.key)]
        return outcome

    def _reason(self, error: BaseException) -> str:
        return KILLED if isinstance(error, self._distributed.KilledWorker) else describe(error)

    def _count(self) -> int:
        if time.monotonic() - self._counted >= _SECONDS_BETWEEN_COUNTS:
            self._threads = sum(self._asked(self._client.nthreads).values())
            self._counted = time.monotonic()
        return self._threads

    def _asked(self, question: Callable[[], _Answer]) -> _Answer:
        """The answer of the scheduler."""
        self._check()
        try:
            return question()
        except (OSError, self._distributed.client.FutureCancelledError) as error:
            raise self._lost() from error

    def _check(self) -> None:
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> StoppedError:
        return StoppedError(f"the Dask scheduler at {self._scheduler} is out of reach; {RESUMABLE}.")


class _Same(Generic[T]):
    """A task of Dask's whose value is a function, which then travels from worker to worker as a value does."""

    def __init__(self, function: Callable[[T], Any]) -> None:
        self._function = function

    def __call__(self) -> Callable[[T], Any]:
        return self._function


def _attempt(function: Callable[[T], Any], task: T) -> Outcome[T]:
    return sendable(attempt(function, task))


def _distributed() -> ModuleType:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise InputError(
            f"--engine dask needs the package {error.name!r}; install it with: pip install 'lcbench[dask]'."
        ) from None
    for name in ("distributed", "distributed.client"):  # what it has to say of lost connections, we say in one line
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return distributed
