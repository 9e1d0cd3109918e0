"""TaskSet: every loss as published, and files that are something else are refused."""

import json

import numpy as np
import pytest
from field_tables import reference

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, InputError
from lcbench.table import verify
from lcbench.table.doors._foreign import bring
from lcbench.table.doors.taskset import PARTS, taskset

ADAM = {
    **{"learning_rate": 1e-3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8},
    **{"l1": 1e-7, "l2": 1e-7, "linear_decay": 1e-6, "exponential_decay": 1e-5},
}


def task(number: int = 0, configs: int = 4, points: int = 5) -> list[dict]:
    rng = np.random.default_rng(number)
    return [
        {"hp": ADAM | {"l1": 1e-7 * (row + 1)}, **{part: {"loss": rng.random(points).tolist()} for part in PARTS}}
        for row in range(configs)
    ]


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "tasks"
    found.mkdir()
    for number, name in enumerate(("lstm", "gru")):
        (found / f"{name}.json").write_text(json.dumps(task(number)), encoding="utf-8")
    return found


def test_every_loss_comes_in(folder, tmp_path, capsys):
    losses = task(1)
    losses[2]["valid"]["loss"][3:] = [float("nan"), float("inf")]
    (folder / "gru.json").write_text(json.dumps(losses), encoding="utf-8")
    out = tmp_path / "out"
    assert cli.run(["import", "taskset", str(folder / "lstm.json"), str(folder / "gru.json"), str(out)]) == 0
    assert capsys.readouterr().out == f"8 runs on 2 data sets are in {out}.\n"
    assert verify.verify(out) == []
    bench = lcbench.load(out)
    assert (bench.datasets, bench.budgets, bench.fidelity.steps) == (("lstm", "gru"), (4,), 200)
    assert bench.configs["l1"].tolist() == pytest.approx([1e-7, 2e-7, 3e-7, 4e-7])
    assert bench.curve("gru", 2, "valid_loss")[:3] == pytest.approx(losses[2]["valid"]["loss"][:3])
    assert np.isnan(bench.curve("gru", 2, "valid_loss")[3:]).all()
    for number, name in enumerate(bench.datasets):
        for part in PARTS:
            wanted = np.array([row[part]["loss"] for row in (task(number))], np.float32)
            got = bench.array(name, f"{part}_loss")[:, 0]
            np.testing.assert_array_equal(got, np.where(np.isnan(got), got, wanted))
    assert bench.run("lstm", 0).cost(1, 4) == 3, "a step costs 1"


def test_losses_below_0_move_the_end_that_losses_are_counted_from(folder, tmp_path):
    flow = task()
    flow[0]["test"]["loss"][1] = -7.5
    (folder / "lstm.json").write_text(json.dumps(flow), encoding="utf-8")
    bring(taskset([folder]), tmp_path / "out")
    assert {metric.low for metric in lcbench.load(tmp_path / "out").manifest.record.metrics} == {-8.0}


def broken(name: str) -> object:
    rows = task()
    if name == "no list":
        return {"rows": rows}
    if name == "empty":
        return []
    if name == "a hyperparameter too few":
        del rows[1]["hp"]["beta1"]
    elif name == "a part too few":
        del rows[1]["test"]
    elif name == "a short curve":
        rows[1]["test"]["loss"].pop()
    elif name == "text":
        rows[1]["test"]["loss"][0] = "0.5"
    elif name == "other configurations":
        rows[1]["hp"]["l2"] = 1.0
    return rows


@pytest.mark.parametrize(
    "name", ["no list", "empty", "a hyperparameter too few", "a part too few", "a short curve", "text"]
)
def test_what_is_no_task_is_refused(folder, tmp_path, name):
    (folder / "lstm.json").write_text(json.dumps(broken(name)), encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"lstm\.json must") as refused:
        bring(taskset([folder]), tmp_path / "out")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_tasks_must_agree_and_be_there(folder, tmp_path):
    (folder / "lstm.json").write_text(json.dumps(broken("other configurations")), encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"must have the configurations of .*gru\.json, got others"):
        taskset([folder])
    (folder / "lstm.json").write_text('[{"hp": ', encoding="utf-8")
    with pytest.raises(DamagedFileError, match=r"lstm\.json must be a JSON file of a task of TaskSet"):
        taskset([folder])
    with pytest.raises(InputError, match="each task must be given once, got gru more than once"):
        taskset([folder / "gru.json", folder / "gru.json"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="got a folder without JSON files"):
        taskset([tmp_path / "empty"])
    with pytest.raises(InputError, match="must be a JSON file of a task of TaskSet, or a folder"):
        taskset([tmp_path / "nowhere.json"])


def test_the_published_tasks_come_in_whole(tmp_path):
    (folder,) = reference("taskset")
    bring(taskset([folder]), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert verify.verify(bench.folder) == []
    assert (len(bench.datasets), len(bench.configs), bench.budgets) == (3, 1000, (50,))
    for name in bench.datasets:
        rows = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        assert bench.configs.to_dict("records") == [row["hp"] for row in rows]
        for part in PARTS:
            wanted = np.array([row[part]["loss"] for row in rows], np.float32)
            np.testing.assert_array_equal(bench.array(name, f"{part}_loss")[:, 0], wanted)
