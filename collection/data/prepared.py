"""A data set ready for training. This module imports nothing that prepares one: workers never need it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import NOT_UNDERSTOOD, read_json
from lcbench.writing import replacing, write_json


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A data set ready for training.

    Attributes:
        name: Name of the data set.
        x_train: ``(rows, inputs)`` float32, C-contiguous, finite.
        y_train: ``(rows,)`` int64 class numbers; float64 numbers as they are if the target is real.
        x_valid: As ``x_train``.
        y_valid: As ``y_train``.
        x_test: As ``x_train``.
        y_test: As ``y_train``.
        classes: Names of the classes, in the order of their numbers; empty if the target is real.
        class_counts: Rows of each class in the whole data set; empty likewise.
        encoding: Name of the encoding.
        dropped: Columns without a value in the training part, which are not among the inputs.
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[Any]
    x_valid: NDArray[np.float32]
    y_valid: NDArray[Any]
    x_test: NDArray[np.float32]
    y_test: NDArray[Any]
    classes: tuple[str, ...]
    class_counts: tuple[int, ...]
    encoding: str
    dropped: tuple[str, ...]

    @property
    def n_features(self) -> int:
        """Inputs of a network."""
        return int(self.x_train.shape[1])

    @property
    def n_classes(self) -> int:
        """Outputs of a network that classifies."""
        return len(self.classes)

    @property
    def instances(self) -> int:
        """Rows of the whole data set."""
        return len(self.y_train) + len(self.y_valid) + len(self.y_test)


_ARRAYS = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")
_FACTS = ("classes", "class_counts", "encoding", "dropped")


def digest_data(data: Prepared) -> str:
    """A digest of every array and the order of the classes."""
    digest = hashlib.sha256(repr(data.classes).encode())
    for name in _ARRAYS:
        array = getattr(data, name)
        digest.update(repr(array.shape).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def write_prepared(root: Path, data: Prepared) -> None:
    """Write a prepared data set as plain arrays, to ``root/<name>/x_train.npy`` and so on; its facts last."""
    place = root / data.name
    for name in _ARRAYS:
        with replacing(place / f"{name}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, getattr(data, name), allow_pickle=False)
    write_json(place / "facts.json", {name: getattr(data, name) for name in _FACTS})


def read_prepared(root: Path, dataset: str) -> Prepared:
    """Read a prepared data set; its arrays are mapped into memory, not copied.

    Raises:
        DamagedFileError: If it is missing or damaged.
    """
    place = root / dataset
    facts = read_json(place / "facts.json")
    try:
        parts: dict[str, Any] = {
            name: np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS
        }
        parts |= {name: tuple(each) if isinstance(each := facts[name], list) else each for name in _FACTS}
    except (OSError, *NOT_UNDERSTOOD) as error:
        raise DamagedFileError(
            f"{place} cannot be read as a data set ({error}); run the same command again."
        ) from error
    return Prepared(name=dataset, **parts)


def keep_prepared(root: Path, data: Prepared, digest: str) -> None:
    """Write a prepared data set with this digest, unless it is there, so that its readers are not disturbed."""
    try:
        if digest_data(read_prepared(root, data.name)) == digest:
            return
    except DamagedFileError:
        pass  # it is not there, or not whole
    write_prepared(root, data)
