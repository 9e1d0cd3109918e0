"""Wrappers that change one thing: the sign, noise, the cost, or the budgets."""

from collections.abc import Callable, Iterable
from hashlib import blake2b
from numbers import Real

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked, offered
from lcbench.simulate.contract import Backend
from lcbench.simulate.wrappers._wrapper import Wrapper
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.table.metric import Goal, Metric
from lcbench.whole import is_number, whole


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


# Noise on what is measured.


class Noise(Wrapper):
    """Adds Gaussian noise to every value of every curve.

    The noise depends on the seed, the configuration and the run only, never on what was asked before: on a backend that
    resumes, all budgets of a configuration are points on one run and see the same noise; otherwise each budget is a run
    of its own with noise of its own. Values are cut to the metric's range, so that an accuracy stays one: near its ends
    the noise is smaller, and its mean not zero. A diverged run stays diverged.

    Args:
        backend: The backend inside.
        std: Standard deviation, in the unit of the metric, at least 0.
        seed: Another seed gives other noise.

    Raises:
        InputError: If ``std`` or ``seed`` cannot be used.
    """

    def __init__(self, backend: Backend, std: float, seed: int = 0) -> None:
        super().__init__(backend)
        if not (is_number(std) and 0 <= std < np.inf):
            raise InputError(f"std must be finite and at least 0, got {std!r}.")
        self._std, self._seed = std, whole("seed", seed)

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside with noise."""
        clean = self._inner.curve(config, budget)
        run = self.budgets[-1] if self.resumes else budget
        rng = np.random.default_rng(stable_seed(self._seed, config, run))
        noisy = clean.values + self._std * rng.standard_normal(run + 1)[: budget + 1]
        return Curve(np.clip(noisy, self.metric.low, self.metric.high), clean.seconds)


def stable_seed(seed: int, config: Config, run: int) -> int:
    """A seed for a configuration's run, the same on every machine.

    Equal configurations give equal seeds: neither the order of the hyperparameters nor the type of a number matters.
    """
    values = {name: float(value) if isinstance(value, Real) else str(value) for name, value in config.items()}
    text = repr((int(seed), int(run), sorted(values.items())))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


class ScaledCost(Wrapper):
    """Multiplies the seconds of every run.

    >>> ScaledCost(backend, 60.0)  # a table in seconds stands for one in minutes
    >>> ScaledCost(backend, lambda config: 1.0 + config["num_layers"])  # a machine on which depth is expensive

    Args:
        backend: The backend inside.
        factor: A number, or a pure function of the configuration that gives one; finite and more than 0.

    Raises:
        InputError: If a factor cannot be used.
    """

    def __init__(self, backend: Backend, factor: float | Callable[[Config], float]) -> None:
        super().__init__(backend)
        self._factor = factor if callable(factor) else _checked(factor)

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside with other seconds.

        Raises:
            InputError: If the factor of this configuration cannot be used.
        """
        factor = _checked(self._factor(config)) if callable(self._factor) else self._factor
        inner = self._inner.curve(config, budget)
        return Curve(inner.values, inner.seconds.astype(np.float64) * factor)


def _checked(factor: float) -> float:
    if not 0 < factor < np.inf:
        raise InputError(f"factor must be finite and more than 0, got {factor}.")
    return factor


# Some of the budgets.


class Subset(Wrapper):
    """Offers some of a backend's budgets.

    Without the largest one, the optimizer's last budget is smaller: the curves are still those of the backend inside
    (on one that resumes, the first epochs of its long runs).

    Args:
        backend: The backend inside.
        budgets: Epochs that can be asked for, increasing, all among those of the backend.

    Raises:
        InputError: If they are not.
    """

    def __init__(self, backend: Backend, budgets: Iterable[int]) -> None:
        super().__init__(backend)
        self._budgets = checked(budgets)
        lacking = [budget for budget in self._budgets if budget not in backend.budgets]
        if lacking:
            offered = ", ".join(map(str, backend.budgets))
            raise InputError(f"budgets must be among the backend's ({offered}), got {lacking[0]}.")

    @property
    def budgets(self) -> tuple[int, ...]:
        """The chosen ones."""
        return self._budgets

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside.

        Raises:
            UnknownNameError: If the budget was not chosen.
        """
        return self._inner.curve(config, offered(budget, self._budgets))
