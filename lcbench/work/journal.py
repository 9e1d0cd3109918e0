"""A file of events, one JSON object a line, that is only ever appended to.

Each line ends with a checksum over itself and the line before it, so a damaged, exchanged or missing line is noticed. A
line counts once its line break is there: if the program is killed while it writes one, that line is cut off when the
journal is opened again. JSON has no words for NaN and infinity; they are the strings ``"nan"``, ``"inf"`` and
``"-inf"``, which :func:`numbers` and :func:`array` convert.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import json_value

_CHECK = "crc32"


class Journal:
    """A journal, open for appending while it is entered.

    Args:
        path: The file; made if it is missing.

    Attributes:
        events: What the file held when it was entered, in order, without the checksums.

    Raises:
        DamagedFileError: If a line is damaged that is not the last.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            text = self.path.read_bytes()
            whole = text.rfind(b"\n") + 1
            os.ftruncate(self._file, whole)
            self.events, self._last = _parse(self.path, text[:whole])
        except BaseException:
            os.close(self._file)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._file)

    def append(self, event: Mapping[str, Any]) -> None:
        """Write an event, in one piece but for a disk that is getting full."""
        text = json.dumps(event, allow_nan=False)
        self._last = crc32(text.encode(), self._last)
        line = memoryview(f'{text[:-1]}, "{_CHECK}": {self._last}}}\n'.encode())
        while line:
            line = line[os.write(self._file, line) :]


def read(path: Path) -> list[dict[str, Any]]:
    """Read all whole lines of a journal that somebody else may be writing; none if it is missing.

    Raises:
        DamagedFileError: If one of them is damaged.
    """
    if not path.is_file():
        return []
    text = path.read_bytes()
    return _parse(path, text[: text.rfind(b"\n") + 1])[0]


def numbers(array: NDArray[Any]) -> list[float | str]:
    """A one-dimensional array as JSON has it."""
    return [number(x) for x in array.astype(np.float64).tolist()]


def number(x: float) -> float | str:
    """A number as JSON has it."""
    return x if math.isfinite(x) else str(x)


def array(found: Sequence[float | str]) -> NDArray[np.float64]:
    """The array of what :func:`numbers` gave."""
    return np.array([float(x) for x in found])


def plain(value: Any) -> Any:
    """Numpy's scalars as Python's own, and everything as it comes back from JSON."""
    return json.loads(json.dumps(value, default=lambda scalar: scalar.item()))


def _parse(path: Path, text: bytes) -> tuple[list[dict[str, Any]], int]:
    """The events of whole lines, and the last checksum."""
    events, last, lines = [], 0, text.splitlines()
    older = not any(b'"' + _CHECK.encode() in line for line in lines)  # written when lines had no checksums
    for i, line in enumerate(lines, start=1):
        try:
            event = dict(json_value(line.decode("utf-8")))
            found = None if older else event.pop(_CHECK)
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedFileError(f"{path} is damaged in line {i} ({error!r}); restore it.") from error
        if not older:
            last = crc32(line[: line.rfind(b', "' + _CHECK.encode())] + b"}", last)
            if found != last:
                raise DamagedFileError(f"{path} is damaged in line {i} (its checksum differs); restore it.")
        events.append(event)
    return events, last
