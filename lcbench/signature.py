"""The checksum that a manifest carries over itself.

The last entry of ``benchmark.json`` is ``"sha256"``: the SHA-256 of the file's own bytes with 64 zeros in its place. It
guards against damage, not against malice: who can change the file can also sign it again.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError

UNSIGNED = "it has no checksum over itself; add one with 'lcbench migrate DIR'"

_ZEROS = b"0" * 64
_END = re.compile(rb'"sha256": "([0-9a-f]{64})"\n}\n\Z')


def sign(document: Mapping[str, Any]) -> str:
    """JSON text of a manifest with the checksum as its last entry."""
    text = json.dumps({**document, "sha256": _ZEROS.decode()}, indent=1) + "\n"
    head, tail = text.rsplit(_ZEROS.decode(), 1)
    return head + hashlib.sha256(text.encode()).hexdigest() + tail


def is_signed(path: Path) -> bool:
    """Whether a manifest ends with a checksum."""
    return _END.search(path.read_bytes()) is not None


def check(path: Path) -> None:
    """Compare a manifest with the checksum that it carries, if any.

    Raises:
        DamagedFileError: If they differ.
    """
    content = path.read_bytes()
    found = _END.search(content)
    if found is None:
        return
    zeroed = content[: found.start(1)] + _ZEROS + content[found.end(1) :]
    if hashlib.sha256(zeroed).hexdigest().encode() != found[1]:
        raise DamagedFileError(
            f"{path} was changed after it was written (its checksum differs); restore it, or if the change is meant, "
            "delete its last entry 'sha256' and run 'lcbench migrate'."
        )
