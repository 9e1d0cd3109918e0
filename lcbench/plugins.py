"""Objects of other people's code by where they are: ``package.module:Object`` and ``./file.py:Object``.

The text is what travels: every process that is given one imports the object for itself.
"""

import hashlib
import importlib
import importlib.util
import inspect
import sys
import traceback
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from lcbench.errors import InputError
from lcbench.wanted import Wanted

_SUFFIX = ".py"

SOURCE = "source of the problem"
"""Entry of a collection's plan: a digest of the file that its problem is written in."""


def is_import_string(text: object) -> bool:
    """Whether a text says where an object is, instead of naming an entry of a registry."""
    return isinstance(text, str) and ":" in text


def absolute(text: str) -> str:
    """The same import string for a process with another working directory; a name stays as it is."""
    place, colon, name = text.rpartition(":")
    return f"{Path(place).resolve()}{colon}{name}" if place.endswith(_SUFFIX) else text


def portable(text: str) -> str:
    """The same import string without the folder of its file, for what is kept; a name stays as it is."""
    place, colon, name = text.rpartition(":")
    return f"{Path(place).name}{colon}{name}" if place.endswith(_SUFFIX) else text


def find(kind: str, text: str) -> Any:
    """Import the object that an import string names.

    Args:
        kind: What it is to be, in the singular ("problem"), for messages.
        text: ``package.module:Object`` or ``path/to/file.py:Object``.

    Raises:
        InputError: If there is no such file, module or object, or importing it fails.
    """
    place, _, name = text.rpartition(":")
    if not place or not all(part.isidentifier() for part in name.split(".")):
        raise InputError(f"{kind} must be a name, package.module:Object or ./file.py:Object, got {text!r}.")
    found: Any = _file(kind, Path(place)) if place.endswith(_SUFFIX) else _module(kind, place)
    for part in name.split("."):
        if not hasattr(found, part):
            has = [each for each, value in vars(found).items() if inspect.isclass(value) and each[0] != "_"]
            raise InputError(f"{place} has no {name!r}; the classes in it are {', '.join(has) or 'none'}.")
        found = getattr(found, part)
    return found


def source_digest(found: object) -> str | None:
    """A digest of the file of a class or a function, as it was when first asked for; None if there is no file."""
    try:
        path = inspect.getsourcefile(found if inspect.isclass(found) or inspect.isfunction(found) else type(found))
    except TypeError:  # built in, or typed at a prompt
        return None
    if path is None or not Path(path).is_file():
        return None
    return _file_digest(path)


@cache
def _file_digest(path: str) -> str:
    return f"sha256:{hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]}"


def _module(kind: str, name: str) -> ModuleType:
    if not all(part.isidentifier() for part in name.split(".")):  # a path
        _code(kind).check(Path(name))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise InputError(
                f"{kind} must be in a module that can be imported, got {name!r}; install it, or write "
                f"./{name}.py:Class for a file."
            ) from error
        raise _not_imported(name, error) from error
    except Exception as error:
        raise _not_imported(name, error) from error


def _code(kind: str) -> Wanted:
    """Where somebody's class is."""
    return Wanted(f"a Python file with the {kind}", ends=(_SUFFIX,))


def _file(kind: str, path: Path) -> ModuleType:
    """Import a file once in a process, under a name that no package has."""
    path = _code(kind).check(path).resolve()
    name = f"lcbench_file_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # noqa: S101  # its name ends in .py
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that its classes can be sent to other processes, and dataclasses be made in it
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))  # where the files beside it are
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if not isinstance(error, Exception | SystemExit):
            raise
        raise _not_imported(str(path), error) from error
    return module


def _not_imported(place: str, error: BaseException) -> InputError:
    """Say what went wrong, and in which line if it is one of that file."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == place]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == place else next(iter(lines[-1:]), None)
    where = f", line {line}" if line is not None else ""
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return InputError(f"{place} cannot be imported ({type(error).__name__}: {first}{where}); mend it and try again.")
