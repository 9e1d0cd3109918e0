"""Baselines: the models that a table's networks are compared with, at fixed settings (paper, section 5.1).

The settings are those of Auto-PyTorch, which has them from AutoGluon (Erickson et al. 2020): 10,000 rounds at most for
the boosted trees, 300 trees in a forest, 5 neighbours with equal votes. What is not named is the library's default. We
differ in the patience: boosting stops after 150 rounds without progress on the validation part, where Auto-PyTorch
waits 150 * 10,000 / rows rounds on fewer than 10,000 training rows, which on small data sets is never.

All get the arrays that the networks got, and one thread. A class that no training row has gets probability 0.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.models.learning_task import LearningTask
from lcbench.collection.models.models import CatBoost, Clock, FittedFold, Forest, LightGBM, Model, Neighbours
from lcbench.errors import InputError, UnknownNameError

_PATIENCE = 150
_LARGEST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """A kind of model at fixed settings.

    Attributes:
        fit: Trains it on the training part, given settings and a seed; boosting stops by the validation part.
        settings: What it is made with.
        package: The package that it needs.
        read: Reads a model from a file, given the numbers of inputs and classes.
        suffix: Of that file.
        random: Whether the seed matters.
    """

    fit: Callable[[Prepared, Mapping[str, Any], int], Model]
    settings: Mapping[str, Any]
    package: str
    read: Callable[[Path, int, int], Model]
    suffix: str
    random: bool = True

    def threads(self) -> AbstractContextManager[None]:
        """Settings of the libraries under which folds are fitted and predict."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        limits: AbstractContextManager[None] = threadpool_limits(1)
        return limits

    def fit_fold(self, task: LearningTask, number: int, seed: int, clock: Clock) -> FittedFold:
        """Fit it to one fold; before its single epoch stand the shares of the classes in the training part."""
        begun, fold = clock(), task.folds[number]
        encoder, data = task.prepared(fold)
        model = self.fit(data, self.settings, seed)
        chances, scorer = model(data.x_valid), task.fold_scorer(fold)
        counts = np.bincount(data.y_train, minlength=task.n_classes)
        before = scorer.score(np.broadcast_to(counts / counts.sum(), chances.shape))
        scores = np.array([before, scorer.score(chances)])
        return FittedFold(encoder, model, chances, scores, np.array([0, clock() - begun]))


def _lightgbm(data: Prepared, settings: Mapping[str, Any], seed: int) -> Model:
    import lightgbm

    fixed: dict[str, Any] = {"objective": "multiclass", "num_class": data.n_classes, "num_threads": 1, "verbosity": -1}
    parameters = fixed | {"seed": seed, "deterministic": True, "force_row_wise": True} | dict(settings)
    rounds, patience = (int(parameters.pop(name)) for name in ("num_boost_round", "early_stopping_round"))
    train = lightgbm.Dataset(data.x_train, data.y_train)
    valid = lightgbm.Dataset(data.x_valid, data.y_valid, reference=train)
    stop = lightgbm.early_stopping(patience, verbose=False)
    model = lightgbm.train(parameters, train, rounds, valid_sets=[valid], callbacks=[stop])
    return LightGBM(model)


def _catboost(data: Prepared, settings: Mapping[str, Any], seed: int) -> Model:
    from catboost import CatBoostClassifier

    fixed = {"loss_function": "MultiClass", "thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"}
    seen = np.isin(data.y_valid, data.y_train)  # what else is there cannot be predicted, and CatBoost refuses it
    model = CatBoostClassifier(**fixed, random_seed=seed, use_best_model=bool(seen.any()), **settings)
    valid = (data.x_valid[seen], data.y_valid[seen]) if seen.any() else None
    model.fit(data.x_train, data.y_train, eval_set=valid)
    return CatBoost(model, data.n_classes)


_ALONE = Lock()
"""Held while a forest of scikit-learn grows: it replaces the warning filters of the whole process tree by tree, and two
that do so at once, in threads of a Dask worker, can leave none and warn at every tree."""


def _forest(unfitted: Any, data: Prepared) -> Model:
    with _ALONE:
        return Forest.of(unfitted.fit(data.x_train, data.y_train), data.n_classes)


def _random_forest(data: Prepared, settings: Mapping[str, Any], seed: int) -> Model:
    from sklearn.ensemble import RandomForestClassifier

    return _forest(RandomForestClassifier(random_state=seed, n_jobs=1, **settings), data)


def _extra_trees(data: Prepared, settings: Mapping[str, Any], seed: int) -> Model:
    from sklearn.ensemble import ExtraTreesClassifier

    return _forest(ExtraTreesClassifier(random_state=seed, n_jobs=1, **settings), data)


def _neighbours(data: Prepared, settings: Mapping[str, Any], seed: int) -> Model:  # noqa: ARG001
    return Neighbours.fit(data.x_train, data.y_train, settings["n_neighbors"], settings["weights"], data.n_classes)


BASELINES: dict[str, Baseline] = {
    "lightgbm": Baseline(
        _lightgbm,
        {"num_boost_round": 10_000, "early_stopping_round": _PATIENCE, "learning_rate": 0.03, "num_leaves": 128}
        | {"min_data_in_leaf": 3, "feature_fraction": 0.9},
        "lightgbm",
        LightGBM.read,
        "txt",
    ),
    "catboost": Baseline(
        _catboost,
        {"iterations": 10_000, "early_stopping_rounds": _PATIENCE, "learning_rate": 0.1, "eval_metric": "Accuracy"},
        "catboost",
        CatBoost.read,
        "cbm",
    ),
    "random_forest": Baseline(_random_forest, {"n_estimators": 300}, "sklearn", Forest.read, "npz"),
    "extra_trees": Baseline(_extra_trees, {"n_estimators": 300}, "sklearn", Forest.read, "npz"),
    "knn": Baseline(
        _neighbours, {"n_neighbors": 5, "weights": "uniform"}, "sklearn", Neighbours.read, "npz", random=False
    ),
}
"""Baselines by name, in the order in which they are trained and shown."""


def seeds_of(name: str, seeds: tuple[int, ...]) -> tuple[int, ...]:
    """The seeds that a baseline is trained with, given those of the table: 0 alone if nothing in it is random."""
    return tuple(seed for seed in seeds if seed <= _LARGEST_SEED) if BASELINES[name].random else (0,)


def choose(names: str | None) -> tuple[str, ...]:
    """Baselines as written on a command line, all by default.

    Raises:
        UnknownNameError: If there is no such baseline.
        InputError: If a package that they need is not installed.
    """
    asked = list(BASELINES) if names is None else [name.strip() for name in names.split(",")]
    for name in asked:
        if name not in BASELINES:
            raise UnknownNameError("baseline", name, BASELINES)
    lacking = sorted({BASELINES[name].package for name in asked if find_spec(BASELINES[name].package) is None})
    if lacking:
        raise InputError(
            f"baselines must have the packages that they are from, got no {', '.join(lacking)}; "
            "install them with: pip install 'lcbench[models]'."
        )
    return tuple(name for name in BASELINES if name in asked)
