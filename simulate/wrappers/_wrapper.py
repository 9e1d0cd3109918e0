"""The base of all wrappers, which passes everything on."""

from lcbench.simulate.contract import Backend, Domain, WithFurtherObjectives
from lcbench.simulate.function import WithObjective
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric


class Wrapper(WithObjective):
    """A backend that gives what another one gives.

    Args:
        backend: The backend inside.
    """

    def __init__(self, backend: Backend) -> None:
        self._inner = backend

    @property
    def metric(self) -> Metric:
        """What is optimized."""
        return self._inner.metric

    @property
    def budgets(self) -> tuple[int, ...]:
        """The epochs that can be asked for, increasing."""
        return self._inner.budgets

    @property
    def resumes(self) -> bool:
        """Whether a promoted trial pays only its new epochs."""
        return self._inner.resumes

    def domain(self) -> Domain:
        """A fresh domain for one optimizer."""
        return self._inner.domain()

    def curve(self, config: Config, budget: int) -> Curve:
        """The learning curve of a configuration over ``budget`` epochs."""
        return self._inner.curve(config, budget)

    def further_losses(self, config: Config, budget: int) -> tuple[float, ...]:
        """The losses of further objectives, as they are inside."""
        inner = self._inner
        return inner.further_losses(config, budget) if isinstance(inner, WithFurtherObjectives) else ()
