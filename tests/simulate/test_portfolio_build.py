"""Builds that train for real: killed, stopped, failing, on Dask workers, and the commands."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attempts import KilledOnWine, NoTimeForWine
from collecting_helpers import NOW

import lcbench
from lcbench.cli import run
from lcbench.files import read_parquet
from lcbench.simulate import load_portfolio
from lcbench.simulate.transfer.building import opened, trainer
from lcbench.simulate.transfer.evaluation import TIMEOUT
from lcbench.simulate.transfer.folder import read_folder
from lcbench.simulate.transfer.plan import BuildPlan
from lcbench.table import verify
from lcbench.work.processes import LocalExecutor

SOURCES = ("sklearn:wine", "sklearn:iris")
GIVEN = [
    "--datasets",
    "sklearn:wine,sklearn:iris",
    "--problem",
    "mlp",
    "--budgets",
    "1,2",
    "--trials",
    "4",
    "--size",
    "2",
]


def plan(**changes) -> BuildPlan:
    return BuildPlan(**({"sources": SOURCES, "trials": 4, "budgets": (1, 2), "space": "mlp"} | changes))


def local(function) -> LocalExecutor:
    return LocalExecutor(1, function)


def build(folder: Path, make=local, stop_after: int | None = None, **changes) -> None:
    """Build on the executor that ``make`` makes of the training function, all of it or some evaluations."""
    made = plan(**changes)
    with make(trainer(made, folder)) as executor, opened(made, folder, 2) as building:
        running = building.run(executor, lambda: NOW)
        for n, _ in enumerate(running, start=1):
            if n == stop_after:
                return
        building.write(NOW)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    """A build that nothing disturbed."""
    folder = tmp_path_factory.mktemp("built") / "out"
    build(folder)
    return folder


def numbers(folder: Path) -> dict[str, object]:
    """Everything in a folder but seconds and times."""
    held = read_folder(folder)
    assert held.complete
    assert held.problems() == []
    tables = {name: held.portfolio(name).to_pylist() for name in ("greedy", "simple")}
    tables["candidates"] = held.candidates.to_pylist()
    tables["matrix"] = held.matrix.drop_columns("seconds").to_pylist()
    tried = lcbench.load(folder / "tried")
    tables["tried"] = tried.configs.to_dict("index")
    for dataset in tried.datasets:
        for metric in ("train_loss", "valid_accuracy", "test_cross_entropy", "learning_rate"):
            for budget in tried.budgets:
                tables[f"{dataset} {metric} {budget}"] = repr(tried.array(dataset, metric, budget).tolist())
    return tables


def test_what_a_build_leaves(built):
    held = read_folder(built)
    assert sorted(path.name for path in built.iterdir()) == [
        "candidates.parquet", "greedy.parquet", "matrix.parquet", "portfolio.json", "simple.parquet", "tried",
    ]  # fmt: skip
    assert held.datasets == ["wine", "iris"]
    assert held.matrix.num_rows == 4
    assert set(held.matrix["status"].to_pylist()) == {"success"}
    assert set(held.matrix["budget"].to_pylist()) == {2}
    assert held.manifest["evaluations"] == 2 * 4 + 2
    assert held.candidates["dataset"].to_pylist() == ["wine", "iris"]
    own = {(row["candidate"], row["dataset"]): row["valid_accuracy"] for row in held.matrix.to_pylist()}
    assert [row["valid_accuracy"] for row in held.candidates.to_pylist()] == [
        own[row["candidate"], row["dataset"]] for row in held.candidates.to_pylist()
    ]


def test_everything_that_was_tried_is_a_benchmark_with_its_gaps(built):
    tried = lcbench.load(built / "tried")
    assert tried.datasets == ("wine", "iris")
    runs = {name: read_parquet(built / f"tried/runs/{name}.parquet") for name in tried.datasets}
    assert [table.num_rows for table in runs.values()] == [5, 5]
    matrix = read_folder(built).matrix.to_pylist()
    for row in matrix:
        curve = tried.curve(row["dataset"], row["candidate"], "valid_accuracy", 2)
        assert curve[-1] == np.float32(row["valid_accuracy"])
    assert all("missing" in problem for problem in verify.verify(built / "tried"))


def test_the_portfolio_comes_back_as_configurations_of_the_space(built):
    held = read_folder(built)
    tried = lcbench.load(built / "tried").configs.to_dict("records")
    for name in ("greedy", "simple"):
        configs = load_portfolio(name, built)
        assert len(configs) == held.portfolio(name).num_rows
        for config in configs:
            assert config in tried
            assert isinstance(config["num_layers"], int)


def test_ctrl_c_keeps_what_has_ended_and_writes_what_is_done(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "out"
    from lcbench.simulate.transfer.building import Build

    whole = Build.run

    def interrupted(self, executor, now):
        for n, each in enumerate(whole(self, executor, now), start=1):
            yield each
            if n == 5:
                raise KeyboardInterrupt

    monkeypatch.setattr(Build, "run", interrupted)
    assert run(["portfolio", "build", str(folder), *GIVEN]) == 130
    said = capsys.readouterr().err
    assert "5 finished evaluations are kept. The same command resumes from there." in said
    assert "wine: done, 1 of 2 data sets" in said
    assert " of 10 evaluations, " in said
    held = read_folder(folder)
    assert held.datasets == ["wine"]
    assert not held.complete
    assert load_portfolio("greedy", folder)
    assert run(["portfolio", "show", str(folder)]) == 0
    assert "1 of 2 (not complete)" in capsys.readouterr().out


def test_another_plan_is_refused_and_the_same_one_has_nothing_to_do(built, tmp_path, capsys):
    assert run(["portfolio", "build", str(built), *GIVEN]) == 0
    assert "holds this build already; nothing to do." in capsys.readouterr().out.replace("\n", " ")
    assert run(["portfolio", "build", str(built), *GIVEN, "--trials", "5"]) == 2
    assert capsys.readouterr().err == (
        f"lcbench: {built} holds a different plan (trials: there 4, asked 5).\n"
        "Repeat its own options to resume it, or choose another folder.\n"
    )
    folder = tmp_path / "out"
    build(folder, stop_after=1)
    assert run(["portfolio", "build", str(folder), *GIVEN, "--seed", "1"]) == 2
    assert "(seed: there 0, asked 1)" in capsys.readouterr().err


def test_a_build_that_is_complete_gives_a_portfolio_of_another_size(built, tmp_path, capsys):
    folder = tmp_path / "copy"
    shutil.copytree(built, folder)
    assert run(["portfolio", "build", str(folder), *GIVEN, "--size", "1"]) == 0
    assert "its greedy portfolio is now of size 1." in capsys.readouterr().out.replace("\n", " ")
    held, before = read_folder(folder), read_folder(built)
    assert held.problems() == []
    assert held.configs("greedy") == before.configs("greedy")[:1]
    assert held.configs("simple") == before.configs("simple")
    assert run(["portfolio", "build", str(folder), *GIVEN]) == 0
    assert numbers(folder) == numbers(built)


def test_data_sets_are_added_to_a_build_that_was_stopped(built, tmp_path):
    folder, seen = tmp_path / "out", []
    build(folder, stop_after=9)
    three = (*SOURCES, "sklearn:breast_cancer")
    made = plan(sources=three)
    with local(trainer(made, folder)) as executor, opened(made, folder, 2) as building:
        seen = [task.dataset for task, _ in building.run(executor, lambda: NOW)]
    assert seen == ["iris"] + ["breast_cancer"] * 4 + ["wine", "iris"] + ["breast_cancer"] * 2
    first, second = read_folder(built), read_folder(folder)
    assert second.candidates.to_pylist()[:2] == first.candidates.to_pylist()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--datasets sklearn:wine", "datasets must be at least two, so that one can be tried on the other"),
        ("--datasets sklearn:wine,sklearn:win", "unknown"),
        ("--datasets sklearn:wine,sklearn:wine", "each data set must be given once"),
        ("--datasets sklearn:wine,iris", "a data set's source must be SCHEME:NAME, got 'iris'"),
        ("--size 0", "size must be at least 1, got 0."),
        ("--trials 2", "trials must be at least 3: BOHB's first bracket, got 2."),
        ("--jobs 0", "number of processes (--jobs) must be at least 1, got 0."),
        ("--budgets 2,1", "budgets must be increasing"),
        ("--problem fulll", "unknown problem 'fulll'; nearest: full"),
        ("--encoding one-hot", "unknown"),
        ("--patience 0", "patience must be at least 1 epoch, got 0."),
        ("--trial-seconds 0", "trial_seconds must be more than 0, got 0.0."),
        ("--engine dask", "must be given with --engine dask"),
    ],
)
def test_bad_input_is_said_in_a_line(arguments, said, tmp_path, capsys):
    assert run(["portfolio", "build", str(tmp_path / "out"), *GIVEN, *arguments.split(), "--quiet"]) == 2
    complaint = capsys.readouterr().err
    assert said in complaint
    assert len(complaint.splitlines()) <= 2
    assert not (tmp_path / "out").exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine").touch()
    assert run(["portfolio", "build", str(tmp_path), *GIVEN]) == 2
    assert "is not empty and holds no build that was stopped" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_two_builds_in_one_folder_are_refused(tmp_path, capsys):
    with opened(plan(), tmp_path, 2):
        assert run(["portfolio", "build", str(tmp_path), *GIVEN]) == 2
    assert "another build is running in" in capsys.readouterr().err


def test_killed_workers_are_recorded_and_the_rest_goes_on(tmp_path, capsys):
    folder = tmp_path / "out"
    build(folder, lambda train: LocalExecutor(2, KilledOnWine(train)))
    held = read_folder(folder)
    assert not held.complete
    assert held.candidates["dataset"].to_pylist() == ["iris"]
    rows = {row["dataset"]: row for row in held.matrix.to_pylist()}
    assert rows["wine"]["status"] == "failed"
    assert rows["wine"]["reason"] == "its process was killed"
    assert rows["wine"]["valid_accuracy"] is None
    assert rows["iris"]["status"] == "success"
    assert held.regrets.loc[:, "iris"].tolist() == [0.0]
    assert len(held.manifest["without a run"]) == 5
    assert run(["portfolio", "build", str(folder), *GIVEN, "--quiet"]) == 0  # the incumbent is tried again, and works
    again = read_folder(folder)
    assert again.complete
    assert again.matrix["status"].to_pylist() == ["success", "success"]


def test_evaluations_that_take_too_long_are_given_up_and_not_tried_again(tmp_path, capsys):
    folder = tmp_path / "out"
    build(folder, lambda train: LocalExecutor(2, NoTimeForWine(train)), patience=1)
    held = read_folder(folder)
    assert held.complete
    assert held.candidates["dataset"].to_pylist() == ["iris"]
    (wine,) = (row for row in held.matrix.to_pylist() if row["dataset"] == "wine")
    assert wine["status"] == TIMEOUT
    assert wine["reason"] == "it took more than 1e-06 processor seconds"


def test_if_nothing_gets_to_the_end_that_is_said(tmp_path, capsys):
    folder = tmp_path / "out"
    arguments = [*GIVEN, "--trial-seconds", "1e-6", "--quiet"]
    assert run(["portfolio", "build", str(folder), *arguments]) == 3
    assert capsys.readouterr().err == "no search has an incumbent: no run reached the largest budget.\n"


@pytest.mark.slow
def test_dask_workers_give_the_same(built, tmp_path):
    distributed = pytest.importorskip("distributed")
    from lcbench.work.dask_executor import DaskExecutor

    folder = tmp_path / "out"
    with distributed.LocalCluster(1, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        build(folder, lambda train: DaskExecutor(cluster.scheduler_address, train))
    assert numbers(folder) == numbers(built)


def test_show_prints_the_portfolio_and_what_it_is_worth(built, capsys):
    assert run(["portfolio", "show", str(built)]) == 0
    said = capsys.readouterr().out
    for words in ("the greedy portfolio", "learning_rate", "greedy, left", "all others", "wine", "mean"):
        assert words in said
    assert run(["portfolio", "show", str(built), "--portfolio", "simple"]) == 0
    assert "the simple portfolio" in capsys.readouterr().out
    assert run(["portfolio", "show", str(built), "--portfolio", "simpel"]) == 2
    assert run(["portfolio", "show", str(built / "tried")]) == 2
    assert "must be a portfolio, a folder made by 'lcbench portfolio build'" in capsys.readouterr().err


def test_a_file_that_was_changed_is_not_shown(built, tmp_path, capsys):
    shutil.copytree(built, tmp_path / "copy")
    (tmp_path / "copy" / "greedy.parquet").write_bytes(b"")
    assert run(["portfolio", "show", str(tmp_path / "copy")]) == 2
    assert "greedy.parquet was changed" in capsys.readouterr().err
    document = json.loads((tmp_path / "copy" / "portfolio.json").read_text())
    assert set(document["files"]) == {"matrix.parquet", "candidates.parquet", "greedy.parquet", "simple.parquet"}


def test_the_command_line_stays_light():
    code = (
        "import sys; from lcbench.cli import app; app(); import lcbench.simulate.transfer.portfolio_commands; "
        "print(sorted({'torch', 'openml', 'sklearn', 'pandas', 'ConfigSpace'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
