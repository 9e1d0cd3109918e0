"""The contract of this package: jobs, results, domains, backends and optimizers.

An :class:`Optimizer` proposes jobs and is told results. A :class:`Backend` knows what a job gives and costs. Neither
knows the other: :func:`lcbench.simulate.run.simulate` carries jobs and results between them in virtual time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from reprlib import repr as short
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.space import Config
from lcbench.space.prior import Prior
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.whole import whole

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace  # slow to import

    from lcbench.simulate.sources import Sources


@dataclass(frozen=True, slots=True)
class Job:
    """The order to train a trial for ``budget`` epochs.

    Numbers may come as floats (a budget of ``R / eta``), if they are whole.

    Attributes:
        trial: Number of the trial; jobs of one trial share its configuration and have increasing budgets.
        config: The configuration.
        budget: Epochs, counted from the trial's beginning.
        parent: The trial from whose state (weights after its latest finished job) a new trial starts, as in
            population-based training; None to start from random weights. On a backend that resumes, the first job of
            such a trial pays only the epochs after that state; on one that trains from scratch it changes nothing. A
            table cannot know what copied weights give: the curve is that of this configuration, trained so from the
            beginning.

    Raises:
        InputError: If a number is not a whole one.
    """

    trial: int
    config: Config
    budget: int
    parent: int | None = None

    def __post_init__(self) -> None:
        for name in ("trial", "budget", "parent"):
            value = getattr(self, name)
            if type(value) is not int and (value is not None or name != "parent"):
                object.__setattr__(self, name, whole(f"{name} of a job", value))


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a job.

    Attributes:
        job: The job.
        curve: The trial's curve up to ``job.budget``: nothing beyond what has been paid for.
        loss: Loss at ``job.budget``, smaller is better; infinite if the run diverged.
        started: Virtual seconds at which a worker took the job.
        finished: Virtual seconds at which it was done; ``finished - started`` is what the job cost.
        worker: Number of the worker, from 0.
        metric: What the curve's values are.
        further: Losses of further objectives at ``job.budget``, where there are several.
    """

    job: Job
    curve: Curve
    loss: float
    started: float
    finished: float
    worker: int
    metric: Metric
    further: tuple[float, ...] = field(default=(), kw_only=True)

    @property
    def objectives(self) -> tuple[float, ...]:
        """The losses of all objectives at ``job.budget``: ``loss``, then those of further ones."""
        return (self.loss, *self.further)

    @property
    def losses(self) -> NDArray[np.float64]:
        """The loss after each epoch that has been paid for, ``(job.budget + 1,)``: index 0 is the untrained network."""
        return self.metric.loss(self.curve.values)


class Domain(Protocol):
    """The configurations that an optimizer may propose: a search space, or the rows of a table."""

    @property
    def space(self) -> "ConfigurationSpace":
        """The search space; its unit cube has one dimension per free hyperparameter (one of more than one value)."""

    @property
    def prior(self) -> Prior | None:
        """Where the user believes that good configurations lie; None if nothing is believed."""

    @property
    def sources(self) -> "Sources | None":
        """What is known of other tasks; None if nothing is."""

    def encode(self, config: Config) -> NDArray[np.float64]:
        """Encode a configuration as a point ``(dimensions,)`` of the unit cube; NaN in inactive dimensions."""

    def sample(self, rng: np.random.Generator) -> Config | None:
        """Draw a configuration uniformly; a table draws among its rows not yet taken, None if none is left."""

    def realize(self, points: NDArray[np.float64]) -> tuple[list[Config], NDArray[np.float64]]:
        """Turn ``(n, dimensions)`` points of the unit cube into configurations that can be evaluated.

        A space decodes them; a table takes for each point the nearest row not yet taken.

        Returns:
            At most ``n`` configurations, and their points in the unit cube, ``(n, dimensions)``.
        """

    def candidates(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Points of configurations to choose among, ``(any number, dimensions)``; NaN where inactive.

        A space draws ``n`` uniformly. A table gives all its rows not yet taken, whatever ``n``; only if they are too
        many, it draws ``n`` of them. :meth:`realize` turns those that are chosen into
        configurations.
        """

    def take(self, config: Config) -> None:
        """Note that this configuration has been proposed (a table will not offer it again)."""


class Backend(Protocol):
    """The values and the cost of jobs.

    Attributes:
        metric: What is optimized.
        budgets: The epochs that can be asked for, increasing.
        resumes: Whether a promoted trial resumes where it stopped and pays only its new epochs (one learning-rate
            schedule for all budgets), or starts from scratch and pays all of them (a schedule of its own per budget).
    """

    @property
    def metric(self) -> Metric: ...  # noqa: D102
    @property
    def budgets(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def resumes(self) -> bool: ...  # noqa: D102

    def domain(self) -> Domain:
        """A fresh domain for one optimizer (it remembers what that optimizer has taken)."""

    def curve(self, config: Config, budget: int) -> Curve:
        """The learning curve of a configuration over ``budget`` epochs. Pure: same arguments, same curve."""


@runtime_checkable
class WithFurtherObjectives(Protocol):
    """A backend of several objectives; ``metric`` is the first, whose curves it gives.

    Optimizers of one objective optimize that one, and others read :attr:`Result.objectives`.
    """

    def further_losses(self, config: Config, budget: int) -> tuple[float, ...]:
        """The losses of the further objectives at the end of a run, infinite where it diverged; none with one."""


def checked_curve(curve: object, budget: int) -> Curve:
    """Check what a backend, or a function of one's own, gave for a job.

    Raises:
        InputError: If it is no curve of so many epochs.
    """
    if not isinstance(curve, Curve):
        raise InputError(
            f"a training function must return Curve(values, seconds), with {budget + 1} numbers each for budget "
            f"{budget}, got {short(curve)}{'; did it forget its return?' if curve is None else '.'}"
        )
    if curve.epochs != budget:
        raise InputError(f"a backend's curve must have {budget} steps for that budget, got {curve.epochs}.")
    return curve


class Optimizer(Protocol):
    """Asks for jobs and learns from results. Same seed, same answers: same jobs."""

    def ask(self) -> Job | None:
        """The next job, or None: nothing until the next result is told (or, with no job running, nothing ever)."""

    def tell(self, result: Result) -> None:
        """Learn a result of a job asked before."""


OptimizerFactory = Callable[[Domain, tuple[int, ...], np.random.Generator], Optimizer]
"""Makes an optimizer from a domain, budgets and a source of randomness."""
