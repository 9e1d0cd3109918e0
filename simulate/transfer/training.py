"""Training of evaluations in a worker, with a limit of time."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcbench.collection.data.prepared import read_prepared
from lcbench.collection.problem import get_problem
from lcbench.simulate.transfer.evaluation import TIMEOUT, Evaluation, EvaluationTask
from lcbench.simulate.transfer.plan import SEED
from lcbench.simulate.transfer.storage import BuildFolder

if TYPE_CHECKING:
    from lcbench.collection.run import Run


class OutOfTimeError(Exception):
    """An evaluation has used the processor seconds that it may use."""


class Stopwatch:
    """Processor seconds of this thread: neither other work on the machine counts, nor a pause.

    Args:
        limit: Seconds after which reading it raises :class:`OutOfTimeError`; None: never.
    """

    def __init__(self, limit: float | None) -> None:
        self._started, self._limit = time.thread_time(), limit

    def __call__(self) -> float:
        """Seconds since it was made."""
        seconds = time.thread_time() - self._started
        if self._limit is not None and seconds > self._limit:
            raise OutOfTimeError(f"it took more than {self._limit:g} processor seconds")
        return seconds


@dataclass(frozen=True, slots=True)
class TrainEvaluation:
    """Trains evaluations, and keeps their runs in the folder, or that they ran out of time.

    Attributes:
        folder: The portfolio's folder, absolute; a worker on another machine must see it under the same path.
        problem: Name of the problem.
        plan_seed: Seed of all training.
        patience: As in the plan.
        trial_seconds: As in the plan.
    """

    folder: Path
    problem: str
    plan_seed: int
    patience: int | None = None
    trial_seconds: float | None = None

    def __call__(self, task: EvaluationTask) -> None:
        """Train on one thread.

        Raises:
            InputError: If there is no build in the folder, seen from this machine.
        """
        kept = BuildFolder(self.folder)
        kept.check_shared()
        try:
            run = self._trained(task)
        except OutOfTimeError as error:
            kept.write_ended(task, Evaluation.without_run(task.budget, TIMEOUT, str(error), self.trial_seconds or 0.0))
        else:
            from lcbench.collection.tables import runs_table

            kept.write_run(task, runs_table(task.config_id, [run], get_problem(self.problem).record))

    def _trained(self, task: EvaluationTask) -> "Run":
        """Train on one thread. Torch is imported here: the process that hands out evaluations never needs it."""
        from lcbench.collection.networks.tensors import one_thread

        with one_thread():
            data = _data(self.problem, self.folder, task.dataset)
            clock = Stopwatch(self.trial_seconds)
            if self.patience is None:
                problem = get_problem(self.problem)
                return problem.train_all(data, [task.config], (task.budget,), (SEED,), self.plan_seed, clock)[0][0]
            from lcbench.collection.networks.loop.fitting import Stopping
            from lcbench.collection.networks.problems import network_problem

            networks, stopping = network_problem(self.problem), Stopping("valid_accuracy", self.patience)
            return networks.fit(data, task.config, task.budget, SEED, self.plan_seed, clock, stopping=stopping).run


@lru_cache(maxsize=2)
def _data(problem: str, folder: Path, dataset: str) -> Any:
    return get_problem(problem).load(read_prepared(BuildFolder(folder).data, dataset))
