"""The trials of an optimizer: their numbers, and what it remembers of those that are running."""

from typing import Generic, TypeVar

from lcbench.errors import InputError
from lcbench.simulate.contract import Result

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
