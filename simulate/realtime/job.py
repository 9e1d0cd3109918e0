"""The tasks of a live run, which are its jobs, and their executor."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from lcbench.simulate.contract import Backend, Job
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.work import Executor, Task, ThreadExecutor


@dataclass(frozen=True, slots=True)
class JobTask(Task):
    """A job by its number.

    Attributes:
        number: How many jobs were asked for before it.
        config: The configuration.
        budget: Steps.
        trial: Number of its trial.
        start: Trial and budget of the state that it goes on from, where a backend resumes; None for the beginning.
        name: The job in words.
    """

    number: int
    config: Config = field(compare=False, repr=False)
    budget: int = field(compare=False)
    trial: int = field(default=0, compare=False)
    start: tuple[int, int] | None = field(default=None, compare=False)
    name: str = field(default="", compare=False)

    @classmethod
    def of(cls, number: int, job: Job, start: tuple[int, int] | None) -> "JobTask":
        """The task of a job."""
        return cls(number, job.config, job.budget, job.trial, start, f"trial {job.trial} at budget {job.budget}")

    def __str__(self) -> str:
        return self.name or f"job {self.number}"


Curves = Callable[[JobTask], Curve]
"""Does a job; it can be sent to another process."""


@runtime_checkable
class BringsExecutor(Protocol):
    """A backend with an executor of its own, instead of threads."""

    def executor(self, workers: int) -> AbstractContextManager[Executor[JobTask]]:
        """An executor for so many jobs at once; leaving it ends whatever is still running."""


@runtime_checkable
class BringsClusterFunction(Protocol):
    """A backend with something else than its ``curve`` for the workers of a cluster."""

    def cluster_function(self) -> Curves:
        """Does a job on a worker."""


@runtime_checkable
class Continues(Protocol):
    """A backend whose trials go on where they stopped, if it may keep their states."""

    @property
    def resumes(self) -> bool:
        """Whether it is so for the problem that it has."""

    def keeping(self, folder: Path) -> Self:
        """The same backend with the states of its trials in a folder."""

    def continued(self, task: JobTask) -> Curve:
        """The curve of a job that goes on from the state that the task names."""


@dataclass(frozen=True, slots=True, eq=False)
class CurveOf:
    """Asks a backend for the curve of a job, in whatever process it is called.

    Attributes:
        backend: The backend.
    """

    backend: Backend

    def __call__(self, task: JobTask) -> Curve:
        """The backend's curve.

        Raises:
            InputError: If the backend does not offer the job.
        """
        if self.backend.resumes and isinstance(self.backend, Continues):
            return self.backend.continued(task)
        return self.backend.curve(task.config, task.budget)


def executor_for(
    backend: Backend, workers: int, scheduler: str | None = None
) -> AbstractContextManager[Executor[JobTask]]:
    """The executor of a live run.

    Args:
        backend: Trains the jobs.
        workers: How many jobs run at once.
        scheduler: Address of a Dask scheduler, whose workers run them; by default the backend's own executor, or
            threads that call ``backend.curve``.
    """
    if scheduler is not None:
        from lcbench.work.dask_executor import DaskExecutor

        function = backend.cluster_function() if isinstance(backend, BringsClusterFunction) else CurveOf(backend)
        return DaskExecutor(scheduler, function, most=workers)
    if isinstance(backend, BringsExecutor):
        return backend.executor(workers)
    return ThreadExecutor(workers, CurveOf(backend))
