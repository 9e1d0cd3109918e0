"""Backends as plain functions for other optimization loops, and plain functions as backends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lcbench.simulate.budgets import offered
from lcbench.simulate.contract import Backend, checked_curve
from lcbench.simulate.domain import SpaceDomain
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.table.curve import Curve
from lcbench.table.manifest import check_budgets
from lcbench.table.metric import Metric

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of one run.

    Attributes:
        loss: Loss at the budget, smaller is better; infinite if the run diverged.
        seconds: What the run cost, from scratch.
        budget: Epochs.
    """

    loss: float
    seconds: float
    budget: int


class WithObjective:
    """Mixin that turns a backend into a plain function."""

    __slots__ = ()

    def objective(self: Backend, budget: int | None = None) -> Callable[[Mapping[str, Any]], float]:
        """The loss of a configuration as a plain function, see :func:`objective`."""
        return objective(self, budget)


def objective(backend: Backend, budget: int | None = None) -> Callable[[Mapping[str, Any]], float]:
    """The loss of a configuration as a function.

    >>> loss = objective(ReplayBackend(bench, "wine", match="nearest"))
    >>> study.optimize(lambda trial: loss({"x": trial.suggest_float("x", 0, 1)}), n_trials=100)

    Args:
        backend: Any backend. A replay with ``match="nearest"`` answers for any configuration of the space; with
            ``"exact"`` for rows of the table only.
        budget: Epochs; by default the largest that is offered.

    Returns:
        A function of a configuration (a mapping of names to values, also a ``ConfigSpace.Configuration``) that gives
        its loss: smaller is better, infinite if the run diverged.

    Raises:
        UnknownNameError: If the backend does not offer the budget.
    """
    evaluated = evaluation(backend, budget)
    return lambda config: evaluated(config).loss


def evaluation(backend: Backend, budget: int | None = None) -> Callable[[Mapping[str, Any]], Evaluation]:
    """As :func:`objective`, with what the run cost.

    Args:
        backend: Any backend.
        budget: Epochs; by default the largest that is offered.

    Returns:
        A function of a configuration that gives its :class:`Evaluation`.

    Raises:
        UnknownNameError: If the backend does not offer the budget.
    """
    epochs = backend.budgets[-1] if budget is None else offered(budget, backend.budgets)

    def evaluate(config: Mapping[str, Any]) -> Evaluation:
        curve = backend.curve(config, epochs)
        return Evaluation(float(backend.metric.loss(curve.values[-1])), curve.cost(0, epochs), epochs)

    return evaluate


# Backends from functions, to try an optimizer on a formula without a table.

_LOSS = Metric("loss", "units", "minimize", 0.0, float("inf"))


@dataclass(frozen=True, slots=True)
class FunctionBackend(WithObjective):
    """Learning curves from a function of the configuration and the budget.

    >>> def curve(config, budget):
    ...     return Curve(np.full(budget + 1, config["x"] ** 2), 10.0 * np.arange(budget + 1))
    >>> backend = FunctionBackend(ConfigurationSpace({"x": (-1.0, 1.0)}), (1, 3, 9), curve)

    Attributes:
        space: The search space.
        budgets: Epochs that can be asked for, increasing.
        function: Gives the curve over ``budget`` epochs; must be pure.
        resumes: Whether a promoted trial pays its new epochs only; the function's curves of one configuration must
            then agree on the epochs that they share.
        metric: What the curves' values are.
        further: Gives the losses of further objectives of a configuration at a budget, if there are several; pure.
    """

    space: "ConfigurationSpace"
    budgets: tuple[int, ...]
    function: Callable[[Config, int], Curve]
    resumes: bool = False
    metric: Metric = _LOSS
    further: Callable[[Config, int], Sequence[float]] | None = None
    _encoding: Encoding = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_budgets(self.budgets)
        object.__setattr__(self, "_encoding", Encoding(self.space))

    def domain(self) -> SpaceDomain:
        """The whole space."""
        return SpaceDomain(self.space)

    def curve(self, config: Config, budget: int) -> Curve:
        """The function's curve.

        Raises:
            InputError: If the configuration is outside the space, or the function gives no curve of so many epochs.
        """
        self._encoding.encode(config)
        return checked_curve(self.function(config, budget), budget)

    def further_losses(self, config: Config, budget: int) -> tuple[float, ...]:
        """The losses of further objectives."""
        return () if self.further is None else tuple(map(float, self.further(config, budget)))
