"""Where data sets come from: bundled, OpenML (offline, in its own cache layout), files; and what is refused."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import openml
import pandas as pd
import pytest
import requests

from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.sources import SOURCES, load_dataset, split_sources
from lcbench.errors import DataError, InputError, UnknownNameError

ARFF = """% a comment
@relation toy
@attribute 'the size' {small, 'very large', medium}
@attribute length numeric
@attribute word string
@attribute class {yes, no}
@data
medium, 1.5, red, no
small, ?, blue, yes
?, -2e3, 'dark red', yes
"""


@pytest.fixture
def cache(openml_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """OpenML's cache, and no network beyond it."""
    before = openml.config._root_cache_directory
    openml.config.set_root_cache_directory(openml_cache)
    monkeypatch.setattr(openml.config, "connection_n_retries", 1)
    monkeypatch.setattr(requests.Session, "request", _no_network)
    yield Path(openml.config.get_cache_directory())
    openml.config.set_root_cache_directory(before)


@pytest.fixture
def edit(cache: Path) -> Iterator[Callable[..., None]]:
    """Change a text in a file of the cache until the test ends."""
    before = {}

    def change(path: str, old: str, new: str, count: int = -1) -> None:
        before[path] = (cache / path).read_text()
        assert old in before[path]
        (cache / path).write_text(before[path].replace(old, new, count))

    yield change
    for path, text in before.items():
        (cache / path).write_text(text)


def _no_network(*_: object, **__: object) -> None:
    raise requests.ConnectionError("no network in tests")


def table(**columns: object) -> pd.DataFrame:
    return pd.DataFrame({"class": ["a", "b", "a"]} | columns)


def write_csv(folder: Path, frame: pd.DataFrame) -> str:
    frame.to_csv(folder / "train.csv", index=False)
    return f"file:{folder / 'train.csv'}?target=class"


def write_parquet(folder: Path, frame: pd.DataFrame) -> str:
    frame.to_parquet(folder / "train.parquet", index=False)
    return f"file:{folder / 'train.parquet'}?target=class"


class TestSourceNames:
    def test_a_list_is_split_at_commas(self):
        assert split_sources("sklearn:wine, openml:31 ,file:x%2Cy.csv?target=a") == [
            "sklearn:wine",
            "openml:31",
            "file:x%2Cy.csv?target=a",
        ]

    @pytest.mark.parametrize("text", ["", " , "])
    def test_an_empty_list_is_refused(self, text):
        with pytest.raises(InputError, match="must be a list such as"):
            split_sources(text)

    def test_a_source_given_twice_is_refused(self):
        with pytest.raises(InputError, match="given once, got sklearn:wine twice"):
            split_sources("sklearn:wine,sklearn:iris,sklearn:wine")

    @pytest.mark.parametrize("source", ["wine", "sklearn:", ""])
    def test_a_source_needs_scheme_and_name(self, source):
        with pytest.raises(InputError, match="must be SCHEME:NAME"):
            load_dataset(source)

    def test_an_unknown_scheme_names_the_nearest(self):
        with pytest.raises(UnknownNameError, match="unknown source of data sets 'opnml'; nearest: openml"):
            load_dataset("opnml:31")

    def test_a_new_scheme_is_one_line_in_the_registry(self, monkeypatch):
        wine = load_dataset("sklearn:wine")
        monkeypatch.setitem(SOURCES, "mine", lambda rest: wine if rest == "x:y?z" else None)
        assert load_dataset("mine:x:y?z") is wine


class TestBundled:
    @pytest.mark.parametrize(
        ("name", "rows", "columns", "classes"),
        [("breast_cancer", 569, 30, 2), ("digits", 1797, 64, 10), ("iris", 150, 4, 3), ("wine", 178, 13, 3)],
    )
    def test_sizes(self, name, rows, columns, classes):
        dataset = load_dataset(f"sklearn:{name}")
        assert dataset.features.shape == (rows, columns)
        assert len(dataset.target) == rows
        assert dataset.target.nunique() == classes
        assert (dataset.name, dataset.source) == (name, f"sklearn:{name}")
        assert dataset.test_rows is None
        assert dataset.openml_task_id is None

    def test_classes_keep_their_names(self):
        assert load_dataset("sklearn:breast_cancer").target.value_counts().to_dict() == {
            "benign": 357,
            "malignant": 212,
        }

    def test_an_unknown_set_names_the_nearest(self):
        with pytest.raises(UnknownNameError, match="unknown bundled data set 'digit'; nearest: digits"):
            load_dataset("sklearn:digit")


class TestFiles:
    def test_csv(self, tmp_path):
        source = write_csv(tmp_path, table(x=[1, 2, 3], y=[0.5, None, 1], z=["u", None, "t"], flag=[True, False, True]))
        dataset = load_dataset(source)
        assert (dataset.name, dataset.source) == ("train", source)
        assert list(dataset.features) == ["x", "y", "z", "flag"]
        assert list(dataset.features["z"].cat.categories) == ["t", "u"]
        assert list(dataset.features["z"].cat.codes) == [1, -1, 0]
        assert dataset.features["y"].tolist()[::2] == [0.5, 1]
        assert dataset.target.tolist() == ["a", "b", "a"]

    def test_parquet_keeps_categories_in_their_order(self, tmp_path):
        size = pd.Categorical(["small", "big", None], categories=["small", "middle", "big"])
        dataset = load_dataset(write_parquet(tmp_path, table(size=size)))
        assert list(dataset.features["size"].cat.categories) == ["small", "middle", "big"]

    def test_parquet_nullable_numbers_become_plain_ones(self, tmp_path):
        columns = {
            "whole": pd.array([1, None, 3], "Int64"),
            "flag": pd.array([True, None, False], "boolean"),
            "full": pd.array([1, 2, 3], "Int8"),
        }
        features = load_dataset(write_parquet(tmp_path, table(**columns))).features
        np.testing.assert_array_equal(features["whole"], [1, np.nan, 3])
        np.testing.assert_array_equal(features["flag"], [1, np.nan, 0])
        assert [features[name].dtype for name in columns] == [np.float64] * 3

    def test_arff_keeps_declared_categories(self, tmp_path):
        (tmp_path / "toy.arff").write_text(ARFF)
        features = load_dataset(f"file:{tmp_path / 'toy.arff'}?target=class").features
        assert list(features["the size"].cat.categories) == ["small", "very large", "medium"]
        assert list(features["the size"].cat.codes) == [2, 0, -1]
        np.testing.assert_array_equal(features["length"], [1.5, np.nan, -2000])
        assert list(features["word"].cat.categories) == ["blue", "dark red", "red"]

    def test_arff_may_be_sparse(self, tmp_path):
        header, _ = ARFF.replace("@attribute word string\n", "").split("@data")
        (tmp_path / "toy.arff").write_text(header + "@data\n{1 4, 2 no}\n{0 medium}\n")
        dataset = load_dataset(f"file:{tmp_path / 'toy.arff'}?target=class")
        assert list(dataset.features["the size"].cat.codes) == [0, 2]
        assert list(dataset.features["length"]) == [4, 0]
        assert list(dataset.target) == ["no", "yes"]

    def test_arff_of_many_blocks_is_the_same_as_of_one(self, tmp_path, monkeypatch):
        (tmp_path / "toy.arff").write_text(ARFF)
        whole = load_dataset(f"file:{tmp_path / 'toy.arff'}?target=class")
        monkeypatch.setattr("lcbench.collection.data.arff_file._BLOCK", 1)
        blocks = load_dataset(f"file:{tmp_path / 'toy.arff'}?target=class")
        pd.testing.assert_frame_equal(blocks.features, whole.features)
        pd.testing.assert_series_equal(blocks.target, whole.target)

    def test_name_and_escapes(self, tmp_path):
        table(**{"a,b": [1, 2, 3]}).to_csv(tmp_path / "odd, name?.csv", index=False)
        path = f"{tmp_path}/odd%2C name%3F.csv"
        assert load_dataset(f"file:{path}?target=class").name == "odd__name_"
        assert load_dataset(f"file:{path}?target=class&name=even").name == "even"
        assert load_dataset(f"file:{path}?target=a%2Cb").target.tolist() == [1, 2, 3]

    @pytest.mark.parametrize("name", ["../up", ".hidden", "a/b"])
    def test_names_that_leave_the_folder_are_refused(self, tmp_path, name):
        with pytest.raises(InputError, match="a data set's name must be"):
            load_dataset(write_csv(tmp_path, table(x=[1, 2, 3])) + f"&name={name}")

    def test_numbers_with_gaps_in_object_columns(self, tmp_path):
        from decimal import Decimal

        features = load_dataset(write_parquet(tmp_path, table(price=[Decimal("1.5"), None, Decimal("2.0")]))).features
        np.testing.assert_array_equal(features["price"], [1.5, np.nan, 2])


class TestBadFiles:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ("", "must name its target column"),
            ("?name=x", "must name its target column"),
            ("?traget=class", "unknown option of a file source 'traget'; nearest: target"),
            ("?target=clas", "unknown target column of train.csv 'clas'; nearest: class"),
        ],
    )
    def test_options(self, tmp_path, options, message):
        source = write_csv(tmp_path, table(x=[1, 2, 3])).partition("?")[0]
        with pytest.raises(InputError, match=message):
            load_dataset(source + options)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(DataError, match=r"must be a file of a table .*, got nothing there"):
            load_dataset(f"file:{tmp_path}/none.csv?target=y")

    def test_an_unknown_type(self, tmp_path):
        (tmp_path / "table.xlsx").touch()
        with pytest.raises(DataError, match=r"must be a file of a table \(\.csv, .*a file whose name ends in \.xlsx"):
            load_dataset(f"file:{tmp_path}/table.xlsx?target=y")

    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("empty.csv", b"", "must have a header with the names of its columns, got an empty file"),
            ("ragged.csv", b"a,b\n1,2\n1,2,3\n", r"got 3 in line 3; .*--separator"),
            ("latin.csv", b"a,b\n\xe9,\xff\xfe\n", "readable file of text in utf-8, got other .*--encoding"),
            ("broken.parquet", b"PAR1 no parquet", "must be a readable parquet file, got an error"),
            ("broken.arff", b"@relation x\n@attribute a {1,2}\n@data\n3\n", "must be an ARFF file, got .* in line 4"),
            (
                "date.arff",
                b"@relation x\n@attribute a date\n@data\n3\n",
                "'a' must hold .* got dates; .*--dates",
            ),
            ("latin.arff", b"@relation x\n@attribute \xe9\xff numeric\n@data\n3\n", "in utf-8, got other .*--encoding"),
        ],
    )
    def test_unreadable_content_is_one_line(self, tmp_path, name, content, message):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=message) as caught:
            load_dataset(f"file:{tmp_path / name}?target=a")
        assert "\n" not in str(caught.value)

    def test_a_folder(self, tmp_path):
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(DataError, match=r"must be a file of a table .*, got a folder"):
            load_dataset(f"file:{tmp_path}/folder.csv?target=a")

    def test_a_wholly_missing_column(self, tmp_path):
        with pytest.raises(DataError, match=r"at least one value, got none in 'gone'; remove it"):
            load_dataset(write_csv(tmp_path, table(x=[1, 2, 3], gone=[None] * 3)))

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            (pd.to_datetime(["2020-01-01"] * 3), r"got datetime64\[.*\] values; turn it into numbers"),
            (pd.to_timedelta([1, 2, 3]), "got timedelta64.* values"),
            ([[1], [2], [3]], "got list values; make one column per part"),
        ],
    )
    def test_columns_that_are_neither_numbers_nor_text(self, tmp_path, values, message):
        with pytest.raises(DataError, match=f"column 'x' must hold numbers, booleans or text, {message}"):
            load_dataset(write_parquet(tmp_path, table(x=values)))

    def test_no_features(self, tmp_path):
        with pytest.raises(DataError, match="at least one feature column"):
            load_dataset(write_csv(tmp_path, table()))


class TestOpenml:
    def test_task_data_and_split(self, cache):
        dataset = load_dataset("openml:167161")
        assert (dataset.name, dataset.source) == ("credit-g", "openml:167161")
        assert (dataset.openml_task_id, dataset.openml_dataset_id, dataset.licence) == (167161, 31, "Public")
        assert dataset.features.shape == (1000, 20)
        assert dataset.target.value_counts().to_dict() == {"good": 700, "bad": 300}
        assert "class" not in dataset.features

    def test_categories_are_in_declared_order(self, cache):
        status = load_dataset("openml:167161").features["checking_status"]
        assert list(status.cat.categories) == ["<0", "0<=X<200", ">=200", "no checking"]

    def test_the_test_rows_are_those_of_the_split_file(self, cache):
        rows = load_dataset("openml:167161").test_rows
        lines = (cache / "tasks/167161/datasplits.arff").read_text().splitlines()
        assert rows.tolist() == sorted(int(line.split(",")[1]) for line in lines if line.startswith("TEST,"))
        assert len(rows) == 330

    def test_openmls_own_client_reads_the_same(self, cache):
        dataset = load_dataset("openml:167168")
        features, target, _, _ = openml.datasets.get_dataset(54, download_data=True).get_data("Class")
        np.testing.assert_array_equal(dataset.features.to_numpy(), features.to_numpy())
        assert dataset.target.tolist() == target.tolist()

    def test_a_name_that_no_file_may_have_is_made_legal_and_can_be_another(self, edit):
        edit("datasets/54/description.xml", "<oml:name>vehicle<", "<oml:name>BNG(a,b,1000)<")
        assert load_dataset("openml:167168").name == "BNG_a_b_1000_"
        named = load_dataset("openml:167168?name=mine")
        assert (named.name, named.source) == ("mine", "openml:167168?name=mine")
        with pytest.raises(UnknownNameError, match="unknown option of an OpenML source 'nam'; nearest: name"):
            load_dataset("openml:167168?nam=mine")

    def test_columns_without_a_value_are_dropped_and_recorded(self, cache):
        dataset = load_dataset("openml:1000043")
        assert dataset.empty_columns == ("TBG",)
        assert dataset.features.shape == (3772, 28)

    def test_no_pickle_is_written_or_read(self, cache, monkeypatch):
        for folder in ("datasets/40975", "tasks/189905"):
            for name in ("dataset.pkl.py3", "features.xml.pkl", "datasplits.pkl.py3"):
                (cache / folder / name).write_bytes(b"not to be opened")
        before = sorted(cache.rglob("*"))
        monkeypatch.setattr("pickle.load", lambda *_: pytest.fail("a pickle was read"))
        assert load_dataset("openml:189905").name == "car"
        assert sorted(cache.rglob("*")) == before
        for path in cache.rglob("*.pkl*"):
            path.unlink()

    def test_another_procedure_leaves_the_split_to_us(self, edit):
        edit("tasks/189905/task.xml", "<oml:type>holdout", "<oml:type>crossvalidation")
        assert load_dataset("openml:189905").test_rows is None

    def test_a_holdout_of_another_size_leaves_the_split_to_us(self, edit):
        edit("tasks/189906/datasplits.arff", "TEST,", "TRAIN,", 500)
        assert load_dataset("openml:189906").test_rows is None

    def test_a_split_of_other_rows_is_refused(self, edit):
        edit("tasks/189906/datasplits.arff", "TEST,2", "TEST,9")
        with pytest.raises(DataError, match="must name rows 0 to 2309, got up to 9"):
            load_dataset("openml:189906")

    def test_row_identifiers_and_ignored_columns_are_left_out(self, edit):
        end = "</oml:data_set_description>"
        row_id = "<oml:row_id_attribute>COMPACTNESS</oml:row_id_attribute>"
        ignored = "<oml:ignore_attribute>CIRCULARITY, ELONGATEDNESS</oml:ignore_attribute>"
        edit("datasets/54/description.xml", end, row_id + ignored + end)
        names = set(load_dataset("openml:167168").features)
        assert len(names) == 15
        assert not names & {"COMPACTNESS", "CIRCULARITY", "ELONGATEDNESS"}

    def test_data_in_parquet_is_read_as_that(self, edit, cache):
        from_arff = load_dataset("openml:167161")
        frame = from_arff.features.assign(**{"class": from_arff.target})
        frame.to_parquet(cache / "datasets/31/dataset_31.pq")
        url = "<oml:parquet_url>http://localhost/dataset_31.pq</oml:parquet_url>"
        edit("datasets/31/description.xml", "</oml:data_set_description>", url + "</oml:data_set_description>")
        from_parquet = load_dataset("openml:167161")
        pd.testing.assert_frame_equal(from_parquet.features, from_arff.features)
        pd.testing.assert_series_equal(from_parquet.target, from_arff.target)

    def test_a_target_that_the_data_lack_is_refused(self, edit):
        edit("tasks/189906/task.xml", "<oml:target_feature>class", "<oml:target_feature>klass")
        with pytest.raises(DataError, match="names the target 'klass', which its data set lacks"):
            load_dataset("openml:189906")

    @pytest.mark.parametrize("number", ["credit-g", "-3", "0", "1.5", "²"])
    def test_a_task_id_is_a_positive_integer(self, number):
        with pytest.raises(DataError, match="an OpenML task id must be a positive integer"):
            load_dataset(f"openml:{number}")

    def test_no_network_is_one_clear_line(self, cache):
        with pytest.raises(DataError, match=r"task 999999 cannot be fetched \(no connection to .*\); check") as caught:
            load_dataset("openml:999999")
        assert "\n" not in str(caught.value)

    def test_an_unknown_task_is_one_clear_line(self, cache, monkeypatch):
        def refuse(*_: object, **__: object) -> None:
            raise openml.exceptions.OpenMLServerException("Unknown task", code=151)

        monkeypatch.setattr(openml._api_calls, "_perform_api_call", refuse)
        with pytest.raises(DataError, match=r"task 999999 cannot be fetched \(.*Unknown task"):
            load_dataset("openml:999999")

    def test_a_regression_task_is_for_a_problem_of_real_targets(self, edit):
        edit("tasks/189906/task.xml", "<oml:task_type_id>1<", "<oml:task_type_id>2<")
        found = load_dataset("openml:189906")
        with pytest.raises(DataError, match="is a regression task; choose a problem whose target is real"):
            prepare(found)

    def test_another_task_is_refused(self, edit):
        edit("tasks/189906/task.xml", "<oml:task_type_id>1<", "<oml:task_type_id>5<")
        with pytest.raises(DataError, match="must be a supervised classification or regression"):
            load_dataset("openml:189906")
