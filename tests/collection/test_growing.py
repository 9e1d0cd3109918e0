"""Tables that grow: what is new is trained, the whole is that of one collection, and readers never see half of it."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from bowls import Bowl, named
from collecting_helpers import PROGRAM, finished_units, wait_until

import lcbench
from lcbench import cli
from lcbench.collection import collecting, growing
from lcbench.collection.shards import Shards
from lcbench.table import store, verify
from lcbench.table.manifest import MANIFEST
from lcbench.work import InlineExecutor

PROBLEM = ("--problem", named(Bowl))
SMALL = ("--configs", "3", "--seeds", "2", "--budgets", "2,4", "--datasets", "round")


def collect(folder, *arguments, problem=PROBLEM):
    return cli.run(["collect", str(folder), *problem, *map(str, arguments), "--quiet"])


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "table"
    assert collect(folder, *SMALL) == 0
    return folder


@pytest.fixture
def table(small, tmp_path):
    return shutil.copytree(small, tmp_path / "table")


def assert_same(one: Path, other: Path):
    first, second = lcbench.load(one), lcbench.load(other)
    assert verify.verify(one) == verify.verify(other) == []
    assert first.datasets == second.datasets
    assert first.configs.equals(second.configs)
    assert (first.budgets, first.seeds) == (second.budgets, second.seeds)
    for task in first.datasets:
        for name in first.metrics:
            for budget in first.budgets:
                np.testing.assert_array_equal(first.array(task, name, budget), second.array(task, name, budget))


STEPS = {
    "configurations": [("--configs", "5")],
    "seeds": [("--seeds", "2-3")],
    "budgets": [("--budgets", "8")],
    "data sets": [("--datasets", "long")],
    "seeds and budgets": [("--seeds", "4", "--budgets", "1,8")],
    "all": [("--configs", "5", "--seeds", "3", "--budgets", "3", "--datasets", "long")],
    "one after the other": [("--configs", "5"), ("--seeds", "3"), ("--budgets", "3"), ("--datasets", "long")],
}


@pytest.mark.parametrize("name", STEPS)
def test_a_grown_table_is_that_of_one_collection(table, tmp_path, name):
    before = {task: lcbench.load(table).array(task).copy() for task in ("round",)}
    for step in STEPS[name]:
        assert collect(table, "--grow", *step) == 0
    grown = lcbench.load(table)
    whole = {"configs": len(grown.configs), "budgets": ",".join(map(str, grown.budgets))}
    whole |= {"seeds": len(grown.seeds), "datasets": ",".join(grown.datasets)}
    assert collect(tmp_path / "whole", *[word for k, v in whole.items() for word in (f"--{k}", v)]) == 0
    assert_same(table, tmp_path / "whole")
    np.testing.assert_array_equal(grown.array("round", budget=4)[:3, :2], before["round"])
    assert grown.manifest.missing == 0
    assert len(grown.manifest.provenance["grown from"]) == len(STEPS[name])
    assert not (table / ".collecting").exists()


def test_only_what_is_new_is_trained(table):
    assert collect(table, "--grow", "--configs", "4", "--seeds", "2-2") == 0
    log = (table / "collect.log").read_text()
    assert "tasks: 4 on round" in log  # the new configuration, and the new seed of three old ones


def test_what_is_there_already_is_said(table, capsys):
    digest = (table / MANIFEST).read_bytes()
    assert collect(table, "--grow") == 0
    assert collect(table, "--grow", "--configs", "2", "--seeds", "1") == cli.USAGE_ERROR
    assert collect(table, "--grow", "--seeds", "1", "--budgets", "2") == 0
    assert "holds all of this already" in capsys.readouterr().out
    assert (table / MANIFEST).read_bytes() == digest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--configs", "5", "--plan-seed", "3"), "the first 3 configurations must be those of the table, got others"),
        (("--configs", "2"), "a table that grows must keep its 3 configurations, got 2"),
        (("--encoding", "onehot", "--configs", "5"), "encoding: there ordinal, asked onehot"),
        (("--datasets", "lung"), "unknown task of problem 'Bowl' 'lung'; nearest: long"),
        (("--budgets", "0"), "budgets must be increasing positive integers"),
    ],
)
def test_what_does_not_fit_the_table_is_refused(table, capsys, arguments, said):
    before = {path: path.read_bytes() for path in table.rglob("*") if path.is_file()}
    assert collect(table, "--grow", *arguments) == cli.USAGE_ERROR
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in table.rglob("*") if path.is_file()} == before


def test_there_must_be_a_table_to_grow(tmp_path, capsys):
    assert collect(tmp_path, "--grow", *SMALL) == cli.USAGE_ERROR
    assert "must be a benchmark folder, got a folder without" in capsys.readouterr().err


def test_configurations_of_a_file_are_added_to_those_of_the_table(table, tmp_path):
    bench = lcbench.load(table)
    more = bench.configs.iloc[[1, 1]].assign(rate=[bench.configs["rate"].iloc[1], 0.125])
    more.to_csv(tmp_path / "more.csv", index=False)
    assert collect(table, "--grow", "--configs", tmp_path / "more.csv") == 0
    grown = lcbench.load(table)
    assert grown.configs["rate"].tolist() == [*bench.configs["rate"], 0.125]
    assert verify.verify(table) == []


def test_new_runs_can_be_read_while_the_table_grows(table):
    line = ("--grow", "--configs", "5", "--seeds", "3")
    stopped = iter([False, False, True])

    def stop(self, task, runs, record, keep=Shards.write):
        keep(self, task, runs, record)
        if next(stopped):
            raise KeyboardInterrupt

    old = lcbench.load(table)
    place = table.parent / "inline"
    shutil.copytree(table, place)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Shards, "write", stop)
        patched.setattr(
            collecting, "get_executor", lambda name, jobs, scheduler, function, **_: InlineExecutor(function)
        )
        assert collect(place, *line) == 130
    partial = lcbench.load(place, partial=True)
    assert lcbench.load(place).seeds == (0, 1)
    assert (len(partial.configs), partial.seeds) == (5, (0, 1, 2))
    np.testing.assert_array_equal(partial.array("round", budget=4)[:3, :2], old.array("round", budget=4))
    assert 0 < partial.manifest.missing < partial.manifest.planned
    assert np.isfinite(partial.array("round", budget=4)).all(axis=2).sum() == 6 + _finished_runs(place)
    assert collect(place, *line) == 0
    assert lcbench.load(place, partial=True).manifest.missing == 0


def _finished_runs(place: Path) -> int:
    units = (place / ".collecting" / "units").glob("*/*.parquet")
    return sum(pq.read_table(path).filter(pc.field("budget") == 4).num_rows for path in units)


@pytest.mark.slow
def test_killed_it_leaves_the_old_table_and_resumes(table, tmp_path):
    line = [*PROGRAM, "collect", str(table), *PROBLEM, "--grow", "--configs", "24", "--quiet"]
    old = lcbench.load(table).array("round").copy()
    process = subprocess.Popen(line)
    wait_until(lambda: finished_units(table) >= 3, "three tasks are finished")
    process.send_signal(signal.SIGKILL)
    process.wait()
    np.testing.assert_array_equal(lcbench.load(table).array("round")[:3], old)
    assert verify.verify(table) == []
    if len(lcbench.load(table).configs) == 3:
        assert collect(table, *SMALL) == cli.USAGE_ERROR  # the first command does not undo the growth
    assert collect(table, "--grow", "--configs", "24") == 0
    assert len(lcbench.load(table).configs) == 24
    assert verify.verify(table) == []


def test_readers_see_the_old_table_or_the_new_one_whenever_it_stops(table, tmp_path, monkeypatch):
    """Stopped before each of the moves by which the files of the larger table take the places of the old ones."""
    link, calls = os.link, iter(range(10**6))
    stops = 0
    while True:
        place, stop = shutil.copytree(table, tmp_path / f"stopped {stops}"), stops

        def stopping(*arguments, stop=stop, calls=calls):
            if next(calls) == stop:
                raise KeyboardInterrupt
            return link(*arguments)

        monkeypatch.setattr(growing.os, "link", stopping)
        code = collect(place, "--grow", "--seeds", "3")
        monkeypatch.setattr(growing.os, "link", link)
        calls = iter(range(10**6))
        assert verify.verify(place) == []
        assert lcbench.load(place).seeds == (0, 1, 2)
        if code == 0:
            break
        assert store.place(place) != place
        assert collect(place, "--grow") == 0
        assert store.place(place) == place
        assert lcbench.load(place).seeds == (0, 1, 2)
        stops += 1
    assert stops == 4  # runs, configurations, data sets, and the manifest last
