"""From what a package suggests to what a domain offers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lcbench.simulate.contract import Config, Domain
from lcbench.simulate.optimizers.proposal import propose_at

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace


class Placing:
    """Brings suggestions to configurations that can be evaluated, and notes each as taken.

    On a space a suggestion stays what it is (up to the rounding of the unit cube); one that is forbidden is replaced by
    a uniform draw. On a table it becomes the nearest row not yet taken. The adapters tell their packages the
    configuration that was evaluated, not the one that was suggested.

    Args:
        domain: Where to look.
        rng: Source of the draw that replaces a forbidden suggestion.
    """

    def __init__(self, domain: Domain, rng: np.random.Generator) -> None:
        self._domain, self._rng = domain, rng

    @property
    def exhausted(self) -> bool:
        """Whether a table has no rows left."""
        return self._domain.sample(self._rng) is None

    def place(self, suggested: Config) -> Config | None:
        """The configuration that is evaluated; None if none is left.

        Args:
            suggested: A value for each hyperparameter that is active (others are ignored).
        """
        config = active(self._domain.space, suggested)
        found = propose_at(self._domain, self._rng, self._domain.encode(config))
        return None if found is None else found[0]


def active(space: "ConfigurationSpace", values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the values of hyperparameters that are inactive.

    Args:
        space: The search space.
        values: A value for each hyperparameter, or at least for the active ones.
    """
    if not space.conditions:
        return {name: values[name] for name in space}
    kept: dict[str, Any] = {}
    for name in space:  # parents come before their children
        if is_active(space, name, kept):
            kept[name] = values[name]
    return kept


def is_active(space: "ConfigurationSpace", name: str, values: Mapping[str, Any]) -> bool:
    """Whether a hyperparameter is active, given the values of those before it in the space's order."""
    from ConfigSpace.types import NotSet  # slow to import

    known = {each: values.get(each, NotSet) for each in space}
    return all(condition.satisfied_by_value(known) for condition in space.parent_conditions_of[name])
