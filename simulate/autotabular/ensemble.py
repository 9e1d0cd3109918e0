"""The ensemble that predicts: fitted models and their shares."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import DamagedFileError
from lcbench.simulate.autotabular.folder import Folder

if TYPE_CHECKING:
    from lcbench.collection.models import Fitted


class FittedEnsemble:
    """Models with shares; they are read when they are asked for first.

    Args:
        folder: Where they lie.
        weights: Shares by their numbers, adding up to 1.
        owner: Kept as long as the ensemble is, such as a temporary folder.
    """

    def __init__(self, folder: Folder, weights: Mapping[int, float], owner: object = None) -> None:
        self.weights = dict(weights)
        self._folder: Folder | None = folder
        self._owner = owner
        self._models: list[Fitted] | None = None

    @property
    def models(self) -> "Sequence[Fitted]":
        """The models, in the order of ``weights``."""
        if self._models is None:
            from lcbench.collection.models import load_fitted

            assert self._folder is not None  # noqa: S101  # there from the beginning, unless models are
            self._models = [load_fitted(self._folder.model(number)) for number in self.weights]
        return self._models

    def predict_proba(self, frame: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Class probabilities ``(rows, classes)``, the weighted mean of the models'.

        Raises:
            DataError: If the columns are not those of training.
        """
        tidy = self.models[0].columns.align(frame)
        parts = [w * each.predict_tidy(tidy) for w, each in zip(self.weights.values(), self.models, strict=True)]
        return np.sum(parts, axis=0)

    def copy_to(self, folder: Folder) -> None:
        """Save the models into another folder."""
        for number, model in zip(self.weights, self.models, strict=True):
            shutil.rmtree(folder.model(number), ignore_errors=True)
            model.save(folder.model(number))

    def __getstate__(self) -> dict[str, Any]:
        """Everything but where it came from: a copy needs no folder."""
        return {"weights": self.weights, "_models": list(self.models), "_folder": None, "_owner": None}


def load_ensemble(path: Path, weights: Mapping[int, float]) -> FittedEnsemble:
    """The ensemble of a folder, read at once.

    Raises:
        FolderError: If a model is missing or damaged.
    """
    made = FittedEnsemble(Folder(path), weights)
    first = made.models[0]
    for model in made.models:
        if model.columns != first.columns or model.labels.to_json() != first.labels.to_json():
            raise DamagedFileError(f"{path} must hold models of the same columns and classes, got others; restore it.")
    return made
