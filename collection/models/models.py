"""Fitted models: functions from inputs to probabilities that can be written to a file and read back.

LightGBM and CatBoost write their own formats, which hold numbers only. Forests are arrays; so are nearest neighbours,
which are learnt again when they are read. For networks see :mod:`lcbench.collection.models.networks`. Why not skops:
see the page on models in docs/decisions.
"""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.arrays_file import read_arrays, write_arrays
from lcbench.collection.data.encodings import Encoder
from lcbench.collection.models import boosters
from lcbench.errors import DamagedFileError
from lcbench.writing import replacing, write_text

if TYPE_CHECKING:
    from lcbench.collection.models.learning_task import LearningTask

Clock = Callable[[], float]
"""Gives seconds."""

_PAIRS = 1 << 18  # of rows and trees, brought to their leaves at once


class Model(Protocol):
    """A fitted model."""

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``."""

    def write(self, path: Path) -> None:
        """Write it to a file."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedFold:
    """A model fitted to one fold of a learning task.

    Attributes:
        encoder: From a tidy frame to inputs, learnt from the fold's training rows.
        model: From inputs to probabilities.
        chances: ``(validation rows of the fold, classes)`` probabilities.
        scores: ``(epochs + 1,)`` of these rows.
        seconds: ``(epochs + 1,)`` cumulative.
    """

    encoder: Encoder
    model: Model
    chances: NDArray[np.float64]
    scores: NDArray[np.float64]
    seconds: NDArray[np.float64]


class Estimator(Protocol):
    """A kind of model: it fits a fold, and reads fitted models back from their files."""

    @property
    def suffix(self) -> str:
        """Suffix of the files of its models."""

    def threads(self) -> AbstractContextManager[None]:
        """Settings of the libraries under which folds are fitted and predict."""

    def fit_fold(self, task: "LearningTask", number: int, seed: int, clock: Clock) -> FittedFold:
        """Fit it to the fold of this number."""

    def read(self, path: Path, inputs: int, classes: int) -> Model:
        """Read what a model's ``write`` wrote.

        Raises:
            DamagedFileError: If it is anything else.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """A forest of decision trees as plain arrays, with scikit-learn's probabilities to the bit, and checked when read.

    scikit-learn's own trees follow the numbers of their children without looking whether there are such nodes, so that
    a changed file could make them read anywhere in memory; skops therefore does not load them unless told to trust the
    file, and its files are thirty times as large (see the page on models in docs/decisions).

    The forest is the mean of its trees. All nodes lie one after the other, tree by tree; a child lies behind its
    parent.

    Attributes:
        roots: ``(trees,)`` int64 the first node of each tree.
        children: ``(2, nodes)`` int32 left and right child, counted from the node itself; 0 at a leaf.
        feature: ``(nodes,)`` int32 input that is tested; a row goes left if it is not above the threshold.
        threshold: ``(nodes,)`` float64.
        leaf: ``(nodes,)`` int32 row of ``values`` that a leaf gives.
        values: ``(different leaves, classes)`` float64 shares of the classes.
        inputs: Number of inputs.
    """

    roots: NDArray[np.int64]
    children: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    leaf: NDArray[np.int32]
    values: NDArray[np.float64]
    inputs: int

    @classmethod
    def of(cls, model: Any, classes: int) -> Self:
        """The trees of scikit-learn's fitted forest; a class that it has not seen has share 0."""
        trees = [estimator.tree_ for estimator in model.estimators_]
        counts = np.array([tree.node_count for tree in trees])
        shares = (tree.value[tree.children_left < 0, 0] for tree in trees)
        values, place = _different(shares, np.asarray(model.classes_, np.intp), classes)
        children = np.concatenate([_offsets(tree) for tree in trees], axis=1)
        inner = children[0] > 0
        leaf = np.zeros(len(inner), np.int32)
        leaf[~inner] = place
        feature = np.concatenate([tree.feature.astype(np.int32) for tree in trees])
        threshold = np.concatenate([tree.threshold for tree in trees])
        feature[~inner], threshold[~inner] = 0, 0.0
        return cls(np.cumsum(counts) - counts, children, feature, threshold, leaf, values, int(model.n_features_in_))

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``: trees added up in their order, as scikit-learn."""
        step = max(1, _PAIRS // len(self.roots))
        parts = [self._mean(x[start : start + step]) for start in range(0, len(x), step)]
        return np.concatenate(parts) if parts else np.empty((0, self.values.shape[1]))

    def write(self, path: Path) -> None:
        """Write the arrays, compressed."""
        names = ("roots", "children", "feature", "threshold", "leaf", "values")
        write_arrays(path, {name: getattr(self, name) for name in names} | {"inputs": np.array(self.inputs)})

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read and check what :meth:`write` wrote.

        Raises:
            DamagedFileError: If it is anything else, or one of its numbers points to nowhere.
        """
        kinds = {"roots": "i8", "children": "i4", "feature": "i4", "threshold": "f8", "leaf": "i4", "values": "f8"}
        arrays = read_arrays(path, {**kinds, "inputs": "i8"})
        made = cls(**{name: arrays[name] for name in kinds}, inputs=inputs)
        if arrays["inputs"].tolist() != inputs or not made._is_sound(classes):
            raise DamagedFileError(f"{path} must hold trees of {inputs} inputs and {classes} classes, got others.")
        return made

    def _is_sound(self, classes: int) -> bool:
        """Whether every path ends at a leaf, and every number points to something that is there."""
        nodes = len(self.leaf)
        shapes = (self.roots.ndim, self.children.shape, self.feature.shape, self.threshold.shape, self.leaf.ndim)
        if shapes != (1, (2, nodes), (nodes,), (nodes,), 1) or self.values.ndim != 2 or not len(self.roots):
            return False
        reached = np.arange(nodes) + self.children
        inner = (self.children > 0).all(axis=0)
        return bool(
            (inner | (self.children == 0).all(axis=0)).all()
            and (reached < nodes).all()
            and ((self.roots >= 0) & (self.roots < nodes)).all()
            and ((self.feature >= 0) & (self.feature < self.inputs)).all()
            and ((self.leaf >= 0) & (self.leaf < len(self.values))).all()
            and self.values.shape[1] == classes
            and np.isfinite(self.values).all()
            and np.isfinite(self.threshold).all()
        )

    def _mean(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        leaves, total = self.leaf[self._nodes(x)], np.zeros((len(x), self.values.shape[1]))
        for tree in range(len(self.roots)):
            total += self.values[leaves[:, tree]]
        return total / len(self.roots)

    def _nodes(self, x: NDArray[np.float32]) -> NDArray[np.int64]:
        """``(rows, trees)`` the leaf node that each row reaches in each tree."""
        at = np.tile(self.roots, len(x))
        going = np.flatnonzero(self.children[0, at])
        while len(going):
            node = at[going]
            right = x[going // len(self.roots), self.feature[node]] > self.threshold[node]
            at[going] = node + self.children[right.astype(np.intp), node]
            going = going[self.children[0, at[going]] > 0]
        return at.reshape(len(x), len(self.roots))


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
        write_text(path, self.booster.model_to_string())

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read LightGBM's text.

        Raises:
            DamagedFileError: If it is anything else.
        """
        import lightgbm

        try:
            booster = lightgbm.Booster(model_str=boosters.lightgbm_text(path, inputs, classes))
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
            boosters.wrote_catboost(temporary)

    @classmethod
    def read(cls, path: Path, inputs: int, classes: int) -> Self:
        """Read CatBoost's binary format.

        Raises:
            DamagedFileError: If it is anything else.
        """
        from catboost import CatBoostClassifier, CatBoostError

        boosters.check_catboost(path, inputs)
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
        """Keep the rows; if there are fewer rows than neighbours, all of them are neighbours."""
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


def _offsets(tree: Any) -> NDArray[np.int32]:
    """``(2, nodes)`` left and right child of one tree of scikit-learn, counted from the node itself; 0 at a leaf."""
    children = np.stack([tree.children_left, tree.children_right])
    return np.where(children < 0, 0, children - np.arange(children.shape[1])).astype(np.int32)


def _different(
    shares: Iterable[NDArray[np.float64]], seen: NDArray[np.intp], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Different leaves and the place of each.

    Tree by tree, since all leaves of all trees are gigabytes where there are hundreds of classes; most leaves are of
    one class, which needs neither memory nor sorting.

    Args:
        shares: ``(leaves, seen classes)`` of each tree.
        seen: Numbers of the classes that the trees know.
        classes: How many there are.
    """
    places, rest = [], []
    for tree in shares:
        pure = tree.max(axis=1) == 1
        places.append(np.where(pure, seen[tree.argmax(axis=1)], -1))
        rest.append(tree[~pure])
    mixed, which = np.unique(np.concatenate(rest), axis=0, return_inverse=True)
    values = np.zeros((classes + len(mixed), classes))
    values[:classes] = np.eye(classes)
    values[classes:, seen] = mixed
    place = np.concatenate(places)
    place[place < 0] = classes + which.ravel()
    return values, place


def _spread(model: Any, x: NDArray[np.float32], classes: int) -> NDArray[np.float64]:
    """Probabilities of all classes from those of the classes that a model has seen."""
    chances = np.zeros((len(x), classes))
    chances[:, np.asarray(model.classes_, np.intp)] = model.predict_proba(x)
    return chances


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
