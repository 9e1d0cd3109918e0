"""Units that fail, processes that are killed, full disks: nothing finished is lost, the same command resumes."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import attempts
import numpy as np
import psutil
import pytest
from collecting_helpers import PATIENCE, assert_same_curves, collect, finished_units, forked, options, plan, wait_until

from lcbench.collection.collecting import opened, trainer
from lcbench.collection.shards import Shards
from lcbench.collection.tasks import RunsTask
from lcbench.errors import StoppedError
from lcbench.table import verify
from lcbench.work import KILLED
from lcbench.work.processes import LocalExecutor

TWOS = [RunsTask("wine", 2), RunsTask("iris", 2)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bench"
    collect(folder, jobs=2)
    return folder


def run(folder: Path, failing: type[attempts.Failing] = attempts.Failing) -> dict[RunsTask, str | None]:
    """Collect as far as it goes, and give each task's reason."""
    function = failing(trainer(plan(), folder))
    with LocalExecutor(2, function) as executor, opened(plan(), folder) as collection:
        return {outcome.task: outcome.reason for outcome in collection.run(executor)}


def test_a_unit_that_fails_once_is_tried_again(whole, tmp_path):
    assert set(run(tmp_path / "once", attempts.FailsOnce).values()) == {None}
    collect(tmp_path / "once")
    assert_same_curves(whole, tmp_path / "once")


@pytest.mark.parametrize(
    ("failing", "reason"), [(attempts.OutOfMemoryOnTwo, "can't allocate memory"), (attempts.KilledOnTwo, KILLED)]
)
def test_a_unit_that_fails_twice_is_kept_with_its_reason_and_the_others_go_on(whole, tmp_path, failing, reason):
    folder = tmp_path / "failing"
    found = run(folder, failing)
    assert [unit for unit, said in found.items() if said is not None] == [u for u in found if u.config_id == 2]
    assert all(reason in found[unit] for unit in TWOS)
    assert reason in Shards(folder).reasons()["wine 2"]
    with opened(plan(), folder) as collection:
        assert collection.pending() == TWOS
        assert not collection.complete()
        said = collection.missing(TWOS)
    assert said.startswith("2 of 8 tasks are missing (1 of wine, 1 of iris):\n  wine 2: ")
    collect(folder)
    assert_same_curves(whole, folder)
    assert not (folder / ".collecting").exists()


def test_a_success_forgets_the_reason_of_a_failure(tmp_path):
    folder = tmp_path / "failing"
    run(folder, attempts.OutOfMemoryOnTwo)
    assert set(Shards(folder).reasons()) == {"wine 2", "iris 2"}
    run(folder)
    assert Shards(folder).reasons() == {}


def test_a_full_disk_stops_at_once_and_keeps_what_is_finished(whole, tmp_path):
    folder = tmp_path / "full"
    with pytest.raises(StoppedError, match=r"is full .*No space left on device.*\nMake room; what is finished is kept"):
        run(folder, attempts.DiskFullOnTwo)
    assert 0 < finished_units(folder) < 8
    assert Shards(folder).reasons() == {}
    collect(folder)
    assert_same_curves(whole, folder)


@pytest.mark.slow
def test_a_program_without_a_main_guard_can_collect(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1] / 'helpers')!r})\n"
        "from collecting_helpers import collect, Path\nprint('once')\ncollect(Path('bench'), jobs=2, n=1)\n"
    )
    done = subprocess.run([sys.executable, program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "once\n", "")
    assert verify.verify(tmp_path / "bench") == []


class Commands:
    """Commands in sessions of their own, one after the other, without their imports' time."""

    def __init__(self, folder: Path, arguments: list[str]) -> None:
        self.folder, self.line = folder, json.dumps(["collect", str(folder), *arguments, "--quiet"])
        launcher = Path(__file__).parents[1] / "helpers" / "launcher.py"
        self.launcher = subprocess.Popen(
            [sys.executable, str(launcher)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self) -> int:
        """Start one and give its process id."""
        self.launcher.stdin.write(self.line + "\n")
        return int(self.launcher.stdout.readline())

    def end(self) -> int:
        """Wait for the end of the one that was started last, and give its exit code."""
        return int(self.launcher.stdout.readline())

    def close(self) -> None:
        self.launcher.communicate()


@pytest.fixture
def commands(tmp_path):
    made = Commands(tmp_path / "killed", options(n=16, budgets="20,60"))
    yield made
    made.close()


def kill_all(commands: Commands, rng: np.random.Generator, *, early: bool, group: bool) -> None:
    """Kill a main process, alone or with all its processes: while it starts, or after it has finished a task."""
    main, before = commands.start(), finished_units(commands.folder)
    wait_until(lambda: early or finished_units(commands.folder) > before, "a unit is finished")
    time.sleep(rng.uniform(0, 1.5 if early else 0.1))
    family = psutil.Process(main).children(recursive=True)
    os.killpg(main, signal.SIGKILL) if group else os.kill(main, signal.SIGKILL)
    assert commands.end() == -signal.SIGKILL
    assert not psutil.wait_procs(family, timeout=PATIENCE)[1], "processes go on without their main process"


def kill_singles(commands: Commands, rng: np.random.Generator, n: int) -> int:
    """Kill ``n`` single processes while their main process goes on, every seventh the one that starts the others.

    Returns:
        The exit code at the end.
    """
    main = commands.start()
    for kill in range(n):
        wait_until(lambda pid=main: forked(pid)[1] or not alive(pid), "there are workers")
        if not alive(main):  # it has tried every task
            assert commands.end() == 3, "the work is done before all kills are; give it more"
            main = commands.start()
            wait_until(lambda pid=main: forked(pid)[1], "there are workers")
        time.sleep(rng.uniform(0, 0.06))
        servers, training = forked(main)
        for victim in servers if kill % 7 == 6 else rng.permutation(training)[:1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
    return commands.end()


def alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_killed_more_than_twenty_times_it_still_ends_with_the_same_table(commands, tmp_path):
    """Killed at random moments: 3 main processes, 3 with all their processes, and 16 single processes."""
    rng, folder = np.random.default_rng(0), commands.folder
    for early, group in [(False, True), (True, True), (False, False), (True, False), (False, True), (False, False)]:
        kill_all(commands, rng, early=early, group=group)
    code = kill_singles(commands, rng, 16)
    for _ in range(3):  # tasks that were killed twice are for the same command to try again
        if code == 3:
            commands.start()
            code = commands.end()
    assert code == 0
    collect(tmp_path / "whole", jobs=2, n=16, budgets=(20, 60))
    assert_same_curves(tmp_path / "whole", folder)
    assert verify.verify(folder) == []
    assert sorted(path.name for path in folder.iterdir()) == [
        "benchmark.json", "collect.log", "configs.parquet", "datasets.parquet", "runs"
    ]  # fmt: skip
    assert not list(folder.rglob("*.tmp"))
