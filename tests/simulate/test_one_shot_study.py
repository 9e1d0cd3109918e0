"""Studies of one-shot searches: kept, resumed and added to; their cells in a table."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_tables import VALID, cells_table, searches

import lcbench
from lcbench import cli
from lcbench.collection.cells.one_shot import METHODS
from lcbench.collection.cells.one_shot.search import Found
from lcbench.collection.cells.one_shot.settings import Settings
from lcbench.errors import DamagedFileError, InputError, LcbenchError, PlanConflictError, StoppedError, UnknownNameError
from lcbench.simulate.study import read as read_traces
from lcbench.simulate.study.description import read_description
from lcbench.simulate.study.keeping import Keep
from lcbench.simulate.study.one_shot import file, look_up, missing_cells, running
from lcbench.simulate.study.one_shot.plan import OneShotPlan
from lcbench.simulate.study.one_shot.report import summary
from lcbench.space.cells import CONV_1X1, CONV_3X3, NAMES, NONE, OPERATIONS, SKIP, canonical, cell_space, draw
from lcbench.work import InlineExecutor

CELLS = st.tuples(*[st.sampled_from(OPERATIONS)] * len(NAMES))
BEGUN: list[tuple[str, int]] = []


class Drawn:
    """A method that trains nothing: a cell drawn at random after each epoch, each a second."""

    def __init__(self, task, seed, chosen):
        self.rng, self.epochs_, self.name = np.random.default_rng(seed), chosen.epochs, task.name
        BEGUN.append((task.name, seed))

    def epochs(self):
        for epoch in range(self.epochs_):
            yield Found(epoch + 1, epoch + 1.0, tuple(self.rng.choice(OPERATIONS, len(NAMES)).tolist()), 0.5)


class Failing(Drawn):
    """A method that fails with seed 1."""

    def __init__(self, task, seed, chosen):
        super().__init__(task, seed, chosen)
        if seed == 1:
            raise RuntimeError("it broke")


@pytest.fixture
def methods(monkeypatch):
    """Methods "drawn" and "failing", which run in this process."""
    monkeypatch.setitem(METHODS, "drawn", Drawn)
    monkeypatch.setitem(METHODS, "failing", Failing)
    monkeypatch.setattr(
        running, "get_executor", lambda name, jobs, scheduler, function, preload: InlineExecutor(function)
    )
    BEGUN.clear()


def searched(path, methods=("drawn",), seeds=(0, 1), epochs=3, sources=("sklearn:digits",), **options):
    keep = {name: options.pop(name) for name in ("overwrite", "say") if name in options}
    return running.search(OneShotPlan(sources, methods, seeds, Settings(epochs)), Keep(path, **keep), **options)


def test_a_study_is_kept_and_says_what_it_is(methods, tmp_path):
    path = tmp_path / "s.parquet"
    found = searched(path)
    assert tuple(found) == file.COLUMNS
    assert found["epoch"].tolist() == [1, 2, 3] * 2
    pd.testing.assert_frame_equal(file.read(path), found)
    said = read_description(path)
    assert said.names == {"methods": ["drawn"], "datasets": ["digits"], "seeds": [0, 1]}
    assert {"lcbench", "epochs", "batch", "architecture rate", "images of digits digest"} == set(said.settings)
    assert [each["runs"] for each in said.made] == [2]
    assert not (tmp_path / "s.parquet.parts").exists()


def test_the_same_again_costs_nothing_and_more_is_added(methods, monkeypatch, tmp_path):
    path, lines = tmp_path / "s.parquet", []
    once = searched(path)
    again = searched(path, say=lines.append)
    pd.testing.assert_frame_equal(once, again)
    assert BEGUN == [("digits", 0), ("digits", 1)]
    monkeypatch.setitem(METHODS, "other", Drawn)
    more = searched(path, ("other",), (0, 2), say=lines.append)
    assert len(more) == 3 * 2 * 3  # epochs, methods, seeds
    assert len(BEGUN) == 2 + 4
    old = more[(more["method"] == "drawn") & more["seed"].isin((0, 1))].reset_index(drop=True)
    pd.testing.assert_frame_equal(old, once)
    assert lines == [
        f"{path} holds all of this; nothing runs.",
        f"{path} holds 2 runs; 4 more complete 2 methods x 1 data set x 3 seeds.",
    ]


def test_other_epochs_are_another_study(methods, tmp_path):
    path, lines = tmp_path / "s.parquet", []
    searched(path)
    with pytest.raises(PlanConflictError, match=r"another study \(epochs: there 3, asked 4\)"):
        searched(path, epochs=4)
    found = searched(path, epochs=4, overwrite=True, say=lines.append)
    assert found["epoch"].max() == 4
    assert lines == [f"{path} is replaced: 2 searches of drawn go."]


def test_changed_images_are_refused(methods, monkeypatch, tmp_path):
    path = tmp_path / "s.parquet"
    searched(path)
    monkeypatch.setattr(running, "digest_data", lambda data: "0" * 64)
    with pytest.raises(PlanConflictError, match="the images of digits are others"):
        searched(path, seeds=(0, 1, 2))


def test_it_is_stopped_and_resumed(methods, monkeypatch, tmp_path):
    path = tmp_path / "s.parquet"

    def stop(task, reason):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(path, seeds=(0, 1, 2), done=stop)
    assert not path.exists()
    with pytest.raises(PlanConflictError, match="epochs: there 3, asked 5"):
        searched(path, epochs=5)
    begun = []
    resumed = searched(path, seeds=(0, 1, 2), begun=lambda *counts: begun.append(counts))
    assert begun == [(1, 3)]
    assert BEGUN == [("digits", 0), ("digits", 1), ("digits", 2)]
    pd.testing.assert_frame_equal(resumed, searched(tmp_path / "other.parquet", seeds=(0, 1, 2)))


def test_what_was_finished_waits_until_it_is_asked_for_again(methods, tmp_path):
    """Stopped with one seed of three, and another seed asked for meanwhile."""
    path = tmp_path / "s.parquet"

    def stop(task, reason):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        searched(path, seeds=(2, 1), done=stop)
    searched(path, seeds=(0,))
    assert len(searched(path, seeds=(2,))) == 2 * 3
    assert BEGUN == [("digits", 2), ("digits", 0)]
    assert not (tmp_path / "s.parquet.parts").exists()


def test_a_search_that_fails_is_left_out_and_tried_again(methods, tmp_path):
    path, failed = tmp_path / "s.parquet", []
    found = searched(path, ("drawn", "failing"), done=lambda task, reason: failed.append((str(task), reason)))
    assert [each for each in failed if each[1]] == [("failing on digits, seed 1", "RuntimeError: it broke")]
    assert len(found.groupby(["method", "seed"])) == 3
    BEGUN.clear()
    with pytest.raises(StoppedError, match="it broke"):
        searched(path, ("failing",))
    assert set(BEGUN) == {("digits", 1)}
    pd.testing.assert_frame_equal(file.read(path), found)


def test_a_data_set_that_nobody_names_is_asked_for(methods, monkeypatch, tmp_path):
    path = tmp_path / "s.parquet"
    known = running._prepared
    monkeypatch.setattr(running, "_prepared", lambda sources: {"a": known(["sklearn:digits"])["digits"]})
    searched(path)
    monkeypatch.setattr(running, "_prepared", known)
    with pytest.raises(InputError, match="searches on a, where what is added must search, too"):
        searched(path, seeds=(0, 1, 2))
    assert {*searched(path)["dataset"]} == {"a", "digits"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"methods": ("nas",)}, "unknown one-shot method 'nas'"),
        ({"methods": ()}, "methods must be at least one"),
        ({"seeds": (0, 0)}, "each named once, got 0, 0"),
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"jobs": 0}, "jobs must be at least 1"),
        ({"sources": ("sklearn:wine",)}, "rows must be images"),
    ],
)
def test_what_cannot_be_done_is_refused(methods, tmp_path, options, said):
    with pytest.raises((InputError, UnknownNameError), match=re.escape(said)):
        searched(tmp_path / "s.parquet", **options)
    assert not list(tmp_path.iterdir())


# The file -------------------------------------------------------------------------------------------------------------


def rows(*cells, dataset="own", seed=0):
    """A search that has these cells after a second each."""
    return searches(("drawn", dataset, seed, list(enumerate(cells, 1))))


def test_other_files_are_refused(methods, tmp_path):
    path, other = tmp_path / "s.parquet", tmp_path / "other.parquet"
    searched(path)
    with pytest.raises(InputError, match="got a study of one-shot searches; show it with lcbench figures --one-shot"):
        read_traces(path)
    pa.parquet.write_table(pa.table({"x": [1]}), other)
    with pytest.raises(InputError, match=r"must be a study of one-shot searches.*, got a table of something else"):
        file.read(other)
    with pytest.raises(InputError, match=r"there and is no study that can be added to(?s:.)*--overwrite"):
        searched(other)
    searched(other, overwrite=True)
    assert len(file.read(other)) == 6


@pytest.mark.parametrize(
    ("column", "value"),
    [("Op2", "conv"), ("epoch", 0), ("seconds", -1.0), ("seconds", np.inf), ("shared_accuracy", 1.5), ("Op0", None)],
)
def test_damage_is_noticed(tmp_path, column, value):
    frame = rows([SKIP] * 6).astype({column: object})
    frame.loc[0, column] = value
    pa.parquet.write_table(pa.Table.from_pandas(frame, file.SCHEMA, preserve_index=False), tmp_path / "s.parquet")
    with pytest.raises(DamagedFileError, match="restore it"):
        file.read(tmp_path / "s.parquet")


# Looked up ------------------------------------------------------------------------------------------------------------

ONE = (CONV_3X3, NONE, NONE, NONE, SKIP, NONE)
SAME_AS_ONE = (SKIP, NONE, NONE, NONE, CONV_3X3, NONE)  # a convolution, after a skip or before it
TWO = (CONV_1X1, NONE, NONE, NONE, CONV_1X1, NONE)
OTHER = (CONV_1X1, NONE, NONE, NONE, CONV_3X3, NONE)


def test_cells_are_looked_up_as_worked_out_by_hand(tmp_path):
    assert canonical(ONE) == canonical(SAME_AS_ONE)
    bench = cells_table(tmp_path / "t", {TWO: 0.7, ONE: 0.9}, seeds=2)
    found = look_up(rows(ONE, SAME_AS_ONE, OTHER, TWO), bench)
    assert found["row"].tolist() == ["same", "equivalent", "missing", "same"]
    assert found["config_id"].tolist() == [1, 1, -1, 0]
    for name, expected in {
        "value": [0.9, 0.9, np.nan, 0.7],
        "test_value": [0.8, 0.8, np.nan, 0.6],
        "regret": [0.0, 0.0, np.nan, 0.2],
        "test_regret": [0.0, 0.0, np.nan, 0.2],
    }.items():
        np.testing.assert_allclose(found[name], expected, atol=1e-6)
    assert missing_cells(found).to_numpy().tolist() == [[*OTHER]]


def test_the_same_row_comes_before_one_that_computes_the_same(tmp_path):
    bench = cells_table(tmp_path / "t", {SAME_AS_ONE: 0.7, ONE: 0.9})
    assert look_up(rows(ONE, SAME_AS_ONE), bench)["config_id"].tolist() == [1, 0]


def test_regret_is_from_the_best_of_all_budgets(tmp_path):
    """The best of the table has a hundredth more after one epoch than after two."""
    bench = cells_table(tmp_path / "t", {ONE: 0.5, TWO: 0.7}, gain=-0.01)
    np.testing.assert_allclose(look_up(rows(ONE, TWO), bench)["regret"], [0.21, 0.01], atol=1e-6)


def test_a_cell_that_diverged_has_the_worst_regret(tmp_path):
    bench = cells_table(tmp_path / "t", {ONE: 0.5, TWO: np.nan, OTHER: 0.9})
    found = look_up(rows(ONE, TWO), bench)
    assert found["row"].tolist() == ["same", "same"]
    assert np.isnan(found["value"][1])
    assert found["regret"][1] == pytest.approx(0.9 - 0.49, abs=1e-6)  # the worst: the first cell after one epoch


@given(st.lists(CELLS, min_size=1, max_size=8))
@settings(max_examples=20, deadline=None)
def test_what_a_table_lacks_is_each_cell_once_and_a_table_with_it_lacks_nothing(forty, cells):
    found = look_up(rows(*cells), forty)
    lacking = [tuple(cell) for cell in missing_cells(found).to_numpy().tolist()]
    known = {canonical(cell) for cell in forty.configs[list(NAMES)].to_numpy().tolist()}
    texts = [canonical(cell) for cell in lacking]
    assert len(set(texts)) == len(texts)
    assert {*texts} == {canonical(cell) for cell in cells} - known
    assert set(lacking) <= set(cells)


@pytest.fixture(scope="module")
def forty(tmp_path_factory):
    cells = [tuple(cell.values()) for cell in draw(40, np.random.default_rng(0))]
    worth = dict(zip(cells, np.linspace(0.5, 0.9, 40).tolist(), strict=True))
    return cells_table(tmp_path_factory.mktemp("cells") / "t", worth)


def test_other_tables_are_refused(bench_of_numbers, forty):
    with pytest.raises(InputError, match="must be a table of cells"):
        look_up(rows(ONE), bench_of_numbers)
    with pytest.raises(InputError, match="must have a data set of the searches, digits, got own"):
        look_up(rows(ONE, dataset="digits"), forty)
    with pytest.raises(LcbenchError, match="unknown metric"):
        look_up(rows(ONE), forty, "loss")


@pytest.fixture
def bench_of_numbers(tmp_path):
    runs = pd.DataFrame({"task": ["own"] * 2, "x": [0.1, 0.2], "budget": 1, "valid_accuracy": [0.5, 0.6]})
    return lcbench.write(tmp_path / "n", runs, space={"x": (0.0, 1.0)}, metrics=[VALID])


def test_a_summary_is_of_the_last_epochs(tmp_path):
    bench = cells_table(tmp_path / "t", {TWO: 0.7, ONE: 0.9})
    searches = pd.concat([rows(TWO, ONE), rows(TWO, TWO, seed=1), rows(ONE, OTHER, seed=2)], ignore_index=True)
    line = summary(look_up(searches, bench)).loc[("own", "drawn")]
    assert (line["searches"], line["found"], line["seconds"]) == (3, 2, 2.0)
    assert line["value"] == pytest.approx(0.8)
    assert line["regret"] == pytest.approx(0.1)


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command(methods, forty, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    line = ["one-shot", "--out", "s.parquet", "--datasets", "sklearn:digits", "--methods", "drawn", "--epochs", "3"]
    assert cli.run([*line, "--seeds", "2"]) == 0
    assert "Cells after the last epoch" in capsys.readouterr().out
    assert cli.run(["info", "s.parquet"]) == 0
    said = capsys.readouterr().out
    assert "one-shot searches" in said
    assert "lcbench one-shot --out s.parquet --datasets sklearn:digits --methods drawn" in " ".join(said.split())
    assert cli.run([*line, "--table", str(forty.folder)]) == 2
    assert "must have a data set of the searches" in capsys.readouterr().err
    assert cli.run([*line, "--missing", "cells.csv"]) == 2
    assert "--table" in capsys.readouterr().err
    assert cli.run([*line, "--methods", "drawn,failing", "--quiet"]) == 3
    assert "1 searches failed" in capsys.readouterr().err
    assert set(file.read(tmp_path / "s.parquet")["method"]) == {"drawn", "failing"}


def test_the_command_is_stopped(methods, monkeypatch, tmp_path, capsys):
    class Stopped(Drawn):
        def __init__(self, task, seed, chosen):
            super().__init__(task, seed, chosen)
            if seed == 1:
                raise KeyboardInterrupt

    monkeypatch.setitem(METHODS, "stopped", Stopped)
    line = ["one-shot", "--out", str(tmp_path / "s.parquet"), "--datasets", "sklearn:digits", "--methods", "stopped"]
    assert cli.run(line) == 130
    assert "stopped; 1 finished searches are kept. The same command resumes from there." in capsys.readouterr().err


def test_missing_cells_are_written_as_collect_takes_them(methods, forty, monkeypatch, tmp_path, capsys):
    from lcbench.collection.asked import _configs

    known = running._prepared
    monkeypatch.setattr(running, "_prepared", lambda sources: {"own": known(sources)["digits"]})
    line = ["one-shot", "--out", str(tmp_path / "s.parquet"), "--datasets", "sklearn:digits", "--methods", "drawn"]
    out = tmp_path / "cells.csv"
    assert cli.run([*line, "--epochs", "9", "--table", str(forty.folder), "--missing", str(out)]) == 0
    said = capsys.readouterr().out
    assert f"lcbench collect {forty.folder} --grow --configs {out}" in said
    found = look_up(file.read(tmp_path / "s.parquet"), forty)
    taken = _configs(cell_space(), str(out), 0)
    pd.testing.assert_frame_equal(taken.reset_index(drop=True), missing_cells(found), check_dtype=False)
    assert len(taken) > 0
    before = out.read_bytes()
    assert cli.run([*line, "--epochs", "9", "--table", str(forty.folder), "--missing", str(out)]) == 2
    assert "--missing must name a new file" in capsys.readouterr().err
    assert out.read_bytes() == before


@pytest.mark.slow
def test_real_searches_in_processes(tmp_path):
    """The same cells in one process and in two."""
    one, two = (tmp_path / f"{jobs}.parquet" for jobs in (1, 2))
    for path, jobs in ((one, "1"), (two, "2")):
        line = [
            "one-shot",
            "--out",
            str(path),
            "--datasets",
            "sklearn:digits",
            "--epochs",
            "1",
            "--seeds",
            "1",
            "--jobs",
            jobs,
        ]
        assert cli.run([*line, "--quiet"]) == 0
    same = [name for name in file.COLUMNS if name != "seconds"]
    pd.testing.assert_frame_equal(file.read(one)[same], file.read(two)[same])
    assert set(file.read(one)["method"]) == {"darts", "darts-2nd", "gdas", "random-sharing"}
