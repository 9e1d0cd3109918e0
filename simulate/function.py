"""Backend from a function: to try an optimizer on a formula, without a table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lcbench.simulate.contract import Config
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.objectives import WithObjective
from lcbench.space.encoding import Encoding
from lcbench.table.curve import Curve
from lcbench.table.manifest import check_budgets
from lcbench.table.metric import METRICS, Metric

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


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
    """

    space: "ConfigurationSpace"
    budgets: tuple[int, ...]
    function: Callable[[Config, int], Curve]
    resumes: bool = False
    metric: Metric = METRICS["valid_cross_entropy"]
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
            InputError: If the configuration is outside the space.
        """
        self._encoding.encode(config)
        return self.function(config, budget)
