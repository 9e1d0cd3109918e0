"""A contest: an optimizer that talks through a pipe, played by the loop that plays all others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np
import pyarrow as pa

from lcbench.errors import InputError
from lcbench.simulate.budgets import offered
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import propose_at
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.serve.protocol import (
    LONGEST_LINE,
    PROTOCOL,
    Wish,
    described_space,
    read_wish,
    result_entries,
    written,
)
from lcbench.simulate.study.file import results
from lcbench.simulate.study.keeping import Tables
from lcbench.simulate.study.limit import Limit
from lcbench.simulate.study.plan import SimulationTask, StudyPlan
from lcbench.simulate.study.player import Player
from lcbench.simulate.study.storage import Finished
from lcbench.space.spaces import to_json
from lcbench.table.benchmark import Benchmark


class ClientGoneError(InputError):
    """The client left before its budget was used, without saying so."""


@dataclass(frozen=True, slots=True)
class Line:
    """Lines to a client and from it.

    Attributes:
        source: What the client writes.
        sink: What the client reads.
    """

    source: TextIO
    sink: TextIO

    def write(self, kind: str, **entries: Any) -> None:
        """Write a line.

        Raises:
            ClientGoneError: If nobody reads.
        """
        try:
            self.sink.write(written(kind, **entries) + "\n")
            self.sink.flush()
        except (BrokenPipeError, ValueError) as error:  # closed at the other end, or here
            raise ClientGoneError(_GONE) from error

    def read(self) -> str:
        """The next line that is not empty.

        Raises:
            ClientGoneError: If there is none.
        """
        while True:
            try:
                line = self.source.readline(LONGEST_LINE + 1)
            except UnicodeDecodeError:
                return "bytes that are no UTF-8"
            if not line:
                raise ClientGoneError(_GONE)
            if line.strip():
                while not line.endswith("\n") and (rest := self.source.readline(LONGEST_LINE)):  # too long: one error
                    line = line[: LONGEST_LINE + 1] + rest[-1:]
                return line


_GONE = (
    'the client must go on to the line of type "end", or say {"stop": true}, but it went away; '
    "this contest is not kept: run the same command again."
)

_NOTHING = "the client must ask for a configuration before it stops, got stop first; this contest is not kept."


@dataclass
class Served:
    """The optimizer of a contest: asks the client, and tells it.

    Attributes:
        domain: What may be proposed; on a table a proposal becomes the nearest row not yet taken.
        budgets: Epochs that can be asked for.
        rng: Source of randomness, for a proposal that the space forbids.
        line: To the client.
        limit: How much there is, in its unit.
        unit: That of the limit.
        resumes: Whether promoted trials resume.
        workers: How many jobs run at once.
    """

    domain: Domain
    budgets: tuple[int, ...]
    rng: np.random.Generator
    line: Line
    limit: float
    unit: str
    resumes: bool
    workers: int
    stopped: bool = False
    _used: float = 0.0
    _now: float = 0.0
    _configs: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    _reached: dict[int, int] = field(default_factory=dict)
    """For each trial with a result the budget of its latest one."""
    _running: set[int] = field(default_factory=set)

    def ask(self) -> Job | None:
        """Ask the client for a job; a wish that is refused gets an answer and costs nothing."""
        while not self.stopped:
            self.line.write(
                "ask",
                trial=len(self._configs),
                free=self.workers - len(self._running),
                now=self._now,
                left=max(self.limit - (self._now if self.unit == "seconds" else self._used), 0),
            )
            try:
                wish = read_wish(self.line.read())
                if wish.wait and not self._running:
                    raise InputError('nothing is running that could be waited for; send a config, or {"stop": true}.')
                if wish.stop and not self._configs:
                    raise ClientGoneError(_NOTHING)
                self.stopped = wish.stop
                return None if wish.stop or wish.wait else self._begun(self._job(wish))
            except ClientGoneError:
                raise
            except InputError as error:
                self.line.write("error", message=" ".join(str(error).split()))
        return None

    def tell(self, result: Result) -> None:
        """Pass a result on."""
        self._now = result.finished
        self._running.discard(result.job.trial)
        self._reached[result.job.trial] = result.job.budget
        self.line.write("result", **result_entries(result))

    def _job(self, wish: Wish) -> Job:
        """The job of a wish.

        Raises:
            InputError: If it cannot be: rules of :func:`lcbench.simulate.run.simulate`, which would end the contest.
        """
        budget = self.budgets[-1] if wish.budget is None else offered(int(wish.budget), self.budgets)
        if wish.trial is not None:
            trial = int(wish.trial)
            if trial in self._running or trial not in self._reached:
                raise InputError(f"trial must be one with a result, and with no job running, got {trial}.")
            self._check_longer(trial, budget)
            return Job(trial, self._configs[trial], budget)
        assert wish.config is not None  # noqa: S101  # read_wish has seen to it
        parent = None if wish.parent is None else int(wish.parent)
        if parent is not None:
            if parent not in self._reached:
                raise InputError(f"parent must be a trial with a result, got {parent}.")
            self._check_longer(parent, budget)
        point = self.domain.encode(wish.config)
        found = propose_at(self.domain, self.rng, point)
        if found is None:
            raise InputError('no configuration is left; let a trial go on, or send {"stop": true}.')
        return Job(len(self._configs), found[0], budget, parent)

    def _check_longer(self, trial: int, budget: int) -> None:
        if self._reached[trial] >= budget:
            raise InputError(f"budget must be more than trial {trial} has had, {self._reached[trial]}, got {budget}.")

    def _begun(self, job: Job) -> Job:
        start = self._reached.get(job.trial if job.parent is None else job.parent, 0) if self.resumes else 0
        self._used += job.budget - start if self.unit == "epochs" else 1
        self._configs.setdefault(job.trial, job.config)
        self._running.add(job.trial)
        return job


@dataclass(eq=False)
class Client:
    """Makes the optimizer of each contest; all of them talk to the same client.

    Attributes:
        line: To the client.
        greeting: What is said of every contest.
        task: The simulation that is to be played next.
        backend: What is replayed in it.
        served: The optimizer that was made last.
    """

    line: Line
    greeting: Mapping[str, Any] = field(default_factory=dict)
    task: SimulationTask | None = None
    backend: ReplayBackend | None = None
    served: Served | None = None
    limit: Limit | None = None

    multi_fidelity = True

    def __call__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Served:
        """Begin a contest."""
        assert self.task and self.backend and self.limit  # noqa: S101  # `play` has set them
        amount, unit = self.limit.on(self.backend), self.limit.unit
        metric = self.backend.metric
        self.line.write(
            "begin",
            protocol=PROTOCOL,
            **self.greeting,
            dataset=self.task.dataset,
            seed=self.task.seed,
            workers=self.task.workers,
            metric={"name": metric.name, "goal": metric.goal},
            budgets=budgets,
            resumes=self.backend.resumes,
            limit={"amount": amount, "unit": unit},
            space=described_space(domain.space),
            configspace=to_json(domain.space),
        )
        made = Served(domain, budgets, rng, self.line, amount, unit, self.backend.resumes, self.task.workers)
        self.served = made
        return made

    def end(self, played: pa.Table) -> None:
        """Say that a contest is over, and what was best."""
        traces = results(played.to_pandas())
        rows = traces.sort_values("loss", kind="stable").head(1).to_dict("records")
        best = {name: rows[0][name] for name in ("trial", "budget", "loss", "value")} if rows else None
        stopped = self.served is not None and self.served.stopped
        reason = "stopped" if stopped else "the budget is over"
        self.line.write("end", reason=reason, results=len(traces), best=best)


@dataclass(frozen=True, slots=True)
class Serving:
    """Plays what is missing of a study with a client, see :data:`lcbench.simulate.study.keeping.Play`.

    Attributes:
        bench: The table.
        name: The client's label; other optimizers of the study that lack something are simulated as always.
        client: The client.
    """

    bench: Benchmark
    name: str
    client: Client

    def __call__(
        self, plan: StudyPlan, tasks: Sequence[SimulationTask], found: Tables, storage: Finished | None
    ) -> None:
        """Hold one contest after another."""
        player = Player(self.bench, plan)
        for task in tasks:
            if task.key in found:
                continue
            if task.optimizer == self.name:
                self.client.task, self.client.limit = task, plan.limit
                self.client.backend = plan.replay(self.bench, task.dataset, task.seed)
            found[task.key] = player.play(task)
            if storage is not None:
                storage.add([found[task.key]])
            if task.optimizer == self.name:
                self.client.end(found[task.key])
