"""Meta-features: by hand on small data, and recorded in a table."""

from importlib.metadata import EntryPoint

import numpy as np
import pyarrow as pa
import pytest

import lcbench
from lcbench import cli
from lcbench.collection import meta_recording
from lcbench.collection.baseline_rows import load_again
from lcbench.collection.data.meta_features import meta_features
from lcbench.collection.data.prepared import Prepared
from lcbench.errors import InputError
from lcbench.simulate.study import study
from lcbench.simulate.transfer.knowledge import knowledge_of
from lcbench.table import store
from lcbench.table.manifest import DATASETS, META

pytest.importorskip("sklearn", reason="landmarks need scikit-learn")


def prepared(x, y, classes=("no", "yes")):
    x = np.asarray(x, np.float32)
    y = np.asarray(y, np.int64 if classes else np.float64)
    counts = tuple(np.bincount(y).tolist()) if classes else ()
    return Prepared("made", x, y, x[:3], y[:3], x[:3], y[:3], classes, counts, "ordinal", ())


def test_moments_shares_and_information_by_hand():
    x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 5)
    found = meta_features(prepared(x, x[:, 0]))
    assert found["attr_to_inst"] == 0.1
    assert found["nr_bin"] == 1
    assert found["cor_mean"] == pytest.approx(0)
    assert found["skewness_mean"] == pytest.approx(0)
    assert found["kurtosis_mean"] == pytest.approx(-2)  # of two points
    assert found["attr_ent_mean"] == pytest.approx(np.log(2) / np.log(10))
    assert (found["freq_class_max"], found["freq_class_min"]) == (0.5, 0.5)
    assert found["mut_inf_max"] == pytest.approx(np.log(2))  # the first input is the class
    assert found["mut_inf_mean"] == pytest.approx(np.log(2) / 2)  # the second says nothing
    assert found["best_node"] == found["one_nn"] == 1


def test_landmarks_tell_what_kind_of_border_there_is():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (600, 2))
    slanted = meta_features(prepared(x, x.sum(axis=1) > 0))
    crossed = meta_features(prepared(x, x.prod(axis=1) > 0))
    assert slanted["linear_discr"] > 0.95 > slanted["best_node"]
    assert crossed["linear_discr"] < 0.7 < 0.9 < crossed["one_nn"]


def test_numbers_as_target_have_no_landmarks():
    x = np.random.default_rng(0).random((30, 3))
    found = meta_features(prepared(x, x[:, 0], classes=()))
    assert np.isnan(found["one_nn"])
    assert np.isfinite(found["skewness_mean"])
    assert found.keys() == meta_features(prepared(x, x[:, 0] > 0.5)).keys()


def test_a_large_data_set_is_sampled_and_always_alike():
    x = np.random.default_rng(0).random((2100, 3))
    data = prepared(x, x[:, 0] > 0.5)
    assert meta_features(data) == meta_features(data)


@pytest.fixture
def command(monkeypatch):
    entry = EntryPoint("meta-features", "lcbench.collection.meta_commands:meta_features", cli.GROUP)
    monkeypatch.setattr(cli, "entry_points", lambda group: [entry] if group == cli.GROUP else [])


def test_those_of_the_embedded_table_are_of_its_data_sets():
    bench = lcbench.load()
    found = meta_features(load_again(bench, "wine"))
    recorded = bench.dataset_table.loc["wine"].filter(like=META)
    assert {f"{META}{name}" for name in found} == set(recorded.index)
    for name, value in found.items():
        assert recorded[f"{META}{name}"] == pytest.approx(value, abs=1e-4), name


def test_they_are_recorded_in_the_table_of_data_sets(make, tmp_path, command, capsys, monkeypatch):
    folder = make(tmp_path / "made", n_configs=3, budgets=(2,), seeds=(0,)).folder
    x = np.random.default_rng(0).random((60, 2))

    def again(_, name):
        if name == "beta":
            raise InputError("beta cannot be had any more.")
        return prepared(x, x[:, 0] > 0.5)

    monkeypatch.setattr(meta_recording, "load_again", again)
    before = lcbench.load(folder).dataset_table
    assert cli.run(["meta-features", str(folder), "--quiet"]) == 3
    said = capsys.readouterr()
    assert "meta-features of 1 data sets written" in said.out
    assert "beta cannot be had any more." in said.err
    bench = lcbench.load(folder)
    assert bench.problems(thorough=True) == []
    after = bench.dataset_table
    assert after[list(before)].equals(before)
    assert after.loc["alpha", f"{META}best_node"] > 0.9
    assert after.loc["beta"].filter(like=META).isna().all()
    assert not (folder / ".meta-features").exists()
    assert knowledge_of(bench).features.shape == (2, 4 + 17)
    assert cli.run(["meta-features", str(folder), "--quiet"]) == 3  # again: the same columns
    assert lcbench.load(folder).dataset_table.equals(after)


def test_a_collection_records_them_and_growth_keeps_them(tmp_path):
    folder = tmp_path / "table"
    command = ["collect", str(folder), "--configs", "3", "--budgets", "1", "--seeds", "1", "--jobs", "1", "--quiet"]
    assert cli.run([*command, "--datasets", "sklearn:wine"]) == 0
    collected = lcbench.load(folder).dataset_table.filter(like=META)
    assert collected.loc["wine"].to_dict() == meta_recording.meta_columns(load_again(lcbench.load(folder), "wine"))
    described = store.read_parquet(folder / DATASETS)
    place = described.schema.get_field_index(f"{META}best_node")
    store.write_parquet(folder / DATASETS, described.set_column(place, described.schema.field(place), pa.array([0.25])))
    store.include(folder, store.read_manifest(folder), [DATASETS])
    assert cli.run([*command, "--datasets", "sklearn:wine,sklearn:iris", "--grow"]) == 0
    grown = lcbench.load(folder)
    assert grown.dataset_table.loc["wine", f"{META}best_node"] == 0.25
    assert np.isfinite(grown.dataset_table.loc["iris", f"{META}best_node"])
    traces = study(grown, None, ["nearest-task"], [0], workers=1, budget="2evals")
    assert set(traces["dataset"]) == {"wine", "iris"}


def test_a_table_from_elsewhere_is_refused(make, tmp_path, command, capsys):
    make(tmp_path / "made", n_configs=3, budgets=(2,), seeds=(0,))
    assert cli.run(["meta-features", str(tmp_path / "made")]) == cli.USAGE_ERROR
    assert "must come from 'lcbench collect'" in capsys.readouterr().err
