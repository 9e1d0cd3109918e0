"""Whatever the order in which tasks end, and however often a collection is interrupted, the table is the same."""

import shutil
import tempfile
from pathlib import Path

import pytest
from collecting_helpers import NOW, assert_same_curves, collect, plan
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.collecting import Collection, opened, trainer
from lcbench.collection.tasks import RunsTask, TrainRuns
from lcbench.table import store, verify
from lcbench.work import Outcome
from lcbench.work.task import attempt


class Disorderly:
    """Takes so many tasks at once and trains the one next that a list of numbers picks."""

    def __init__(self, train: TrainRuns, room: int, picks: list[int]) -> None:
        self._train, self._room, self._picks, self._waiting = train, room, picks, []

    def room(self) -> int:
        return self._room - len(self._waiting)

    def start(self, task: RunsTask) -> None:
        self._waiting.append(task)

    def wait(self, seconds: float) -> list[Outcome]:
        pick = self._picks.pop() if self._picks else 0
        return [attempt(self._train, self._waiting.pop(pick % len(self._waiting)))]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bench"
    collect(folder, n=2)
    return folder


@settings(max_examples=8, deadline=None)
@given(
    interruptions=st.lists(st.integers(0, 3), max_size=3),
    room=st.integers(1, 4),
    picks=st.lists(st.integers(0, 3), max_size=8),
)
def test_order_and_interruptions_change_nothing(whole, interruptions, room, picks):
    folder = Path(tempfile.mkdtemp()) / "bench"
    for stop_after in (*interruptions, None):
        with opened(plan(n=2), folder) as collection:
            if not collection.complete():
                store.write_json(collection.shards.cost, store.read_manifest(whole).provenance["cost model"])
                train_some(collection, Disorderly(trainer(plan(n=2), folder), room, list(picks)), stop_after)
    assert_same_curves(whole, folder)
    assert verify.verify(folder) == []
    shutil.rmtree(folder.parent)


def train_some(collection: Collection, engine: Disorderly, stop_after: int | None) -> None:
    """Train so many tasks, or all of them and write the benchmark."""
    if stop_after == 0:
        return
    for n, outcome in enumerate(collection.run(engine), start=1):
        assert outcome.reason is None
        if n == stop_after:
            return
    collection.finish(NOW)
