"""Keeps a package that draws from a global random state to a state of its own."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import MT19937, RandomState, get_state, set_state


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
