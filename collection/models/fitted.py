"""A fitted model with all that is known of it, and its folder; reading a folder executes nothing.

::

    FOLDER/
      model.json        what it is, its columns, classes and encoders, and what each file must be
      arrays.npz        its curve and its probabilities of the validation and test rows
      0.safetensors     the model of each fold: .safetensors of networks, .txt of LightGBM, .cbm of CatBoost,
      1.safetensors     .npz of forests and nearest neighbours
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench import files, form, signature, writing
from lcbench.collection.arrays_file import read_arrays, write_arrays
from lcbench.collection.data.columns import Columns
from lcbench.collection.data.encodings import Encoder
from lcbench.collection.data.kinds import CATEGORY
from lcbench.collection.data.labels import Labels
from lcbench.collection.models.baselines import BASELINES
from lcbench.collection.models.models import Estimator, Model
from lcbench.collection.models.networks import NetworkEstimator
from lcbench.collection.problem import PROBLEMS, get_problem
from lcbench.errors import DamagedFileError, InputError, NotABenchmarkError
from lcbench.files import read_signed
from lcbench.form import SHA256, Real, Whole
from lcbench.table.curve import Curve

NETWORK = "network"
"""The kind of a model that is no baseline."""

FORMAT_VERSION = 1
MANIFEST = "model.json"
_ARRAYS = "arrays.npz"
_KINDS = {"values": "f8", "seconds": "f8", "valid": "f4", "test": "f4"}


_FORM = {
    "kind": str,
    "problem?": (str, None),
    "config": (dict, None),
    "budget": Whole(),
    "seed": Whole(),
    "seconds": Real(0),
    "tested": bool,
    "columns": {"names": [str], "kinds": [str], "named": bool, "formats?": [str], "decimal?": str},
    "classes": {"type": str, "values": [(str, bool, Real())]},
    "encoders": [
        {
            "scaled": [str],
            **{name: [Real()] for name in ("fills", "centres", "scales")},
            "categories": {str: [str]},
            "spread": [str],
        }
    ],
    "files": {str: SHA256},
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Encoder and model of one fold.

    Attributes:
        encoder: From a tidy frame to inputs, learnt from the fold's training rows.
        model: From inputs to probabilities.
    """

    encoder: Encoder
    model: Model

    def __call__(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of a tidy frame."""
        return self.model(self.encoder(frame))


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model fitted to every fold of a task.

    Attributes:
        kind: ``"network"``, or the name of a baseline.
        problem: Name of a network's problem; None for a baseline.
        config: A network's configuration; None for a baseline.
        budget: Epochs of a network; 1 for a baseline.
        seed: Its source of randomness.
        curve: Score by epoch on the validation rows (larger is better, as the task's scorer gives it), the mean
            over the folds that define it, and cumulative seconds of all folds. NaN from the epoch on where a fold
            diverged; where no fold by itself defines the score, the last epoch has that of all their rows.
            A baseline has one epoch; before it stand the shares of the classes in the training part.
        valid_probabilities: ``(validation rows, classes)`` float32, in the order of ``task.valid_rows``; a row that
            validates in several folds has the mean over them. NaN if the network diverged.
        test_probabilities: ``(test rows, classes)`` float32, the mean over the folds; None if there is no test part.
        seconds: What fitting and predicting took in all.
        columns: How frames are read.
        labels: The classes.
        parts: What each fold has learnt.
    """

    kind: str
    problem: str | None
    config: Mapping[str, Any] | None
    budget: int
    seed: int
    curve: Curve
    valid_probabilities: NDArray[np.float32]
    test_probabilities: NDArray[np.float32] | None
    seconds: float
    columns: Columns
    labels: Labels
    parts: tuple[Part, ...]

    @property
    def diverged(self) -> bool:
        """Whether the probabilities of one of its networks are not finite."""
        return not bool(np.isfinite(self.valid_probabilities).all())

    def predict_proba(self, frame: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Class probabilities ``(rows, classes)`` of raw rows, the mean over the folds' models.

        Args:
            frame: The columns of training, in any order; further ones are an error, as is one that is missing.

        Raises:
            DataError: If the columns do not fit; one sentence says how.
        """
        return self.predict_tidy(self.columns.align(frame))

    def predict_tidy(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """As :meth:`predict_proba`, of a frame that ``columns.align`` has read already (once for many models)."""
        return mean_of(self.parts, frame)

    def save(self, folder: Path) -> None:
        """Write it into a folder: JSON, arrays, safetensors, the boosters' own formats; no pickle.

        The manifest is written last: until then the folder holds no model.
        """
        suffix = _estimator(self.kind, self.problem, self.config).suffix
        (folder / MANIFEST).unlink(missing_ok=True)
        names = [f"{number}.{suffix}" for number in range(len(self.parts))]
        for name, part in zip(names, self.parts, strict=True):
            part.model.write(folder / name)
        write_arrays(folder / _ARRAYS, _arrays(self))
        document = {
            "format_version": FORMAT_VERSION,
            "kind": self.kind,
            "problem": self.problem,
            "config": None if self.config is None else {name: _plain(value) for name, value in self.config.items()},
            "budget": self.budget,
            "seed": self.seed,
            "seconds": self.seconds,
            "tested": self.test_probabilities is not None,
            "columns": self.columns.to_json(),
            "classes": self.labels.to_json(),
            "encoders": [part.encoder.to_json() for part in self.parts],
            "files": {name: signature.digest(folder / name) for name in (*names, _ARRAYS)},
        }
        writing.write_json(folder / MANIFEST, document)


def mean_of(parts: tuple[Part, ...], frame: pd.DataFrame) -> NDArray[np.float64]:
    """``(rows, classes)`` mean of the parts' probabilities of a tidy frame."""
    total = parts[0](frame)
    for part in parts[1:]:
        total = total + part(frame)
    return total / len(parts)


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
        with files.understood(folder / MANIFEST):
            return _fitted(folder, document)
    except ImportError as error:
        raise InputError(
            f"{folder} must have the packages it was made with, got no {error.name}; "
            "install them with: pip install 'lcbench[automl]'."
        ) from error


def _fitted(folder: Path, document: Mapping[str, Any]) -> Fitted:
    form.check(folder / MANIFEST, document, _FORM)
    columns = Columns.from_json(document["columns"])
    kind, config, labels = str(document["kind"]), document["config"], Labels.from_json(document["classes"])
    problem = _problem(document)
    estimator = _estimator(kind, problem, config)
    parts = []
    for number, written in enumerate(document["encoders"]):
        encoder = Encoder.from_json(written)
        _check_encoder(folder, encoder, columns)
        path = _checked(folder, f"{number}.{estimator.suffix}", document["files"])
        parts.append(Part(encoder, estimator.read(path, _inputs(encoder), len(labels.values))))
    arrays = read_arrays(_checked(folder, _ARRAYS, document["files"]), _KINDS)
    _check_arrays(folder, arrays, len(labels.values), len(parts))
    return Fitted(
        kind=kind,
        problem=problem,
        config=config,
        budget=int(document["budget"]),
        seed=int(document["seed"]),
        curve=Curve(arrays["values"], arrays["seconds"]),
        valid_probabilities=arrays["valid"],
        test_probabilities=arrays["test"] if document["tested"] else None,
        seconds=float(document["seconds"]),
        columns=columns,
        labels=labels,
        parts=tuple(parts),
    )


def _problem(document: Mapping[str, Any]) -> str | None:
    """The problem of a network; if it was saved without, the first whose space has all its hyperparameters."""
    if document["kind"] != NETWORK or "problem" in document:
        return document.get("problem")
    if not isinstance(document["config"], dict):
        raise DamagedFileError("a network must have a configuration, got none.")
    return next((name for name in PROBLEMS if set(document["config"]) <= set(get_problem(name).space)), None)


def _estimator(kind: str, problem: str | None, config: Mapping[str, Any] | None) -> Estimator:
    """The estimator that reads models of a kind."""
    if kind != NETWORK:
        return BASELINES[kind]
    if problem is None or not isinstance(config, dict):
        raise DamagedFileError("a network must have a problem and a configuration, got none.")
    return NetworkEstimator(problem, config)


def _check_encoder(folder: Path, encoder: Encoder, columns: Columns) -> None:
    """Check that an encoder takes each of the columns at most once, and categories as what they are."""
    kinds, taken = columns.tidy, (*encoder.scaled, *encoder.spread)
    known = set(taken) <= set(kinds) and len(set(taken)) == len(taken) and len(set(columns.names)) == len(columns.names)
    if not known or any((name in encoder.categories) != (kinds[name] == CATEGORY) for name in taken):
        raise DamagedFileError(f"{folder / MANIFEST} has encoders of other columns than its own; restore it.")


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
