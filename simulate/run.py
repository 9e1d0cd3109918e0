"""The event loop: carries jobs and results between an optimizer and a backend in virtual time."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lcbench.errors import InputError
from lcbench.simulate.contract import Backend, Job, Optimizer, Result, WithFurtherObjectives, checked_curve
from lcbench.simulate.trace import Trace
from lcbench.space.encoding import equal
from lcbench.whole import is_number, whole

Overhead = Callable[[int], float]
"""Virtual seconds that one ask takes, given the number of results the optimizer has been told."""


class NothingFinishedError(InputError):
    """Not a single job ended within the time limit.

    Args:
        seconds: The limit.
        first: When the first job would have ended.
    """

    def __init__(self, seconds: float, first: float) -> None:
        self.first = first
        super().__init__(
            f"seconds must be enough for one evaluation, got {seconds:g} and the first would end at {first:g}; "
            "give more seconds."
        )


def simulate(
    optimizer: Optimizer,
    backend: Backend,
    *,
    workers: int = 1,
    seconds: float | None = None,
    evaluations: int | None = None,
    overhead: Overhead | None = None,
) -> Trace:
    """Run an optimizer on a backend in virtual time, as if that many workers trained for it.

    All results of one instant are told before the next ask. Free workers take jobs lowest number first. On a backend
    that resumes, a trial pays ``curve.cost(previous budget, budget)``, so 1, 3 and 9 epochs at 10 s each end after
    90 s; otherwise ``curve.cost(0, budget)``, which makes it 130 s. A new trial with a ``parent`` pays, on a backend
    that resumes, from the budget of the parent's latest result (a job that the parent is running meanwhile does not
    count and run on undisturbed). No wall clock is read.

    Args:
        optimizer: Asks for jobs and is told results; used up by the simulation.
        backend: What jobs give and cost.
        workers: How many jobs run at once.
        seconds: Virtual time limit. What finishes later is neither told nor counted.
        evaluations: How many jobs are started at most; they all run to their end (unless ``seconds`` is over). With
            it, runs may take no time at all.
        overhead: What an ask costs; nothing by default. There is one optimizer: while it thinks, it hears no results
            and the other workers wait.

    Returns:
        The results in the order in which they were told.

    Raises:
        NothingFinishedError: If not a single job ends within ``seconds``.
        InputError: If an argument cannot be used, or the optimizer asks for something the backend does not offer, or
            for nothing at all.
    """
    workers, evaluations = _check(workers, seconds, evaluations)
    state = _Simulation(optimizer, backend, list(range(workers)), math.inf if evaluations is None else evaluations)
    limit = math.inf if seconds is None else seconds
    thinking = overhead or _no_overhead
    while True:
        state.tell_finished(limit)
        if state.now > limit or not (state.start_one(thinking) or state.wait(limit)):
            break
    _check_anything(state, limit)
    return Trace(tuple(state.told), backend.metric, workers)


@dataclass(slots=True)
class _Simulation:
    """The state between two events."""

    optimizer: Optimizer
    backend: Backend
    free: list[int]
    """Heap of the workers without a job."""
    evaluations: float
    """Jobs that may be started in all."""
    started: int = 0
    """Jobs that have been started."""
    now: float = 0.0
    running: list[tuple[float, int, Result]] = field(default_factory=list)
    """Heap of what is being trained: when it ends, which job it was, the result."""
    told: list[Result] = field(default_factory=list)
    last: dict[int, Result] = field(default_factory=dict)
    """For each trial its latest job."""
    state_of: dict[int, int] = field(default_factory=dict)
    """For each trial with a result that has been told the latest such budget: the state that others may start from."""
    several: WithFurtherObjectives | None = field(init=False)
    """The backend, if it may have several objectives."""

    def __post_init__(self) -> None:
        self.several = self.backend if isinstance(self.backend, WithFurtherObjectives) else None

    def tell_finished(self, limit: float) -> None:
        """Tell everything that has ended by now and within the limit."""
        while self.running and self.running[0][0] <= min(self.now, limit):
            result = heapq.heappop(self.running)[2]
            heapq.heappush(self.free, result.worker)
            self.told.append(result)
            self.state_of[result.job.trial] = result.job.budget
            self.optimizer.tell(result)

    def start_one(self, overhead: Overhead) -> bool:
        """Give one free worker a job, if there is a worker, a job, and leave to start it."""
        if not self.free or self.started >= self.evaluations:
            return False
        job = asked(self.optimizer)
        if job is None:
            return False
        thought = overhead(len(self.told))
        if not (is_number(thought) and 0 <= thought < math.inf):
            raise InputError(f"overhead must give a finite number of seconds of at least 0, got {thought!r}.")
        self.now += thought
        result = self._train(job, heapq.heappop(self.free))
        heapq.heappush(self.running, (result.finished, self.started, result))
        self.started += 1
        self.last[job.trial] = result
        return True

    def wait(self, limit: float) -> bool:
        """Move on to the next end of a job within the limit; False if there is none."""
        if not self.running or self.running[0][0] > limit:
            return False
        self.now = max(self.now, self.running[0][0])
        return True

    def _train(self, job: Job, worker: int) -> Result:
        begin = self._check_job(job)
        curve = checked_curve(self.backend.curve(job.config, job.budget), job.budget)
        cost = curve.cost(begin, job.budget)
        if not 0 <= cost < math.inf:
            raise InputError(
                f"a run must take at least 0 and finitely many seconds, got {cost} for {dict(job.config)} at "
                f"budget {job.budget}; the recorded seconds cannot be replayed."
            )
        if not (cost or math.isfinite(self.evaluations)):  # time would stand still, and the search never end
            raise InputError(no_time(self.backend))
        loss = float(self.backend.metric.loss(curve.values[-1]))
        further = self.several.further_losses(job.config, job.budget) if self.several is not None else ()
        return Result(job, curve, loss, self.now, self.now + cost, worker, self.backend.metric, further=further)

    def _check_job(self, job: Job) -> int:
        """Check an optimizer's job and find the epoch from which it is paid."""
        if job.budget not in self.backend.budgets:
            offered = ", ".join(map(str, self.backend.budgets))
            raise InputError(f"budget of a job must be one of the backend's ({offered}), got {job.budget}.")
        before = self.last.get(job.trial)
        if before is None:
            return self._check_parent(job)
        if job.parent is not None:
            raise InputError(f"parent must be given with a trial's first job only, got {job.parent} for a later job.")
        if not equal(before.job.config, job.config):
            raise InputError(f"jobs of trial {job.trial} must have one configuration, got a second: {job.config}.")
        if before.job.budget >= job.budget:
            raise InputError(
                f"budgets of trial {job.trial} must increase, got {job.budget} after {before.job.budget}; "
                "begin a new trial to train a configuration again."
            )
        if before.finished > self.now:
            raise InputError(f"trial {job.trial} must have ended its job before the next is asked for; tell it first.")
        return before.job.budget if self.backend.resumes else 0

    def _check_parent(self, job: Job) -> int:
        """Check whose state a new trial starts from and find the epoch from which it is paid."""
        if job.parent is None:
            return 0
        if job.parent not in self.last:
            raise InputError(f"parent of trial {job.trial} must be a trial asked before, got {job.parent}.")
        state = self.state_of.get(job.parent)
        if state is None:
            raise InputError(
                f"parent of trial {job.trial} must have finished a job, got trial {job.parent}, which is in its first; "
                "wait until its result is told."
            )
        if state >= job.budget:
            raise InputError(
                f"budget of a job must be more than its parent's, got {job.budget} from trial {job.parent}, "
                f"which has finished {state}."
            )
        return state if self.backend.resumes else 0


def asked(optimizer: Optimizer) -> Job | None:
    """Ask an optimizer for its next job and check it.

    Raises:
        InputError: If that is neither a job nor None, or its configuration is no mapping.
    """
    job = optimizer.ask()
    if job is not None and not isinstance(job, Job):
        raise InputError(f"an optimizer must ask for a Job or None, got {job!r} from {type(optimizer).__name__}.")
    if job is not None and not isinstance(job.config, Mapping):
        raise InputError(f"config of a job must map hyperparameters to values, got {job.config!r}.")
    return job


def no_time(backend: Backend) -> str:
    """What is said where runs that took no time are to be limited by it."""
    dataset = getattr(backend, "dataset", None)
    which = f"runs of data set {dataset!r}" if isinstance(dataset, str) else "runs"
    return (
        f"{which} must take time to be limited by seconds, but their recorded seconds are 0; limit the evaluations "
        "in their place, such as --budget 50evals."
    )


def _no_overhead(told: int) -> float:  # noqa: ARG001
    return 0.0


def _check(workers: int, seconds: float | None, evaluations: int | None) -> tuple[int, int | None]:
    """Check the limits, and give the whole ones as integers."""
    workers = whole("workers", workers, least=1)
    if seconds is None and evaluations is None:
        raise InputError("a limit must be given, got none; give seconds, evaluations or both.")
    if seconds is not None and not (is_number(seconds) and seconds > 0):
        raise InputError(f"seconds must be more than 0, got {seconds!r}.")
    return workers, None if evaluations is None else whole("evaluations", evaluations, least=1)


def _check_anything(state: _Simulation, limit: float) -> None:
    """Check that there was at least one result."""
    if state.told:
        return
    if state.running:
        raise NothingFinishedError(limit, state.running[0][0])
    raise InputError(
        f"an optimizer must ask for a first job, got None from {type(state.optimizer).__name__} with nothing running; "
        "it was used before, or its domain is empty."
    )
