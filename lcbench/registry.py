"""Registries: objects by name, imported when they are first looked up; plug-ins by entry point or import string."""

from collections.abc import Iterator, Mapping, MutableMapping
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Generic, TypeVar, cast

from lcbench.errors import LcbenchError, UnknownNameError
from lcbench.plugins import find, is_import_string

T = TypeVar("T")


class UnknownEntryError(UnknownNameError, KeyError):
    """A name that a registry does not have; a ``KeyError`` too, since a registry is a mapping."""

    __str__ = LcbenchError.__str__  # a KeyError would show its message in quotation marks


class Registry(MutableMapping[str, T], Generic[T]):
    """Objects by name, and those that installed packages add as entry points of a group.

    What takes a name takes an import string as well: ``"package.module:Object"`` or ``"./file.py:Object"``.

    Args:
        kind: What is named, in the singular ("optimizer", "problem").
        entries: For each name the object, or where it is: ``"package.module:Object"``, which is imported when the name
            is looked up (some take long to import, and packages may be missing).
        group: Group of the entry points, such as ``"lcbench.problems"``; none by default.

    Raises:
        UnknownEntryError: If a name is looked up, or taken out, that is not there.
        InputError: If an import string leads nowhere.
    """

    def __init__(self, kind: str, entries: Mapping[str, T | str], group: str = "") -> None:
        self.kind, self.group, self._own = kind, group, dict(entries)

    @cached_property
    def _entries(self) -> dict[str, T | str]:
        """Ours and the installed ones; a name of ours stays ours."""
        installed = entry_points(group=self.group) if self.group else ()
        return {entry.name: entry.value for entry in installed} | self._own

    def __getitem__(self, name: str) -> T:
        if is_import_string(name):
            return cast(T, find(self.kind, name))
        entry = self._entries[self._known(name)]
        if not isinstance(entry, str):
            return entry
        if name not in self._own:
            return cast(T, find(self.kind, entry))
        module, _, attribute = entry.partition(":")
        return cast(T, getattr(import_module(module), attribute))  # a package that it needs may be missing

    def given(self, name: str) -> T | None:
        """The object of a name that was put in as an object; None where importing finds it, or nobody put it in."""
        entry = self._own.get(name)
        return None if isinstance(entry, str) else entry

    def __setitem__(self, name: str, entry: T | str) -> None:
        self._entries[name] = self._own[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[self._known(name)]
        self._own.pop(name, None)

    def __contains__(self, name: object) -> bool:
        return is_import_string(name) or (isinstance(name, str) and name in self._entries)  # without importing it

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def _known(self, name: object) -> str:
        if not isinstance(name, str) or name not in self._entries:
            raise UnknownEntryError(self.kind, name, self._entries)
        return name
