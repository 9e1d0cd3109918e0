"""The leaderboard: studies of the same conditions make one ranking, others their own; what is left out is said."""

from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.analysis.leaderboard.contests import contests, studies_in
from lcbench.simulate.study import Keep, study
from lcbench.simulate.study.comparison import compare


def keep(folder, bench, name, optimizers, seeds=2, budget="6x", **more):
    return study(
        bench, more.pop("datasets", None), optimizers, range(seeds), budget=budget, keep=Keep(folder / name), **more
    )


@pytest.fixture(scope="module")
def folder(bench, tmp_path_factory):
    place = tmp_path_factory.mktemp("studies")
    keep(place, bench, "one.parquet", ("random", "hyperband"))
    (place / "more").mkdir()
    keep(place / "more", bench, "two.parquet", ("bohb", "random"), seeds=3)
    keep(place, bench, "longer.parquet", ("random",), budget="8x")
    keep(place, bench, "part.parquet", ("kde",), datasets=bench.datasets[:1])
    pd.DataFrame({"a": [1]}).to_parquet(place / "other.parquet")
    return place


@pytest.fixture
def found(folder):
    left_out: list[str] = []
    return contests(studies_in(folder, left_out), np.random.default_rng(0)), left_out


def test_conditions_make_the_contests(found):
    made, left_out = found
    assert [set(each.ranked.index) for each in made] == [
        {"random (one)", "hyperband", "bohb", "random (two)"},
        {"random"},
    ]
    assert [each.conditions["budget"] for each in made] == ["6 runs", "8 runs"]
    assert len(left_out) == 1 and left_out[0].startswith("other.parquet: no study")


def test_whoever_lacks_a_data_set_is_named_and_not_ranked(found, bench):
    assert found[0][0].lacking == {"kde": tuple(bench.datasets[1:])}


def test_the_numbers_are_those_of_a_comparison(bench, tmp_path):
    traces = keep(tmp_path, bench, "one.parquet", ("random", "hyperband"))
    ranked = contests(studies_in(tmp_path, []), np.random.default_rng(0))[0].ranked
    expected = compare(traces, None, np.random.default_rng(0)).frame
    for column in ("regret", "rank", "test_regret", "overtuning", "area"):
        assert ranked[column].astype(float).to_dict() == pytest.approx(expected[column].to_dict(), nan_ok=True)


class Checked(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_no_network(folder, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert cli.run(["leaderboard", str(folder), "--out", str(out), "--title", "<b>Mine & yours"]) == 0
    printed = capsys.readouterr().out
    assert "4 optimizers on" in printed and "left out: other.parquet" in printed
    text = out.read_text()
    assert "&lt;b&gt;Mine &amp; yours" in text
    parser = Checked()
    parser.feed(text)
    assert not parser.open
    links = [attrs.get("src") or attrs.get("href") for _, attrs in parser.tags]
    assert all(link.startswith("data:") for link in links if link)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-folder"], "a folder of studies"),
        (["."], "must be a folder of studies"),
        ([".", "--out", "a.pdf"], "unknown format"),
    ],
)
def test_bad_input_is_one_line(arguments, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["leaderboard", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
