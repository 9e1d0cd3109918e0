"""Interrupted studies: what is finished is kept, what goes on is the same."""

import pandas as pd
import pytest

from lcbench.errors import InputError, PlanConflictError
from lcbench.simulate.study import study
from lcbench.simulate.study.keeping import storage_of
from lcbench.simulate.study.limit import parse_budget
from lcbench.simulate.study.plan import SimulationTask, StudyPlan
from lcbench.simulate.study.player import Player

CELLS = {"optimizers": ["random", "hyperband"], "datasets": ["alpha", "beta"], "budget": "4x"}


def plan(**changes) -> StudyPlan:
    given = {"datasets": ("alpha",), "optimizers": ("random",), "seeds": (0,), "workers": (4,)}
    given |= {"limit": parse_budget("4x"), "metric": "valid_accuracy", "recorded": "mean", "schedule": "adaptive"}
    return StudyPlan(**given | {"match": "exact"} | changes)


class StoppedHereError(Exception):
    """What a test stops a study with."""


def interrupted_after(count, bench, file, **arguments):
    """Begin a study and stop it when so many cells are there; gives the cells that were."""
    cells = []

    def done(cell):
        cells.append(cell)
        if len(cells) == count:
            raise StoppedHereError

    with pytest.raises(StoppedHereError):
        study(bench, **arguments, keep=file, done=done)
    return cells


@pytest.mark.parametrize("count", [1, 5, 11])
def test_a_study_that_goes_on_is_the_same_as_one_that_was_never_interrupted(bench, tmp_path, count):
    interrupted_after(count, bench, tmp_path / "study", seeds=range(3), **CELLS)
    begun, cells = [], []
    again = study(
        bench, seeds=range(3), **CELLS, keep=tmp_path / "study", begun=lambda *n: begun.append(n), done=cells.append
    )
    assert begun == [(count, 12)]
    assert len(cells) == 12 - count
    pd.testing.assert_frame_equal(again, study(bench, seeds=range(3), **CELLS))


def test_an_interrupted_study_may_grow(bench, tmp_path):
    interrupted_after(
        2, bench, tmp_path / "study", datasets=["alpha"], optimizers=["random"], seeds=range(3), budget="4x"
    )
    begun = []
    grown = study(bench, seeds=range(3), **CELLS, keep=tmp_path / "study", begun=lambda *n: begun.append(n))
    assert begun == [(2, 12)]
    pd.testing.assert_frame_equal(grown, study(bench, seeds=range(3), **CELLS))


def test_what_a_smaller_study_does_not_need_waits(bench, tmp_path):
    interrupted_after(5, bench, tmp_path / "study", seeds=range(3), **CELLS)
    study(bench, ["alpha"], ["random"], [0], budget="4x", keep=tmp_path / "study")
    begun = []
    study(bench, seeds=range(3), **CELLS, keep=tmp_path / "study", begun=lambda *n: begun.append(n))
    assert begun == [(5, 12)]
    assert [path.name for path in tmp_path.iterdir()] == ["study"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": "5x"}, "budget: there 4 runs, asked 5 runs"),
        ({"budgets": (12, 25)}, "budgets: there of the table, asked 12,25"),
        ({"budgets": range(1, 51), "schedule": "non-adaptive"}, "budgets: there of the table, asked 1-50"),
        ({"metric": "valid_cross_entropy", "recorded": 1}, "metric: .* recorded: there mean, asked 1"),
    ],
)
def test_cells_of_another_study_are_not_taken(bench, tmp_path, changes, message):
    given = {"datasets": ["alpha"], "optimizers": ["random"], "seeds": [0, 1], "budget": "4x"}
    interrupted_after(1, bench, tmp_path / "study", **given)
    with pytest.raises(PlanConflictError, match=message):
        study(bench, **given | changes, keep=tmp_path / "study")


def test_cells_of_another_table_are_not_taken(bench, make, tmp_path):
    given = {"datasets": ["alpha"], "optimizers": ["random"], "seeds": [0, 1], "budget": "4x"}
    interrupted_after(1, bench, tmp_path / "study", **given)
    with pytest.raises(PlanConflictError, match="another benchmark"):
        study(make(tmp_path / "other", n_configs=12), **given, keep=tmp_path / "study")


def test_a_folder_of_something_else_is_left_alone(bench, tmp_path):
    (tmp_path / "study.parts").mkdir()
    (tmp_path / "study.parts" / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no study"):
        study(bench, ["alpha"], ["random"], [0], budget="4x", keep=tmp_path / "study")
    assert [path.name for path in (tmp_path / "study.parts").iterdir()] == ["notes.txt"]
    interrupted_after(1, bench, tmp_path / "other", datasets=["alpha"], optimizers=["random"], seeds=[0], budget="4x")
    (tmp_path / "other.parts" / "notes.txt").write_text("mine")
    storage_of(tmp_path / "other.parts").remove()
    assert [path.name for path in (tmp_path / "other.parts").iterdir()] == ["notes.txt"]


def test_damaged_files_are_simulated_again(bench, tmp_path):
    storage = storage_of(tmp_path)
    storage.begin({"a": 1})
    tasks = [SimulationTask("random", "alpha", seed, 4) for seed in range(3)]
    player = Player(bench, plan(seeds=(0, 1, 2)))
    tables = [player.play(task) for task in tasks]
    storage.add(tables[:2])
    storage.add(tables[2:])
    assert storage_of(tmp_path).read() == dict(zip((task.key for task in tasks), tables, strict=True))
    first = sorted(tmp_path.glob("cells-*"))[0]
    first.write_bytes(first.read_bytes()[:100])
    assert set(storage_of(tmp_path).read()) == {tasks[2].key}
    again = storage_of(tmp_path)
    again.begin({"a": 1})
    again.read()
    again.add(tables[:2])
    assert set(storage_of(tmp_path).read()) == {task.key for task in tasks}


def test_two_studies_do_not_write_to_one_folder(bench, tmp_path):
    with storage_of(tmp_path / "s.parts").held(), pytest.raises(InputError, match="another study is running"):
        study(bench, ["alpha"], ["random"], [0], budget="4x", keep=tmp_path / "s")


def test_half_written_files_of_this_study_are_swept_and_no_other_studys(tmp_path):
    own = [tmp_path / "study.parquet.parts" / ".cells-000001.parquet.7-ab.tmp", tmp_path / ".study.parquet.7-ab.tmp"]
    others = [tmp_path / ".study.parquets.7-ab.tmp", tmp_path / "study.parquet2.parts" / ".cells.7-ab.tmp"]
    for path in own + others:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    with storage_of(tmp_path / "study.parquet.parts").held():
        assert [path.exists() for path in own] == [False, False]
    assert all(path.exists() for path in others)
    beside = tmp_path / ".out.7-ab.tmp"
    beside.write_bytes(b"half")
    with storage_of(tmp_path / "out").held():
        assert beside.exists()


def test_nothing_is_written_before_a_cell_is_finished(bench, tmp_path):
    with pytest.raises(ValueError, match="enough for one evaluation"):
        study(bench, budget="1", keep=tmp_path / "study")
    assert list(tmp_path.iterdir()) == []
