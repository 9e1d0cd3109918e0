"""Books of an optimizer: results as growing arrays, numbers of trials, and running jobs."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.space import Config
from lcbench.space.encoding import Encoding

Array = NDArray[np.float64]


class History:
    """Points of the unit cube and their losses, in the order in which they came.

    Args:
        dimensions: Number of hyperparameters.
    """

    def __init__(self, dimensions: int) -> None:
        self._points = np.empty((16, dimensions))
        self._losses = np.empty(16)
        self._n = 0

    def __len__(self) -> int:
        return self._n

    @property
    def points(self) -> Array:
        """``(n, dimensions)``, a view; NaN where a hyperparameter is inactive."""
        return self._points[: self._n]

    @property
    def losses(self) -> Array:
        """``(n,)``, a view; infinite where a run diverged."""
        return self._losses[: self._n]

    def add(self, point: Array, loss: float) -> None:
        """Note one result; a NaN loss counts as infinite."""
        if self._n == len(self._losses):
            self._points = np.concatenate([self._points, np.empty_like(self._points)])
            self._losses = np.concatenate([self._losses, np.empty_like(self._losses)])
        self._points[self._n] = point
        self._losses[self._n] = np.inf if np.isnan(loss) else loss
        self._n += 1

    def with_losses(self, losses: Array) -> "History":
        """The same points with ``(n,)`` other losses; a copy."""
        found = History(self._points.shape[1])
        found._points, found._losses, found._n = self.points.copy(), losses.copy(), len(losses)
        return found


# Numbers of the trials, and notes on the running ones.

Note = TypeVar("Note")


class Running(Generic[Note]):
    """Numbers new trials from 0 and keeps a note for each job until its result comes."""

    def __init__(self) -> None:
        self._trials = 0
        self._notes: dict[int, Note] = {}

    @property
    def notes(self) -> list[Note]:
        """The notes of all jobs that are running, in the order in which they began."""
        return list(self._notes.values())

    def new_trial(self) -> int:
        """The number of a new trial."""
        self._trials += 1
        return self._trials - 1

    def begin(self, trial: int, note: Note) -> None:
        """Note that a job of a trial is handed out."""
        self._notes[trial] = note

    def job(self, config: Config, budget: int, note: Note) -> Job:
        """The job of a new trial, which is handed out."""
        trial = self.new_trial()
        self.begin(trial, note)
        return Job(trial, config, budget)

    def end(self, result: Result) -> Note:
        """The note of the job that a result is of.

        Raises:
            InputError: If no such job is running.
        """
        trial = result.job.trial
        if not 0 <= trial < self._trials:
            raise InputError(f"a result must be of a job asked before, got trial {trial}.")
        if trial not in self._notes:
            raise InputError(f"a result must be of a job that is running, got a second one of trial {trial}.")
        return self._notes.pop(trial)


# What optimizers remember that train every trial for the largest budget and model the results.


class Sequential:
    """Assigns numbers to trials, and remembers results and running jobs.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        propose: Gives the next configuration (already taken from the domain), or None if there is none left.
    """

    def __init__(self, domain: Domain, budgets: Sequence[int], propose: Callable[[], Config | None]) -> None:
        self.encoding = Encoding(domain.space)
        self.told = History(len(self.encoding.names))
        self._running: Running[NDArray[np.float64]] = Running()
        self._domain = domain
        self._budget = checked(budgets)[-1]
        self._propose = propose

    @property
    def running(self) -> NDArray[np.float64]:
        """Points of the configurations of running jobs, ``(jobs, dimensions)``."""
        return np.array(self._running.notes).reshape(-1, len(self.encoding.names))

    def ask(self) -> Job | None:
        """The next job; None once a table has no rows left."""
        config = self._propose()
        if config is None:
            return None
        return self._running.job(config, self._budget, self._domain.encode(config))

    def tell(self, result: Result) -> None:
        """Note a result."""
        self.told.add(self._running.end(result), result.loss)
