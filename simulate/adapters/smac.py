"""SMAC3's facades under our contract."""

from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any
from weakref import finalize

import numpy as np

from lcbench.simulate.adapters._shared import Placing, asked, require, seed_from
from lcbench.simulate.budgets import checked
from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.rungs import geometric_rungs, infer_eta
from lcbench.space import Config
from lcbench.space.spaces import from_json, to_json

_BELOW_FIRST = 0.9  # SMAC counts rungs by a logarithm of a ratio, which must not fall below a whole number


class SMACOptimizer:
    """A facade of SMAC, asked and told.

    Lindauer, Eggensperger, Feurer, Biedenkapp, Deng, Benjamins, Ruhkopf, Sass and Hutter (2022), *SMAC3: a versatile
    Bayesian optimization package for hyperparameter optimization*, JMLR 23(54). Tested with SMAC 2.4.

    A facade with budgets (``MultiFidelityFacade``: Hyperband and a random forest) works on the rungs, which it knows as
    1, eta, eta^2, ...; :func:`lcbench.simulate.optimizers.rungs.geometric_rungs` takes them from the backend's budgets,
    so that 12, 25, 50 are all used. Others train for the largest budget. SMAC's brackets are those of Li et al.'s
    algorithm 1 (rounded up), and it starts another while one waits.

    On a table a suggestion is brought to the nearest row not yet taken before SMAC counts it as a configuration, so
    its model is fitted to rows and their losses; once there are no rows left, SMAC ends, though some of the last
    bracket were still to be promoted. A diverged run is told as the worst loss known (a forest cannot be fitted to an
    infinite one); before a finite one is known it is kept back.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing.
        rng: Source of SMAC's seed.
        facade: A facade such as ``smac.BlackBoxFacade``; by default ``smac.MultiFidelityFacade``.
        evaluations: How many jobs SMAC is told to expect; it makes a quarter of them random ones at most.
        eta: Halving rate; by default the one that fits the budgets.

    Raises:
        InputError: If SMAC is not installed.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        facade: Any = None,
        evaluations: int = 500,
        eta: int | None = None,
    ) -> None:
        budgets = checked(budgets)
        smac = require("smac", "smac")
        self._values = require("smac.runhistory.dataclasses", "smac")
        self._states = require("smac.runhistory.enumerations", "smac").StatusType
        self._exhausted = require("smac.main.exceptions", "smac").ConfigurationSpaceExhaustedException
        kind = facade or smac.MultiFidelityFacade
        eta = eta or infer_eta(budgets)
        climbs = issubclass(kind, smac.MultiFidelityFacade)
        self._rungs = geometric_rungs(budgets, eta) if climbs else budgets[-1:]
        self._eta = eta
        folder = Path(mkdtemp(prefix="lcbench-smac-"))  # SMAC writes what it was told to do, whatever it is told
        finalize(self, rmtree, folder, ignore_errors=True)
        self._facade = _facade(kind, domain, rng, evaluations, eta, len(self._rungs) if climbs else None, folder)
        self._trials: dict[Any, int] = {}  # by SMAC's configuration
        self._configs: list[Config] = []
        self._running: dict[int, Any] = {}
        self._worst = -np.inf
        self._kept_back: list[tuple[Any, Result]] = []
        self._over = False

    def ask(self) -> Job | None:
        """SMAC's next trial; None once a table has no rows left."""
        if self._over:
            return None
        try:
            info = self._facade.ask()
        except (StopIteration, self._exhausted):
            self._over = True
            return None
        trial = self._trials.setdefault(info.config, len(self._trials))
        if trial == len(self._configs):
            self._configs.append(dict(info.config))
        self._running[trial] = info
        rung = -1 if info.budget is None else round(np.log(info.budget) / np.log(self._eta))
        return Job(trial, self._configs[trial], self._rungs[rung])

    def tell(self, result: Result) -> None:
        """Tell SMAC a result."""
        info = asked(self._running, result)
        del self._running[result.job.trial]
        if np.isfinite(result.loss):
            self._worst = max(self._worst, result.loss)
        self._kept_back.append((info, result))
        if np.isfinite(self._worst):
            for each in self._kept_back:
                self._tell(*each)
            self._kept_back = []

    def _tell(self, info: Any, result: Result) -> None:
        status = self._states.SUCCESS if np.isfinite(result.loss) else self._states.CRASHED
        seconds = result.finished - result.started
        value = self._values.TrialValue(cost=min(result.loss, self._worst), time=seconds, status=status)
        self._facade.tell(info, value, save=False)


class PlacedSelector:
    """A selector of SMAC's whose configurations are those of a domain.

    What the selector within selects is brought to a configuration that can be evaluated before SMAC counts it as one.
    All else is the selector's own.

    Args:
        selector: SMAC's ``ConfigSelector``.
        space: The space as SMAC has it.
        placing: Brings suggestions to configurations.
    """

    def __init__(self, selector: Any, space: Any, placing: Placing) -> None:
        self._selector, self._space, self._placing = selector, space, placing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._selector, name)

    def __iter__(self) -> Iterator[Any]:
        """The configurations that are evaluated, until a table has none left."""
        from ConfigSpace import Configuration  # slow to import

        for selected in self._selector:
            config = None if self._placing.exhausted else self._placing.place(selected)
            if config is None:
                return
            yield Configuration(self._space, values=dict(config))


def _facade(
    kind: Any, domain: Domain, rng: np.random.Generator, evaluations: int, eta: int, rungs: int | None, folder: Path
) -> Any:
    """A facade on a space of its own, since SMAC seeds the space that it is given."""
    space = from_json(to_json(domain.space))
    budgets = {} if rungs is None else {"min_budget": _BELOW_FIRST, "max_budget": float(eta ** (rungs - 1))}
    scenario = require("smac", "smac").Scenario(
        space,
        output_directory=folder,
        deterministic=True,
        n_trials=evaluations,
        seed=seed_from(rng),
        **budgets,
    )
    climbs = {} if rungs is None else {"intensifier": kind.get_intensifier(scenario, eta=eta)}
    selector = PlacedSelector(kind.get_config_selector(scenario), space, Placing(domain, rng))
    maximizer = _ordered(kind.get_acquisition_maximizer(scenario))
    return kind(scenario, logging_level=False, config_selector=selector, acquisition_maximizer=maximizer, **climbs)


def _ordered(maximizer: Any) -> Any:
    """Let SMAC's local search start from its points in one order, where it has them in that of a set.

    The order of a set of configurations is that of the hashes of texts, which differ from process to process.
    """
    local = getattr(maximizer, "_local_search", None)
    if local is not None:
        starts = local._get_init_points_from_previous_configs
        local._get_init_points_from_previous_configs = lambda *given: sorted(starts(*given), key=repr)
    return maximizer
