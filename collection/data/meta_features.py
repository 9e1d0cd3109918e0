"""Meta-features: numbers that say what a data set is like, so that data sets can be compared.

Names and definitions follow pymfe (Alcobaça, Siqueira, Rivolli, Garcia, Oliva and de Carvalho 2020, *MFE: towards
reproducible meta-feature extraction*, JMLR 21(111)). They are of the training part as the networks get it: encoded,
without gaps, standardized; so nothing of the rows that configurations are judged by is in them. Sizes and the entropy
of the classes are in a table's data sets already.

===========================  ===========================================================================================
``attr_to_inst``             inputs for each row
``freq_class_max``, ``_min`` share of the largest and of the smallest class
``nr_bin``                   share of inputs of two values
``skewness_mean``, ``_sd``   over the inputs
``kurtosis_mean``, ``_sd``   likewise, less 3
``cor_mean``, ``cor_sd``     absolute correlations of pairs of inputs
``attr_ent_mean``            entropy of the inputs in ten bins of equal width, as a share of the largest possible
``mut_inf_mean``, ``_max``   mutual information of those bins and the classes, in nats
``best_node``                landmark: accuracy of a decision stump
``one_nn``                   landmark: of the nearest neighbour
``naive_bayes``              landmark: of a Gaussian naive Bayes classifier
``linear_discr``             landmark: of a linear discriminant
===========================  ===========================================================================================

Landmarks (Pfahringer, Bensusan and Giraud-Carrier 2000, *Meta-learning by landmarking various learning algorithms*,
ICML) are mean accuracies of a stratified cross-validation in three parts. Of a large data set some rows and inputs are
drawn, always the same.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.data.prepared import Prepared

Array = NDArray[np.float64]

_ROWS, _INPUTS, _BINS, _FOLDS = 2000, 100, 10, 3


def meta_features(data: Prepared) -> dict[str, float]:
    """Meta-features of a prepared data set, by name; those of classes are NaN if its target is real."""
    rng = np.random.default_rng(0)
    rows, columns = (_some(n, most, rng) for n, most in zip(data.x_train.shape, (_ROWS, _INPUTS), strict=True))
    x, y = data.x_train[rows][:, columns].astype(np.float64), data.y_train[rows]
    found = {"attr_to_inst": data.x_train.shape[1] / data.x_train.shape[0]} | _inputs(x)
    bins = _binned(x)
    found["attr_ent_mean"] = float(np.mean([_entropy(column) for column in bins.T]) / np.log(_BINS))
    if data.n_classes:
        return found | _classes(data.y_train, data.n_classes) | _information(bins, y) | _landmarks(x, y)
    names = ("freq_class_max", "freq_class_min", "mut_inf_mean", "mut_inf_max", *_LANDMARKS)
    return found | dict.fromkeys(names, np.nan)


def _some(count: int, most: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places of all of so many, or of some of them, in order."""
    return np.arange(count) if count <= most else np.sort(rng.choice(count, most, replace=False))


def _inputs(x: Array) -> dict[str, float]:
    """Moments and correlations of ``(rows, inputs)``."""
    from scipy.stats import kurtosis, skew

    varied = x[:, x.std(axis=0) > 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nearly constant inputs
        shapes = {"skewness": np.abs(skew(varied)), "kurtosis": kurtosis(varied)}
    if varied.shape[1] > 1:
        shapes["cor"] = np.abs(np.asarray(np.corrcoef(varied, rowvar=False))[np.triu_indices(varied.shape[1], 1)])
    found = {"nr_bin": float(np.mean([len(np.unique(column)) == 2 for column in x.T]))}
    for name in ("skewness", "kurtosis", "cor"):
        values = shapes.get(name, np.zeros(1))
        found |= {f"{name}_mean": float(values.mean()), f"{name}_sd": float(values.std())}
    return found


def _binned(x: Array) -> NDArray[np.intp]:
    """Each input in bins of equal width, ``(rows, inputs)``."""
    low, high = x.min(axis=0), x.max(axis=0)
    places = (x - low) / np.where(high > low, high - low, 1.0) * _BINS
    return np.minimum(places.astype(np.intp), _BINS - 1)


def _entropy(codes: NDArray[Any]) -> float:
    """Entropy of whole numbers, in nats."""
    shares = np.unique(codes, return_counts=True)[1] / len(codes)
    return float(-(shares * np.log(shares)).sum())


def _classes(y: NDArray[Any], classes: int) -> dict[str, float]:
    shares = np.bincount(y, minlength=classes) / len(y)
    return {"freq_class_max": float(shares.max()), "freq_class_min": float(shares.min())}


def _information(bins: NDArray[np.intp], y: NDArray[Any]) -> dict[str, float]:
    """Mutual information of each binned input and the classes: H(input) + H(classes) - H(both)."""
    alone = _entropy(y)
    shared = [_entropy(column) + alone - _entropy(y * _BINS + column) for column in bins.T]
    return {"mut_inf_mean": float(np.mean(shared)), "mut_inf_max": float(np.max(shared))}


def _landmarks(x: Array, y: NDArray[Any]) -> dict[str, float]:
    """Accuracies of simple models; NaN where a class has too few rows to be divided."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    kept = np.isin(y, np.flatnonzero(np.bincount(y) >= _FOLDS))
    if len(np.unique(y[kept])) < 2:
        return dict.fromkeys(_LANDMARKS, np.nan)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore")  # collinear inputs of a linear discriminant
        return {
            name: float(cross_val_score(model, x[kept], y[kept], cv=folds).mean()) for name, model in _models().items()
        }


_LANDMARKS = ("best_node", "one_nn", "naive_bayes", "linear_discr")


def _models() -> Mapping[str, Any]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    made = (
        DecisionTreeClassifier(max_depth=1, random_state=0),
        KNeighborsClassifier(n_neighbors=1),
        GaussianNB(),
        LinearDiscriminantAnalysis(),
    )
    return dict(zip(_LANDMARKS, made, strict=True))
