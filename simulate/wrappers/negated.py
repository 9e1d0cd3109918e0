"""The same quantity with the other sign."""

from lcbench.curve import Curve
from lcbench.metric import Goal, Metric
from lcbench.simulate.contract import Backend, Config
from lcbench.simulate.wrappers.wrapper import Wrapper


class Negated(Wrapper):
    """Turns every value's sign, and what was to be maximized is to be minimized.

    All losses stay what they are, so an optimizer must do the same on it: a test of optimizers and of adapters to
    programs that know one direction only.

    Args:
        backend: The backend inside.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend)
        inner = backend.metric
        goal: Goal = "minimize" if inner.goal == "maximize" else "maximize"
        self._metric = Metric(f"negated_{inner.name}", inner.unit, goal, low=-inner.high, high=-inner.low)

    @property
    def metric(self) -> Metric:
        """The metric inside with the other goal and range."""
        return self._metric

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside with the other sign."""
        inner = self._inner.curve(config, budget)
        return Curve(-inner.values, inner.seconds)
