"""Hold the files of a benchmark folder against its manifest and against the format."""

import hashlib
from pathlib import Path

from lcbench import contents
from lcbench.errors import FolderError
from lcbench.files import read_groups
from lcbench.schema import CONFIGS, DATASETS, FileRecord, Manifest


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def problems(folder: Path, manifest: Manifest) -> list[str]:
    """What is wrong with a folder's files: rows, checksums, columns, curves, gaps, values outside their range.

    Returns:
        One line ``PATH: PROBLEM`` for each thing; empty if all is well.
    """
    found = [f"{path}: the manifest does not list it" for path in (CONFIGS, DATASETS) if path not in manifest.files]
    for path, record in manifest.files.items():
        try:
            found += [f"{path}: {problem}" for problem in _problems(folder, path, record, manifest)]
        except FolderError as error:
            found.append(f"{path}: {error}")
    return found


def _problems(folder: Path, path: str, record: FileRecord, manifest: Manifest) -> list[str]:
    """Problems of one file; if it is not the file that was written, what it holds is of no interest."""
    if not (folder / path).is_file():
        return ["missing"]
    rows = sum(group.num_rows for group in read_groups(folder / path))  # reads all: checks the pages' checksums
    found = [f"{rows} rows, the manifest says {record.rows}"] if rows != record.rows else []
    if digest(folder / path) != record.sha256:
        found.append("its checksum differs from the manifest's")
    return found or list(contents.problems(folder, path, manifest))
