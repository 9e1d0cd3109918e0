"""The checksum that a JSON file carries over itself.

The last entry of every document that we write is ``"sha256"``: the SHA-256 of the file's own bytes with 64 zeros in its
place. It guards against damage, not against malice: who can change the file can also sign it again.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError

ENTRY = "sha256"
UNSIGNED = "it has no checksum over itself; add one with 'lcbench migrate DIR'"

_ZEROS = b"0" * 64
_END = re.compile(rb'"sha256": "([0-9a-f]{64})"\n}\n\Z')


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sign(document: Mapping[str, Any]) -> str:
    """JSON text of a document with the checksum as its last entry."""
    text = json.dumps({**document, ENTRY: _ZEROS.decode()}, indent=1) + "\n"
    head, tail = text.rsplit(_ZEROS.decode(), 1)
    return head + hashlib.sha256(text.encode()).hexdigest() + tail


def is_signed(path: Path) -> bool:
    """Whether a JSON file ends with a checksum."""
    return _END.search(path.read_bytes()) is not None


def check(path: Path, content: bytes, remedy: str = "restore it") -> None:
    """Compare the content of a JSON file with the checksum that it carries, if any.

    Args:
        path: The file.
        content: Its bytes.
        remedy: What to do if they differ.

    Raises:
        DamagedFileError: If they differ.
    """
    found = _END.search(content)
    if found is None:
        return
    zeroed = content[: found.start(1)] + _ZEROS + content[found.end(1) :]
    if hashlib.sha256(zeroed).hexdigest().encode() != found[1]:
        raise DamagedFileError(f"{path} was changed after it was written (its checksum differs); {remedy}.")
