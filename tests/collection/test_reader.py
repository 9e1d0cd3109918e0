"""One reader of tables: the same words are the same values, whatever the file, its format and the other rows in it."""

import codecs
import gzip
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.data.columns import Columns
from lcbench.collection.data.encodings import fit_onehot
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.data.table_file import Reading, read_rows, read_table
from lcbench.errors import DataError, DataWarning, InputError

ROWS = 24


def text(header: str, row: str, rows: int = ROWS) -> str:
    """A file of rows made of one pattern: ``{i}`` is the row's number, ``{c}`` its class, ``{k}`` one of three."""
    return header + "\n" + "".join(row.format(i=i, c="np"[i % 2], k=i % 3) + "\n" for i in range(rows))


@pytest.fixture
def file(tmp_path):
    """Write a file, and give its path."""

    def write(content: str | bytes, name: str = "x.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return tmp_path / name

    return write


def told(call):
    """What a call gives, and what it says."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        found = call()
    assert all(issubclass(warning.category, DataWarning) for warning in seen)
    return found, "\n".join(str(warning.message) for warning in seen)


words = st.sampled_from(["007", "7", "7.0", "1.10", "1.1", "true", "True", "FALSE", "1e3", "x", "é", "a b", "0x1", "-"])


@settings(deadline=None, max_examples=40)
@given(st.lists(words, min_size=2, max_size=8), st.data())
def test_a_row_is_read_alike_alone_and_in_company_from_every_format(tmp_path_factory, later, data):
    """Training saw text; so `7`, `007`, `true` and `True` are read as text from whatever file holds them alone."""
    columns, tidy = Columns.learn(pd.DataFrame({"code": ["A1", "007", "7", "true", "1.10", "x", "é"], "n": range(7)}))
    encode = fit_onehot(tidy)
    frame = pd.DataFrame({"code": later, "n": 1.5})
    whole = encode(columns.align(frame))
    at = data.draw(st.integers(0, len(later) - 1))
    folder = tmp_path_factory.mktemp("alone")
    row = frame.iloc[[at]]
    row.to_csv(folder / "x.csv", index=False)
    row.to_csv(folder / "x.tsv.gz", index=False, sep="\t")
    row.to_parquet(folder / "x.parquet")
    quoted = later[at].replace("'", r"\'")
    (folder / "x.arff").write_text(f"@relation r\n@attribute code string\n@attribute n real\n@data\n'{quoted}',1.5\n")
    files = [read_table(path, as_text=columns.read_as_text()) for path in sorted(folder.iterdir())]
    assert len(files) == 4
    for found in (*files, row, pl.from_pandas(row), pa.Table.from_pandas(row)):
        np.testing.assert_array_equal(encode(columns.align(found)), whole[[at]])


def test_words_and_typed_values_of_the_same_meaning_meet(file):
    known = {"a": ["true", "false", "unknown"] * 8, "b": [True, False, None] * 8, "c": ["1.0", "2", "x"] * 8}
    columns, tidy = Columns.learn(pd.DataFrame(known))
    assert columns.kinds == ("category", "number", "category")
    encode = fit_onehot(tidy)
    want = encode(tidy.iloc[:2])
    for numbers in ([1, 2], [1.0, 2.0]):
        typed = pd.DataFrame({"a": [True, False], "b": ["TRUE", "false"], "c": numbers})
        np.testing.assert_array_equal(encode(columns.align(typed)), want)
    again = read_table(file("a,b,c\ntrue,True,1.0\nfalse,False,2\n"), as_text=columns.read_as_text())
    np.testing.assert_array_equal(encode(columns.align(again)), want)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (text("y,a,b", "{c},{i},{k},"), "must have 3 values .* got 4 in line 2; remove the comma at the end of rows"),
        (text("a,b,y", "{i},{i},{k},{c}"), "must have 3 values .* got 4 in line 2; name each column"),
        (text("a,y", "row{i},{i},{c}"), "got 3 in line 2; name each column in the header"),
        (text("a,b,y", "{i},{k},{c}") + "1,2,n,4\n", f"got 4 in line {ROWS + 2}"),
        (text("a,b,y", "{i},{k},{c}") + "1,2\n", f"got 2 in line {ROWS + 2}; mend the row"),
        (text("a,b,y", '{i},"u\nv",{c}') + "1,2\n", rf"got 2 in line {2 * ROWS + 2}"),
        (text("# mine\na,b,y", "{i},{k},{c}"), "got 3 in line 2; remove comments before the header"),
        (text("a,a,y", "{i},{k},{c}"), "names of columns must differ, got 'a' twice"),
        (text("a,y,y", "{i},{c},{c}"), "names of columns must differ, got 'y' twice"),
        (text("a,,y", "{i},{k},{c}"), "must name each of its columns in its header, got no name for column 2"),
        (text(",a,y", "row{i},{k},{c}"), "got no name for column 1"),
        (text("a b y", "{i} {k} {c}"), "what may be spaces; give --separator space"),
        (text("a;b,c\ty", "{i};{k},{k}\t{c}").replace(",", "|"), "can be read with .* give --separator"),
        (
            text("a,ü,y", "{i},é,{c}").encode("latin-1"),
            "must be a readable file of text in utf-8, .* --encoding cp1252",
        ),
        (text("a,b,y", "{i},é,{c}").encode("utf-16-le"), "bytes that are none; .* --encoding utf-16"),
        ("", "must have a header .* got an empty file"),
        (text("a,b,y", '"1{i},234",{k},{c}'), "column 'a' must say which sign is the decimal one, .*--decimal"),
        (
            text("a;b;y", "{i},5;{k}.234;{c}").replace(";0.", ";3."),
            "column 'b' must say what its points are, .*--decimal ,",
        ),
        (text("a,d,y", "{i},?,{c}"), "every column must have at least one value, got none in 'd'"),
    ],
)
def test_a_file_that_can_be_read_in_two_ways_is_refused(file, content, message):
    with pytest.raises(DataError, match=message) as caught:
        told(lambda: load_dataset(f"file:{file(content)}?target=y"))
    assert len(str(caught.value).splitlines()) == 1


PLAIN = text("a,b,y", "{i}.5,{k}x,{c}")


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("x.csv", PLAIN.replace(",", ";"), "", "semicolons"),
        ("x.csv", PLAIN.replace(",", "\t"), "", "tabs"),
        ("x.csv", PLAIN.replace(",", "|"), "", "vertical bars"),
        ("x.tsv", PLAIN.replace(",", "\t"), "", ""),
        ("x.csv", PLAIN.replace(",", ", "), "", ""),
        ("x.csv", text('"a", "b", "y"', '{i}.5, "{k}x", "{c}"'), "", ""),
        ("x.csv", PLAIN.replace(",", "   "), "&separator=space", ""),
        ("x.csv", PLAIN.replace(",", "~"), "&separator=~", ""),
        ("x.csv", "sep=;\n" + PLAIN.replace(",", ";"), "", ""),
        ("x.csv", "\n\n" + PLAIN.replace("\n", "\r\n"), "", ""),
        ("x.csv", PLAIN.replace("\n", "\n\n"), "", ""),
        ("x.csv", codecs.BOM_UTF8 + PLAIN.encode(), "", ""),
        ("x.csv", PLAIN.encode("utf-16"), "", "utf-16"),
        ("x.csv", PLAIN.encode("utf-16-be"), "&encoding=utf-16-be", ""),
        ("x.csv.gz", gzip.compress(PLAIN.encode()), "", ""),
        ("x.csv", text("a;b;y", "{i},5;{k}x;{c}"), "", "decimal comma"),
        ("x.csv", text("a;b;y", "{i},5;{k}x;{c}"), "&decimal=%2C", "semicolons"),
        ("x.csv", text("a,b,y", "${i}.5,{k}x,{c}"), "", "'$0.5' is 0.5"),
        ("x.csv", text("a;b;y", "{i},5 €;{k}x;{c}"), "", "decimal comma"),
        ("x.csv", text("a,b,y", "{i}.5 %,{k}x,{c}"), "", "decimal point"),
        ("x.csv", text(",a,b,y", "{i},{i}.5,{k}x,{c}"), "", "numbers of the rows"),
        ("x.csv", text("Unnamed: 0,a,b,y", "{i},{i}.5,{k}x,{c}"), "", "numbers of the rows"),
        ("x.csv", text("a,b,y,", "{i}.5,{k}x,{c},"), "", "without a name; left out"),
    ],
)
def test_what_can_be_read_in_one_way_is_read_and_said(file, name, content, options, said):
    dataset, notes = told(lambda: load_dataset(f"file:{file(content, name)}?target=y{options}"))
    assert list(dataset.features) == ["a", "b"]
    assert dataset.features["a"].tolist() == [i + 0.5 for i in range(ROWS)]
    assert dataset.features["b"].tolist() == [f"{i % 3}x" for i in range(ROWS)]
    assert dataset.target.tolist() == ["np"[i % 2] for i in range(ROWS)]
    assert said in notes
    assert bool(said) == bool(notes)


@pytest.mark.parametrize("mark", ["?", "N.A.", "-", "unknown", " ", "missing", "#N/A", "null", "--", "Unknown"])
@pytest.mark.parametrize("container", ["file", "frame", "array"])
def test_marks_of_gaps_leave_numbers_numbers_and_are_counted(file, mark, container):
    values = [mark if i % 8 == 3 else str(i / 4) for i in range(ROWS)]
    table = {
        "file": lambda: read_table(file("a,b\n" + "".join(f"{value},1\n" for value in values))),
        "frame": lambda: pd.DataFrame({"a": values, "b": 1}),
        "array": lambda: np.array([values, ["1"] * ROWS]).T,
    }[container]()
    (columns, tidy), said = told(lambda: Columns.learn(table))
    assert columns.kinds[0] == "number"
    want = [np.nan if i % 8 == 3 else i / 4 for i in range(ROWS)]
    np.testing.assert_array_equal(tidy.iloc[:, 0], want)
    assert mark in ("#N/A", "null") or f"(3 of 24: {mark!r}): cells that mark a gap" in said


def test_a_category_for_each_row_is_never_taken_in_silence():
    frame = pd.DataFrame({"name": [f"n{i}" for i in range(40)], "odd": [str(i) if i else "x" for i in range(40)]})
    (columns, _), said = told(lambda: Columns.learn(frame))
    assert columns.kinds == ("category", "category")
    assert "'name' (40 values in 40 cells): text that differs in most rows" in said
    assert "'odd' (39 of 40 cells are numbers, others such as 'x')" in said


def test_codes_with_leading_zeros_are_text_and_it_is_said(file):
    path = file(text("zip,n,y", "{k:05d}".replace("{k:05d}", "0{k}17") + ",{i},{c}"))
    (columns, tidy), said = told(lambda: Columns.learn(read_table(path).drop(columns="y")))
    assert (columns.kinds, columns.read_as_text()) == (("category", "number"), ("zip",))
    assert tidy["zip"].tolist()[:3] == ["0017", "0117", "0217"]
    assert "'zip' ('0017'): digits with leading zeros are codes" in said


def test_a_style_is_learnt_once(file):
    learnt = pd.DataFrame({"price": ["1.234,5", "2,25", "3"] * 8})
    (columns, _), _ = told(lambda: Columns.learn(learnt))
    columns = Columns.from_json(columns.to_json())
    alone = read_table(file("price\n1.234\n"), as_text=columns.read_as_text())
    assert columns.align(alone)["price"].tolist() == [1234.0], "in training, points stood between thousands"
    assert columns.align(pd.DataFrame({"price": [1.5]}))["price"].tolist() == [1.5], "a number is a number"
    with pytest.raises(
        DataError, match=r"as in training, got text such as '1.5'; mend or empty .* or give the decimal"
    ):
        columns.align(read_table(file("price\n1.5\n"), as_text=columns.read_as_text()))
    other = Reading(decimal=".")
    found = read_table(file('price\n1.5\n"1,234"\n'), other, as_text=columns.read_as_text(styled=False))
    assert columns.align(found)["price"].tolist() == [1.5, 1234.0]


def test_a_column_of_numbers_takes_no_other_style_at_prediction():
    columns, _ = Columns.learn(pd.DataFrame({"a": [1.0, 2.0] * 8}))
    for cell in ("1,234", "1 234", "$5", "x"):
        with pytest.raises(DataError, match="must hold numbers as in training") as caught:
            columns.align(pd.DataFrame({"a": ["1", cell]}))
        assert f"got text such as {cell!r}" in str(caught.value)


def test_the_words_of_a_target_are_its_classes(file):
    for words in (["01", "1"], ["true", "false"], ["1.1", "1.10"], ["1e3", "1000"], ["NA", "EU"], ["nan", "None"]):
        rows = "".join(f"{i},{words[i % 2]}\n" for i in range(ROWS))
        (_, target), said = told(lambda rows=rows: read_rows(file("a,y\n" + rows), "y"))
        assert target.tolist() == [words[i % 2] for i in range(ROWS)]
        assert all(f"12 rows of '{word}'" in said for word in words if word in ("NA", "nan", "None"))
    for form, kind in (("{k}", int), ("{k}.5", float), ("{k}.0", float)):
        _, target = read_rows(file(text("a,y", "{i}," + form)), "y")
        assert target.tolist() == [kind(form.format(k=i % 3)) for i in range(ROWS)]


def test_an_empty_line_is_a_row_of_a_single_column(file):
    frame, said = told(lambda: read_table(file("a\n-1.0\n\n5.0\n\n4.5\n")))
    np.testing.assert_array_equal(frame["a"], [-1.0, np.nan, 5.0, np.nan, 4.5])
    assert "2 empty cells or lines are rows without a value" in said


def test_long_values_are_values(file):
    frame = read_table(file(text("a,b", '"{i},' + "u" * 200_000 + '",{k}', 3)))
    assert frame["a"].str.len().tolist() == [200_002] * 3


def test_columns_that_were_left_out_are_not_asked_for():
    frame = pd.DataFrame({"Unnamed: 0": range(8), "void": [None] * 8, "a": range(8)})
    (columns, tidy), said = told(lambda: Columns.learn(frame))
    assert list(tidy) == ["a"]
    assert "'Unnamed: 0': the numbers of the rows" in said
    assert columns.align(frame[["a"]]).equals(tidy)
    assert columns.align(frame).equals(tidy)
    plain, _ = Columns.learn(frame[["a"]])
    assert told(lambda: plain.align(frame[["Unnamed: 0", "a"]]))[0].equals(tidy)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"separator": "ab"}, "separator must be one ASCII character or one of comma"),
        ({"separator": "§"}, "separator must be one ASCII character"),
        ({"separator": '"'}, "separator must be one ASCII character"),
        ({"decimal": ";"}, "decimal must be"),
        ({"decimal": ",", "separator": "comma"}, "separator and decimal must differ"),
        ({"encoding": "no"}, "encoding must be one that Python knows"),
        ({"dates": "no"}, "unknown treatment of dates 'no'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        Reading(**options)


def test_options_of_text_are_refused_for_other_files(tmp_path):
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(InputError, match=r"separator must be given for files of text only, got x\.parquet"):
        read_table(tmp_path / "x.parquet", Reading(separator=";"))


def arff(kind: str, row: str, more: str = "") -> str:
    return f"@relation r\n@attribute d {kind}\n@attribute y {{n,p}}\n@data\n" + f"{row},n\n{row},p\n" * 10 + more


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (arff("real", "1", "1,n,\n"), "in line 25"),
        (arff("real", "1", "1,z\n"), "Data value z not found in nominal declaration, in line 25"),
        (arff("number", "1"), "in line 2"),
        (arff('DATE "yyyy-MM-dd"', "2020-01-01"), "column 'd' must hold .*, got dates; .*--dates parts"),
        (arff("string", "é").encode("latin-1"), "other bytes after line .*--encoding"),
    ],
)
def test_an_arff_file_says_where_it_cannot_be_read(file, content, message):
    with pytest.raises(DataError, match=message):
        read_table(file(content, "x.arff"))


def test_arff_files_with_a_mark_a_category_twice_and_dates(file):
    marked = read_table(file(arff("{u,v,u}", "u"), "x.arff", "utf-8-sig"))
    assert list(marked["d"].cat.categories) == ["u", "v"]
    assert marked["d"].tolist() == ["u"] * 20
    dated = read_table(file(arff("date 'dd.MM.yyyy'", "03.02.2020"), "x.arff"), Reading(dates="parts"))
    assert dated["d"].iloc[0] == pd.Timestamp("2020-02-03", tz="UTC")
