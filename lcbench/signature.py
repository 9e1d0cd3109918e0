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

from lcbench import files
from lcbench.errors import DamagedFileError, NewerFormatError

UNSIGNED = "it has no checksum over itself; add one with 'lcbench migrate DIR'"

_ZEROS = b"0" * 64
_END = re.compile(rb'"sha256": "([0-9a-f]{64})"\n}\n\Z')


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sign(document: Mapping[str, Any]) -> str:
    """JSON text of a manifest with the checksum as its last entry."""
    text = json.dumps({**document, "sha256": _ZEROS.decode()}, indent=1) + "\n"
    head, tail = text.rsplit(_ZEROS.decode(), 1)
    return head + hashlib.sha256(text.encode()).hexdigest() + tail


def is_signed(path: Path) -> bool:
    """Whether a manifest ends with a checksum."""
    return _END.search(path.read_bytes()) is not None


def check(path: Path, content: bytes) -> None:
    """Compare the content of a manifest with the checksum that it carries, if any.

    Raises:
        DamagedFileError: If they differ.
    """
    found = _END.search(content)
    if found is None:
        return
    zeroed = content[: found.start(1)] + _ZEROS + content[found.end(1) :]
    if hashlib.sha256(zeroed).hexdigest().encode() != found[1]:
        raise DamagedFileError(
            f"{path} was changed after it was written (its checksum differs); restore it, or if the change is meant, "
            "delete its last entry 'sha256' and run 'lcbench migrate'."
        )


# Manifests beside a benchmark's own: JSON with a format version and a checksum over itself.


def read_signed(path: Path, newest: int, what: str) -> dict[str, Any]:
    """Read a manifest that :func:`lcbench.signature.sign` made.

    Args:
        path: The file.
        newest: The newest format version that can be read.
        what: Of what it is the manifest, for messages.

    Raises:
        NewerFormatError: If it was written by a newer program.
        DamagedFileError: If it is no such manifest, carries no checksum, or was changed since.
    """
    files.no_links(path.parent)
    document = files.read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
        raise DamagedFileError(f"{path} has no format_version; this is no {what} of ours.")
    if document["format_version"] > newest:
        raise NewerFormatError(
            f"the {what} has format version {document['format_version']}, this program knows up to {newest}; "
            "update lcbench."
        )
    if not is_signed(path):
        raise DamagedFileError(f"{path} carries no checksum; restore it or fit again.")
    try:
        check(path, path.read_bytes())
    except DamagedFileError as error:
        raise DamagedFileError(f"{path} was changed after it was written; restore it or fit again.") from error
    return document
