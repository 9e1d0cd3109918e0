"""A fitted model as a folder; reading it executes nothing.

::

    FOLDER/
      model.json        what it is, its columns, classes and encoders, and what each file must be
      arrays.npz        its curve and its probabilities of the validation and test rows
      0.safetensors     the model of each fold: .safetensors of networks, .txt of LightGBM, .cbm of CatBoost,
      1.safetensors     .npz of forests and nearest neighbours
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench import files, signature
from lcbench.collection.arrays_file import read_arrays, write_arrays
from lcbench.collection.data.encodings import Encoder
from lcbench.collection.models.baseline_models import Model
from lcbench.collection.models.baselines import BASELINES
from lcbench.collection.models.columns import Columns
from lcbench.collection.models.fitted import NETWORK, Fitted, Part
from lcbench.collection.models.problem import Labels
from lcbench.errors import DamagedFileError, InputError, NotABenchmarkError
from lcbench.signature import read_signed
from lcbench.table.curve import Curve

FORMAT_VERSION = 1
MANIFEST = "model.json"
_ARRAYS = "arrays.npz"
_KINDS = {"values": "f8", "seconds": "f8", "valid": "f4", "test": "f4"}


def save(folder: Path, fitted: Fitted) -> None:
    """Write a model, the manifest last: until then the folder holds none."""
    (folder / MANIFEST).unlink(missing_ok=True)
    names = [f"{number}.{_suffix(fitted.kind)}" for number in range(len(fitted.parts))]
    for name, part in zip(names, fitted.parts, strict=True):
        part.model.write(folder / name)
    write_arrays(folder / _ARRAYS, _arrays(fitted))
    document = {
        "format_version": FORMAT_VERSION,
        "kind": fitted.kind,
        "config": None if fitted.config is None else {name: _plain(value) for name, value in fitted.config.items()},
        "budget": fitted.budget,
        "seed": fitted.seed,
        "seconds": fitted.seconds,
        "tested": fitted.test_probabilities is not None,
        "columns": fitted.columns.to_json(),
        "classes": fitted.labels.to_json(),
        "encoders": [part.encoder.to_json() for part in fitted.parts],
        "files": {name: signature.digest(folder / name) for name in (*names, _ARRAYS)},
    }
    with files.replacing(folder / MANIFEST) as temporary:
        temporary.write_text(signature.sign(document), encoding="utf-8")


def load_fitted(folder: Path) -> Fitted:
    """Read a saved model; nothing in the folder is executed, and predictions are those of the one that was saved.

    Raises:
        NotABenchmarkError: If there is no model.
        NewerFormatError: If it was written by a newer format.
        DamagedFileError: If a file is missing, truncated or changed, or not what it must be.
        InputError: If the package that the model is from is not installed.
    """
    folder = Path(folder)
    if not (folder / MANIFEST).is_file():
        raise NotABenchmarkError(f"{folder} holds no model (no {MANIFEST}); make one with 'lcbench fit'.")
    document = read_signed(folder / MANIFEST, FORMAT_VERSION, "model")
    try:
        return _fitted(folder, document)
    except ImportError as error:
        raise InputError(
            f"{folder} must have the packages it was made with, got no {error.name}; "
            "install them with: pip install 'lcbench[automl]'."
        ) from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DamagedFileError(f"{folder} cannot be understood ({type(error).__name__}: {error}).") from error


def _fitted(folder: Path, document: Mapping[str, Any]) -> Fitted:
    kind, config, labels = str(document["kind"]), document["config"], Labels.from_json(document["classes"])
    read = _reader(kind, config)
    parts = []
    for number, written in enumerate(document["encoders"]):
        encoder = Encoder.from_json(written)
        path = _checked(folder, f"{number}.{_suffix(kind)}", document["files"])
        parts.append(Part(encoder, read(path, _inputs(encoder), len(labels.values))))
    arrays = read_arrays(_checked(folder, _ARRAYS, document["files"]), _KINDS)
    _check_arrays(folder, arrays, len(labels.values), len(parts))
    return Fitted(
        kind=kind,
        config=config,
        budget=int(document["budget"]),
        seed=int(document["seed"]),
        curve=Curve(arrays["values"], arrays["seconds"]),
        valid_probabilities=arrays["valid"],
        test_probabilities=arrays["test"] if document["tested"] else None,
        seconds=float(document["seconds"]),
        columns=Columns.from_json(document["columns"]),
        labels=labels,
        parts=tuple(parts),
    )


def _reader(kind: str, config: Mapping[str, Any] | None) -> Callable[[Path, int, int], Model]:
    if kind != NETWORK:
        return BASELINES[kind].read
    if not isinstance(config, dict):
        raise DamagedFileError("a network must have a configuration, got none.")
    from lcbench.collection.models.fitted import Network  # torch is imported only where there are networks

    return lambda path, inputs, classes: Network.read(path, config, inputs, classes)


def _suffix(kind: str) -> str:
    return "safetensors" if kind == NETWORK else BASELINES[kind].suffix


def _inputs(encoder: Encoder) -> int:
    return len(encoder.scaled) + sum(len(encoder.categories[name]) for name in encoder.spread)


def _arrays(fitted: Fitted) -> dict[str, NDArray[Any]]:
    test, valid = fitted.test_probabilities, fitted.valid_probabilities
    return {
        "values": np.asarray(fitted.curve.values, np.float64),
        "seconds": np.asarray(fitted.curve.seconds, np.float64),
        "valid": valid,
        "test": valid[:0] if test is None else test,
    }


def _check_arrays(folder: Path, arrays: Mapping[str, NDArray[Any]], classes: int, parts: int) -> None:
    two = all(arrays[name].ndim == 2 and arrays[name].shape[1] == classes for name in ("valid", "test"))
    if not two or not parts:
        raise DamagedFileError(f"{folder / _ARRAYS} must hold probabilities of {classes} classes, got others.")


def _checked(folder: Path, name: str, digests: Mapping[str, Any]) -> Path:
    """The path of a file that is as the manifest says."""
    if not (folder / name).is_file():
        raise DamagedFileError(f"{folder / name} is missing; restore it or fit again.")
    if signature.digest(folder / name) != digests[name]:
        raise DamagedFileError(f"{folder / name} is truncated or changed; restore it or fit again.")
    return folder / name


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
