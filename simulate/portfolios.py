"""Portfolios of a study: given as a file, or chosen by a rule from what the table knows of its data sets.

======================  ================================================================================================
``greedy:16``           the 16 configurations that together do well, the most useful first
                        (:func:`lcbench.simulate.transfer.greedy.greedy_portfolio`); ``greedy``: 16, or all of fewer
``simple``              the best configuration of each data set, those of more data sets first
                        (:func:`lcbench.simulate.transfer.greedy.simple_portfolio`); ``simple:8``: the first eight
``best:5``              the five best configurations of each data set, the best ones of all data sets first
                        (:func:`lcbench.simulate.transfer.greedy.best_portfolio`)
``FILE.json``           a list of configurations, each an object of hyperparameters, first things first
======================  ================================================================================================

A rule looks at losses at the largest budget only: nothing is trained. Leave-one-out, the portfolio for a data set is
chosen from all others; otherwise it has seen the data set that it is tried on, and shows what is possible at best.
``none`` is a portfolio of nothing, so that a study can compare optimizers with and without one: ``none,greedy:16``.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.sources import Sources
from lcbench.simulate.transfer.greedy import best_portfolio, greedy_portfolio, simple_portfolio
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.wanted import Wanted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

SIZE = 16
"""Configurations of a greedy portfolio, as the paper's."""

NONE = "none"
"""The name of no portfolio."""

_OTHERS, _ALL = " of the other data sets", " of all data sets"
_RULE = re.compile(r"(greedy|simple)(?::([1-9]\d{0,5}))?|(best):([1-9]\d{0,5})")
_RULES = "greedy[:SIZE], simple[:SIZE] or best:SIZE"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """The configurations that optimizers of a study begin with.

    Attributes:
        source: From :func:`parse_portfolio`; None for nothing.
        leave_one_out: Whether a rule chooses from all data sets but the one at hand.
    """

    source: str | None = None
    leave_one_out: bool = False

    @property
    def name(self) -> str:
        """Its name in a study: ``none``, ``greedy:16 of the other data sets``, or a digest of given configurations."""
        if self.source is None:
            return NONE
        if not is_rule(self.source):
            return f"configurations {sha256(self.source.encode()).hexdigest()[:12]}"
        return f"{self.source}{_OTHERS if self.leave_one_out else _ALL}"


def label_of(name: str) -> str:
    """A portfolio's name in labels of optimizers: what has seen the data set that it is tried on says so."""
    return name.removesuffix(_OTHERS)


def named(name: str) -> Portfolio:
    """The portfolio of a name that a study has.

    Raises:
        InputError: If it was given configurations, which the name does not hold.
    """
    for end, left_out in ((_OTHERS, True), (_ALL, False)):
        if name.endswith(end) and is_rule(name.removesuffix(end)):
            return Portfolio(name.removesuffix(end), left_out)
    if name == NONE:
        return Portfolio()
    raise InputError(
        f"unknown portfolio {name!r}: the study has it, so it must run on what is new; give its file again, among the "
        "portfolios."
    )


def parse_portfolios(
    given: "PortfoliosLike", space: "ConfigurationSpace", *, leave_one_out: bool = False
) -> tuple[Portfolio, ...]:
    """Read the portfolios of a study.

    Args:
        given: One portfolio as :func:`parse_portfolio` reads it, a comma-separated text of several, or a sequence of
            several.
        space: The space that configurations must be of.
        leave_one_out: Whether rules choose from all data sets but the one at hand.

    Raises:
        InputError: If one cannot be read, or nothing can be left out of any.
    """
    if isinstance(given, str):
        several: Sequence[PortfolioLike] = [each.strip() for each in given.split(",")]
    elif given is None or isinstance(given, Path) or (given and all(isinstance(each, Mapping) for each in given)):
        several = [given]  # type: ignore[list-item]  # mypy does not follow
    else:
        several = given  # type: ignore[assignment]  # as above
    sources = [parse_portfolio(each, space) for each in several]
    if leave_one_out and not any(source is not None and is_rule(source) for source in sources):
        got = "none" if all(source is None for source in sources) else "given configurations"
        raise InputError(
            f"leave-one-out is for a portfolio that is chosen from the table by a rule ({_RULES}), got {got}."
        )
    return tuple(Portfolio(each, leave_one_out and each is not None and is_rule(each)) for each in sources)


def is_rule(text: str) -> bool:
    """Whether a portfolio is chosen by a rule."""
    return _RULE.fullmatch(text) is not None


PORTFOLIO = Wanted(
    "greedy[:SIZE], simple[:SIZE], best:SIZE, none or a JSON file with a list of configurations", name="portfolio"
)
"""What a study may be told of a portfolio."""


def parse_portfolio(given: "PortfolioLike", space: "ConfigurationSpace") -> str | None:
    """Read what a study is told of a portfolio.

    Args:
        given: A rule, a JSON file of configurations, these themselves, or ``"none"`` or None for nothing.
        space: The space that the configurations must be of.

    Returns:
        The rule, or the JSON text of the configurations.

    Raises:
        InputError: If it is none of these, or a configuration is none of the space.
    """
    if given is None or given == NONE:
        return None
    if isinstance(given, str) and is_rule(given):
        return given
    if isinstance(given, str | Path):
        configs, where = _configs_in(Path(given)), f"{given}, "
    else:
        configs, where = [dict(config) for config in given], ""
    if not configs:
        raise InputError("portfolio must hold at least one configuration, got none; leave it out for no portfolio.")
    encoding = Encoding(space)
    for place, config in enumerate(configs, start=1):
        try:
            encoding.encode(config)
        except InputError as error:
            raise InputError(f"{where}configuration {place} of {len(configs)}: {error}") from error
    return json.dumps(configs)


def _configs_in(path: Path) -> list[Config]:
    """The configurations in a JSON file."""
    found = PORTFOLIO.read_json(path)
    if not (isinstance(found, list) and found and all(isinstance(each, dict) for each in found)):
        raise InputError(PORTFOLIO.refusal(path, "JSON of something else"))
    return found


PortfolioLike = str | Path | Sequence[Config] | None
"""One portfolio as a caller gives it."""

PortfoliosLike = PortfolioLike | Sequence[PortfolioLike]
"""One or several."""


def rows_of(rule: str, sources: Sources) -> NDArray[np.intp]:
    """Rows of the sources that a rule takes, first things first.

    Raises:
        InputError: If the rule cannot be read, its size is larger than what there is to choose from, or no
            configuration was run on every task.
    """
    found = _RULE.fullmatch(rule)
    if found is None:
        raise InputError(f"portfolio must be {_RULES}, got {rule}.")
    if not len(sources.everywhere):
        raise InputError(
            "a portfolio must be chosen from configurations that all of its data sets have, got none; name one in a "
            "file, or choose data sets that share configurations."
        )
    regrets = sources.regrets[sources.everywhere]
    kind, number = found[1] or found[3], found[2] or found[4]
    size = None if number is None else int(number)
    most, of = (regrets.shape[1], "data sets") if kind == "simple" else (len(regrets), "configurations")
    if size is not None and size > most:
        raise InputError(
            f"the size of a {kind} portfolio must be at most {most}, the number of {of} that it is chosen from, "
            f"got {rule}."
        )
    choices: dict[str, Callable[[], NDArray[np.intp]]] = {
        "greedy": lambda: greedy_portfolio(regrets, size or SIZE),
        "simple": lambda: simple_portfolio(regrets)[:size],
        "best": lambda: best_portfolio(regrets, size or 1),
    }
    return sources.everywhere[choices[kind]()]


def configs_at(domain: Domain, points: NDArray[np.float64]) -> list[Config]:
    """The configurations of a domain at points of the unit cube, in their order, each once.

    A table gives for each the nearest row that has not been taken.
    """
    configs: list[Config] = []
    for point in points:
        for config in domain.realize(point[None])[0]:
            if config not in configs:
                configs.append(config)
    return configs


def portfolio_of(source: str, sources: Sources | None, domain: Domain) -> list[Config]:
    """The configurations of a portfolio, first things first.

    Args:
        source: From :func:`parse_portfolio`.
        sources: What a rule chooses from; None if there is nothing, then a rule gives no configurations.
        domain: Where they are to be tried; in place of one that is no row of a table, the nearest row is.

    Raises:
        InputError: If a configuration of a file is none of the space, or as :func:`rows_of`.
    """
    if not is_rule(source):
        return configs_at(domain, np.stack([domain.encode(config) for config in json.loads(source)]))
    return [] if sources is None else configs_at(domain, sources.points[rows_of(source, sources)])
