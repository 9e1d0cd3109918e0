"""Manifests beside a benchmark's own: JSON with a format version and a checksum over itself."""

from pathlib import Path
from typing import Any

from lcbench import files, signature
from lcbench.errors import DamagedFileError, NewerFormatError


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
    document = files.read_json(path)
    if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
        raise DamagedFileError(f"{path} has no format_version; this is no {what} of ours.")
    if document["format_version"] > newest:
        raise NewerFormatError(
            f"the {what} has format version {document['format_version']}, this program knows up to {newest}; "
            "update lcbench."
        )
    if not signature.is_signed(path):
        raise DamagedFileError(f"{path} carries no checksum; restore it or fit again.")
    try:
        signature.check(path)
    except DamagedFileError as error:
        raise DamagedFileError(f"{path} was changed after it was written; restore it or fit again.") from error
    return document
