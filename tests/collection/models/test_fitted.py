"""Baselines fitted to tasks: their probabilities, what is saved, and what damage is noticed."""

import json
import shutil
import time
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import RepeatedKFold

from lcbench import signature
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models import Fitted, LearningTask, baselines, fit_baseline, load_fitted
from lcbench.collection.models import fitted as model_folder
from lcbench.collection.models.models import Forest
from lcbench.errors import DamagedFileError, DataError, NewerFormatError, NotABenchmarkError, UnknownNameError

pytest.importorskip("lightgbm", reason="baselines need lightgbm (lcbench[models])")
pytest.importorskip("catboost", reason="baselines need catboost (lcbench[models])")

SHORT = {"num_boost_round": 12, "iterations": 12, "n_estimators": 12}
NAMES = sorted(baselines.BASELINES)


@pytest.fixture(scope="module", autouse=True)
def _few_trees():
    """The settings of the baselines, with few trees."""
    with pytest.MonkeyPatch.context() as patch:
        for name, baseline in baselines.BASELINES.items():
            few = {key: SHORT.get(key, value) for key, value in baseline.settings.items()}
            patch.setitem(baselines.BASELINES, name, replace(baseline, settings=few))
        yield


def mixed(rows: int = 90) -> tuple[pd.DataFrame, np.ndarray]:
    """Numbers and text with gaps, three classes named by text; a fourth one with a single row."""
    rng = np.random.default_rng(0)
    y = np.arange(rows) % 3
    number = y + rng.normal(size=rows)
    number[::9] = np.nan
    text = np.where(rng.random(rows) < 0.7, np.array(["u", "v", "w"])[y], None)
    frame = pd.DataFrame({"number": number, "text": pd.Series(text, dtype=object), "flag": rng.random(rows) < 0.5})
    target = np.array(["no", "perhaps", "yes", "odd"])[np.where(np.arange(rows) == 4, 3, y)]
    return frame, target


FRAME, TARGET = mixed()
NEW = FRAME.iloc[:7].assign(text=["u", "unseen", None, "v", "w", "", "u"], number=np.nan)


@pytest.fixture(scope="module")
def fitted() -> dict[str, Fitted]:
    task = LearningTask.of(FRAME, TARGET, splitter=RepeatedKFold(n_splits=2, n_repeats=2), test=NEW)
    return {name: fit_baseline(task, name, 1, clock=time.perf_counter) for name in NAMES}


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory) -> dict[str, Path]:
    places = {name: tmp_path_factory.mktemp("models") / name for name in NAMES}
    for name, place in places.items():
        fitted[name].save(place)
    return places


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_on_one_fold_is_the_baseline_of_the_collection(name):
    dataset = load_dataset("sklearn:wine")
    data, baseline = prepare(dataset, "onehot"), baselines.BASELINES[name]
    own = fit_baseline(LearningTask.of_dataset(dataset), name, 3, clock=time.perf_counter)
    there = baseline.fit(data, baseline.settings, 3)
    np.testing.assert_array_equal(own.valid_probabilities, there(data.x_valid).astype(np.float32))
    np.testing.assert_array_equal(own.test_probabilities, there(data.x_test).astype(np.float32))


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_means_over_the_folds(fitted, name):
    task = LearningTask.of(FRAME, TARGET, splitter=RepeatedKFold(n_splits=2, n_repeats=2), test=NEW)
    own = fitted[name]
    assert own.valid_probabilities.shape == (len(task.valid_rows), 4)
    assert own.valid_probabilities.dtype == own.test_probabilities.dtype == np.float32
    np.testing.assert_allclose(own.valid_probabilities.sum(axis=1), 1, atol=1e-5)
    wanted = np.zeros((len(FRAME), 4))
    for fold, part in zip(task.folds, own.parts, strict=True):
        wanted[fold.valid] += part(task.frame.iloc[fold.valid]) / 2
    np.testing.assert_allclose(own.valid_probabilities, wanted, atol=1e-6)
    np.testing.assert_array_equal(own.predict_proba(NEW).astype(np.float32), own.test_probabilities)
    scores = [
        task.fold_scorer(fold).score(part(task.frame.iloc[fold.valid]))
        for fold, part in zip(task.folds, own.parts, strict=True)
    ]
    assert own.curve.epochs == 1
    before, after = own.curve.values.tolist()  # noqa: PD011  # no DataFrame
    assert after == pytest.approx(np.mean(scores))
    commonest = [np.bincount(task.y[fold.train]).argmax() for fold in task.folds]
    shares = [(task.y[f.valid] == c).mean() for f, c in zip(task.folds, commonest, strict=True)]
    assert before == pytest.approx(np.mean(shares))


def test_seconds_come_from_the_clock():
    ticks = count(100.0)
    own = fit_baseline(LearningTask.of(FRAME, TARGET), "knn", 0, clock=lambda: next(ticks))
    assert own.curve.seconds.tolist() == [0, 1]
    assert own.seconds == 3


def test_an_unknown_baseline_is_named():
    with pytest.raises(UnknownNameError, match="unknown baseline 'kn'"):
        fit_baseline(LearningTask.of(FRAME, TARGET), "kn", 0, clock=time.perf_counter)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_was_read_back_is_the_one_that_was_saved(fitted, saved, name, tmp_path):
    own, again = fitted[name], load_fitted(Path(shutil.copytree(saved[name], tmp_path / "elsewhere")))
    for frame in (FRAME, NEW, FRAME[["text", "flag", "number"]].iloc[::-1]):
        assert again.predict_proba(frame).tobytes() == own.predict_proba(frame).tobytes()
    for kept in ("valid_probabilities", "test_probabilities"):
        assert getattr(again, kept).tobytes() == getattr(own, kept).tobytes()
    for kept in ("kind", "config", "budget", "seed", "seconds", "columns"):
        assert getattr(again, kept) == getattr(own, kept)
    np.testing.assert_array_equal(again.curve.values, own.curve.values)
    np.testing.assert_array_equal(again.labels.values, ["no", "odd", "perhaps", "yes"])


@pytest.mark.parametrize("name", NAMES)
def test_every_damaged_or_missing_file_is_noticed(saved, name, tmp_path):
    for path in sorted(saved[name].iterdir()):
        for damage in ("cut", "changed", "gone"):
            copy = Path(shutil.copytree(saved[name], tmp_path / f"{path.name} {damage}"))
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            if damage == "gone":
                (copy / path.name).unlink()
            else:
                (copy / path.name).write_bytes(path.read_bytes()[:-9] if damage == "cut" else content)
            with pytest.raises(
                NotABenchmarkError if (damage, path.name) == ("gone", "model.json") else DamagedFileError
            ) as error:
                load_fitted(copy)
            assert len(str(error.value).splitlines()) == 1


def signed_anew(folder: Path, change) -> Path:
    """A folder whose files and manifest somebody has changed and signed again."""
    document = json.loads((folder / "model.json").read_text())
    document.pop("sha256")
    change(folder, document)
    document["files"] = {name: model_folder.signature.digest(folder / name) for name in document["files"]}
    (folder / "model.json").write_text(signature.sign(document))
    return folder


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "content", [b"", b"\x80\x04cos\nsystem\n(S'true'\ntR.", b"text\n"], ids=["empty", "pickle", "text"]
)
def test_foreign_files_are_refused_also_when_they_are_signed(saved, name, content, tmp_path):
    copy = Path(shutil.copytree(saved[name], tmp_path / "copy"))
    model = next(path.name for path in copy.iterdir() if path.name.startswith("0."))
    signed_anew(copy, lambda folder, _: (folder / model).write_bytes(content))
    with pytest.raises(DamagedFileError) as error:
        load_fitted(copy)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_model_of_another_shape_is_refused(saved, name, tmp_path):
    other = fit_baseline(LearningTask.of(FRAME[["number"]], TARGET == "no"), name, 0, clock=time.perf_counter)
    other.save(tmp_path / "other")
    copy = Path(shutil.copytree(saved[name], tmp_path / "copy"))
    model = next(path.name for path in copy.iterdir() if path.name.startswith("0."))
    signed_anew(copy, lambda folder, _: shutil.copy(tmp_path / "other" / model, folder / model))
    with pytest.raises(DamagedFileError, match="must hold"):
        load_fitted(copy)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda _, d: d.update(format_version=2), NewerFormatError),
        (lambda _, d: d.update(format_version="1"), DamagedFileError),
        (lambda _, d: d.update(kind="perceptron"), DamagedFileError),
        (lambda _, d: d.update(kind="network"), DamagedFileError),
        (lambda _, d: d.update(encoders=[]), DamagedFileError),
        (lambda _, d: d.update(encoders=3), DamagedFileError),
        (lambda _, d: d.update(classes={"type": "O", "values": ["a", "b"]}), DamagedFileError),
        (lambda _, d: d.pop("columns"), DamagedFileError),
    ],
)
def test_manifests_that_cannot_be_are_refused(saved, change, error, tmp_path):
    copy = Path(shutil.copytree(saved["knn"], tmp_path / "copy"))
    with pytest.raises(error):
        load_fitted(signed_anew(copy, change))


def test_a_folder_without_a_model(tmp_path):
    with pytest.raises(NotABenchmarkError, match=r"holds no model \(no model.json\)"):
        load_fitted(tmp_path)


def test_what_cannot_be_predicted_is_one_sentence(fitted):
    with pytest.raises(DataError, match="columns must be those of training, got missing 'flag'"):
        fitted["knn"].predict_proba(FRAME.drop(columns="flag"))


@pytest.fixture(scope="module")
def made():
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6)).astype(np.float32)
    y = np.where(x[:, 0] + rng.normal(size=300) > 0, 1, np.where(x[:, 1] > 0, 4, 2))
    kinds = (RandomForestClassifier, ExtraTreesClassifier)
    leaves = (1, 8)
    return x, [k(20, min_samples_leaf=n, random_state=0).fit(x, y) for k in kinds for n in leaves]


class TestForests:
    def test_probabilities_are_scikit_learns_to_the_bit(self, made, tmp_path):
        x, models = made
        others = np.random.default_rng(1).normal(size=(500, 6)).astype(np.float32)
        for model in models:
            forest = Forest.of(model, 6)
            forest.write(tmp_path / "forest.npz")
            again = Forest.read(tmp_path / "forest.npz", 6, 6)
            for rows in (x, others, others[:1], others[:0]):
                found = forest(rows)
                assert found.tobytes() == again(rows).tobytes()
                np.testing.assert_array_equal(found[:, [0, 3, 5]], 0)
                if len(rows):
                    np.testing.assert_array_equal(found[:, [1, 2, 4]], model.predict_proba(rows))

    @pytest.mark.parametrize(
        "change",
        [
            lambda f: {"children": -f.children},
            lambda f: {"children": f.children + len(f.leaf)},
            lambda f: {"children": f.children[:, :-1]},
            lambda f: {"children": np.stack([f.children[0], 0 * f.children[1]])},
            lambda f: {"feature": f.feature + 6},
            lambda f: {"feature": f.feature - 7},
            lambda f: {"leaf": f.leaf + len(f.values)},
            lambda f: {"leaf": f.leaf - len(f.values)},
            lambda f: {"roots": f.roots + len(f.leaf)},
            lambda f: {"roots": f.roots[:0]},
            lambda f: {"values": np.full((len(f.values), 6), np.nan)},
            lambda f: {"values": np.ones((len(f.values), 5))},
            lambda f: {"threshold": f.threshold.astype(np.float32)},
        ],
    )
    def test_numbers_that_point_to_nowhere_are_refused(self, made, change, tmp_path):
        forest = Forest.of(made[1][0], 6)
        replace(forest, **change(forest)).write(tmp_path / "forest.npz")
        with pytest.raises(DamagedFileError):
            Forest.read(tmp_path / "forest.npz", 6, 6)
