"""Optimizers by name, imported when they are first asked for."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from importlib import import_module

import numpy as np

from lcbench.errors import LcbenchError, UnknownNameError
from lcbench.simulate.contract import Domain, Optimizer

OptimizerFactory = Callable[[Domain, tuple[int, ...], np.random.Generator], Optimizer]


class UnknownOptimizerError(UnknownNameError, KeyError):
    """A name that no registry of optimizers has; a ``KeyError`` too, since a registry is a mapping."""

    __str__ = LcbenchError.__str__  # a KeyError would show its message in quotation marks


class Registry(MutableMapping[str, OptimizerFactory]):
    """Makers of optimizers by name.

    Args:
        entries: For each name what makes the optimizer, or where it is: ``"package.module:Class"``, which is imported
            when the name is looked up (models of losses take long to import, and packages may be missing).

    Raises:
        UnknownOptimizerError: If a name is looked up, or taken out, that is not there.
    """

    def __init__(self, entries: Mapping[str, OptimizerFactory | str]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, name: str) -> OptimizerFactory:
        entry = self._entries[self._known(name)]
        if not isinstance(entry, str):
            return entry
        module, _, attribute = entry.partition(":")
        found: OptimizerFactory = getattr(import_module(module), attribute)
        return found

    def __setitem__(self, name: str, entry: OptimizerFactory | str) -> None:
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[self._known(name)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries  # without importing it

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _known(self, name: object) -> str:
        if not isinstance(name, str) or name not in self._entries:
            raise UnknownOptimizerError("optimizer", name, self._entries)
        return name
