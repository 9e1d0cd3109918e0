"""Priors of a study: given by the user, or made from the table by a rule.

Users believe something about where good configurations lie, and may be wrong. The rules make beliefs of known quality,
as Mallik et al. (2023), *PriorBand: practical hyperparameter optimization in the age of deep learning*, NeurIPS, make
them from configurations of known rank: of all configurations of the table, ordered by their loss at the largest budget
on the data set at hand, one is drawn

* ``good``: among the best 1 %,
* ``medium``: among the 1 % in the middle,
* ``bad``: among the worst 1 % of those that did not diverge

(at least one configuration each), and the prior lies around it: a normal density of standard deviation 0.25 in the unit
cube, cut to it, for a number; probability 0.75 of its level for a category. The draw depends on the data set and the
seed, not on the optimizer: all optimizers of a study are told the same.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.simulate.replay import ReplayBackend
from lcbench.space.prior import Prior
from lcbench.wanted import Wanted

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

RULES = ("good", "medium", "bad")
"""Priors that are made from the table."""

PRIOR = Wanted(f"{', '.join(RULES)} or a JSON file of a ConfigSpace with distributions", name="prior")
"""What a study may be told of a prior."""

GROUP = 0.01
"""Fraction of the configurations among which the centre of a prior is drawn."""


def parse_prior(given: "str | Path | ConfigurationSpace | None") -> str | None:
    """Read what a study is told of a prior.

    Args:
        given: One of :data:`RULES`, a JSON file of a ConfigSpace with distributions, such a space, or None.

    Returns:
        The rule, or the JSON text of the space.

    Raises:
        InputError: If it is none of these.
    """
    from lcbench.space.spaces import read_space_file, to_json  # ConfigSpace is slow to import

    if given is None or given in RULES:
        return given  # type: ignore[return-value]  # a rule is a string
    if isinstance(given, str | Path):
        given = read_space_file(Path(given), PRIOR)
    return json.dumps(to_json(given), sort_keys=True)


def said(source: str | None) -> str:
    """A prior as the settings of a study name it: none, a rule, or the digest of the distributions."""
    if source is None or source in RULES:
        return source or "none"
    return f"distributions {sha256(source.encode()).hexdigest()[:12]}"


def stated(source: str, space: "ConfigurationSpace") -> Prior | None:
    """The prior that a JSON text states for a space; None if the source is a rule.

    Raises:
        InputError: If it is of another space.
    """
    from lcbench.space.spaces import from_json  # ConfigSpace is slow to import

    return None if source in RULES else Prior.of(space, from_json(json.loads(source), "the prior"))


def prior_of(source: str, backend: ReplayBackend, seed: int) -> Prior:
    """The prior of one data set and seed.

    Args:
        source: From :func:`parse_prior`.
        backend: The data set's replay.
        seed: Of the simulation.

    Raises:
        InputError: If it is of another space, or every run of the table diverged.
    """
    known = stated(source, backend.bench.space)
    if known is not None:
        return known
    rng = np.random.default_rng(np.random.SeedSequence([seed, crc32(backend.dataset.encode())]))
    row = rng.choice(of_rule(source, backend.losses[:, -1]))
    return Prior.around(backend.table.cube[row], backend.table.encoding.levels)


def of_rule(rule: str, losses: NDArray[np.float64]) -> NDArray[np.intp]:
    """Rows among which the centre of a prior is drawn.

    Args:
        rule: One of :data:`RULES`.
        losses: ``(rows,)`` at the largest budget; infinite where a run diverged.

    Raises:
        InputError: If every run diverged.
    """
    order = np.argsort(losses, kind="stable")[: int(np.isfinite(losses).sum())]
    if not len(order):
        raise InputError("a prior must be made from runs that did not diverge, got none.")
    count = max(1, round(GROUP * len(order)))
    first = {"good": 0, "medium": (len(order) - count) // 2, "bad": len(order) - count}[rule]
    return order[first : first + count]
