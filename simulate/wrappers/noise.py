"""Noise on what is measured."""

from hashlib import blake2b
from numbers import Real

import numpy as np

from lcbench.curve import Curve
from lcbench.errors import InputError
from lcbench.simulate.contract import Backend, Config
from lcbench.simulate.wrappers.wrapper import Wrapper
from lcbench.whole import is_number, whole


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
