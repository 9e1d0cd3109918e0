"""Networks fitted to tasks: curves, stopping, folds, and what is saved."""

import json
import shutil
import time
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from collection_helpers import problem_of
from sklearn.model_selection import StratifiedKFold

from lcbench import signature
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models import Fitted, LearningTask, fit_network, load_fitted
from lcbench.errors import DamagedFileError
from lcbench.space import paper

pytest.importorskip("torch", reason="networks need torch (lcbench[collect])")
pytest.importorskip("safetensors", reason="networks are saved with safetensors (lcbench[automl])")

COMMON = {"batch_size": 16, "training_technique": "standard", "preprocessor": "none"}
MLP = COMMON | {
    "network_type": "mlp",
    "mlp_num_layers": 2,
    "mlp_max_units": 64,
    "mlp_max_dropout": 0.1,
    "optimizer": "sgd",
    "sgd_learning_rate": 0.05,
    "sgd_weight_decay": 1e-4,
    "momentum": 0.9,
}
RESNET = COMMON | {
    "network_type": "resnet",
    "resnet_num_groups": 2,
    "resnet_blocks_per_group": 1,
    "resnet_max_units": 32,
    "use_dropout": False,
    "use_shake_drop": True,
    "max_shake_drop": 0.3,
    "use_shake_shake": True,
    "optimizer": "adam",
    "adam_learning_rate": 0.01,
    "adam_weight_decay": 1e-4,
    "training_technique": "mixup",
    "mixup_alpha": 0.3,
    "preprocessor": "truncated_svd",
    "svd_target_dim": 10,
}
SPACE_1 = {
    "batch_size": 16,
    "learning_rate": 0.02,
    "max_dropout": 0.2,
    "max_units": 64,
    "momentum": 0.8,
    "num_layers": 2,
    "weight_decay": 0.001,
}
CONFIGS = {"mlp": MLP, "resnet": RESNET, "space 1": SPACE_1}
WINE = load_dataset("sklearn:wine")


def frame() -> pd.DataFrame:
    """Wine with a column of text that has gaps."""
    kinds = np.where(np.arange(len(WINE.features)) % 7, np.array(["u", "v"])[np.arange(len(WINE.features)) % 2], None)
    return WINE.features.assign(kind=pd.Series(kinds, dtype=object))


FRAME = frame()


def values(fitted: Fitted) -> list[float]:
    """The score by epoch."""
    return fitted.curve.values.tolist()  # noqa: PD011  # no DataFrame


def fit(config: dict, metric: str = "accuracy", budget: int = 6, **settings) -> tuple[LearningTask, Fitted]:
    patience = settings.pop("patience", None)
    task = LearningTask.of(FRAME, WINE.target, metric=metric, **settings)
    return task, fit_network(
        task, config, budget, 0, problem=problem_of(config).name, patience=patience, clock=time.perf_counter
    )


@pytest.fixture(scope="module")
def fitted() -> dict[str, tuple[LearningTask, Fitted]]:
    return {name: fit(config, test=FRAME[:9], splitter=StratifiedKFold(2)) for name, config in CONFIGS.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_network_learns_and_its_curve_is_the_mean_of_the_folds(fitted, name):
    task, own = fitted[name]
    assert own.kind == "network"
    assert own.config == CONFIGS[name]
    assert own.curve.epochs == own.budget == 6
    scores = [
        task.fold_scorer(fold).score(part(task.frame.iloc[fold.valid]))
        for fold, part in zip(task.folds, own.parts, strict=True)
    ]
    assert values(own)[-1] == pytest.approx(np.mean(scores), abs=1e-6)
    assert values(own)[-1] > 0.8
    assert (np.diff(own.curve.seconds) > 0).all()
    np.testing.assert_allclose(own.valid_probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(own.predict_proba(FRAME[:9]), own.test_probabilities, rtol=1e-5)  # threads round
    wanted = np.zeros((len(FRAME), 3))
    for fold, part in zip(task.folds, own.parts, strict=True):
        wanted[fold.valid] = part(task.frame.iloc[fold.valid])
    np.testing.assert_allclose(own.valid_probabilities, wanted, atol=1e-6)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_network_that_was_read_back_is_the_one_that_was_saved(fitted, name, tmp_path):
    _, own = fitted[name]
    own.save(tmp_path / "model")
    again = load_fitted(Path(shutil.copytree(tmp_path / "model", tmp_path / "elsewhere")))
    odd = FRAME[:5].assign(kind=["unseen", None, "u", "v", ""])
    for rows in (FRAME, odd, FRAME.iloc[:, ::-1]):
        assert again.predict_proba(rows).tobytes() == own.predict_proba(rows).tobytes()
    assert again.config == own.config
    assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
        "0.safetensors",
        "1.safetensors",
        "arrays.npz",
        "model.json",
    ]


def test_the_same_seed_gives_the_same_network_and_another_one_another():
    task = LearningTask.of(FRAME, WINE.target)
    same, again, other = (fit_network(task, MLP, 2, seed, clock=time.perf_counter) for seed in (0, 0, 1))
    assert same.valid_probabilities.tobytes() == again.valid_probabilities.tobytes()
    assert same.valid_probabilities.tobytes() != other.valid_probabilities.tobytes()


@pytest.mark.parametrize("metric", ["balanced_accuracy", "neg_log_loss", "f1_macro", "roc_auc_ovr"])
def test_the_curve_is_of_any_scorer(metric):
    """Those that a run records and those that are computed every epoch."""
    task, own = fit(MLP, metric)
    (part,), (fold,) = own.parts, task.folds
    wanted = task.score(part(task.frame.iloc[fold.valid]))
    assert values(own)[-1] == pytest.approx(wanted, abs=1e-5)
    assert len(set(values(own))) > 2
    assert np.isfinite(values(own)).all()


@pytest.mark.parametrize("metric", ["neg_log_loss", "accuracy", "f1_macro"])
def test_it_stops_after_its_patience_and_returns_to_the_best_epoch(metric):
    task, free = fit(MLP, metric, budget=40)
    _, stopped = fit(MLP, metric, budget=40, patience=3)
    course, best = values(free)[1:], 0
    for epoch, value in enumerate(course):
        if value > course[best]:
            best = epoch
        elif epoch - best >= 3:
            break
    else:
        pytest.fail("it never had to stop: the test shows nothing")
    assert values(stopped)[-1] == pytest.approx(course[best], abs=1e-6)
    assert task.score(stopped.valid_probabilities) == pytest.approx(course[best], abs=1e-5)
    assert stopped.curve.seconds[-1] == stopped.curve.seconds[best + 4]


SORTED = WINE.target.sort_values(kind="stable").index


def folds_of(*validating) -> list[tuple[np.ndarray, np.ndarray]]:
    """Folds of the sorted rows, of which the first 59 are of one class."""
    return [(np.setdiff1d(np.arange(len(SORTED)), rows), np.asarray(rows)) for rows in validating]


def test_the_curve_is_the_mean_over_the_folds_that_define_the_score():
    folds = folds_of(np.arange(0, 178, 3), np.arange(40))
    task = LearningTask.of(FRAME.loc[SORTED], WINE.target[SORTED], metric="roc_auc_ovr", splitter=folds)
    own = fit_network(task, MLP, 4, 0, patience=1, clock=time.perf_counter)
    each = [
        task.fold_scorer(fold).score(part(task.frame.iloc[fold.valid]))
        for fold, part in zip(task.folds, own.parts, strict=True)
    ]
    assert np.isnan(each).tolist() == [False, True]
    assert values(own)[-1] == pytest.approx(each[0], abs=1e-6)
    assert np.isfinite(values(own)).all()


def test_where_no_fold_defines_the_score_all_their_rows_together_do():
    two = WINE.target[SORTED] == WINE.target[SORTED].iloc[0]  # 59 rows of one class, then 119 of the other
    folds = folds_of(np.arange(50), np.arange(100, 178))
    task = LearningTask.of(FRAME.loc[SORTED], two, metric="roc_auc", splitter=folds)
    own = fit_network(task, MLP, 5, 0, patience=2, clock=time.perf_counter)
    assert values(own)[-1] == pytest.approx(task.score(own.valid_probabilities))
    assert values(own)[-1] > 0.8
    assert np.isnan(values(own)[:-1]).all()


def test_a_network_that_diverges_is_a_result():
    _, own = fit(SPACE_1 | {"learning_rate": 0.1, "momentum": 0.99, "weight_decay": 0.1, "max_dropout": 0.0}, budget=3)
    assert not own.diverged
    features = FRAME.assign(kind="u")
    task = LearningTask.of(features, WINE.target)
    wild = fit_network(task, SPACE_1 | {"learning_rate": 1e30}, 3, 0, problem="mlp", clock=time.perf_counter)
    assert wild.diverged
    assert np.isnan(values(wild)[-1])
    assert task.loss(wild.valid_probabilities) == np.inf


def test_seconds_come_from_the_clock():
    ticks = count(0.0)
    own = fit_network(LearningTask.of(FRAME, WINE.target), MLP, 2, 0, clock=lambda: next(ticks))
    assert own.curve.seconds[0] == 0
    assert own.seconds >= own.curve.seconds[-1] > 0


@pytest.mark.parametrize("name", CONFIGS)
def test_weights_of_another_network_are_refused(fitted, name, tmp_path):
    fitted[name][1].save(tmp_path / "model")
    fitted["mlp" if name == "resnet" else "resnet"][1].save(tmp_path / "other")
    shutil.copy(tmp_path / "other/0.safetensors", tmp_path / "model/0.safetensors")
    with pytest.raises(DamagedFileError, match="is truncated or changed"):
        load_fitted(tmp_path / "model")
    from lcbench.collection.models import fitted as folder

    path = tmp_path / "model/model.json"
    document = folder.files.read_json(path)
    document["files"]["0.safetensors"] = folder.signature.digest(tmp_path / "model/0.safetensors")
    path.write_text(signature.sign(document))
    with pytest.raises(DamagedFileError, match="cannot be read as this network's weights") as error:
        load_fitted(tmp_path / "model")
    assert len(str(error.value).splitlines()) == 1


def test_any_configuration_of_the_space_can_be_fitted_saved_and_read(tmp_path):
    space = paper.full()
    space.seed(1)
    task = LearningTask.of(FRAME, WINE.target)
    for number in range(4):
        own = fit_network(task, dict(space.sample_configuration()), 1, 0, clock=time.perf_counter)
        own.save(tmp_path / str(number))
        assert load_fitted(tmp_path / str(number)).predict_proba(FRAME).tobytes() == own.predict_proba(FRAME).tobytes()


def rewritten(path: Path, change) -> None:
    """A manifest that is changed and signed again."""
    document = json.loads(path.read_text())
    document.pop("sha256")
    change(document)
    path.write_text(signature.sign(document))


@pytest.mark.parametrize("name", CONFIGS)
def test_a_model_of_before_they_kept_their_problem_can_be_read(fitted, name, tmp_path):
    own = fitted[name][1]
    own.save(tmp_path)
    rewritten(tmp_path / "model.json", lambda document: document.pop("problem"))
    read = load_fitted(tmp_path)
    assert read.problem == own.problem
    assert read.predict_proba(FRAME).tobytes() == own.predict_proba(FRAME).tobytes()


def test_a_model_of_before_a_hyperparameter_can_be_read(fitted, tmp_path):
    """Dropout is no part of what predicts, so the default that takes its place changes nothing."""
    own = fitted["mlp"][1]
    own.save(tmp_path)
    rewritten(tmp_path / "model.json", lambda document: document["config"].pop("mlp_max_dropout"))
    assert load_fitted(tmp_path).predict_proba(FRAME).tobytes() == own.predict_proba(FRAME).tobytes()


def test_a_problem_that_there_is_not_is_a_damaged_file(fitted, tmp_path):
    fitted["mlp"][1].save(tmp_path)
    rewritten(tmp_path / "model.json", lambda document: document.update(problem="fulll"))
    with pytest.raises(DamagedFileError, match="unknown problem 'fulll'; nearest: full"):
        load_fitted(tmp_path)
