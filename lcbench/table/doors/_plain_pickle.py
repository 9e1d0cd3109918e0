"""Read pickles of plain values, and nothing else: no class, no function, no object of another kind comes out.

A pickle is a program. What can harm are the names it asks for; a reader that looks up no name has nothing to call.
"""

import io
import pickletools
from pickle import Unpickler
from typing import Any, NoReturn

from lcbench.errors import DamagedFileError, InputError

MOST_BYTES = 1 << 28
"""Of a pickle; the largest of the tables that are read here has 9 MB."""

_PLAIN = "a table must be plain dicts, lists, numbers and text"

_NEVER = {
    "EXT1": "an entry of the registry of extensions",
    "EXT2": "an entry of the registry of extensions",
    "EXT4": "an entry of the registry of extensions",
    "PERSID": "a persistent id",
    "BINPERSID": "a persistent id",
    "NEXT_BUFFER": "a buffer outside the file",
}
"""Instructions that fetch something from elsewhere, which the reader is not asked about."""


def load_plain(content: bytes, name: str) -> Any:
    """The value of a pickle of dicts, lists, tuples, sets, numbers, text, bytes, booleans and None.

    Nothing is executed and nothing is imported, whatever the pickle says.

    Args:
        content: The pickle.
        name: Of the file, for messages.

    Raises:
        InputError: If it names a class or a function, or fetches anything from outside.
        DamagedFileError: If it is too large, truncated or no pickle.
    """
    if len(content) > MOST_BYTES:
        raise DamagedFileError(f"{name} must have at most {MOST_BYTES >> 20} MB, got {len(content) >> 20} MB.")
    _look_through(content, name)
    reader = _Reader(io.BytesIO(content), name)
    try:
        return reader.load()
    except InputError:
        raise
    except Exception as error:  # a damaged pickle can end in any error of any type
        raise _damaged(name, error) from error


class _Reader(Unpickler):
    """An unpickler that knows no names."""

    def __init__(self, file: io.BytesIO, name: str) -> None:
        super().__init__(file, encoding="latin1")
        self._name = name

    def find_class(self, module: str, name: str) -> NoReturn:
        raise _refused(self._name, f"the class {module}.{name}")

    def persistent_load(self, pid: object) -> NoReturn:  # noqa: ARG002
        raise _refused(self._name, "a persistent id")


def _look_through(content: bytes, name: str) -> None:
    """Go over the instructions without following any.

    A memo entry with a huge number would make the unpickler reserve memory for all the numbers below it; in a pickle
    that was written by pickle, there are fewer entries than bytes.
    """
    try:
        for instruction, argument, _ in pickletools.genops(content):
            kind = instruction.name
            if kind in _NEVER:
                raise _refused(name, _NEVER[kind])
            if kind in ("PUT", "BINPUT", "LONG_BINPUT") and not 0 <= int(argument or 0) < len(content):
                raise ValueError(f"it numbers an entry {argument}")
    except InputError:
        raise
    except Exception as error:
        raise _damaged(name, error) from error


def _refused(name: str, what: str) -> InputError:
    return InputError(f"{name} names {what}; {_PLAIN}, so it is not read.")


def _damaged(name: str, error: Exception) -> DamagedFileError:
    reason = (str(error) or type(error).__name__).splitlines()[0][:100]
    return DamagedFileError(f"{name} is truncated or no pickle ({reason}); get it again.")
