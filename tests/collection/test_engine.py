"""A collection as a whole: the same numbers however it ran, and nothing lost when it is stopped."""

from pathlib import Path

import numpy as np
import pytest
from collecting_helpers import NOW, assert_same_curves, collect, plan

import lcbench
from lcbench.collection.collecting import executor_for, opened
from lcbench.collection.networks.cost import CostModel, Extent, Sizes
from lcbench.collection.networks.problems import MLP
from lcbench.collection.tasks import Extras, RunsTask
from lcbench.errors import InputError, PlanConflictError, StoppedError, UnknownNameError
from lcbench.table import verify


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bench"
    collect(folder)
    return folder


def test_a_finished_folder_is_a_verified_benchmark(whole):
    assert verify.verify(whole) == []
    bench = lcbench.load(whole)
    assert bench.datasets == ("wine", "iris")
    assert bench.array("wine", "valid_accuracy", 4).shape == (4, 2, 5)
    assert bench.array("iris", "seconds", 2).min(axis=(0, 1)).tolist()[0] == 0
    assert (np.diff(bench.array("iris", "seconds", 4), axis=2) > 0).all()
    assert bench.dataset_table.loc["iris", "classes"] == 3
    assert bench.manifest.provenance["created"] == "2026-01-01T00:00:00+00:00"
    assert not (whole / ".collecting").exists()


def test_numbers_do_not_depend_on_the_number_of_processes(whole, tmp_path):
    collect(tmp_path / "two", jobs=2)
    assert_same_curves(whole, tmp_path / "two")


def test_a_stopped_collection_goes_on(whole, tmp_path):
    folder = tmp_path / "stopped"
    collect(folder, stop_after=3)
    assert not (folder / "benchmark.json").exists()
    with opened(plan(), folder) as collection:
        assert len(collection.pending()) == 5
    collect(folder)
    assert_same_curves(whole, folder)


def test_the_same_command_again_has_nothing_to_do(whole):
    with opened(plan(), whole) as collection:
        assert collection.complete()


def test_a_different_plan_is_refused_and_nothing_is_lost(whole):
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    with pytest.raises(PlanConflictError, match="budgets: there 2,4, asked 2,5"), opened(plan(budgets=(2, 5)), whole):
        pass
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before


def test_a_different_plan_is_refused_in_a_stopped_collection(tmp_path):
    folder = tmp_path / "stopped"
    collect(folder, stop_after=1)
    with pytest.raises(PlanConflictError, match="seeds: there 2, asked 1"), opened(plan(seeds=(0,)), folder):
        pass
    with opened(plan(), folder) as collection:
        assert len(collection.pending()) == 7


def test_data_that_changed_is_refused(tmp_path):
    csv = tmp_path / "train.csv"
    csv.write_text("a,b,y\n" + "".join(f"{i},{i % 7},{'uv'[i % 2]}\n" for i in range(60)))
    source = (f"file:{csv}?target=y",)
    collect(tmp_path / "out", sources=source)
    csv.write_text(csv.read_text().replace("3,3,v", "3,5,v"))
    with (
        pytest.raises(PlanConflictError, match="the data of train has changed"),
        opened(plan(sources=source), tmp_path / "out"),
    ):
        pass


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="is not empty and holds no collection"), opened(plan(), tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_plan_that_fails_leaves_no_folder(tmp_path):
    with (
        pytest.raises(InputError, match="unknown bundled data set"),
        opened(plan(sources=("sklearn:nope",)), tmp_path / "new"),
    ):
        pass
    assert not (tmp_path / "new").exists()


def test_two_collections_in_one_folder_are_refused(tmp_path):
    with (
        opened(plan(), tmp_path / "one"),
        pytest.raises(InputError, match="another collection is running"),
        opened(plan(), tmp_path / "one"),
    ):
        pass
    assert (tmp_path / "one" / ".collecting" / "plan.json").is_file()


def test_two_data_sets_of_one_name_are_refused(tmp_path):
    csv = tmp_path / "wine.csv"
    csv.write_text("a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(40)))
    with (
        pytest.raises(InputError, match="two data sets are named 'wine'"),
        opened(plan(sources=("sklearn:wine", f"file:{csv}?target=y")), tmp_path / "out"),
    ):
        pass


def test_jobs_must_be_positive():
    with pytest.raises(InputError, match="at least 1, got 0"):
        executor_for(plan(), Path("bench"), jobs=0)


def test_a_half_written_unit_is_not_a_unit(tmp_path):
    folder = tmp_path / "stopped"
    collect(folder, stop_after=2)
    with opened(plan(), folder) as collection:
        unit = collection.shards.file(RunsTask("wine", 3))
        (unit.parent / f".{unit.name}.1.tmp").write_bytes(b"PAR1 and then the power went")
        assert len(collection.pending()) == 6


def test_gradients_and_predictions_come_with_their_tables(whole, tmp_path):
    extras = Extras(gradients=True, predictions=True)
    collect(tmp_path / "more", extras=extras)
    bench = lcbench.load(tmp_path / "more")
    assert verify.verify(bench.folder) == []
    assert_same_curves(whole, bench.folder)
    found = bench.gradients("wine")
    assert found[["config_id", "budget", "seed"]].drop_duplicates().shape == (16, 3)
    layers = bench.configs["num_layers"].loc[found["config_id"]].to_numpy()
    assert [len(row) for row in found["layer_norm"]] == layers.tolist()
    assert all(len(curve) == budget + 1 for curve, budget in zip(found["q75"], found["budget"], strict=True))
    for part in ("valid", "test"):
        chances, labels = bench.predictions("iris", 2, part, budget=4, seed=1), bench.labels("iris", part)
        accuracy = (chances.argmax(axis=1) == labels).mean()
        assert accuracy == pytest.approx(bench.value("iris", 2, f"{part}_accuracy", budget=4, seed=1), abs=1e-6)
    with pytest.raises(UnknownNameError, match="unknown table"):
        lcbench.load(whole).gradients("wine")


def test_a_damaged_unit_is_trained_again(whole, tmp_path):
    folder = tmp_path / "damaged"
    with executor_for(plan(), folder) as executor, opened(plan(), folder) as collection:
        assert all(outcome.reason is None for outcome in collection.run(executor))
        file = collection.shards.file(RunsTask("iris", 1))
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.raises(StoppedError, match="iris 1 was damaged and has been removed; run the same command again"):
            collection.finish(NOW)
        assert collection.pending() == [RunsTask("iris", 1)]
    collect(folder)
    assert_same_curves(whole, folder)


def test_seconds_come_from_the_cost_model_and_grow_evenly(whole):
    bench = lcbench.load(whole)
    provenance = bench.manifest.provenance
    assert provenance["seconds"].startswith("modelled")
    model = CostModel.from_json(provenance["cost model"])
    row = bench.dataset_table.loc["wine"]
    sizes = Sizes(int(row["train_instances"]), int(row["valid_instances"]), int(row["test_instances"]))
    extent = Extent(int(row["features"]), int(row["classes"]), sizes)
    for config_id, config in bench.configs.iterrows():
        wanted = model.seconds_of(MLP().work(extent, config))
        seconds = bench.array("wine", "seconds", 4)[config_id]
        assert seconds == pytest.approx(np.tile(wanted * np.arange(5), (2, 1)), rel=1e-5)
