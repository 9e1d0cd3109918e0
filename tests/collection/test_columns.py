"""Raw frames: what is read, what is the same whatever the order, and what is refused in one sentence."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lcbench.collection.data.columns import Columns
from lcbench.collection.data.encodings import ENCODINGS, Encoder
from lcbench.errors import DamagedFileError, DataError

ROWS = 12


def raw() -> pd.DataFrame:
    """One column of each kind that a frame may have."""
    half = np.arange(ROWS) % 2 == 0
    return pd.DataFrame(
        {
            "number": np.where(half, np.nan, np.arange(ROWS) / 7),
            "integer": np.arange(ROWS),
            "nullable": pd.array([None if h else 3 for h in half], "Int64"),
            "flag": half,
            "flag with gaps": pd.array([None if i == 3 else bool(h) for i, h in enumerate(half)], "boolean"),
            "loose flag": pd.Series([None if i == 3 else bool(h) for i, h in enumerate(half)], dtype=object),
            "text": pd.Series([None if i == 1 else "ab"[i % 2] for i in range(ROWS)], dtype=object),
            "string": pd.array(["x", "y", None] * 4, "string"),
            "kind": pd.Categorical.from_codes([0, 2] * 6, categories=["tiny", "huge", "middle"]),
            "number kind": pd.Categorical([3, 1] * 6),
            "constant": np.full(ROWS, 7.5),
            "void": np.full(ROWS, np.nan),
            "void text": pd.Series([None] * ROWS, dtype=object),
            5: np.arange(ROWS) * 2.0,
        }
    )


def test_every_kind_of_column_is_read():
    columns, tidy = Columns.learn(raw())
    kinds = dict(zip(columns.names, columns.kinds, strict=True))
    assert [name for name, kind in kinds.items() if kind == "empty"] == ["void", "void text"]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    assert categories == ["text", "string", "kind", "number kind"]
    assert list(tidy) == [name for name in columns.names if kinds[name] != "empty"]
    assert all(tidy[n].dtype == np.float64 for n in tidy if kinds[n] == "number")
    assert tidy["flag"].tolist() == [1.0, 0.0] * 6
    for name in ("flag with gaps", "loose flag"):
        assert tidy[name].isna().tolist() == [i == 3 for i in range(ROWS)]
    assert tidy["5"].tolist() == (np.arange(ROWS) * 2.0).tolist()


@pytest.mark.parametrize("text", ["2026-11-26", "2026-11-26 12:00:01.5", "2026-11-26T12:00Z", "2026-11-26 12:00+01:00"])
def test_text_that_is_a_date_in_every_row_is_a_date_and_other_text_is_not(text):
    frame = pd.DataFrame({"x": range(ROWS), "when": [text, None] * (ROWS // 2)})
    with pytest.raises(DataError, match="'when' must hold numbers, booleans or text, got dates such as '2026-11-26"):
        Columns.learn(frame)
    for other in (frame.assign(when=[text, "later"] * (ROWS // 2)), frame.astype({"when": "category"})):
        columns, _ = Columns.learn(other)
        assert columns.kinds == ("number", "category")


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_reading_again_gives_the_same_inputs(encoding):
    """Also as a CSV file gives it back, where types have changed: booleans with gaps as text, categories as numbers."""
    columns, tidy = Columns.learn(raw())
    encode = ENCODINGS[encoding](tidy)
    pd.testing.assert_frame_equal(columns.align(raw()), tidy)
    again = raw().astype({"number kind": int, "kind": object, "integer": float, "flag": int})
    np.testing.assert_array_equal(encode(columns.align(again)), encode(tidy))


@settings(deadline=None, max_examples=25)
@given(order=st.permutations(range(14)), encoding=st.sampled_from(sorted(ENCODINGS)))
def test_the_order_of_columns_never_matters(order, encoding):
    columns, tidy = Columns.learn(raw())
    encode = ENCODINGS[encoding](tidy)
    np.testing.assert_array_equal(encode(columns.align(raw().iloc[:, list(order)])), encode(tidy))


texts = st.one_of(st.none(), st.sampled_from(["a", "b", "c", "1", "01", "é", ""]))


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(-1e6, 1e6) | st.none(), min_size=6, max_size=6),
    known=st.lists(texts, min_size=6, max_size=6).filter({"a", "b", "c", "é"}.intersection),
    new=st.lists(st.one_of(texts, st.sampled_from(["unseen", "other"])), min_size=4, max_size=4),
    encoding=st.sampled_from(sorted(ENCODINGS)),
)
@example([0.0, 0.0, None, None, 1.2e-38, None], ["a"] * 6, ["a"] * 4, "onehot")  # it hardly varies, and then it does
def test_an_encoder_survives_json_and_takes_the_unseen_for_missing(values, known, new, encoding):
    frame = pd.DataFrame({"x": np.array(values, float), "k": pd.Series(known, dtype=object), "one": 1.0})
    columns, tidy = Columns.learn(frame)
    encode = ENCODINGS[encoding](tidy)
    other = Encoder.from_json(json.loads(json.dumps(encode.to_json())))
    later = pd.DataFrame({"x": [0.5, None, 2.0, -1e3], "k": pd.Series(new, dtype=object), "one": 1.0})
    as_missing = later.assign(k=pd.Series([k if k in known else None for k in new], dtype=object))
    found = encode(columns.align(later))
    assert found.tobytes() == other(columns.align(later)).tobytes()
    assert found.tobytes() == encode(columns.align(as_missing)).tobytes()
    assert np.isfinite(found).all()


def test_arrays_are_told_by_their_places():
    columns, tidy = Columns.learn(np.arange(12.0).reshape(4, 3))
    assert (columns.named, tidy.shape) == (False, (4, 3))
    np.testing.assert_array_equal(columns.align([[1, 2, 3]]), [[1, 2, 3]])
    np.testing.assert_array_equal(columns.align(pd.DataFrame([[1, 2, 3]], columns=list("abc"))), [[1, 2, 3]])
    with pytest.raises(DataError, match="rows must have 3 values as in training, got 2"):
        columns.align(np.ones((2, 2)))
    mixed = np.array([["a", 1.0], ["b", 2.0]], dtype=object)
    assert Columns.learn(mixed)[0].kinds == ("category", "number")


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.to_datetime(["2020-01-01"] * ROWS), "got datetime64.* values; turn it into numbers .*days since"),
        ([date(2020, 1, 1)] * ROWS, "got dates such as '2020-01-01'; turn it into numbers"),
        (pd.to_timedelta(np.arange(ROWS), "h"), "got timedelta64.* values; turn it into numbers"),
        (pd.period_range("2020", periods=ROWS, freq="Y"), "got period.* values; turn it into numbers"),
        ([[1, 2]] * ROWS, "got list values; make one column per part or remove it"),
        ([{"a": 1}] * ROWS, "got dict values; make one column per part or remove it"),
        (np.full(ROWS, 1j), "must hold real numbers, got complex128"),
        ([1.0] * (ROWS - 1) + [np.inf], "must be finite, got inf; mend or empty those cells"),
        ([1.0] * (ROWS - 1) + [-1e39], "must be finite, got 1e\\+39"),
    ],
)
def test_columns_that_cannot_be_used_are_refused_when_learnt_and_later(column, message):
    column = (
        pd.Series(list(column), dtype=object)
        if isinstance(column, list) and isinstance(column[0], list | dict)
        else column
    )
    bad = pd.DataFrame({"good": np.arange(float(ROWS)), "bad": column})
    with pytest.raises(DataError, match=f"column 'bad' .*{message}"):
        Columns.learn(bad)
    columns, _ = Columns.learn(bad.assign(bad=1.0))
    with pytest.raises(DataError, match=r"column 'bad' must (hold|be)"):
        columns.align(bad)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="text"), "got missing 'text'; rename, add or remove them"),
        (lambda f: f.assign(more=1), "got unknown 'more'"),
        (lambda f: f.rename(columns={"text": "test"}), "got missing 'text'; unknown 'test'"),
        (lambda f: pd.concat([f, f[["flag"]]], axis=1), "got twice 'flag'"),
        (
            lambda f: f.assign(number="much"),
            "column 'number' must hold numbers as in training, got text such as 'much'",
        ),
    ],
)
def test_other_columns_than_in_training_are_refused(change, message):
    columns, _ = Columns.learn(raw())
    with pytest.raises(DataError, match=message):
        columns.align(change(raw()))


def test_columns_that_are_empty_later_are_missing_values():
    columns, tidy = Columns.learn(raw())
    later = columns.align(raw().assign(text=None, number=np.nan, kind=pd.NA))
    assert later[["text", "number", "kind"]].isna().all(axis=None)
    assert np.isfinite(ENCODINGS["onehot"](tidy)(later)).all()


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (pd.DataFrame({"a": [None, None]}), "at least one column with a value, got none"),
        (pd.DataFrame(index=range(3)), "at least one feature column"),
        (np.arange(3), r"must be 2-d \(rows x columns\), got shape \(3,\); reshape your data"),
        (pd.DataFrame(np.ones((3, 2)), columns=["a", "a"]), "names of columns must differ, got 'a' twice"),
    ],
)
def test_there_must_be_a_table(features, message):
    with pytest.raises(DataError, match=message):
        Columns.learn(features)


def test_a_record_of_columns_survives_json():
    columns, _ = Columns.learn(raw())
    assert Columns.from_json(json.loads(json.dumps(columns.to_json()))) == columns
    for damage in ({"names": ["a"]}, {"names": ["a"], "kinds": ["run"], "named": True}):
        with pytest.raises(DamagedFileError):
            Columns.from_json(damage)
    with pytest.raises(DamagedFileError):
        Encoder.from_json(
            {"scaled": ["a"], "fills": [0], "centres": [0], "scales": [0], "categories": {}, "spread": []}
        )
