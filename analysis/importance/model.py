"""The forest behind importance, with its leaves as boxes.

A tree cuts the space into boxes, one per leaf, and predicts a constant in each. So integrals of its predictions are
sums over boxes, and need no sampling (Hutter, Hoos, Leyton-Brown 2014, section 3).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.importance.axes import Axis, fill_inactive
from lcbench.errors import InputError

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor


@dataclass(frozen=True, slots=True)
class Boxes:
    """All leaves of all trees, tree after tree.

    Attributes:
        trees: Number of trees.
        tree: ``(leaves,)`` the tree of each leaf.
        value: ``(leaves,)`` what it predicts.
        low: ``(dimensions, leaves)`` where it begins, itself outside; -inf where it has no bound.
        high: ``(dimensions, leaves)`` where it ends, itself inside; inf where it has no bound.
    """

    trees: int
    tree: NDArray[np.intp]
    value: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    def holds(self, point: ArrayLike) -> NDArray[np.bool_]:
        """Whether a point ``(dimensions,)`` lies within each box, dimension by dimension: ``(dimensions, leaves)``."""
        column = np.asarray(point, dtype=np.float32).astype(np.float64)[:, None]  # trees see float32
        return np.asarray((self.low < column) & (column <= self.high))

    def in_shares(self, axes: Sequence[Axis]) -> "Boxes":
        """The same boxes with their bounds as probabilities, so that a box's volume is its probability."""
        low, high = (
            np.stack([axis.share(bounds) for axis, bounds in zip(axes, side, strict=True)])
            for side in (self.low, self.high)
        )
        return replace(self, low=low, high=high)


def boxes_of(forest: Any) -> Boxes:
    """Flatten a fitted ``sklearn.ensemble.RandomForestRegressor`` (or extra trees) of one output, or its trees.

    All trees are walked together, level by level: a node hands its box to its children and each cuts it at the
    threshold.
    """
    trees = [estimator.tree_ for estimator in getattr(forest, "estimators_", forest)]
    sizes = np.array([tree.node_count for tree in trees])
    first = np.cumsum(sizes) - sizes
    left = np.concatenate([_shifted(tree.children_left, start) for tree, start in zip(trees, first, strict=True)])
    right = np.concatenate([_shifted(tree.children_right, start) for tree, start in zip(trees, first, strict=True)])
    feature = np.concatenate([tree.feature for tree in trees])
    threshold = np.concatenate([tree.threshold for tree in trees])
    low, high = _bounds(first, left, right, feature, threshold, trees[0].n_features)
    value = np.concatenate([tree.value[:, 0, 0] for tree in trees])
    leaf = left < 0
    tree_of = np.repeat(np.arange(len(trees)), sizes)
    return Boxes(len(trees), tree_of[leaf], value[leaf], low[:, leaf], high[:, leaf])


def _shifted(children: NDArray[np.intp], start: int) -> NDArray[np.intp]:
    """Children's numbers among the nodes of all trees; -1 stays -1."""
    return np.asarray(np.where(children < 0, -1, children + start))


def _bounds(
    roots: NDArray[np.intp],
    left: NDArray[np.intp],
    right: NDArray[np.intp],
    feature: NDArray[np.intp],
    threshold: NDArray[np.float64],
    dimensions: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper bounds of every node, ``(dimensions, nodes)`` each."""
    low = np.full((len(left), dimensions), -np.inf)
    high = np.full((len(left), dimensions), np.inf)
    nodes = roots
    while True:
        nodes = nodes[left[nodes] >= 0]
        if not len(nodes):
            return np.ascontiguousarray(low.T), np.ascontiguousarray(high.T)
        below, above = left[nodes], right[nodes]
        low[below] = low[above] = low[nodes]
        high[below] = high[above] = high[nodes]
        high[below, feature[nodes]] = low[above, feature[nodes]] = threshold[nodes]
        nodes = np.concatenate([below, above])


# The model: a random forest over one data set's configurations, with its boxes.

FEWEST_CONFIGS = 4
"""Configurations that a forest needs."""


@dataclass(frozen=True, slots=True)
class ForestSettings:
    """Settings of the forest; the defaults are those of Optuna's evaluator, with trees grown to the end.

    Attributes:
        trees: Number of trees.
        smallest_leaf: Configurations that a leaf holds at least; 1 grows every tree to the end.
        threads: Threads that fit it; the numbers do not depend on it.
    """

    trees: int = 64
    smallest_leaf: int = 1
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("trees", "smallest_leaf", "threads"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted forest.

    Attributes:
        axes: One per hyperparameter.
        boxes: The leaves, bounds in the unit cube.
        shares: The leaves, bounds as probabilities.
    """

    axes: tuple[Axis, ...]
    boxes: Boxes
    shares: Boxes

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the hyperparameters."""
        return tuple(axis.name for axis in self.axes)

    def membership(self, point: ArrayLike) -> NDArray[np.float64]:
        """Share of a point within each box, dimension by dimension.

        Args:
            point: ``(dimensions,)`` coordinates; a hyperparameter that is NaN is averaged over.

        Returns:
            ``(dimensions, leaves)`` array: 1 inside, 0 outside, the box's probability where the point is NaN.
        """
        averaged = np.isnan(np.asarray(point, dtype=np.float64))
        found = self.boxes.holds(point).astype(np.float64)
        found[averaged] = self.shares.high[averaged] - self.shares.low[averaged]
        return found

    def predict(self, point: ArrayLike) -> float:
        """Mean prediction of the trees at a point as in :meth:`membership`."""
        return float((self.membership(point).prod(axis=0) * self.boxes.value).sum() / self.boxes.trees)


def fit(
    axes: Sequence[Axis],
    cube: NDArray[np.float64],
    losses: NDArray[np.float64],
    rng: np.random.Generator,
    settings: ForestSettings | None = None,
) -> Model:
    """Fit the forest.

    Args:
        axes: One per hyperparameter.
        cube: ``(configs, dimensions)`` coordinates; NaN where inactive (see
            :func:`lcbench.analysis.importance.axes.fill_inactive`).
        losses: ``(configs,)`` finite losses.
        rng: Source of randomness.
        settings: Of the forest.

    Raises:
        InputError: If there are too few configurations, a loss is not finite, or scikit-learn is not installed.
    """
    if len(losses) < FEWEST_CONFIGS:
        raise InputError(f"losses must be of at least {FEWEST_CONFIGS} configurations, got {len(losses)}.")
    if not np.isfinite(losses).all():
        raise InputError("losses must be finite, got NaN or infinity; replace them by the worst that is finite.")
    trees = grown(fill_inactive(cube, tuple(axes), rng), losses, rng, settings or ForestSettings())
    return model_of(trees, axes)


def model_of(forest: Any, axes: Sequence[Axis]) -> Model:
    """Wrap a forest, or its trees, that is fitted already on coordinates of these axes."""
    boxes = boxes_of(forest)
    if len(boxes.low) != len(axes):
        raise InputError(f"axes must be one for each of the forest's {len(boxes.low)} features, got {len(axes)}.")
    return Model(tuple(axes), boxes, boxes.in_shares(axes))


def grown(
    points: NDArray[np.float64], losses: NDArray[np.float64], rng: np.random.Generator, settings: ForestSettings
) -> list["DecisionTreeRegressor"]:
    """Grow the trees of scikit-learn's ``RandomForestRegressor``, number for number.

    They are grown here, since the forest of scikit-learn lets each of joblib's threads change the warning filters of
    the whole process: threads that meet there find them empty, and warn at every tree.

    Args:
        points: ``(configs, dimensions)`` coordinates without NaN.
        losses: ``(configs,)`` finite losses.
        rng: Source of randomness.
        settings: Of the forest.

    Raises:
        InputError: If scikit-learn is not installed.
    """
    try:
        from sklearn.tree import DecisionTreeRegressor  # an extra, and slow to import
        from sklearn.utils import check_random_state
    except ImportError as error:
        raise InputError(
            "importance must have scikit-learn, which is not installed; run: pip install 'lcbench[models]'."
        ) from error
    single, n = points.astype(np.float32), len(losses)  # as the trees want it
    seeds = check_random_state(int(rng.integers(2**31))).randint(2**31 - 1, size=settings.trees)

    def grow(seed: int) -> "DecisionTreeRegressor":
        sample = check_random_state(seed).randint(0, n, n, dtype=np.int32)  # as its forest does
        tree = DecisionTreeRegressor(min_samples_leaf=settings.smallest_leaf, random_state=seed)
        counts = np.bincount(sample, minlength=n).astype(np.float64)
        return tree.fit(single, losses, sample_weight=counts, check_input=False)

    with ThreadPoolExecutor(settings.threads) as threads:
        return list(threads.map(grow, seeds.tolist()))
