"""Named arrays in one compressed file; reading it executes nothing."""

import zipfile
import zlib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import NOT_UNDERSTOOD
from lcbench.writing import replacing


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays atomically, in numpy's own format, compressed quickly: searches wait for it."""
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)


def read_arrays(path: Path, kinds: Mapping[str, str], optional: Collection[str] = ()) -> dict[str, NDArray[Any]]:
    """Read arrays.

    Args:
        path: The file.
        kinds: Their names, each with its type as numpy writes it (``"f8"``).
        optional: Names of those that may be missing.

    Raises:
        DamagedFileError: If the file is missing or damaged, or holds something else.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            found = {name: file[name] for name in kinds if name in file or name not in optional}
    except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error, *NOT_UNDERSTOOD) as error:
        raise DamagedFileError(f"{path} cannot be read as arrays ({type(error).__name__}).") from error
    for name, array in found.items():
        if array.dtype != np.dtype(kinds[name]):
            raise DamagedFileError(f"{path} must hold {name} of type {kinds[name]}, got {array.dtype}.")
    return found
