"""Shared parts of the adapters: imports, placing of suggestions, and private random states."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.random import MT19937, RandomState, get_state, set_state

from lcbench.errors import InputError
from lcbench.simulate.contract import Domain, Result
from lcbench.simulate.optimizers._proposal import propose_at
from lcbench.space import Config
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
T = TypeVar("T")


def require(module: str, extra: str) -> Any:
    """Import a module of another package.

    Args:
        module: Its dotted name.
        extra: The extra of ours that installs the package.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{package} must be installed for this optimizer, got none ({error}); pip install 'lcbench[{extra}]'."
        ) from error


def asked(running: Mapping[int, T], result: Result) -> T:
    """Look up an adapter's note on the trial of a result.

    Raises:
        InputError: If the trial has no job running.
    """
    found = running.get(result.job.trial)
    if found is None:
        raise InputError(f"a result must be of a job that is running, got one of trial {result.job.trial}.")
    return found


# From the suggestions of a package to the configurations of a domain.


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
        self._domain, self._rng, self._encoding = domain, rng, Encoding(domain.space)

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
        found = propose_at(self._domain, self._rng, self._encoding.place(config))
        return None if found is None else found[0]


def active(space: "ConfigurationSpace", values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the values of hyperparameters that are inactive.

    Args:
        space: The search space.
        values: A value for each hyperparameter, or at least for the active ones.
    """
    from lcbench.space.rules import active_names  # ConfigSpace is slow to import

    return {name: values[name] for name in active_names(space, values)}


# Private states for packages that draw from a global random state.


@dataclass(frozen=True, slots=True)
class GlobalState:
    """A library's global random state.

    Attributes:
        seeded: Makes a state from a seed.
        read: Gives the state as it is.
        write: Puts a state in its place.
    """

    seeded: Callable[[int], Any]
    read: Callable[[], Any]
    write: Callable[[Any], None]


NUMPY = GlobalState(
    seeded=lambda seed: RandomState(MT19937(seed)).get_state(legacy=False),
    read=lambda: get_state(legacy=False),  # noqa: NPY002  # this is what keeps the global state out
    write=lambda state: set_state(state),  # noqa: NPY002
)


class Contained:
    """Global random states that only the code under it sees.

    Some packages draw from global states whatever seed they are given. Under :meth:`here` these are states of ours;
    afterwards the caller's are as they were. So the same seed gives the same jobs, and nothing leaks either way.

    Args:
        seed: Of the states.
        kinds: Which global states.
    """

    def __init__(self, seed: int, kinds: Sequence[GlobalState] = (NUMPY,)) -> None:
        self._kinds = tuple(kinds)
        self._states = [kind.seeded(seed) for kind in kinds]

    @contextmanager
    def here(self) -> Iterator[None]:
        """Put our states in the place of the global ones."""
        before = [kind.read() for kind in self._kinds]
        self._write(self._states)
        try:
            yield
        finally:
            self._states = [kind.read() for kind in self._kinds]
            self._write(before)

    def _write(self, states: Sequence[Any]) -> None:
        for kind, state in zip(self._kinds, states, strict=True):
            kind.write(state)


def seed_from(rng: np.random.Generator) -> int:
    """A seed for a package that takes an integer."""
    return int(rng.integers(2**31))
