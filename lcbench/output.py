"""The places of results: checked before there is anything to lose, and cleared of what killed processes left."""

import os
import platform
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from zlib import crc32

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
    sweep(path)
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
    sweep(place.parent, place.name)
    return place


_MACHINE = f"{crc32(platform.node().encode()):08x}"


def beside(path: Path) -> Path:
    """A name of its own for what is written and then takes the place of ``path``.

    Workers on several machines may have one process number, and one that was given up may still be writing.
    """
    return path.with_name(f".{path.name}.{_MACHINE}-{os.getpid()}-{os.urandom(4).hex()}.tmp")


def sweep(folder: Path, name: str = "") -> None:
    """Remove from a folder what killed processes of this machine had half written under names of :func:`beside`.

    Args:
        folder: Where they wrote.
        name: Of the file or folder that they were writing; any by default.
    """
    for half in folder.glob(f".*.{_MACHINE}-*-*.tmp"):
        written, _, process = half.name.removesuffix(".tmp").rpartition(f".{_MACHINE}-")
        number = process.partition("-")[0]
        if name in ("", written[1:]) and number.isdecimal() and not _is_running(int(number)):
            _remove(half)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


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
    from tempfile import TemporaryFile  # slow to import, and readers of tables do not need it

    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass
