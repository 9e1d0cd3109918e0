"""What is tried again, and when; journals, workplaces and progress, by hand."""

import errno
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest

from lcbench.errors import DamagedFileError, InputError, PlanConflictError, StoppedError
from lcbench.work import InlineExecutor, Journal, Outcome, Progress, Task, ThreadExecutor, Workplace, run
from lcbench.work import journal as journals
from lcbench.work.processes import LocalExecutor
from lcbench.work.task import GiveUpError, describe


@dataclass(frozen=True)
class Number(Task):
    number: int

    def __str__(self) -> str:
        return str(self.number)


class Scripted:
    """Runs one task at a time; ``ends`` gives for each task the reasons of its attempts, in order."""

    def __init__(self, ends: dict[int, list[str | None]], **outcome: bool) -> None:
        self.ends, self.outcome, self.order, self.task = ends, outcome, [], None

    def room(self) -> int:
        return int(self.task is None)

    def start(self, task: Number) -> None:
        self.task = task
        self.order.append(task.number)

    def wait(self, seconds: float) -> list[Outcome]:
        task, self.task = self.task, None
        return [Outcome(task, reason=self.ends[task.number].pop(0), **self.outcome)]


def ended(executor, n: int, **options) -> list[tuple[int, str | None]]:
    return [(o.task.number, o.reason) for o in run(executor, map(Number, range(n)), **options)]


def test_a_failed_task_is_tried_once_more_after_all_others():
    executor = Scripted({0: [None], 1: ["first", None], 2: [None]})
    assert ended(executor, 3) == [(0, None), (2, None), (1, None)]
    assert executor.order == [0, 1, 2, 1]


def test_or_at_once():
    heard = []
    executor = Scripted({0: [None], 1: ["first", None], 2: [None]})
    assert ended(executor, 3, retry_at_once=True, retried=heard.append) == [(0, None), (1, None), (2, None)]
    assert [(o.task.number, o.reason) for o in heard] == [(1, "first")]


def test_the_second_reason_counts():
    assert ended(Scripted({0: ["first", "second"], 1: [None]}), 2) == [(1, None), (0, "second")]


def test_what_is_final_is_not_tried_again():
    assert ended(Scripted({0: ["full"], 1: ["full"]}, final=True), 2) == [(0, "full"), (1, "full")]


def test_tasks_may_depend_on_outcomes():
    found, waiting = [], [Number(0)]
    for outcome in run(Scripted({0: [None], 1: [None], 2: [None]}), lambda: waiting.pop() if waiting else None):
        found.append(outcome.task.number)
        if outcome.task.number < 2:
            waiting.append(Number(outcome.task.number + 1))
    assert found == [0, 1, 2]


def test_no_task_is_begun_when_the_time_is_over():
    left = iter([1.0, 0.0])
    executor = Scripted({i: [None] for i in range(9)})
    assert ended(executor, 9, left=lambda: next(left)) == [(0, None)]


def square(task: Number) -> int:
    if task.number == 3:
        raise GiveUpError("three is odd")
    if task.number == 4:
        raise InputError("four must be less")
    return task.number**2


@pytest.mark.parametrize("make", [lambda: InlineExecutor(square), lambda: ThreadExecutor(3, square),
                                  lambda: LocalExecutor(2, square)])  # fmt: skip
def test_every_executor_gives_the_same_outcomes(make):
    with make() as executor:
        found = {o.task.number: (o.value, o.reason, o.final, o.refused) for o in run(executor, map(Number, range(5)))}
        assert executor.describe()
    assert found == {
        0: (0, None, False, False),
        1: (1, None, False, False),
        2: (4, None, False, False),
        3: (None, "three is odd", True, False),
        4: (None, "four must be less", False, True),
    }


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("bad\nand more"), "ValueError: bad"),
        (MemoryError(), "MemoryError"),
        (RuntimeError("x" * 999), "RuntimeError: " + "x" * 286),
    ],
)
def test_an_error_in_one_line(error, said):
    assert describe(error) == said


EVENTS = [{"a": 1}, {"b": [0.1, "nan"], "text": 'quotes " and {"crc32": 5}'}, {"c": None}]


def written(path) -> bytes:
    with Journal(path) as journal:
        for event in EVENTS:
            journal.append(event)
    return path.read_bytes()


def test_a_journal_gives_back_what_was_appended_however_often_it_is_opened(tmp_path):
    path = tmp_path / "journal"
    written(path)
    with Journal(path) as journal:
        assert journal.events == EVENTS
        journal.append({"d": 4})
    assert journals.read(path) == [*EVENTS, {"d": 4}]
    assert journals.read(tmp_path / "missing") == []


def test_a_journal_of_before_there_were_checksums_can_be_read(tmp_path):
    path = tmp_path / "journal"
    path.write_text('{"a": 1}\n{"b": 2}\n')
    assert journals.read(path) == [{"a": 1}, {"b": 2}]


def test_a_line_that_was_being_written_does_not_count(tmp_path):
    path = tmp_path / "journal"
    text = written(path)
    for cut in range(len(text)):
        path.write_bytes(text[:cut])
        whole = text[:cut].count(b"\n")
        assert journals.read(path) == EVENTS[:whole]
        with Journal(path) as journal:
            for event in EVENTS[whole:]:
                journal.append(event)
        assert path.read_bytes() == text


def test_every_changed_byte_and_every_missing_or_exchanged_line_is_noticed(tmp_path):
    path = tmp_path / "journal"
    text = written(path)
    lines = text.splitlines(keepends=True)
    changed = [text[:i] + bytes([text[i] ^ 1]) + text[i + 1 :] for i in range(len(text) - 1)]
    for damaged in (*changed, lines[1] + lines[0] + lines[2], lines[0] + lines[2], lines[1] + lines[2]):
        path.write_bytes(damaged)
        with pytest.raises(DamagedFileError, match="journal is damaged in line"):
            journals.read(path)


def test_a_workplace_holds_one_plan(tmp_path):
    place = Workplace(tmp_path / "out" / ".working", "test", tmp_path / "out")
    with place.held():
        assert place.plan() is None
        place.accept({"seeds": 2, "configurations digest": "a"})
        with pytest.raises(InputError, match=r"another test is running in .*out; wait"), place.held():
            pass
    with place.held():
        place.check({"seeds": 2, "configurations digest": "a"})
        with pytest.raises(PlanConflictError, match=r"seeds: there 2, asked 3; the configurations are others\)"):
            place.check({"seeds": 3, "configurations digest": "b"})


def test_a_workplace_whose_plan_was_never_accepted_is_gone(tmp_path):
    place = Workplace(tmp_path / "out" / ".working", "test", tmp_path / "out")
    with pytest.raises(ValueError, match="bad data"), place.held():
        raise ValueError("bad data")
    assert not (tmp_path / "out").exists()


def test_stray_temporary_files_are_swept(tmp_path):
    place = Workplace(tmp_path, "test")
    with place.held():
        place.accept({"a": 1})
    stray = tmp_path / "cells" / ".x.parquet.1-2.tmp"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    with place.held():
        assert not stray.exists()


def test_what_a_process_left_that_was_killed_over_its_plan_is_no_obstacle(tmp_path):
    (tmp_path / ".plan.json.1-2.tmp").write_text("{")
    with Workplace(tmp_path, "test").held():
        assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "lock.holder"]


def test_the_output_is_swept_as_well(tmp_path):
    stray = tmp_path / "labels" / ".wine.parquet.1-2.tmp"
    stray.parent.mkdir()
    stray.write_bytes(b"half")
    with Workplace(tmp_path / ".working", "test", tmp_path).held():
        assert not stray.exists()


def test_a_folder_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no test"), Workplace(tmp_path, "test").held():
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


class OneFull:
    """Three tasks end together; there was no room for the results of the first of them."""

    def __init__(self) -> None:
        self.running: list[Number] = []

    def room(self) -> int:
        return 3 - len(self.running)

    def start(self, task: Number) -> None:
        self.running.append(task)

    def wait(self, seconds: float) -> list[Outcome]:
        return [Outcome(self.running[0], reason="no room", disk_full=True), *map(Outcome, self.running[1:])]


def test_a_full_disk_is_no_failure_of_a_task_and_what_ended_beside_it_counts(tmp_path):
    place, ended = Workplace(tmp_path / ".working", "test", tmp_path), []
    with pytest.raises(StoppedError) as stopped, place.held():
        place.accept({"a": 1})
        for outcome in run(OneFull(), map(Number, range(5))):
            ended.append(outcome.task.number)
            place.record([outcome])
    assert str(stopped.value).splitlines() == [
        f"the disk that holds {tmp_path} is full (no room).",
        "Make room; what is finished is kept, and the same command resumes from there.",
    ]
    assert ended == [1, 2]
    assert place.reasons() == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES])
def test_only_a_lack_of_room_counts_as_one(number, tmp_path):
    def write(task: Number) -> None:
        raise OSError(number, "why", "results.parquet")

    full = number != errno.EACCES
    [outcome] = attempts(write)
    assert outcome.disk_full == full
    with pytest.raises(StoppedError if full else OSError), Workplace(tmp_path / "w", "test").held():
        write(Number(0))


def attempts(function) -> list[Outcome]:
    executor = InlineExecutor(function)
    executor.start(Number(0))
    return executor.wait(0)


def test_reasons_are_forgotten_once_a_task_succeeds(tmp_path):
    place = Workplace(tmp_path / "w", "test")
    with place.held():
        place.accept({"a": 1})
        place.record([Outcome(Number(i), reason=f"reason {i}") for i in range(5)])
        place.record([Outcome(Number(1)), Outcome(Number(7))])
        assert place.reasons() == {str(i): f"reason {i}" for i in (0, 2, 3, 4)}
        said = place.explain([Number(i) for i in (0, 2, 3, 4, 6)], "5 are missing:").splitlines()
    assert said[:4] == ["5 are missing:", "  0: reason 0", "  2: reason 2", "  3: reason 3"]
    assert said[4].startswith("  and 1 more, in ")
    assert json.loads((tmp_path / "w" / "failures.jsonl").read_text().splitlines()[0])["task"] == "0"


class TestProgress:
    @pytest.fixture
    def clock(self):
        time = [50.0]
        return time, lambda: time[0]

    def test_time_left_counts_what_was_done_now(self, clock):
        time, read = clock
        progress = Progress("test", 10, done=4, unit="units", work=6.0, clock=read)
        assert (progress.seconds_left, progress.left) == (None, "-:--")
        time[0] += 8
        progress.add()
        progress.add("25 epochs/s")
        assert progress.seconds_left == 16
        assert progress.line("25 epochs/s") == "6 of 10 units, 25 epochs/s, 0:16 left"

    def test_failed_tasks_are_tried_but_not_done(self, clock):
        time, read = clock
        progress = Progress("test", 4, unit="units", clock=read)
        time[0] += 10
        progress.add(failed=True)
        assert (progress.done, progress.failed, progress.seconds_left) == (0, 1, None)
        progress.add()
        assert progress.line() == "1 of 4 units (1 failed), 0:20 left"

    def test_time_left_knows_that_the_tasks_to_come_are_longer(self, clock):
        # two units of a small data set took 4 s; two of one ten times as large are left: 40 s, not 4
        time, read = clock
        progress = Progress("test", 4, work=0.2 + 2.0, clock=read)
        time[0] += 4
        progress.add(work=0.1)
        progress.add(work=0.1)
        assert progress.seconds_left == pytest.approx(40)
        assert progress.left == "0:40"
        time[0] += 20
        progress.add(work=1.0)
        progress.add(work=1.0)
        assert progress.seconds_left == pytest.approx(0, abs=1e-9)


class WithResults(Workplace):
    def results(self):
        return sorted(self.root.glob("cells-*"))


@pytest.mark.parametrize("inside", [True, False], ids=["in the output", "beside results"])
def test_killed_while_it_is_cleared_up_it_can_be_resumed(inside, tmp_path, monkeypatch):
    """As long as a result is there, so is the plan that it belongs to."""
    out, real, left = tmp_path / "out", Path.unlink, 0
    place = WithResults(out / ".working", "test", out) if inside else WithResults(out, "test")
    for calls in range(5):
        with place.held():
            place.accept({"a": 1})
            for number in range(3):
                (place.root / f"cells-{number}").touch()
        budget = iter(range(calls))

        def unlink(path, missing_ok=False, budget=budget):
            if next(budget, None) is None:
                raise KeyboardInterrupt
            real(path, missing_ok=missing_ok)

        with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
            patched.setattr(Path, "unlink", unlink)
            place.remove()
        left += bool(place.results())
        assert place.plan_file.is_file() or not place.results()
        with place.held():
            pass
    assert left > 1
    place.remove()
    assert not place.root.exists() or not any(place.root.iterdir())


def test_a_result_of_another_plan_is_none_of_this_one(tmp_path):
    one, other = Workplace(tmp_path / "one", "test"), Workplace(tmp_path / "other", "test")
    for place, seeds in ((one, 2), (other, 3)):
        with place.held():
            place.accept({"budgets": [1, 2], "seeds": seeds})
            place.keep(place.root / "cell.parquet", pa.table({"x": [seeds]}))
    one.check_kept(one.root / "cell.parquet")
    (other.root / "cell.parquet").replace(one.root / "cell.parquet")
    with pytest.raises(DamagedFileError, match=r"cell\.parquet belongs to a plan with other seeds"):
        one.check_kept(one.root / "cell.parquet")
    one.accept({"budgets": [1, 2], "seeds": 3, "limits": 5})  # a plan that has grown
    one.check_kept(one.root / "cell.parquet")
