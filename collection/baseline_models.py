"""What baselines are once they are fitted: functions to probabilities that can be written to a file and read back.

LightGBM and CatBoost write their own formats, which hold numbers only. Forests are arrays
(:mod:`lcbench.collection.forest`); so are nearest neighbours, which are learnt again when they are read. Why not skops:
see the page on models in docs/decisions.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.arrays_file import read_arrays, write_arrays
from lcbench.errors import DamagedFileError
from lcbench.files import replacing


class Model(Protocol):
    """A fitted model."""

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``."""

    def write(self, path: Path) -> None:
        """Write it to a file."""


@dataclass(frozen=True, slots=True, eq=False)
class LightGBM:
    """Boosted trees of LightGBM.

    Attributes:
        booster: Its model.
    """

    booster: Any

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities, of the best round."""
        return np.asarray(self.booster.predict(x, num_threads=1), np.float64)

    def write(self, path: Path) -> None:
        """Write LightGBM's text, up to the best round."""
        with replacing(path) as temporary:
            temporary.write_text(self.booster.model_to_string(), encoding="utf-8")

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read LightGBM's text.

        Raises:
            DamagedFileError: If it is anything else.
        """
        import lightgbm

        try:
            booster = lightgbm.Booster(model_str=path.read_text(encoding="utf-8"))
        except (OSError, ValueError, lightgbm.basic.LightGBMError) as error:
            raise DamagedFileError(f"{path} cannot be read as a LightGBM model ({_line(error)}).") from error
        if (booster.num_feature(), booster.num_model_per_iteration()) != (inputs, classes):
            raise DamagedFileError(f"{path} must hold a model of {inputs} inputs and {classes} classes, got another.")
        return cls(booster)


@dataclass(frozen=True, slots=True, eq=False)
class CatBoost:
    """Boosted symmetric trees of CatBoost.

    Attributes:
        model: Its classifier.
        classes: Classes, also those that it has not seen.
    """

    model: Any
    classes: int

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities."""
        return _spread(self.model, x, self.classes)

    def write(self, path: Path) -> None:
        """Write CatBoost's binary format."""
        with replacing(path) as temporary:
            self.model.save_model(str(temporary), format="cbm")

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read CatBoost's binary format.

        Raises:
            DamagedFileError: If it is anything else.
        """
        from catboost import CatBoostClassifier, CatBoostError

        try:
            model = CatBoostClassifier().load_model(str(path), format="cbm")
            seen = np.asarray(model.classes_, np.int64)
        except (CatBoostError, OSError, ValueError, TypeError) as error:
            raise DamagedFileError(f"{path} cannot be read as a CatBoost model ({_line(error)}).") from error
        if len(model.feature_names_) != inputs or not len(seen) or not 0 <= seen.min() <= seen.max() < classes:
            raise DamagedFileError(f"{path} must hold a model of {inputs} inputs and {classes} classes, got another.")
        return cls(model, classes)


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Nearest neighbours of scikit-learn, which are the training part itself.

    Attributes:
        model: Its classifier.
        x: ``(rows, inputs)`` what it was fitted to.
        y: ``(rows,)`` the class numbers.
        classes: Classes, also those that it has not seen.
    """

    model: Any
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    classes: int

    @classmethod
    def fit(cls, x: NDArray[np.float32], y: NDArray[np.int64], neighbours: int, weights: str, classes: int) -> Self:
        """Learn rows by heart; of fewer rows than neighbours all are neighbours."""
        from sklearn.neighbors import KNeighborsClassifier

        return cls(KNeighborsClassifier(min(neighbours, len(y)), weights=weights, n_jobs=1).fit(x, y), x, y, classes)

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities."""
        return _spread(self.model, x, self.classes)

    def write(self, path: Path) -> None:
        """Write the rows."""
        neighbours, weighted = self.model.n_neighbors, self.model.weights == "distance"
        settings = {"neighbours": np.array(neighbours), "weighted": np.array(weighted)}
        write_arrays(path, {"x": self.x, "y": self.y, **settings})

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read the rows and learn them again.

        Raises:
            DamagedFileError: If the file is anything else.
        """
        arrays = read_arrays(path, {"x": "f4", "y": "i8", "neighbours": "i8", "weighted": "?"})
        x, y, settings = arrays["x"], arrays["y"], (arrays["neighbours"], arrays["weighted"])
        sound = x.ndim == 2 and x.shape == (len(y), inputs) and y.ndim == 1 and len(y) and np.isfinite(x).all()
        if not sound or not 0 <= y.min() <= y.max() < classes or any(s.ndim for s in settings) or settings[0] < 1:
            raise DamagedFileError(f"{path} must hold rows of {inputs} inputs and {classes} classes, got others.")
        return cls.fit(x, y, int(settings[0]), "distance" if settings[1] else "uniform", classes)


def _spread(model: Any, x: NDArray[np.float32], classes: int) -> NDArray[np.float64]:
    """Probabilities of all classes from those of the classes that a model has seen."""
    chances = np.zeros((len(x), classes))
    chances[:, np.asarray(model.classes_, np.intp)] = model.predict_proba(x)
    return chances


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
