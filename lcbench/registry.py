"""Registries: objects by name, imported when they are first looked up."""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Generic, TypeVar

from lcbench.errors import LcbenchError, UnknownNameError

T = TypeVar("T")


class UnknownEntryError(UnknownNameError, KeyError):
    """A name that a registry does not have; a ``KeyError`` too, since a registry is a mapping."""

    __str__ = LcbenchError.__str__  # a KeyError would show its message in quotation marks


class Registry(MutableMapping[str, T], Generic[T]):
    """Objects by name.

    Args:
        kind: What is named, in the singular ("optimizer", "problem").
        entries: For each name the object, or where it is: ``"package.module:Object"``, which is imported when the name
            is looked up (some take long to import, and packages may be missing).

    Raises:
        UnknownEntryError: If a name is looked up, or taken out, that is not there.
    """

    def __init__(self, kind: str, entries: Mapping[str, T | str]) -> None:
        self.kind, self._entries = kind, dict(entries)

    def __getitem__(self, name: str) -> T:
        entry = self._entries[self._known(name)]
        if not isinstance(entry, str):
            return entry
        module, _, attribute = entry.partition(":")
        found: T = getattr(import_module(module), attribute)
        return found

    def __setitem__(self, name: str, entry: T | str) -> None:
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
            raise UnknownEntryError(self.kind, name, self._entries)
        return name
