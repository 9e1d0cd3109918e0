"""Checks of the places of results, before there is anything to lose."""

import os
import stat
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

    Returns:
        The file to write: where ``path`` is a symbolic link, the file it leads to, so that the link stays.

    Raises:
        InputError: If it cannot.
    """
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    if (kind := what_is_no_file(place)) is not None:
        raise InputError(f"the output must go to a file, got the {kind} {path}; name a file.")
    try:
        _try(place.parent)
    except OSError as error:
        raise InputError(f"the output must go to a file that can be written, got {path} ({error.strerror}).") from error
    return place


def what_is_no_file(path: Path) -> str | None:
    """Say what is at a place where a file can neither be made nor replaced by another; None if one can."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # nothing is there, or it cannot be seen: writing will say why
        return None
    kinds = ((stat.S_ISREG, None), (stat.S_ISDIR, "folder"), (stat.S_ISLNK, "symbolic link"), (stat.S_ISFIFO, "pipe"))
    return next((kind for is_kind, kind in kinds if is_kind(mode)), "device or socket")


def _try(folder: Path) -> None:
    """Write a file that is gone at once: what the permissions say is not always what happens."""
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass
