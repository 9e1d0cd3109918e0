"""The command, really started: what it prints, its exit codes, its log, and how it is stopped."""

import errno
import itertools
import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from unittest import mock

import pytest
from collecting_helpers import (
    PATIENCE,
    PROGRAM,
    assert_same_curves,
    collect,
    finished_units,
    forked,
    options,
    plan,
    wait_until,
)

from lcbench.cli import run
from lcbench.collection.collecting import opened
from lcbench.collection.reporting import opened_with_progress
from lcbench.table import verify

LONG = ["--datasets", "sklearn:breast_cancer", "--configs", "4", "--budgets", "5000", "--jobs", "2"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bench"
    collect(folder, jobs=2)
    return folder


@pytest.fixture(scope="module")
def stopped(tmp_path_factory) -> Path:
    """A collection that was stopped after four of its eight tasks. Read only."""
    folder = tmp_path_factory.mktemp("stopped") / "half"
    collect(folder, stop_after=4)
    return folder


@pytest.fixture
def half(stopped, tmp_path) -> Path:
    """The stopped collection, to go on with."""
    return shutil.copytree(stopped, tmp_path / "half")


def collected(capsys, folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the command in this process: its exit code, and the lines on standard error."""
    code = run(["collect", str(folder), *(arguments or options())])
    return code, capsys.readouterr().err.splitlines()


def test_plain_lines_where_there_is_no_terminal_and_a_log(whole, half, capsys):
    code, lines = collected(capsys, half)
    assert code == 0
    assert any(line.startswith("5 of 8 tasks, ") and line.endswith(" left") for line in lines)
    assert any(line.startswith("8 of 8 tasks, ") and "run-epochs/s" in line for line in lines)
    assert [line.split(" after")[0] for line in lines if "finished" in line] == ["iris: 4 tasks finished"]
    assert verify.verify(half) == []
    assert_same_curves(whole, half)
    log = (half / "collect.log").read_text().splitlines()
    assert [line.split(" ", 1)[1].split(":")[0] for line in log] == ["start", "plan", "tasks", "iris", "end"]
    assert log[2].endswith("8 on wine, iris; 4 are finished already")
    assert log[-1].endswith("end: the benchmark is whole")


def test_loading_that_takes_long_is_followed_where_there_is_no_terminal(tmp_path, capsys):
    # each look at the clock finds it 8 seconds later: both data sets together take more than half a minute
    ticks = itertools.count(step=8.0)
    with opened_with_progress(plan(), tmp_path / "bench", quiet=False, clock=lambda: next(ticks)):
        (line,) = capsys.readouterr().err.splitlines()
        assert re.fullmatch(r"\d of 2 data sets loaded.*", line)


def test_quiet_says_only_what_was_written(half, capsys):
    assert run(["collect", str(half), *options(), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("32 runs written to ")


def test_a_unit_that_cannot_be_written_is_missing_at_the_end_and_tried_again_by_the_same_command(
    whole, tmp_path, capsys
):
    folder = tmp_path / "bench"
    obstacle = folder / ".collecting" / "units" / "wine" / "3.parquet"
    obstacle.mkdir(parents=True)
    code, lines = collected(capsys, folder)
    assert code == 3
    assert "wine: 3 of 4 tasks finished" in "\n".join(lines)
    missing, reason, remedy = lines[-3:]
    assert missing == "1 of 8 tasks is missing (1 of wine):"
    assert reason.startswith("  wine 3: IsADirectoryError: ")
    assert remedy.endswith("Mend the cause and repeat the command: it tries what is missing again.")
    assert not (folder / "benchmark.json").exists()
    log = (folder / "collect.log").read_text()
    assert "wine 3 failed: IsADirectoryError" in log
    assert log.splitlines()[-1].endswith("end: 1 of 8 tasks are missing")
    obstacle.rmdir()
    assert collected(capsys, folder)[0] == 0
    assert_same_curves(whole, folder)


def test_a_second_collection_in_the_folder_is_refused_while_the_first_is_at_work(tmp_path, capsys):
    folder = tmp_path / "bench"
    with opened(plan(), folder):
        code, lines = collected(capsys, folder)
        assert (folder / ".collecting" / "plan.json").is_file()
    assert code == 2
    assert lines == [f"lcbench: another collection is running in {folder}; wait for it or choose another folder."]


TERMINAL = """
import os, signal
os.close(os.open(os.ttyname(0), os.O_RDWR))  # the process's own terminal from now on
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job
from lcbench.cli import main
main()
"""


class Screen:
    """A pseudo-terminal and what is printed on it."""

    def __init__(self) -> None:
        self.keyboard, self.tty = os.openpty()
        self.text = ""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        try:
            while chunk := os.read(self.keyboard, 1 << 16):
                self.text += chunk.decode()
        except OSError:  # nobody has the terminal open any more
            pass

    def close(self) -> None:
        os.close(self.tty)
        self.reader.join(timeout=PATIENCE)
        os.close(self.keyboard)


@pytest.mark.slow
def test_ctrl_c_stops_in_the_middle_of_a_unit_and_says_how_to_go_on(tmp_path):
    folder, screen = tmp_path / "bench", Screen()
    process = subprocess.Popen(
        [sys.executable, "-c", TERMINAL, "collect", str(folder), *LONG],
        start_new_session=True, stdin=screen.tty, stdout=screen.tty, stderr=screen.tty,
    )  # fmt: skip
    wait_until(lambda: len(forked(process.pid)[1]) == 2, "two tasks are being trained")
    processes = [child for some in forked(process.pid) for child in some]
    os.write(screen.keyboard, b"\x03")
    try:
        code = process.wait(timeout=PATIENCE)
    finally:
        process.kill()
    screen.close()
    assert code == 130
    assert "collecting" in screen.text
    assert "stopped; 0 finished tasks are kept. The same command resumes from there." in screen.text
    assert "Traceback" not in screen.text
    wait_until(lambda: not any(child.is_running() for child in processes), "all processes have ended")
    assert (folder / ".collecting" / "plan.json").is_file()
    assert (
        (folder / "collect.log").read_text().splitlines()[-1].endswith("stopped: interrupted (0 of 4 tasks are kept)")
    )


def mounts() -> bool:
    """Whether this user may mount a file system in a name space of its own."""
    unshare = shutil.which("unshare")
    return bool(unshare) and subprocess.run([unshare, "-rm", "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not mounts(), reason="a small disk needs a mount name space, which this machine does not allow")
@pytest.mark.slow
def test_a_full_disk_is_said_in_two_lines_and_the_same_command_goes_on(whole, tmp_path, capsys):
    disk, kept = tmp_path / "disk", tmp_path / "kept"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=150k small {disk} && "$@"; code=$?; cp -r {disk}/bench {kept}; exit $code'
    arguments = [*PROGRAM, "collect", f"{disk}/bench", *options(), "--quiet"]
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script, "sh", *arguments], capture_output=True, text=True)
    first, second = done.stderr.splitlines()
    assert done.returncode == 2
    assert first.startswith(f"lcbench: the disk that holds {disk}/bench is full (")
    assert second == "Make room; what is finished is kept, and the same command resumes from there."
    assert finished_units(kept) > 0
    assert collected(capsys, kept)[0] == 0
    assert_same_curves(whole, kept)


def test_a_disk_that_is_full_before_the_first_unit(tmp_path, capsys, monkeypatch):
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr("numpy.save", mock.Mock(side_effect=error))
    code, lines = collected(capsys, tmp_path / "bench")
    assert code == 2
    assert lines[0].endswith("/bench is full (No space left on device).")
    assert not (tmp_path / "bench").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--engine cluster", "unknown engine 'cluster'"),
        ("--engine dask", "a Dask scheduler's address (--scheduler) must be given with --engine dask, got none"),
        (
            "--engine local --scheduler tcp://localhost:1",
            "must not be given with --engine local, got tcp://localhost:1",
        ),
        ("--device cuda:99", "device must be "),
        ("--jobs 0", "number of processes (--jobs) must be at least 1, got 0"),
    ],
)
def test_options_that_cannot_be_used(tmp_path, capsys, arguments, said):
    code = run(["collect", str(tmp_path / "bench"), "--datasets", "sklearn:wine", *arguments.split()])
    error = capsys.readouterr().err
    assert code == 2
    assert said in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "bench").exists()
