"""The figure of one-shot searches: regret over seconds, beside replayed optimizers."""

import numpy as np
import pandas as pd
import pytest
from own_tables import cells_table, searches

from lcbench import cli
from lcbench.analysis.anytime import anytime_regret
from lcbench.analysis.figures import FIGURES, NothingToDrawError
from lcbench.analysis.figures.contract import caption
from lcbench.simulate.study import study
from lcbench.simulate.study.description import Description
from lcbench.simulate.study.one_shot import file
from lcbench.space.cells import CONV_1X1, CONV_3X3, POOL_3X3, SKIP

GOOD, FAIR, POOR, ABSENT = ((each,) * 6 for each in (CONV_3X3, CONV_1X1, POOL_3X3, SKIP))
WORTH = {GOOD: 0.9, FAIR: 0.8, POOR: 0.6}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Three cells on two data sets, the second a tenth harder."""
    folder = tmp_path_factory.mktemp("cells") / "t"
    return cells_table(folder, WORTH, datasets={"own": 0.0, "hard": 0.1})


TWO_SEEDS = searches(
    ("gdas", "own", 0, [(1.0, POOR), (10.0, GOOD), (100.0, FAIR)]),
    ("gdas", "own", 1, [(2.0, FAIR), (20.0, FAIR), (50.0, GOOD)]),
)


def at(frame, seconds, name="gdas"):
    """The regret of a line at a time: the last one before."""
    line = frame[(frame["optimizer"] == name) & (frame["seconds"] <= seconds * (1 + 1e-9))]
    return line["regret"].iloc[-1]


def test_the_line_of_a_method_is_worked_out_by_hand(bench):
    """Regrets of the cells are 0, 0.1 and 0.3; the line may rise, and ends with the longest search."""
    frame = FIGURES["one_shot"].frame(bench, searches=TWO_SEEDS)
    assert (frame["seconds"].min(), frame["seconds"].max()) == (1.0, pytest.approx(100.0))
    assert np.isnan(at(frame, 1.9))
    for seconds, expected in ((2.1, (0.3 + 0.1) / 2), (15, 0.1 / 2), (49, 0.1 / 2), (52, 0.0), (100, 0.1 / 2)):
        assert at(frame, seconds) == pytest.approx(expected, abs=1e-6)
    there = frame[frame["regret"].notna()]
    assert ((there["low"] <= there["regret"] + 1e-9) & (there["regret"] <= there["high"] + 1e-9)).all()


def test_an_epoch_that_seems_to_end_before_the_one_before_it_counts(bench):
    """Deriving a cell takes longer after one epoch than after the next."""
    frame = FIGURES["one_shot"].frame(bench, searches=searches(("gdas", "own", 0, [(1, POOR), (9, FAIR), (8, GOOD)])))
    assert at(frame, 7.9) == pytest.approx(0.3, abs=1e-6)
    assert at(frame, 8.1) == at(frame, 9) == pytest.approx(0.0, abs=1e-6)


def test_a_line_has_a_gap_where_the_table_lacks_a_cell(bench):
    lacking = searches(
        ("gdas", "own", 0, [(1, POOR), (10, ABSENT), (20, GOOD)]), ("gdas", "own", 1, [(1, POOR), (100, GOOD)])
    )
    frame = FIGURES["one_shot"].frame(bench, searches=lacking)
    assert [np.isnan(at(frame, seconds)) for seconds in (5, 15, 30)] == [False, True, False]
    assert "Cells that the table lacks: 1 of 5 of gdas on own." in caption(FIGURES["one_shot"].load(), frame)[1]
    nothing = searches(("gdas", "own", 0, [(1, ABSENT)]))
    with pytest.raises(NothingToDrawError, match="lacks cells of every search"):
        FIGURES["one_shot"].frame(bench, searches=nothing)
    both = pd.concat([nothing.assign(method="darts"), TWO_SEEDS])
    figure = FIGURES["one_shot"].load().draw(FIGURES["one_shot"].frame(bench, searches=both))
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["darts (no line)", "gdas"]


@pytest.fixture(scope="module")
def traces(bench):
    return study(bench, optimizers=("random", "hyperband"), seeds=(0, 1), workers=2, budget="5x")


def test_optimizers_are_drawn_in_seconds(bench, traces):
    """On the data sets that both have."""
    frame = FIGURES["one_shot"].frame(bench, traces=traces, searches=TWO_SEEDS)
    assert frame["dataset"].unique().tolist() == ["own"]
    own = traces[traces["dataset"] == "own"]
    limit = own["limit"].iloc[0]
    for name in ("random", "hyperband"):
        line = frame[frame["optimizer"] == name]
        expected = anytime_regret(own[own["optimizer"] == name], (line["seconds"] / limit).tolist())
        np.testing.assert_allclose(line["regret"], expected["regret"])
        assert line["seconds"].is_monotonic_increasing
        assert line["seconds"].iloc[-1] <= limit
    shared = [set(rows["seconds"]) for _, rows in frame[frame["seconds"].between(2, 5)].groupby("optimizer")]
    assert all(each == shared[0] for each in shared)  # so that the best of all can be found at each time
    assert "Optimizers had 2 workers, a search one process." in caption(FIGURES["one_shot"].load(), frame)[1]
    assert len(FIGURES["one_shot"].load().draw(frame).axes) == 1


def test_what_cannot_be_drawn_says_what_it_needs(bench, traces):
    figure = FIGURES["one_shot"]
    with pytest.raises(NothingToDrawError, match="lcbench one-shot"):
        figure.frame(bench, traces=traces)
    with pytest.raises(NothingToDrawError, match="limit counts epochs; simulate with --budget"):
        figure.frame(bench, traces=traces.assign(unit="epochs"), searches=TWO_SEEDS)
    with pytest.raises(NothingToDrawError, match="has no data set of the searches"):
        figure.frame(bench, traces=traces[traces["dataset"] == "hard"], searches=TWO_SEEDS)


def test_the_command(bench, traces, tmp_path, capsys):
    from lcbench.simulate.study import write

    write(tmp_path / "traces.parquet", traces)
    said = Description("one-shot searches", {}, {"methods": ["gdas"], "datasets": ["own"], "seeds": [0, 1]})
    file.write(tmp_path / "s.parquet", file.pa.Table.from_pandas(TWO_SEEDS, file.SCHEMA, preserve_index=False), said)
    line = ["figures", str(bench.folder), "--only", "fig13", "--one-shot", str(tmp_path / "s.parquet"), "--quiet"]
    line += ["--traces", str(tmp_path / "traces.parquet"), "--formats", "svg", "--out", str(tmp_path / "out")]
    assert cli.run(line) == 0
    assert "one_shot:" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"one_shot.{end}" for end in ("svg", "csv", "txt")}
