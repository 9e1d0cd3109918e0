"""The tool on tables of every kind: names, classes, groups, and files to predict that are read as training's was."""

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, KFold, cross_val_score

from lcbench import cli
from lcbench.collection.data.table_file import Reading, read_rows
from lcbench.errors import DataError, DataWarning, InputError
from lcbench.simulate.autotabular import AutoTabularClassifier

RNG = np.random.default_rng(0)
Y = np.arange(80) % 2
X = pd.DataFrame({"a": RNG.normal(size=80) + 4 * Y, "b": RNG.normal(size=80) - 4 * Y})


def tool(**changes: object) -> AutoTabularClassifier:
    """The quickest search there is: one model in this process."""
    quick = {"time_limit": None, "trials": 1, "workers": 0, "baselines": ["knn"], "portfolio": None, "splitter": None}
    return AutoTabularClassifier(**quick | changes)


@pytest.mark.parametrize("container", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "arrow"])
def test_named_columns_are_told_by_their_names_also_after_loading(tmp_path, container):
    classifier = tool().fit(container(X), Y)
    want = classifier.predict_proba(X)
    classifier.save(tmp_path / "saved")
    for each in (classifier, AutoTabularClassifier.load(tmp_path / "saved")):
        assert list(each.feature_names_in_) == ["a", "b"]
        for frame in (X[["b", "a"]], container(X[["b", "a"]]), container(X)):
            np.testing.assert_allclose(each.predict_proba(frame), want)


@pytest.mark.parametrize(
    ("values", "kind"),
    [([5, 7], "i"), ([True, False], "b"), ([2.0, 3.0], "f"), ([0.5, 1.5], "f"), (["01", "1"], "OU")],
)
def test_classes_are_the_same_by_every_way_in(values, kind):
    target = [values[y] for y in Y]
    ways = [target, tuple(target), np.array(target), np.array(target, object), pd.Series(target, dtype=object)]
    ways += [pl.Series(target), pa.array(target), pd.Series(target).astype("category")]
    for way in ways:
        fitted = tool().fit(X, way)
        assert sorted(fitted.classes_.tolist()) == sorted(values)
        assert fitted.classes_.dtype.kind in kind
        assert fitted.score(X, way) > 0.9
    assert tool(metric="f1_macro").fit(X, target).leaderboard().score[0] > 0.9
    assert cross_val_score(tool(), X, pd.Series(target), cv=2).min() > 0.9


@pytest.mark.parametrize(
    "target",
    [
        [*["a", "b"] * 39, "a", None],
        [*["a", "b"] * 39, "a", float("nan")],
        pd.Series([*["a", "b"] * 39, "a", pd.NA]),
        pl.Series([*["a", "b"] * 39, "a", None]),
        pa.array([*[0, 1] * 39, 1, None]),
        np.ma.masked_array(Y, mask=Y.cumsum() == 40),
        pd.Categorical([*["a", "b"] * 39, "a", None]),
    ],
    ids=["list", "nan", "pandas", "polars", "arrow", "masked", "categorical"],
)
def test_missing_classes_are_refused_in_any_container(target):
    with pytest.raises(DataError, match="the target must have a value in every row, got none in 1 of"):
        tool().fit(X[: len(target)], target)


@pytest.mark.parametrize(
    "target",
    [pd.cut(X.a, 2), pd.cut(X.a.to_numpy(), 2), np.array([b"n", b"p"])[Y], pd.to_datetime(["2020", "2021"])[Y]],
    ids=["intervals", "bare intervals", "bytes", "dates"],
)
def test_what_is_no_class_is_told_to_be_written_as_text(target):
    with pytest.raises(DataError, match=r"the target must hold classes .*; write classes as text"):
        tool().fit(X, target)


def test_a_regression_is_told_apart():
    with pytest.raises(DataError, match=r"80 different real numbers \(a regression\?\)"):
        tool().fit(X, X.a.to_numpy())
    with (
        pytest.warns(DataWarning, match=r"80 different whole numbers, each of them a class \(a regression\?\)"),
        pytest.raises(DataError, match=r"5 rows for each class.*\(a regression\?\)"),
    ):
        tool().fit(X, np.arange(80))


def test_groups_are_used_or_refused():
    groups = np.arange(80) // 8
    for splitter in (None, "auto", 3, KFold(3)):
        with pytest.raises(InputError, match="groups must come with a splitter that uses them, got"):
            tool(splitter=splitter).fit(X, Y, groups=groups)
    with pytest.raises(InputError, match="groups must have one value for each of 80 rows, got 5"):
        tool(splitter=GroupKFold(2)).fit(X, Y, groups=groups[:5])
    tool(splitter=GroupKFold(2)).fit(X, Y, groups=groups)


def test_a_metric_of_a_script_is_refused_before_anything_is_there(tmp_path, monkeypatch):
    def right(true, guess):
        return float((true == guess).mean())

    script = ModuleType("__main__")
    script.right = right
    right.__module__, right.__qualname__ = "__main__", "right"
    monkeypatch.setitem(sys.modules, "__main__", script)
    for metric in (right, make_scorer(right)):
        with pytest.raises(
            InputError, match=r"metric must be .* got right of the script or notebook itself; define it"
        ):
            tool(workers=1, metric=metric).fit(X, Y, folder=tmp_path / "model")
        assert not (tmp_path / "model").exists()


def printed(capsys, *words: object, code: int = 0) -> tuple[str, str]:
    """What a command line writes and what it says."""
    capsys.readouterr()
    assert cli.run([*map(str, words)]) == code
    return capsys.readouterr()


def test_a_file_is_predicted_as_training_read_its_own(tmp_path, capsys, monkeypatch):
    """Text stays text, prices and dates keep their style, columns that were left out are not asked for."""
    monkeypatch.chdir(tmp_path)
    rows = [
        f"{['007', '12', 'A1'][i % 3]};{i % 2 * 9 + 1}.234,5;{i % 28 + 1}.2.2021;;{['01', '1'][i % 2]}"
        for i in range(60)
    ]
    Path("train.csv").write_text("code;price;day;void;y\n" + "\n".join(rows) + "\n")
    with pytest.warns(DataWarning, match=r"semicolons|decimal comma"):
        features, target = read_rows(Path("train.csv"), "y", Reading(dates="parts"))
        tool(dates="parts", baselines=["random_forest"]).fit(features, target, folder="model")
    Path("some.csv").write_text("code,day,price\n" + '007,3.2.2021,"1.234,5"\n12,3.4.2021,"10.234,5"\n')
    Path("one.tsv").write_text("code\tday\tprice\ty\n12\t3.4.2021\t10.234\t1\n")
    some, _ = printed(capsys, "predict", "model", "some.csv", "--probabilities")
    assert [line.split(",")[0] for line in some.splitlines()] == ["y", "01", "1"]
    one, said = printed(capsys, "predict", "model", "one.tsv")
    assert (one.split(), said) == (["y", "1"], "")
    Path("wrong.csv").write_text("code,day,price\n007,3.2.2021,?\n12,3.4.2021,10.5\n")
    _, said = printed(capsys, "predict", "model", "wrong.csv", code=2)
    assert "column 'price' must hold numbers as in training, got text such as '10.5'" in said
    point, said = printed(capsys, "predict", "model", "wrong.csv", "--decimal", ".")
    assert point.split()[0] == "y"
    assert "predictions" not in said


def test_marks_of_gaps_are_said_on_standard_error(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tool().fit(X, Y, folder="model")
    Path("new.csv").write_text("a,b\n4,-4\n?,-4\n")
    out, said = printed(capsys, "predict", "model", "new.csv")
    assert out.split() == ["target", "1", "1"]
    assert said == "lcbench: column 'a' (1 of 2: '?'): cells that mark a gap are read as missing numbers.\n"
