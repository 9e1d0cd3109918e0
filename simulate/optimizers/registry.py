"""Optimizers by name, imported when they are first asked for."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module

import numpy as np

from simulate.contract import Domain, Optimizer

OptimizerFactory = Callable[[Domain, tuple[int, ...], np.random.Generator], Optimizer]


class Registry(MutableMapping[str, OptimizerFactory]):
    """Makers of optimizers by name.

    Args:
        entries: For each name what makes the optimizer, or where it is: ``"package.module:Class"``, which is imported
            when the name is looked up (models of losses take long to import, and packages may be missing).
    """

    def __init__(self, entries: Mapping[str, OptimizerFactory | str]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> OptimizerFactory:
        entry = self._entries[name]
        if not isinstance(entry, str):
            return entry
        module, _, attribute = entry.partition(":")
        found: OptimizerFactory = getattr(import_module(module), attribute)
        return found

    def __setitem__(self, name: str, entry: OptimizerFactory | str) -> None:
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
