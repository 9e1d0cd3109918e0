"""Training of single runs one by one: no folder, no plan, only a data set and the seeds."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.collection.course import course
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.problem import Problem, get_problem
from lcbench.collection.threads import one_thread_each
from lcbench.files import read_parquet
from lcbench.plugins import absolute
from lcbench.table.curve import Curve
from lcbench.table.record import SECONDS
from lcbench.writing import appearing, write_parquet

if TYPE_CHECKING:
    from lcbench.collection.run import Run

_STEPS, _STATE = "steps.parquet", "state"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """The states of a live run's trials, as files of their author's format.

    ::

        FOLDER/<trial>/<budget>/<seed>/
          steps.parquet     what the steps up to the budget gave
          state/            what the problem wrote

    Attributes:
        folder: Where.
    """

    folder: Path

    def place(self, trial: int, budget: int, seed: int) -> Path:
        """The folder of a trial's run of one seed after so many steps."""
        return self.folder / str(trial) / str(budget) / str(seed)


class Trainer:
    """Trains single runs exactly as a collection does.

    All randomness comes from (plan seed, data set, configuration, seed), see
    :mod:`lcbench.collection.networks.randomness`; so a run has the networks of the same run in a collection, in
    whatever order runs are asked for.

    Args:
        problem: Name or import string of the problem.
        data: The data set, copied to the device once, when the first run is asked for; or a task's name.
        metric: Name of the metric that is asked for.
        seeds: Seeds of the runs; they train as one stack.
        plan_seed: Seed of the collection.
        device: Where to compute.
        further: Values of the further fidelities.
    """

    def __init__(
        self,
        problem: str,
        data: Prepared | str,
        metric: str,
        seeds: Sequence[int],
        plan_seed: int,
        device: str,
        further: Mapping[str, float],
    ) -> None:
        self.problem, self.data, self.metric, self.seeds = absolute(problem), data, metric, tuple(seeds)
        self.plan_seed, self.device, self.further = plan_seed, device, dict(further)
        self._loaded: Any = None

    def curve(self, config: Mapping[str, Any], budget: int) -> Curve:
        """Train on one thread; what training needs is imported in the process that trains."""
        with one_thread_each():
            problem = self._ready()
            if type(problem).train_all is Problem.train_all:
                return self._mean_curve([self._steps(config, budget, seed) for seed in self.seeds])
            (runs,) = problem.train_all(
                self._loaded, [config], (budget,), self.seeds, self.plan_seed, time.perf_counter
            )
        return Curve(_mean_series(runs, self.metric), _mean_series(runs, SECONDS))

    def continued(
        self,
        config: Mapping[str, Any],
        budget: int,
        trial: int,
        start: tuple[int, int] | None,
        checkpoints: Checkpoints,
    ) -> Curve:
        """Train on from a kept state, and keep the new one.

        Args:
            config: The configuration.
            budget: Steps, counted from the trial's beginning.
            trial: Number of the trial.
            start: Trial and budget of the state to go on from; None, or a state that is not there, for the beginning.
            checkpoints: Where states are kept.
        """
        with one_thread_each():
            self._ready()
            found = [self._continued(config, budget, seed, trial, start, checkpoints) for seed in self.seeds]
        return self._mean_curve(found)

    def _ready(self) -> Problem:
        problem = get_problem(self.problem)
        if self._loaded is None:
            self._loaded = problem.load(self.data, self.device)
        return problem

    def _steps(
        self, config: Mapping[str, Any], budget: int, seed: int, problem: Problem | None = None, begun: Any = ()
    ) -> list[dict[str, float]]:
        made = problem or get_problem(self.problem)
        return list(
            course(made, self._loaded, config, budget, seed, time.perf_counter, further=self.further, begun=begun)
        )

    def _continued(
        self,
        config: Mapping[str, Any],
        budget: int,
        seed: int,
        trial: int,
        start: tuple[int, int] | None,
        checkpoints: Checkpoints,
    ) -> list[dict[str, float]]:
        place, problem = checkpoints.place(trial, budget, seed), get_problem(self.problem)
        if (place / _STEPS).is_file():  # of an attempt that was stopped before it was told
            return _read_steps(place)
        begun: list[dict[str, float]] = []
        if start is not None and (before := checkpoints.place(*start, seed) / _STEPS).is_file():
            begun = _read_steps(before.parent)[: budget + 1]
            problem.restore(before.parent / _STATE)
        steps = begun + self._steps(config, budget, seed, problem, begun)
        with appearing(place) as folder:
            (folder / _STATE).mkdir()
            problem.state(folder / _STATE)
            write_parquet(folder / _STEPS, pa.Table.from_pylist(steps))
        return steps

    def _mean_curve(self, found: Sequence[Sequence[Mapping[str, float]]]) -> Curve:
        return Curve(_mean_steps(found, self.metric), _mean_steps(found, SECONDS))


def _read_steps(place: Path) -> list[dict[str, float]]:
    return read_parquet(place / _STEPS).to_pylist()


def _mean_steps(found: Sequence[Sequence[Mapping[str, float]]], name: str) -> NDArray[np.float64]:
    """Mean over the seeds, rounded as a table rounds it."""
    return np.array([[step[name] for step in steps] for steps in found], np.float32).mean(axis=0, dtype=np.float64)


def _mean_series(runs: "Sequence[Run]", name: str) -> NDArray[np.float64]:
    """Mean over the seeds, as a replay of several seeds takes it; of one seed its own numbers."""
    return np.stack([run.series[name] for run in runs]).mean(axis=0, dtype=np.float64)
