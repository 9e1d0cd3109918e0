"""NePS's optimizers under our contract."""

import inspect
import warnings
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lcbench.errors import InputError
from lcbench.simulate.adapters._shared import NUMPY, Contained, GlobalState, Placing, asked, require, seed_from
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers._targets import one_thread
from lcbench.simulate.optimizers.rungs import geometric_rungs, infer_eta
from lcbench.space import Config
from lcbench.space.encoding import Encoding, levels

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

FIDELITY = "rung of the backend"
"""Name of the parameter of fidelity beside the hyperparameters."""
_BELOW_FIRST = 0.9  # NePS counts rungs by a logarithm of a ratio, which must not fall below a whole number


class NePSOptimizer:
    """An algorithm of NePS, asked and told.

    Stoll, Mallik, Schrodi, Bergman, Janowski, Garibov, Abou Chakra, Rogalla, Hvarfner, Franke, Binder and Hutter,
    *Neural Pipeline Search (NePS)*, https://github.com/automl/neps. Tested with NePS 0.17.

    An algorithm that can ignore a fidelity (it names ``ignore_fidelity``: random search, Bayesian optimization) is
    given none, and each of its trials is one job at the largest budget. All others are given one, which NePS knows as
    1, eta, eta^2, ...; :func:`lcbench.simulate.optimizers.rungs.geometric_rungs` takes the rungs from the backend's
    budgets, so that 12, 25, 50 are all used. Brackets are NePS's own (of eta 2 and three budgets: 4, 3 and 3
    configurations).

    On a table a suggestion is brought to the nearest row not yet taken, and that row is what NePS keeps as the trial's.
    NePS has no conditions: it suggests all hyperparameters, and the inactive ones are left out of what is trained. A
    diverged run is told as crashed. NePS's ASHA promotes a trial that still runs on the rung below if there are not
    enough others; that job waits until the trial has ended. NePS draws from the global states of numpy and torch; here
    these are private ones.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of the seed.
        algorithm: A function of ``neps.algorithms``, or a ``partial`` of one; called with the space and, if it names
            it, with ``eta``. By default ``neps.algorithms.hyperband``.
        prior: Whether it is told the domain's prior: NePS refuses one where an algorithm has no use for it.

    Raises:
        InputError: If NePS is not installed, or its algorithm needs several budgets and there is one.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        algorithm: Callable[..., Any] | None = None,
        prior: bool = False,
    ) -> None:
        budgets = checked(budgets)
        neps = require("neps", "neps")
        make = algorithm or neps.algorithms.hyperband
        named = inspect.signature(make).parameters
        eta = infer_eta(budgets)
        climbs = "ignore_fidelity" not in named
        self._rungs = geometric_rungs(budgets, eta) if climbs else budgets[-1:]
        if climbs and len(self._rungs) < 2:
            raise InputError(f"budgets must have at least two rungs for this algorithm of NePS, got {budgets}.")
        self._eta = eta
        highest = float(eta ** (len(self._rungs) - 1)) if climbs else None
        self._space = search_space(domain.space, highest, _believed(domain) if prior else None)
        self._contained = Contained(seed_from(rng), (NUMPY, _torch_state()))
        self._one_thread = one_thread()
        with self._contained.here():
            self._study = neps.AskAndTell(make(self._space, **({"eta": eta} if "eta" in named else {})), worker_id="")
        self._placing = Placing(domain, rng)
        self._configs: list[Config] = []  # by trial
        self._trials: dict[str, int] = {}  # by NePS's name of an evaluation: the trial
        self._running: dict[int, Any] = {}
        self._going_on: deque[tuple[Any, Job]] = deque()
        self._held: dict[int, tuple[Any, Job]] = {}  # by trial: what waits until its job has ended

    def ask(self) -> Job | None:
        """NePS's next evaluation; None once a table has no rows left and no trial continues."""
        while not self._going_on:
            if self._placing.exhausted:
                return None
            evaluation = self._asked()
            job = self._job(evaluation)
            if job is None:
                return None
            self._trials[evaluation.id] = job.trial
            if job.trial in self._running:
                self._held[job.trial] = evaluation, job
            else:
                self._going_on.append((evaluation, job))
        evaluation, job = self._going_on.popleft()
        self._running[job.trial] = evaluation
        return job

    def tell(self, result: Result) -> None:
        """Tell NePS a result."""
        evaluation = asked(self._running, result)
        del self._running[result.job.trial]
        seconds = result.finished - result.started
        known: Any = {"objective_to_minimize": float(result.loss), "cost": seconds}
        if not np.isfinite(result.loss):
            known = FloatingPointError("the run diverged")
        self._study.tell(evaluation, known, time_end=result.finished, evaluation_duration=seconds)
        if result.job.trial in self._held:
            self._going_on.append(self._held.pop(result.job.trial))

    def _asked(self) -> Any:
        """NePS's next evaluation."""
        with self._contained.here(), self._one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BoTorch's, of how NePS scales what it models
            return self._study.ask()

    def _job(self, evaluation: Any) -> Job | None:
        """The next job of a trial, or a new trial's first; None if a table has no rows left."""
        budget, trial = self._budget(evaluation.config), self._trials.get(evaluation.metadata.previous_trial_id)
        if trial is not None:
            return Job(trial, self._configs[trial], budget)
        config = self._placing.place(evaluation.config)
        if config is None:
            return None
        told = {name: _within(self._space[name], value) for name, value in config.items()}
        evaluation.config = {**evaluation.config, **told}  # what it really is
        self._configs.append(config)
        return Job(len(self._configs) - 1, config, budget)

    def _budget(self, config: Config) -> int:
        """Our budget of an evaluation of NePS's."""
        rung = config.get(FIDELITY)
        return self._rungs[-1 if rung is None else round(np.log(rung) / np.log(self._eta))]


def search_space(space: "ConfigurationSpace", highest: float | None, believed: Config | None = None) -> Any:
    """A search space as NePS's.

    Integers, real numbers and their log scales are kept; an ordinal becomes a category; a constant stays one; what is
    not uniform (normal or beta) becomes uniform over its range; conditions and forbidden combinations are left out.

    Args:
        space: The space.
        highest: The largest value of a fidelity from 1; None to have no fidelity.
        believed: The values where a prior is largest, around which NePS lays one of its own, of high confidence (a
            standard deviation of a quarter of the range); None for no prior.
    """
    found = require("neps.space", "neps")
    priors = {name: {"prior": value, "prior_confidence": "high"} for name, value in (believed or {}).items()}
    parts = {
        name: _searched(found, part, n, priors.get(name, {}))
        for (name, part), n in zip(space.items(), levels(space), strict=True)
    }
    if highest is not None:
        parts[FIDELITY] = found.HPOFloat(_BELOW_FIRST, highest, is_fidelity=True)
    return found.SearchSpace(parts)


def _believed(domain: Domain) -> Config | None:
    """The configuration where the domain's prior is largest."""
    prior = domain.prior
    return None if prior is None or prior.is_uniform else Encoding(domain.space).decode(prior.mode[None])[0]


def _searched(found: Any, part: Any, n: int, prior: dict[str, Any]) -> Any:
    if n == 1:
        return found.HPOConstant(part.default_value)
    if n:
        return found.HPOCategorical(part.to_value(np.arange(n, dtype=float)).tolist(), **prior)
    kind, number = (found.HPOInteger, int) if isinstance(part.lower, int | np.integer) else (found.HPOFloat, float)
    return kind(number(part.lower), number(part.upper), log=part.log, **prior)


def _within(part: Any, value: Any) -> Any:
    """A value as NePS has it: a row's integer may be a real number, or rounded past an end."""
    if not hasattr(part, "lower"):
        return value
    return type(part.lower)(min(max(value, part.lower), part.upper))


def _torch_state() -> GlobalState:
    torch = require("torch", "neps")
    return GlobalState(
        lambda seed: torch.Generator().manual_seed(seed).get_state(), torch.get_rng_state, torch.set_rng_state
    )
