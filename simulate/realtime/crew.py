"""Who does the jobs of a live run: threads of this process, unless the backend brings a crew of its own."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Protocol, runtime_checkable

from lcbench.errors import LcbenchError
from lcbench.simulate.contract import Backend, Job
from lcbench.space import Config
from lcbench.table.curve import Curve


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came of an attempt at a job.

    Attributes:
        number: Number of the job, as it was given to the crew.
        curve: The curve, or None if the attempt failed.
        reason: None, or why it failed, in one line.
        again: Whether another attempt may go better; not so for a job that was ended because it was over a limit.
    """

    number: int
    curve: Curve | None
    reason: str | None = None
    again: bool = True


class Crew(Protocol):
    """Does jobs, each on a worker of its own."""

    def start(self, number: int, job: Job) -> None:
        """Take a job; ``wait`` will give its answer exactly once."""

    def wait(self, seconds: float) -> list[Answer]:
        """Wait for answers.

        Args:
            seconds: How long at most; fewer are allowed.

        Returns:
            The answers in the order in which they came; empty if there are none yet.

        Raises:
            LcbenchError: If a job cannot be done as it is, or no job can be done any more.
        """


@runtime_checkable
class BringsCrew(Protocol):
    """A backend that does its jobs elsewhere than in threads."""

    def crew(self, workers: int) -> AbstractContextManager[Crew]:
        """A crew for so many jobs at once; leaving it ends whatever is still at work."""


def crew_for(backend: Backend, workers: int) -> AbstractContextManager[Crew]:
    """The backend's own crew, or threads that call ``backend.curve``."""
    return backend.crew(workers) if isinstance(backend, BringsCrew) else ThreadCrew(backend.curve)


class ThreadCrew(AbstractContextManager["ThreadCrew"]):
    """A thread for each job.

    A thread cannot be ended from outside: what is at work when the crew is left goes on unheard, and ends with the
    program.

    Args:
        curve: Gives the curve of a configuration over a budget.
    """

    def __init__(self, curve: Callable[[Config, int], Curve]) -> None:
        self._curve = curve
        self._answers: SimpleQueue[Answer | LcbenchError] = SimpleQueue()

    def __exit__(self, *_: object) -> None:
        """Leave the threads to themselves."""

    def start(self, number: int, job: Job) -> None:
        """Do a job in a thread of its own."""
        Thread(target=self._work, args=(number, job), daemon=True).start()

    def wait(self, seconds: float) -> list[Answer]:
        """Wait for answers; an error that the caller is to mend is raised."""
        found: list[Answer | LcbenchError] = []
        with suppress(Empty):
            found.append(self._answers.get(timeout=seconds))
            while True:
                found.append(self._answers.get_nowait())
        for answer in found:
            if isinstance(answer, LcbenchError):
                raise answer
        return [answer for answer in found if isinstance(answer, Answer)]

    def _work(self, number: int, job: Job) -> None:
        try:
            self._answers.put(Answer(number, self._curve(job.config, job.budget)))
        except LcbenchError as error:
            self._answers.put(error)
        except BaseException as error:  # a thread that ended without an answer would be waited for
            self._answers.put(Answer(number, None, _describe(error)))


def _describe(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {first}".rstrip(": ")
