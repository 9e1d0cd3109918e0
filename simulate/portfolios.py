"""Portfolios of a study: given as a file, or chosen by a rule from what the table knows of its data sets.

======================  ================================================================================================
``greedy:16``           the 16 configurations that together do well, the most useful first
                        (:func:`lcbench.simulate.transfer.greedy.greedy_portfolio`); ``greedy``: 16, or all of fewer
``simple``              the best configuration of each data set, those of more data sets first
                        (:func:`lcbench.simulate.transfer.greedy.simple_portfolio`); ``simple:8``: the first eight
``FILE.json``           a list of configurations, each an object of hyperparameters, first things first
======================  ================================================================================================

A rule looks at losses at the largest budget only: nothing is trained. Leave-one-out, the portfolio for a data set is
chosen from all others; otherwise it has seen the data set that it is tried on, and shows what is possible at best.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain
from lcbench.simulate.sources import Sources
from lcbench.simulate.transfer.greedy import greedy_portfolio, simple_portfolio
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.wanted import Wanted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

SIZE = 16
"""Configurations of a greedy portfolio, as the paper's."""

_RULE = re.compile(r"(greedy|simple)(?::([1-9]\d{0,5}))?")


def is_rule(text: str) -> bool:
    """Whether a portfolio is chosen by a rule."""
    return _RULE.fullmatch(text) is not None


PORTFOLIO = Wanted("greedy[:SIZE], simple[:SIZE] or a JSON file with a list of configurations", name="portfolio")
"""What a study may be told of a portfolio."""


def parse_portfolio(given: "str | Path | Sequence[Config] | None", space: "ConfigurationSpace") -> str | None:
    """Read what a study is told of a portfolio.

    Args:
        given: A rule, a JSON file of configurations, these themselves, or None.
        space: The space that the configurations must be of.

    Returns:
        The rule, or the JSON text of the configurations.

    Raises:
        InputError: If it is none of these, or a configuration is none of the space.
    """
    if given is None or (isinstance(given, str) and is_rule(given)):
        return given
    if isinstance(given, str | Path):
        configs, where = _configs_in(Path(given)), f"{given}, "
    else:
        configs, where = [dict(config) for config in given], ""
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


def said(source: str | None, *, leave_one_out: bool) -> str:
    """A portfolio as the settings of a study name it."""
    if source is None:
        return "none"
    if not is_rule(source):
        return f"configurations {sha256(source.encode()).hexdigest()[:12]}"
    return f"{source} of {'the other' if leave_one_out else 'all'} data sets"


def rows_of(rule: str, sources: Sources) -> NDArray[np.intp]:
    """Rows of the sources that a rule takes, first things first.

    Raises:
        InputError: If the rule cannot be read, its size is larger than what there is to choose from, or no
            configuration was run on every task.
    """
    found = _RULE.fullmatch(rule)
    if found is None:
        raise InputError(f"portfolio must be greedy[:SIZE] or simple[:SIZE], got {rule}.")
    if not len(sources.everywhere):
        raise InputError(
            "a portfolio must be chosen from configurations that all of its data sets have, got none; name one in a "
            "file, or choose data sets that share configurations."
        )
    regrets = sources.regrets[sources.everywhere]
    size = None if found[2] is None else int(found[2])
    most, of = (len(regrets), "configurations") if found[1] == "greedy" else (regrets.shape[1], "data sets")
    if size is not None and size > most:
        raise InputError(
            f"the size of a {found[1]} portfolio must be at most {most}, the number of {of} that it is chosen from, "
            f"got {rule}."
        )
    rows = greedy_portfolio(regrets, size or SIZE) if found[1] == "greedy" else simple_portfolio(regrets)[:size]
    return sources.everywhere[rows]


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
