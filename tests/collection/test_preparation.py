"""Splits, classes, encodings: numbers worked by hand, laws, and what is refused."""

import csv
from pathlib import Path

import numpy as np
import openml
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.encodings import ENCODINGS, fit_onehot, fit_ordinal
from lcbench.collection.data.labels import number_classes
from lcbench.collection.data.preparation import describe, prepare, split_rows
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.data.sources import load_dataset
from lcbench.errors import DataError, UnknownNameError
from lcbench.table import manifest

PARTS = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")


def mixed(n: int = 120, test_rows: np.ndarray | None = None) -> Dataset:
    """Numbers with gaps, categories with gaps, booleans, a constant; two classes, one twice as frequent."""
    rng = np.random.default_rng(3)
    number = rng.normal(50, 9, n)
    number[rng.random(n) < 0.1] = np.nan
    codes = np.where(rng.random(n) < 0.1, -1, rng.integers(0, 3, n))
    features = pd.DataFrame(
        {
            "number": number,
            "kind": pd.Categorical.from_codes(codes, categories=["tiny", "huge", "middle"]),
            "flag": rng.random(n) < 0.5,
            "same": np.full(n, 7),
        }
    )
    return Dataset("mixed", "formula", features, pd.Series(np.where(np.arange(n) % 3, "b", "a")), test_rows)


def replace(dataset: Dataset, **changes: object) -> Dataset:
    fields = {name: getattr(dataset, name) for name in Dataset.__dataclass_fields__}
    return Dataset(**fields | changes)


class TestClasses:
    @pytest.mark.parametrize(
        ("values", "classes", "numbers"),
        [
            (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
            ([10, 9, 10], ("9", "10"), [1, 0, 1]),
            (["10", "9", "-1"], ("-1", "9", "10"), [2, 1, 0]),
            ([True, False, True], ("False", "True"), [1, 0, 1]),
            ([2.0, 1.0, 2.0], ("1", "2"), [1, 0, 1]),
            ([0.5, 1.5, 0.5], ("0.5", "1.5"), [0, 1, 0]),
            (pd.Categorical(["z", "a", "z"], categories=["z", "unused", "a"]), ("a", "z"), [1, 0, 1]),
            (pd.array([2, 1, 2], "Int64"), ("1", "2"), [1, 0, 1]),
            (["9", "a", "10"], ("10", "9", "a"), [1, 2, 0]),
        ],
    )
    def test_any_kind_of_target(self, values, classes, numbers):
        found, names = number_classes(pd.Series(values))
        assert names == classes
        assert found.tolist() == numbers
        assert found.dtype == np.int64

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (["a", "a"], "must have at least 2 classes, got 1: a"),
            (["a", None, "b", None], "must have a value in every row, got none in 2 of 4; remove those rows"),
            (np.arange(100) / 7, r"must be classes, got 100 different real numbers \(a regression\?\)"),
            (
                pd.to_datetime(["2020-01-01", "2021-01-01"]),
                "must hold classes .*, got datetime64.* values; write classes as text",
            ),
        ],
    )
    def test_bad_targets(self, values, message):
        with pytest.raises(DataError, match=message):
            number_classes(pd.Series(values))


class TestSplits:
    def test_the_parts_are_disjoint_and_complete(self):
        y = np.arange(1000) % 3
        parts = split_rows(y, "abc", None)
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(1000))
        assert all((np.diff(part) > 0).all() for part in parts)

    def test_shares_are_45_22_33(self):
        """1000 rows: ceil(330) test; of 670, ceil(221.1) = 222 validate; 448 train."""
        assert [len(part) for part in split_rows(np.arange(1000) % 2, "ab", None)] == [448, 222, 330]

    def test_every_part_has_the_classes_shares(self):
        y = np.repeat([0, 1], [100, 900])
        for part in split_rows(y, "ab", None):
            assert abs((y[part] == 0).mean() - 0.1) < 0.005

    def test_the_sources_test_rows_are_kept(self):
        given = np.arange(5, 300, 3)
        parts = split_rows(np.arange(300) % 2, "ab", given[::-1])
        np.testing.assert_array_equal(parts.test, given)
        assert not set(parts.train) & set(given)
        assert len(parts.valid) == np.ceil(0.33 * (300 - len(given)))

    def test_the_same_rows_every_time_whatever_the_global_seed(self):
        y = np.arange(200) % 4
        first = split_rows(y, "abcd", None)
        np.random.seed(5)  # noqa: NPY002  # the global state must not matter
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        for one, other in zip(first, split_rows(y, "abcd", None), strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    @pytest.mark.parametrize(
        ("counts", "test_rows", "message"),
        [
            (
                [50, 2],
                None,
                r"class 'b' must have at least 3 rows \(one each to train, validate and test\), got 2; merge",
            ),
            ([50, 4], [50, 51, 52], "class 'b' must have at least 2 rows outside the test part .*, got 1"),
            ([50, 4], [50, 51, 52, 53], "class 'b' must have at least 2 rows outside the test part .*, got 0"),
            ([3] * 5, None, "room for a row of each of 5 classes"),
        ],
    )
    def test_a_class_too_small(self, counts, test_rows, message):
        rows = None if test_rows is None else np.array(test_rows)
        with pytest.raises(DataError, match=message):
            split_rows(np.repeat(np.arange(len(counts)), counts), "abcdefgh"[: len(counts)], rows)

    def test_the_smallest_class_that_fits_is_in_the_training_part(self):
        y = np.repeat([0, 1], [97, 3])
        assert 1 in y[split_rows(y, "ab", None).train]


class TestOrdinal:
    def test_mean_and_variance_by_hand(self):
        """Of (1, NaN, 3, 8): mean 4, so (1, 4, 3, 8); variance (9 + 0 + 1 + 16) / 4 = 6.5."""
        encode = fit_ordinal(pd.DataFrame({"x": [1, np.nan, 3, 8]}))
        np.testing.assert_allclose(
            encode(pd.DataFrame({"x": [4, np.nan, 4 + np.sqrt(6.5)]}))[:, 0], [0, 0, 1], atol=1e-6
        )

    def test_categories_by_hand(self):
        """Declared order (c, b, a): codes of (a, c, c, a) with b unseen are (1, 0, 0, 1), mean 0.5, deviation 0.5."""
        train = pd.DataFrame({"k": pd.Categorical(["a", "c", "c", "a"], categories=["c", "b", "a"])})
        other = pd.DataFrame({"k": pd.Categorical(["c", "a", "b", None], categories=["c", "b", "a"])})
        np.testing.assert_allclose(fit_ordinal(train)(other)[:, 0], [-1, 1, 0, 0])

    def test_booleans_are_numbers(self):
        train = pd.DataFrame({"f": [True, False, True, False]})
        np.testing.assert_allclose(fit_ordinal(train)(train)[:, 0], [1, -1, 1, -1])

    def test_the_bytes_are_those_of_scikit_learns_own_steps(self):
        """Which the collections before there was a record of an encoder were made with."""
        features = mixed().features.assign(rank=mixed().features["number"].rank())
        numbers = features.assign(kind=features["kind"].cat.codes.replace(-1, np.nan)).astype(float)
        steps = make_pipeline(SimpleImputer(), StandardScaler()).fit(numbers[:60].to_numpy())
        wanted = steps.transform(numbers.to_numpy()).astype(np.float32)
        assert fit_ordinal(features[:60])(features).tobytes() == wanted.tobytes()

    @pytest.mark.parametrize("value", [0.1, 1e9 + 0.1, -3.0])
    def test_a_constant_column_is_zero(self, value):
        train = pd.DataFrame({"x": [value] * 11 + [np.nan]})
        np.testing.assert_allclose(fit_ordinal(train)(train), 0, atol=1e-6)

    def test_large_offsets_keep_their_digits(self):
        """Standardized before it becomes float32: 1e9 + (0, 1) gives (-1, 1), where float32 has steps of 64."""
        train = pd.DataFrame({"x": 1e9 + np.array([0.0, 1, 0, 1])})
        np.testing.assert_allclose(fit_ordinal(train)(train)[:, 0], [-1, 1, -1, 1])


class TestOnehot:
    def test_numbers_first_then_one_input_for_each_category(self):
        train = pd.DataFrame(
            {"k": pd.Categorical(["a", "c", "c", "a"], categories=["c", "b", "a"]), "x": [1.0, 3, 1, 3]}
        )
        np.testing.assert_allclose(fit_onehot(train)(train), [[-1, 0, 1], [1, 1, 0], [-1, 1, 0], [1, 0, 1]])

    def test_unknown_and_missing_are_zero(self):
        train = pd.DataFrame({"k": pd.Categorical(["a", "c"], categories=["c", "b", "a"])})
        other = pd.DataFrame({"k": pd.Categorical(["b", None, "c"], categories=["c", "b", "a"])})
        np.testing.assert_array_equal(fit_onehot(train)(other), [[0, 0], [0, 0], [1, 0]])

    def test_a_column_of_too_many_categories_is_a_number(self):
        train = pd.DataFrame({"k": pd.Categorical(["a", "b", "c", None]), "g": pd.Categorical(["x", "y", "x", "y"])})
        codes = fit_ordinal(train)(train)[:, :1]
        np.testing.assert_allclose(
            fit_onehot(train, most=2)(train), np.hstack([codes, [[1, 0], [0, 1], [1, 0], [0, 1]]])
        )
        np.testing.assert_array_equal(fit_onehot(train, most=3)(train), fit_onehot(train)(train))

    def test_without_categories_it_is_the_ordinal_one(self):
        train = pd.DataFrame({"x": [1.0, np.nan, 3, 8], "y": [0.0, 1, 2, 3]})
        np.testing.assert_array_equal(fit_onehot(train)(train), fit_ordinal(train)(train))


@pytest.mark.parametrize("encoding", ENCODINGS)
class TestLaws:
    """What holds of every encoding."""

    def test_types_and_shapes(self, encoding):
        prepared = prepare(mixed(), encoding)
        for part, rows in (("train", 53), ("valid", 27), ("test", 40)):
            x, y = getattr(prepared, f"x_{part}"), getattr(prepared, f"y_{part}")
            assert x.shape == (rows, prepared.n_features)
            assert x.dtype == np.float32
            assert x.flags.c_contiguous
            assert np.isfinite(x).all()
            assert y.shape == (rows,)
            assert y.dtype == np.int64
        assert (prepared.n_classes, prepared.classes, prepared.class_counts) == (2, ("a", "b"), (40, 80))

    def test_numbers_are_standardized_on_the_training_part(self, encoding):
        x = prepare(mixed(), encoding).x_train
        number = x[:, 0]
        assert abs(number.mean()) < 1e-6
        assert abs(number.std() - 1) < 1e-6

    def test_twice_the_same_bytes(self, encoding):
        one, other = prepare(mixed(), encoding), prepare(mixed(), encoding)
        assert all(getattr(one, part).tobytes() == getattr(other, part).tobytes() for part in PARTS)

    def test_the_data_set_is_left_as_it_is(self, encoding):
        dataset = mixed()
        before = dataset.features.copy(deep=True)
        prepare(dataset, encoding)
        pd.testing.assert_frame_equal(dataset.features, before)

    def test_nothing_leaks_from_the_test_rows(self, encoding):
        given = np.arange(0, 120, 4)
        dataset = mixed(test_rows=given)
        changed = dataset.features.copy()
        changed["kind"] = changed["kind"].cat.add_categories(["of the test only"])
        changed.loc[given, ["number", "kind"]] = (1e6, "of the test only")
        one, other = prepare(dataset, encoding), prepare(replace(dataset, features=changed), encoding)
        for part in PARTS[:4]:
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
        assert not np.array_equal(one.x_test, other.x_test)

    def test_nothing_leaks_from_the_validation_rows(self, encoding):
        dataset = mixed()
        rows = split_rows(number_classes(dataset.target)[0], "ab", None)
        changed = dataset.features.copy()
        changed.loc[rows.valid, "number"] = -1e6
        one, other = prepare(dataset, encoding), prepare(replace(dataset, features=changed), encoding)
        np.testing.assert_array_equal(one.x_train, other.x_train)
        np.testing.assert_array_equal(one.x_test, other.x_test)

    def test_a_column_that_is_missing_in_training_is_dropped(self, encoding):
        dataset = mixed()
        rows = split_rows(number_classes(dataset.target)[0], "ab", None)
        gone = pd.Series(np.ones(120))
        gone[rows.train] = np.nan
        prepared = prepare(replace(dataset, features=dataset.features.assign(gone=gone)), encoding)
        assert prepared.dropped == ("gone",)
        np.testing.assert_array_equal(prepared.x_test, prepare(dataset, encoding).x_test)

    @pytest.mark.parametrize("value", [np.inf, -np.inf, 1e39])
    def test_infinite_values_are_refused(self, encoding, value):
        dataset = mixed()
        changed = dataset.features.copy()
        changed.loc[3, "number"] = value
        with pytest.raises(DataError, match="column 'number' must be finite, got"):
            prepare(replace(dataset, features=changed), encoding)

    def test_no_column_left_is_refused(self, encoding):
        dataset = mixed()
        rows = split_rows(number_classes(dataset.target)[0], "ab", None)
        gone = pd.DataFrame({"gone": np.ones(120)})
        gone.loc[rows.train, "gone"] = np.nan
        with pytest.raises(DataError, match="at least one column with a value in its training part"):
            prepare(replace(dataset, features=gone), encoding)


def test_an_unknown_encoding_names_the_nearest():
    with pytest.raises(UnknownNameError, match="unknown encoding 'one-hot'; nearest: onehot"):
        prepare(mixed(), "one-hot")


def test_the_table_of_data_sets_takes_the_description():
    dataset = replace(mixed(), empty_columns=("void",), openml_task_id=7, licence="CC0")
    row = describe(dataset, prepare(dataset))
    assert row == {
        "name": "mixed",
        "source": "formula",
        "openml_task_id": 7,
        "openml_dataset_id": None,
        "licence": "CC0",
        "instances": 120,
        "features": 5,
        "classes": 2,
        "train_instances": 53,
        "valid_instances": 27,
        "test_instances": 40,
        "class_counts": [40, 80],
    }
    assert pa.Table.from_pylist([row], schema=manifest.DATASET_SCHEMA).to_pylist() == [row]


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "iris", "wine"])
def test_bundled_sets(name):
    prepared = prepare(load_dataset(f"sklearn:{name}"))
    assert set(prepared.y_train) == set(prepared.y_valid) == set(prepared.y_test) == set(range(prepared.n_classes))


class TestRealData:
    """The data sets of the OpenML cache."""

    @pytest.fixture(autouse=True)
    def _cache(self, openml_cache: Path):
        before = openml.config._root_cache_directory
        openml.config.set_root_cache_directory(openml_cache)
        yield
        openml.config.set_root_cache_directory(before)

    @pytest.mark.slow
    def test_all_are_prepared_without_warning_or_nan(self, openml_cache):
        """All but the three largest (connect-4, fars, sleep), which would take as long again as the other 51."""
        with (openml_cache / "datasets.csv").open() as file:
            listed = [facts for facts in csv.DictReader(file) if int(facts["instances"]) < 60_000]
        assert len(listed) == 51
        for facts in listed:
            dataset = load_dataset(f"openml:{facts['task_id']}")
            prepared = prepare(dataset)
            self._check(facts, describe(dataset, prepared), prepared)

    @staticmethod
    def _check(facts: dict[str, str], row: dict[str, object], prepared: Prepared) -> None:
        wanted = [facts["name"], *(int(facts[key]) for key in ("task_id", "dataset_id", "instances", "features"))]
        assert [row[k] for k in ("name", "openml_task_id", "openml_dataset_id", "instances", "features")] == wanted
        assert row["classes"] == int(facts["classes"])
        assert 0.32 < row["test_instances"] / row["instances"] < 0.34
        assert row["train_instances"] + row["valid_instances"] + row["test_instances"] == row["instances"]
        assert set(prepared.y_train) == set(range(prepared.n_classes)), facts["name"]
        for x in (prepared.x_train, prepared.x_valid, prepared.x_test):
            assert np.isfinite(x).all(), facts["name"]

    @pytest.mark.parametrize("task", [167161, 1000043, 1000046])
    def test_mixed_types_one_hot(self, task):
        prepared = prepare(load_dataset(f"openml:{task}"), "onehot")
        assert prepared.n_features > prepare(load_dataset(f"openml:{task}")).n_features
        assert np.isfinite(prepared.x_test).all()
