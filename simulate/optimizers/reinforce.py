"""REINFORCE: a distribution over the levels of each hyperparameter follows the policy gradient."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from lcbench.errors import InputError
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._proposal import propose_at
from lcbench.simulate.optimizers._targets import bounded
from lcbench.simulate.optimizers._trials import Running
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import significant
from lcbench.whole import whole

Array = NDArray[np.float64]
Choice = NDArray[np.intp]

INACTIVE = -1
"""The level of a hyperparameter that a configuration does not have."""


def softmax(logits: Array) -> Array:
    """Probabilities of the levels in each row; 0 where a logit is minus infinity. Processors agree on them."""
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return significant(weights / weights.sum(axis=1, keepdims=True))


def drawn(policy: Array, rng: np.random.Generator) -> Choice:
    """A level of each row, drawn from its probabilities, ``(dimensions,)``."""
    below = policy.cumsum(axis=1)
    return (below > rng.random((len(policy), 1)) * below[:, -1:]).argmax(axis=1)


def score(policy: Array, chosen: Choice) -> Array:
    """The gradient of the logarithm of a choice's probability, with respect to the logits.

    Williams (1992), section 6 for a softmax: 1 - p for the level that was chosen, -p for the others.

    Args:
        policy: ``(dimensions, levels)`` probabilities.
        chosen: ``(dimensions,)`` levels; the gradient is 0 where one is :data:`INACTIVE`.
    """
    there = (chosen != INACTIVE)[:, None]
    return np.where(there, (np.arange(policy.shape[1]) == chosen[:, None]) - policy, 0.0)


def entropy_gradient(policy: Array) -> Array:
    """The gradient of the entropy of each row, with respect to its logits: ``-p (log p + entropy)``."""
    logs = np.log(policy, where=policy > 0, out=np.zeros_like(policy))
    return significant(-policy * (logs - (policy * logs).sum(axis=1, keepdims=True)))


class Baseline:
    """Tells how much better a reward is than the moving average of the rewards.

    The average is exponential, and corrected for where it began. With ranks, rewards are their ranks among all so far,
    from -1 for the worst to 1 for the best: fitness shaping (Wierstra et al. 2014, *Natural evolution strategies*, JMLR
    15, section 3.1), so that a few hopeless configurations do not hide the differences among the good ones. Without, a
    run that diverged counts as the worst reward so far.

    Args:
        momentum: Weight of what was there before.
        ranks: Whether rewards are ranked.
    """

    def __init__(self, momentum: float, *, ranks: bool) -> None:
        self._momentum, self._ranks, self._losses = momentum, ranks, list[float]()

    def advantage(self, loss: float) -> float:
        """Take in a loss, and give its advantage; 0 as long as all are equal."""
        self._losses.append(loss)
        losses = np.array(self._losses)
        ranked = (2 * rankdata(losses) - len(losses) - 1) / max(len(losses) - 1, 1)
        rewards = -(ranked if self._ranks else bounded(losses))
        weights = self._momentum ** np.arange(len(rewards))[::-1]
        return float(rewards[-1] - weights @ rewards / weights.sum())


class Adam:
    """Steps along gradients.

    Kingma and Ba (2015), *Adam: a method for stochastic optimization*, ICLR, algorithm 1, with its constants.

    Args:
        rate: Learning rate.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._steps = rate, 0
        self._mean: Array | float = 0.0
        self._square: Array | float = 0.0

    def step(self, gradient: Array) -> Array:
        """What to add, as ``gradient``, in order to ascend."""
        self._steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient**2
        mean, square = self._mean / (1 - 0.9**self._steps), self._square / (1 - 0.999**self._steps)
        return np.asarray(self._rate * mean / (np.sqrt(square) + 1e-8))


class Reinforce:
    """The policy gradient, with any number of workers, at the largest budget.

    Williams (1992), *Simple statistical gradient-following algorithms for connectionist reinforcement learning*,
    Machine Learning 8; Zoph and Le (2017), *Neural architecture search with reinforcement learning*, ICLR. As
    Dong, Liu, Musial and Gabrys (2021), *NATS-Bench*, TPAMI, run it on cells, it has no recurrent network: the
    controller is a softmax over the levels of each hyperparameter, the reward is the metric, its baseline a moving
    average, and Adam moves the logits after every result. Numbers have bins of the unit cube, and a uniform draw inside
    the bin. With several workers the gradient is that of the policy from which a configuration was drawn, as in Zoph
    and Le's asynchronous training.

    We differ in two things (decision 68): rewards are ranks, and the learning rate is 0.1 in place of 0.01. A step of
    Adam is at most about as long as its rate, and at 0.01 the policy is still nearly uniform after a hundred results.
    ``reinforce(learning_rate=0.01,ranks=False,entropy=0)`` is theirs. A policy is credited with the configuration that
    was evaluated: on a table the nearest free row.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        learning_rate: Of Adam.
        momentum: Of the moving average of rewards, in [0, 1).
        entropy: Weight of the policy's entropy, which keeps it from collapsing (Williams and Peng 1991, *Function
            optimization using connectionist reinforcement learning algorithms*, Connection Science 3).
        ranks: Whether a reward is its rank among those so far, in place of the metric's own value.
        bins: Levels of a number.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        learning_rate: float = 0.1,
        momentum: float = 0.9,
        entropy: float = 0.1,
        ranks: bool = True,
        bins: int = 8,
    ) -> None:
        if not learning_rate > 0:
            raise InputError(f"learning_rate must be more than 0, got {learning_rate}.")
        if not 0 <= momentum < 1:
            raise InputError(f"momentum must be in [0, 1), got {momentum}.")
        if not entropy >= 0:
            raise InputError(f"entropy must be at least 0, got {entropy}.")
        self._domain, self._budget, self._rng = domain, checked(budgets)[-1], rng
        self._bins, self._entropy = whole("bins", bins, least=1), entropy
        self._numbers = np.array(Encoding(domain.space).levels) == 0
        self._logits = _equal(np.where(self._numbers, self._bins, Encoding(domain.space).levels))
        self._adam, self._baseline = Adam(learning_rate), Baseline(momentum, ranks=ranks)
        self._running: Running[tuple[Array, Choice]] = Running()

    @property
    def policy(self) -> Array:
        """Probabilities of the levels, ``(dimensions, levels)``; 0 beyond those that a hyperparameter has."""
        return softmax(self._logits)

    def ask(self) -> Job | None:
        """A configuration drawn from the policy; None once a table has no rows left."""
        policy = self.policy
        levels = drawn(policy, self._rng)
        inside = (levels + self._rng.random(len(levels))) / self._bins
        found = propose_at(self._domain, self._rng, np.where(self._numbers, inside, levels))
        if found is None:
            return None
        return self._running.job(found[0], self._budget, (policy, self._levels_at(found[1])))

    def tell(self, result: Result) -> None:
        """Follow the policy gradient."""
        policy, chosen = self._running.end(result)
        gradient = self._baseline.advantage(result.loss) * score(policy, chosen)
        bonus = entropy_gradient(self.policy) if self._entropy else 0.0
        self._logits = self._logits + self._adam.step(gradient + self._entropy * bonus)

    def _levels_at(self, point: Array) -> Choice:
        """The levels at a point of the unit cube."""
        scaled = np.where(self._numbers, np.minimum(point * self._bins, self._bins - 1), point)
        return np.where(np.isnan(scaled), INACTIVE, np.floor(np.nan_to_num(scaled))).astype(np.intp)


def _equal(levels: Choice) -> Array:
    """Logits of uniform distributions over so many levels; minus infinity beyond them."""
    return np.where(np.arange(levels.max()) < levels[:, None], 0.0, -np.inf)
