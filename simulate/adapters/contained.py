"""Keeps a package that draws from numpy's global random state to a state of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.random import MT19937, RandomState, get_state, set_state


class Contained:
    """A global random state that only the code under it sees.

    Some packages draw from numpy's global state whatever seed they are given. Under :meth:`here` that state is one of
    ours; afterwards the caller's is as it was. So the same seed gives the same jobs, and nothing leaks either way.

    Args:
        seed: Of the state.
    """

    def __init__(self, seed: int) -> None:
        self._state: dict[str, Any] = RandomState(MT19937(seed)).get_state(legacy=False)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Put our state in the place of the global one."""
        before = get_state(legacy=False)  # noqa: NPY002  # this is what keeps the global state out
        set_state(self._state)  # noqa: NPY002
        try:
            yield
        finally:
            self._state = get_state(legacy=False)  # noqa: NPY002
            set_state(before)  # noqa: NPY002


def seed_from(rng: np.random.Generator) -> int:
    """A seed for a package that takes an integer."""
    return int(rng.integers(2**31))
