"""The portfolio that comes with the package."""

from collections.abc import Sequence
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Literal

from lcbench.collection.problem import get_problem
from lcbench.simulate.transfer.folder import NAME, PortfolioFolder, read_folder
from lcbench.space import Config
from lcbench.table.benchmark import embedded_folder

Name = Literal["greedy", "simple"]


def load_portfolio(name: Name = "greedy", folder: Path | str | None = None) -> list[Config]:
    """The configurations of a portfolio, for :class:`lcbench.simulate.warm_start.WarmStart`.

    >>> portfolio = load_portfolio()
    >>> optimizer = WarmStart(OPTIMIZERS["bohb"], portfolio)(backend.domain(), backend.budgets, rng)

    The shipped one is of search space ``full``, from searches on data sets that are not among the 35 of
    LCBench; ``data/portfolio/README.md`` says on which, how, and what it is worth.

    Args:
        name: ``"greedy"``: those that together do well on all meta-training data sets, the most useful first
            (section 3.6 of the paper). ``"simple"``: the incumbents of all of them (section 5.1.1).
        folder: A folder that ``lcbench portfolio build`` wrote; by default the shipped one.

    Returns:
        The configurations, in order; hyperparameters that are inactive are absent, those that the space did not have
        yet take its defaults.

    Raises:
        UnknownNameError: If there is no portfolio of that name.
        FolderError: If there is no portfolio in the folder, or it is damaged.
    """
    held = shipped() if folder is None else read_folder(Path(folder))
    return completed_once(held.configs(name), held.plan["space"])


def completed_once(stored: Sequence[Config], space: str) -> list[Config]:
    """Stored configurations with the defaults of what their problem's space did not have yet, each once.

    Args:
        stored: Configurations of an earlier version of the space, or of this one.
        space: Name of the problem.
    """
    whole: list[Config] = []
    for config in map(get_problem(space).completed, stored):
        if config not in whole:  # two may be one with the defaults
            whole.append(config)
    return whole


def shipped() -> PortfolioFolder:
    """The folder of the portfolio that comes with the package."""
    return read_folder(embedded_folder(NAME))


def portfolio_digest(configs: Sequence[Config]) -> str:
    """Sixteen letters that tell one portfolio from another: which configurations it has, in which order."""
    told = dumps([dict(config) for config in configs], sort_keys=True, default=str)
    return sha256(told.encode()).hexdigest()[:16]
