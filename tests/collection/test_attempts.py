"""What is tried again, and when: an engine of one process that is told how each attempt ends."""

from pathlib import Path

import pytest

from lcbench.collection.attempt import describe
from lcbench.collection.engine import run
from lcbench.collection.unit import Outcome, Task, Unit


class Scripted:
    """Takes one unit at a time; ``ends`` gives for each unit the reasons of its attempts, in order."""

    def __init__(self, ends: dict[int, list[str | None]], disk_full: bool = False) -> None:
        self.ends, self.disk_full, self.attempts = ends, disk_full, []

    def room(self) -> int:
        return 1 - len(self.attempts) + len([None for seen in self.attempts if seen[1]])

    def start(self, task: Task) -> None:
        self.attempts.append((task.unit, False))

    def wait(self) -> list[Outcome]:
        unit, _ = self.attempts[-1]
        self.attempts[-1] = (unit, True)
        return [Outcome(unit, self.ends[unit.config_id].pop(0), disk_full=self.disk_full)]

    def order(self) -> list[int]:
        return [unit.config_id for unit, _ in self.attempts]


def tasks(n: int) -> list[Task]:
    return [Task(Path(), "mlp", Unit("wine", i), {}, (1,), (0,), 0) for i in range(n)]


def test_a_failed_unit_is_tried_once_more_after_all_others():
    engine = Scripted({0: [None], 1: ["first", None], 2: [None]})
    assert [(o.unit.config_id, o.reason) for o in run(engine, tasks(3))] == [(0, None), (2, None), (1, None)]
    assert engine.order() == [0, 1, 2, 1]


def test_the_second_reason_counts():
    engine = Scripted({0: ["first", "second"], 1: [None]})
    assert [(o.unit.config_id, o.reason) for o in run(engine, tasks(2))] == [(1, None), (0, "second")]


def test_a_full_disk_is_not_tried_again():
    outcomes = run(Scripted({0: ["full"], 1: ["full"]}, disk_full=True), tasks(2))
    assert next(outcomes).disk_full


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
