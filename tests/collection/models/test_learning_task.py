"""Who trains, who validates, what counts: against scikit-learn's own answers."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics, model_selection
from sklearn.base import BaseEstimator, ClassifierMixin

from lcbench.collection.data.labels import Labels
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.prepared import digest_data
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models import LearningTask
from lcbench.errors import DamagedFileError, DataError, DataWarning, InputError, UnknownNameError

RNG = np.random.default_rng(0)
N = 60
X = RNG.normal(size=(N, 3))
Y = np.arange(N) % 3


class Known(ClassifierMixin, BaseEstimator):
    """A classifier that gives these probabilities."""

    def __init__(self, chances, classes):
        self.chances, self.classes_ = chances, classes

    def predict_proba(self, rows):
        return self.chances

    def predict(self, rows):
        return self.classes_[self.chances.argmax(axis=1)]


def drawn(rows: int, classes: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(classes), rows)


class TestTargets:
    @pytest.mark.parametrize(
        "values",
        [
            np.array(["b", "a", "c"]),
            np.array([10, 9, -1]),
            np.array([10, 9, 300], np.uint16),
            np.array([True, False]),
            np.array([0.5, 10.5, 2.5]),
            np.array(["b", "a"], object),
        ],
        ids=str,
    )
    def test_classes_come_back_in_their_type_sorted_as_by_unique(self, values):
        target = np.repeat(values, 4)
        labels, y = Labels.learn(target)
        again = Labels.from_json(json.loads(json.dumps(labels.to_json())))
        for classes in (labels.values, again.values):  # noqa: PD011  # an attribute of ours
            np.testing.assert_array_equal(classes, np.unique(target))
            assert classes.dtype == target.dtype
            np.testing.assert_array_equal(classes[y], target)
        np.testing.assert_array_equal(labels.number(list(target)), y)

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            (["a"] * N, "the target must have at least 2 classes, got 1: a"),
            ([np.nan, *[1.0] * (N - 1)], "must have a value in every row, got none in 1 of 60"),
            ([np.inf, *[1.0] * (N - 1)], "must be finite, got infinite values in 1 of 60 rows"),
            ([None, *["a"] * (N - 1)], "must have a value in every row"),
            (np.arange(N) // 4, "at least 5 rows for each class, got 60 rows of 15 classes"),
            (np.ones((N, 2)), r"must be one column, got shape \(60, 2\)"),
            (Y[:-1], "features and target must have as many rows, got 60 and 59"),
        ],
    )
    def test_what_cannot_be_learnt_is_one_sentence(self, target, message):
        with pytest.raises(DataError, match=message) as error:
            LearningTask.of(X, target)
        assert "\n" not in str(error.value)

    def test_a_column_vector_is_a_target(self):
        np.testing.assert_array_equal(LearningTask.of(X, Y[:, None]).y, Y)

    def test_as_many_classes_as_dionis_has(self):
        target = np.arange(355 * 6) % 355
        with pytest.warns(DataWarning, match="355 different whole numbers, each of them a class"):
            task = LearningTask.of(np.arange(355 * 6.0)[:, None], target)
        assert task.n_classes == 355
        assert set(task.y[task.folds[0].train]) == set(task.valid_labels) == set(range(355))

    def test_a_damaged_record_is_refused(self):
        for damage in (
            {},
            {"type": "M8[s]", "values": [1, 2]},
            {"type": "i8", "values": ["a", "b"]},
            {"type": "i8", "values": [1]},
        ):
            with pytest.raises(DamagedFileError):
                Labels.from_json(damage)


def test_names_and_identifiers_are_one_input_each():
    """One input for each of 600 names would be 600 inputs; with 50 000 rows, all memory."""
    frame = pd.DataFrame({"x": np.arange(900.0), "name": [f"name {i % 600}" for i in range(900)]})
    with pytest.warns(DataWarning, match=r"column 'name' \(600 values in 900 cells\): text that differs in most rows"):
        task = LearningTask.of(frame.assign(kind=["a", "b", "c"] * 300), np.arange(900) % 2)
    encoder, data = task.prepared(task.folds[0])
    assert (encoder.scaled, encoder.spread) == (("x", "name"), ("kind",))
    assert data.x_train.shape[1] == 2 + 3


class TestFolds:
    def test_a_stratified_share_is_held_out(self):
        task = LearningTask.of(X, Y, share=0.25)
        (fold,) = task.folds
        assert np.bincount(Y[fold.valid]).tolist() == [5, 5, 5]
        np.testing.assert_array_equal(np.union1d(fold.train, fold.valid), np.arange(N))
        np.testing.assert_array_equal(task.valid_labels, Y[fold.valid])

    def test_the_seed_decides_and_nothing_else(self):
        same = [LearningTask.of(X, Y, seed=seed).valid_rows.tolist() for seed in (3, 3, 4)]
        assert same[0] == same[1] != same[2]

    def test_a_class_with_one_row_trains(self):
        y = np.where(np.arange(N) == 7, 9, Y)
        assert 7 in LearningTask.of(X, y).folds[0].train

    @pytest.mark.parametrize("rows", [[5, 3, 4], np.isin(np.arange(N), [3, 4, 5])])
    def test_the_callers_own_rows(self, rows):
        assert LearningTask.of(X, Y, validation=rows).valid_rows.tolist() == [3, 4, 5]

    def test_the_callers_own_further_rows(self):
        frame = pd.DataFrame(
            {"n": X[:, 0], "k": pd.Categorical(np.where(Y == 1, "u", "v"), categories=["v", "u", "w"])}
        )
        more = pd.DataFrame({"k": ["new", "u", "v"], "n": [1, 2, 3]})
        task = LearningTask.of(frame, Y, validation=(more, [2, 0, 1]))
        assert task.valid_rows.tolist() == [60, 61, 62]
        assert task.valid_labels.tolist() == [2, 0, 1]
        data = task.prepared(task.folds[0])[1]
        np.testing.assert_array_equal(data.x_train[:, 1:], np.eye(2)[(Y == 1).astype(int)])
        np.testing.assert_array_equal(data.x_valid[:, 1:], [[0, 0], [0, 1], [1, 0]])
        with pytest.raises(DataError, match="must be one of the 3 classes of training, got '9'"):
            LearningTask.of(frame, Y, validation=(more, [2, 0, 9]))

    @pytest.mark.parametrize(
        "splitter",
        [
            model_selection.KFold(3),
            model_selection.StratifiedKFold(4, shuffle=True, random_state=1),
            model_selection.RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=1),
            model_selection.GroupKFold(3),
            model_selection.StratifiedGroupKFold(3),
            model_selection.LeaveOneGroupOut(),
            model_selection.ShuffleSplit(3, random_state=0),
            model_selection.LeaveOneOut(),
            model_selection.PredefinedSplit(np.arange(N) % 4 - 1),
        ],
        ids=lambda s: type(s).__name__,
    )
    def test_any_splitter_of_scikit_learn(self, splitter):
        groups = np.arange(N) // 10 if "Group" in type(splitter).__name__ else None  # others warn of them
        task = LearningTask.of(X, Y, splitter=splitter, groups=groups)
        wanted = list(splitter.split(X, Y, groups))
        assert len(task.folds) == len(wanted)
        for fold, (train, valid) in zip(task.folds, wanted, strict=True):
            np.testing.assert_array_equal(fold.train, np.sort(train))
            np.testing.assert_array_equal(fold.valid, np.sort(valid))
        np.testing.assert_array_equal(task.valid_rows, np.unique(np.concatenate([v for _, v in wanted])))

    def test_a_number_of_folds_and_pairs_of_rows(self):
        assert len(LearningTask.of(X, Y, splitter=5).folds) == 5
        pairs = [(np.arange(30), np.arange(30, 60))]
        assert LearningTask.of(X, Y, splitter=pairs).valid_rows.tolist() == list(range(30, 60))

    def test_a_splitter_without_a_seed_takes_ours_and_stays_as_it_is(self):
        splitter = model_selection.ShuffleSplit(2)
        found = [LearningTask.of(X, Y, splitter=splitter, seed=seed).valid_rows.tolist() for seed in (1, 1, 2)]
        assert found[0] == found[1] != found[2]
        assert splitter.random_state is None

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            (
                {"splitter": model_selection.GroupKFold(3)},
                "GroupKFold must divide 60 rows, but says: .*groups",
            ),
            ({"splitter": 1}, "folds must be at least 2"),
            ({"splitter": 3.5}, "must be a scikit-learn splitter"),
            ({"splitter": model_selection.ShuffleSplit(101)}, "at most 100 folds"),
            ({"splitter": []}, "at least one fold|must be a scikit-learn splitter"),
            ({"splitter": [([0, 1, 2], [2, 3])]}, "must not train on what it validates on, got 1 rows"),
            ({"splitter": [([0, 3, 6], [1])]}, "must train on at least 2 classes, got 1"),
            ({"splitter": 3, "validation": [1]}, "must not be given both"),
            ({"validation": [60]}, r"positions in \[0, 59\] or a mask of 60 rows"),
            ({"validation": []}, "positions in|on a row at least"),
            ({"share": 1.0}, r"share of the rows that validate must be in \(0, 1\), got 1.0"),
            ({"share": 0.01}, "must leave a row of each of 3 classes on both sides"),
            ({"encoding": "one-hot"}, "unknown encoding"),
        ],
    )
    def test_what_cannot_divide_them_is_one_sentence(self, settings, message):
        with pytest.raises(InputError, match=message) as error:
            LearningTask.of(X, Y, **settings)
        assert "\n" not in str(error.value)

    def test_a_data_set_is_divided_and_encoded_as_a_collection_does(self):
        dataset = load_dataset("sklearn:wine")
        task, wanted = LearningTask.of_dataset(dataset), prepare(dataset, "onehot")
        encoder, data = task.prepared(task.folds[0])
        for name in ("x_train", "y_train", "x_valid", "y_valid"):
            assert getattr(data, name).tobytes() == getattr(wanted, name).tobytes()
        assert encoder(task.test).tobytes() == wanted.x_test.tobytes()
        assert digest_data(data) != digest_data(wanted)  # only their test parts differ


MULTICLASS = ["accuracy", "balanced_accuracy", "neg_log_loss", "roc_auc_ovr", "roc_auc_ovo_weighted", "f1_macro"]
BINARY = ["accuracy", "roc_auc", "average_precision", "f1", "precision", "neg_brier_score", "neg_log_loss"]


class TestScorers:
    @pytest.mark.parametrize("name", [*MULTICLASS, "top_k_accuracy", "matthews_corrcoef", "jaccard_macro"])
    @pytest.mark.parametrize("labels", [np.array([0, 1, 2]), np.array(["a", "b", "c"])], ids=["numbers", "text"])
    def test_scores_are_scikit_learns(self, name, labels):
        task = LearningTask.of(X, labels[Y], metric=name)
        chances = drawn(len(task.valid_rows), 3)
        true = labels[task.valid_labels]
        wanted = metrics.get_scorer(name)(Known(chances, labels), X, true)
        assert task.score(chances) == pytest.approx(wanted, abs=1e-12)
        assert task.loss(chances) == pytest.approx((0 if name.startswith("neg_") else 1) - wanted, abs=1e-12)

    @pytest.mark.parametrize("name", BINARY)
    @pytest.mark.parametrize("labels", [np.array([0, 1]), np.array([False, True]), np.array(["no", "yes"])], ids=str)
    def test_of_two_classes_the_second_is_the_positive_one(self, name, labels):
        y = (np.arange(N) % 3 == 0).astype(int)
        task = LearningTask.of(X, labels[y], metric=name)
        chances = drawn(len(task.valid_rows), 2)
        wanted = metrics.get_scorer(name)(Known(chances, np.arange(2)), X, task.valid_labels)
        assert task.score(chances) == pytest.approx(wanted, abs=1e-12)

    @pytest.mark.parametrize("name", ["accuracy", "balanced_accuracy", "neg_log_loss", "f1_macro"])
    def test_many_models_at_once_are_each_by_itself(self, name):
        task = LearningTask.of(X, Y, metric=name)
        many = np.stack([drawn(len(task.valid_rows), 3, seed) for seed in range(5)]).astype(np.float32)
        np.testing.assert_array_equal(task.losses(many), [task.loss(each) for each in many])

    def test_scorers_of_any_making(self):
        def hits(y_true, y_pred):
            return np.mean(y_true == y_pred)

        def shown(estimator, rows, y):
            return float(estimator.predict_proba(rows[rows["0"] > 0])[:, 1].mean())

        chances = drawn(20, 3)
        own = LearningTask.of(X, Y, metric=hits)
        assert own.score(chances) == LearningTask.of(X, Y).score(chances)
        assert own.scorer.name == "hits"
        fbeta = metrics.make_scorer(metrics.fbeta_score, beta=2, average="macro")
        task = LearningTask.of(X, Y, metric=fbeta)
        wanted = metrics.fbeta_score(task.valid_labels, chances.argmax(1), beta=2, average="macro")
        assert task.score(chances) == pytest.approx(wanted)
        task = LearningTask.of(X, Y, metric=shown)
        assert task.score(chances) == pytest.approx(chances[X[task.valid_rows, 0] > 0, 1].mean())

    def test_a_class_without_validation_rows(self):
        rows = np.flatnonzero(Y != 2)[:20]
        chances = drawn(20, 3)
        for name in MULTICLASS:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert np.isfinite(LearningTask.of(X, Y, metric=name, validation=rows).score(chances)), name
        two = chances[:, :2] / chances[:, :2].sum(axis=1, keepdims=True)
        wanted = metrics.roc_auc_score(Y[rows], two[:, 1])
        task = LearningTask.of(X, Y, metric="roc_auc_ovr", validation=rows)
        assert task.score(chances) == pytest.approx(wanted)

    def test_what_is_no_number_is_the_worst_loss(self):
        task = LearningTask.of(X, Y)
        chances = drawn(20, 3)
        assert task.loss(np.full((20, 3), np.nan)) == np.inf
        np.testing.assert_array_equal(task.losses([chances, chances * np.nan]), [task.loss(chances), np.inf])

    @pytest.mark.parametrize(
        ("metric", "error", "message"),
        [
            ("acuracy", UnknownNameError, "unknown metric 'acuracy'; nearest: accuracy"),
            ("f1", InputError, "metric 'f1' must score 3 classes on 20 rows, but says: Target is multiclass"),
            (metrics.zero_one_loss, InputError, "give make_scorer\\(zero_one_loss, greater_is_better=False\\)"),
            (
                lambda y_true, y_pred: np.nan,
                InputError,
                "must score 3 classes on 20 rows, but says: nan, with 3 classes",
            ),
            (lambda y_true, y_pred: 1 / 0, InputError, "but says: division by zero"),
            (3, InputError, "must be a scorer's name or a function, got int"),
        ],
    )
    def test_what_cannot_score_is_one_sentence(self, metric, error, message):
        with pytest.raises(error, match=message) as raised:
            LearningTask.of(X, Y, metric=metric)
        assert "\n" not in str(raised.value)

    def test_probabilities_of_another_shape_are_refused(self):
        with pytest.raises(InputError, match=r"must be \(models, 20, 3\), got \(1, 20, 2\)"):
            LearningTask.of(X, Y).loss(np.ones((20, 2)))
