"""Units on Dask workers: a real scheduler and real worker processes on this machine."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from bowls import Bowl, named
from collecting_helpers import PATIENCE, assert_same_curves, collect, finished_units, options, start, wait_until

import lcbench
from lcbench.cli import run
from lcbench.table import verify

DASK = [sys.executable, "-m", "dask"]
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def processes():
    """Processes that end with the test."""
    started: list[subprocess.Popen] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def launch(processes: list, *arguments: str) -> subprocess.Popen:
    process = subprocess.Popen([*DASK, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    processes.append(process)
    return process


def scheduler(processes: list, tmp_path: Path) -> tuple[subprocess.Popen, str]:
    """A scheduler on a free port of the loopback, and its address."""
    file = tmp_path / "scheduler.json"
    process = launch(processes, *f"scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file {file}".split())
    wait_until(lambda: address_in(file), "the scheduler is there")
    return process, address_in(file)


def address_in(file: Path) -> str:
    """The address a scheduler file names; none while the file is missing or still being written."""
    try:
        return json.loads(file.read_text())["address"]
    except (FileNotFoundError, json.JSONDecodeError):
        return ""


def worker(processes: list, tmp_path: Path, address: str) -> subprocess.Popen:
    place = f"--local-directory {tmp_path / 'dask'} --host 127.0.0.1 --no-dashboard --no-nanny"
    return launch(processes, "worker", address, "--nthreads", "1", *place.split())


@pytest.mark.slow
def test_a_worker_is_killed_in_the_middle_and_the_table_is_as_ever(processes, tmp_path):
    _, address = scheduler(processes, tmp_path)
    workers = [worker(processes, tmp_path, address) for _ in range(2)]
    folder = tmp_path / "bench"
    arguments = [*options(n=8, budgets="10,40"), "--engine", "dask", "--scheduler", address]
    command = start(folder, *arguments, stderr=subprocess.PIPE, text=True)
    processes.append(command)
    wait_until(lambda: finished_units(folder) >= 3, "three tasks are finished")
    workers[0].kill()
    assert finished_units(folder) < 16
    _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, said
    assert "iris: 8 tasks finished" in said
    assert "Traceback" not in said
    assert "Dask worker threads at tcp://127.0.0.1" in (folder / "collect.log").read_text()
    assert verify.verify(folder) == []
    collect(tmp_path / "local", jobs=2, n=8, budgets=(10, 40))
    assert_same_curves(tmp_path / "local", folder)


@pytest.mark.slow
def test_a_scheduler_that_is_lost_or_not_there_is_said_in_one_line(processes, tmp_path, capsys):
    process, address = scheduler(processes, tmp_path)
    arguments = [*options(), "--engine", "dask", "--scheduler", address]
    losing = start(tmp_path / "bench", *arguments, stderr=subprocess.PIPE, text=True)
    processes.append(losing)
    log = tmp_path / "bench" / "collect.log"
    wait_until(lambda: log.is_file() and "tasks:" in log.read_text(), "the collection has begun")
    process.kill()
    _, said = losing.communicate(timeout=PATIENCE)
    assert losing.returncode == 2
    ahead, lost = said.splitlines()
    waiting = f"0 Dask worker threads at {address} (work waits until one comes: dask worker {address})"
    assert ahead == f"8 of 8 tasks to train: {waiting}"
    assert lost == (
        f"lcbench: the Dask scheduler at {address} is out of reach; "
        "what is finished is kept, and the same command resumes from there."
    )
    capsys.readouterr()
    assert run(["collect", str(tmp_path / "bench"), *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"lcbench: no Dask scheduler answers at {address} (")
    assert said.endswith("; start one with: dask scheduler\n")
    assert len(said.splitlines()) == 1


def test_without_the_package_the_message_names_the_extra(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    asked = ["--datasets", "sklearn:wine", "--engine", "dask", "--scheduler", "tcp://127.0.0.1:1"]
    assert run(["collect", str(tmp_path / "bench"), *asked]) == 2
    assert capsys.readouterr().err == (
        "lcbench: --engine dask needs the package 'distributed'; install it with: pip install 'lcbench[dask]'.\n"
    )
    assert not (tmp_path / "bench").exists()


@pytest.mark.slow
def test_the_readme_s_cluster_script_with_jobs_on_this_machine(processes, tmp_path):
    (script,) = re.findall(r"```text\n(import subprocess\n.*?)```", README, re.DOTALL)
    with_local_jobs, n = re.subn(r"from dask_jobqueue import SLURMCluster", LOCAL_JOBS, script)
    assert n == 1
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", with_local_jobs], cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True,
        text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "runs written to my-bench" in done.stdout
    assert verify.verify(tmp_path / "my-bench") == []


LOCAL_JOBS = """
import dask_jobqueue
from dask_jobqueue.local import LocalCluster

def SLURMCluster(**options):
    here = options | {"interface": "lo", "memory": "1GB"}
    with dask_jobqueue.SLURMCluster(**here) as asked:
        script = asked.job_script()
    assert "#SBATCH -p cpu" in script and "--nthreads 1" in script, script
    return LocalCluster(**here)
"""


@pytest.mark.slow
@pytest.mark.parametrize("limit", [(), ("--run-limit", "60")])
def test_workers_train_a_problem_of_ones_own(processes, tmp_path, limit):
    _, address = scheduler(processes, tmp_path)
    worker(processes, tmp_path, address)
    line = ["--problem", named(Bowl), "--configs", "3", "--seeds", "2", "--quiet"]
    assert run(["collect", str(tmp_path / "there"), *line, "--scheduler", address, *limit]) == 0
    assert run(["collect", str(tmp_path / "local"), *line]) == 0
    there, here = lcbench.load(tmp_path / "there"), lcbench.load(tmp_path / "local")
    for task in here.datasets:
        np.testing.assert_array_equal(there.array(task), here.array(task))
    grown = ["collect", str(tmp_path / "there"), *line[:2], "--grow", "--seeds", "3", "--quiet", "--scheduler", address]
    assert run(grown) == 0
    assert lcbench.load(tmp_path / "there").seeds == (0, 1, 2)
