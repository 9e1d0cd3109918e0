"""Checks of the places of results, before there is anything to lose."""

from pathlib import Path
from tempfile import TemporaryFile

from lcbench.errors import InputError


def writable_folder(path: Path) -> Path:
    """Make a folder if it is missing, and check that files can be written there.

    Raises:
        InputError: If they cannot.
    """
    try:
        _try(path)
    except OSError as error:
        raise InputError(
            f"the output must go to a folder that can be written, got {path} ({error.strerror})."
        ) from error
    return path


def writable_file(path: Path) -> Path:
    """Check that a file can be written (an old one is left as it is); its folder is made if it is missing.

    Raises:
        InputError: If it cannot.
    """
    if path.is_dir():
        raise InputError(f"the output must go to a file, got the folder {path}.")
    try:
        _try(path.parent)
    except OSError as error:
        raise InputError(f"the output must go to a file that can be written, got {path} ({error.strerror}).") from error
    return path


def _try(folder: Path) -> None:
    """Write a file that is gone at once: what the permissions say is not always what happens."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass
