"""Dates: recognised in any spelling by one rule, refused with the option that reads them, or turned into parts."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lcbench.collection.data import dates
from lcbench.collection.data.columns import Columns
from lcbench.collection.data.sources import load_dataset
from lcbench.errors import DataError

MOMENTS = [datetime(2019, 1, 1, tzinfo=UTC) + timedelta(days=37 * i, seconds=61 * i) for i in range(24)]
SPELLINGS = {
    "ISO": "%Y-%m-%d",
    "ISO with time": "%Y-%m-%dT%H:%M:%S",
    "zone": "%Y-%m-%dT%H:%M:%SZ",
    "PostgreSQL": "%Y-%m-%d %H:%M:%S+00",
    "UTC": "%Y-%m-%d %H:%M:%S UTC",
    "German": "%d.%m.%Y",
    "German, short": "%d.%m.%y",
    "American": "%m/%d/%Y",
    "Excel": "%m/%d/%Y %I:%M %p",
    "American, short": "%m/%d/%y",
    "dashes": "%d-%m-%Y",
    "slashes": "%Y/%m/%d",
    "Oracle": "%d-%b-%y",
    "letter": "%B %d, %Y",
    "mail": "%a, %d %b %Y %H:%M:%S +0000",
    "C": "%a %b %d %H:%M:%S %Y",
    "web server": "%d/%b/%Y:%H:%M:%S +0000",
    "Japanese": "%Y年%m月%d日",
    "compact": "%Y%m%dT%H%M%S",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_is_a_date_and_becomes_its_moment(spelling):
    words = [moment.strftime(spelling) for moment in MOMENTS]
    assert all(map(dates.is_date, words))
    order = dates.order_of(words)
    seen = [datetime.strptime(word, spelling).replace(tzinfo=UTC) for word in words]
    assert [dates.moment(word, order) for word in words] == seen


@pytest.mark.parametrize(
    "word",
    ["1.2.3", "10.0.19", "192.168.1.1", "2020-21", "12-34-56", "1/2", "12 Apples 2020", "room 12 2020", "2020", "x"],
)
def test_other_text_is_no_date(word):
    assert not dates.is_date(word)


@pytest.mark.parametrize("spelling", ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y %I:%M %p"])
def test_dates_are_refused_wherever_they_come_from(tmp_path, spelling):
    frame = pd.DataFrame({"d": [moment.strftime(spelling) for moment in MOMENTS], "y": ["n", "p"] * 12})
    frame.loc[3, "d"] = "unknown"
    frame.to_csv(tmp_path / "x.csv", index=False)
    frame.to_parquet(tmp_path / "x.parquet")
    typed = frame.assign(d=[moment.replace(tzinfo=None) for moment in MOMENTS])
    typed.to_parquet(tmp_path / "typed.parquet")
    for name in ("x.csv", "x.parquet", "typed.parquet"):
        with pytest.raises(DataError, match=r"column 'd' must hold .*--dates parts \(dates='parts'\)"):
            load_dataset(f"file:{tmp_path / name}?target=y")
    for table in (frame, pl.from_pandas(typed), typed.assign(d=[moment.date() for moment in MOMENTS])):
        with pytest.raises(DataError, match=r"column 'd' must hold .*--dates parts"):
            Columns.learn(table)


def test_parts_are_the_same_from_text_and_from_types_and_alone():
    text = pd.DataFrame({"d": [moment.strftime("%d.%m.%Y %H:%M:%S") for moment in MOMENTS]})
    columns, tidy = Columns.learn(text, on_dates="parts")
    columns = Columns.from_json(columns.to_json())
    assert list(tidy) == ["d: year", "d: month", "d: day of week", "d: days"]
    want = [[m.year, m.month, m.weekday(), m.timestamp() / 86400] for m in MOMENTS]
    np.testing.assert_allclose(tidy, want)
    typed = pd.DataFrame({"d": pd.to_datetime(MOMENTS)})
    pd.testing.assert_frame_equal(columns.align(typed), tidy)
    pd.testing.assert_frame_equal(columns.align(pl.from_pandas(typed)), tidy)
    alone = columns.align(pd.DataFrame({"d": ["03.04.2020", None]}))
    assert alone["d: month"].iloc[0] == 4, "training had the day first"
    assert alone.iloc[1].isna().all()
    with pytest.raises(DataError, match="column 'd' must hold dates that can be read, got 'soon'"):
        columns.align(pd.DataFrame({"d": ["soon"]}))


def test_what_does_not_say_which_is_the_day_is_refused():
    with pytest.raises(
        DataError, match=r"column 'd' must say which number is the day, .* write them as year-month-day"
    ):
        Columns.learn(pd.DataFrame({"d": ["3/4/2020", "5/6/2020"] * 12}), on_dates="parts")


def test_weeks_and_quarters_are_dates_too():
    found = {word: dates.moment(word, "ymd") for word in ("2020-W02", "2020W023", "2021Q3", "Q3 2021", "2021-07")}
    assert [f"{moment:%Y-%m-%d}" for moment in found.values()] == ["2020-01-06", "2020-01-08", *["2021-07-01"] * 3]


def test_dates_may_stay_categories_if_it_is_said():
    columns, tidy = Columns.learn(pd.DataFrame({"d": ["2020-01-01", "2021-01-01"] * 12}), on_dates="text")
    assert columns.kinds == ("category",)
    assert tidy["d"].tolist() == ["2020-01-01", "2021-01-01"] * 12
