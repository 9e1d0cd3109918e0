"""The table as users hold it: all ways to ask agree, nothing can be changed, and gaps are NaN."""

import math
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import lcbench
from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.errors import DamagedFileError, UnknownNameError
from lcbench.table import store, verify
from lcbench.table.record import KEY


def rewritten(bench: lcbench.Benchmark, folder: Path, change) -> lcbench.Benchmark:
    """A copy of the table whose runs of ``alpha`` have been changed as a frame."""
    shutil.copytree(bench.folder, folder, dirs_exist_ok=True)
    frame = change(bench.to_pandas("alpha"))
    store.write_runs(folder, "alpha", pa.Table.from_pandas(frame, schema=RECORD.schema, preserve_index=False), RECORD)
    store.seal(folder, store.read_manifest(folder), bench.datasets)
    return lcbench.load(folder)


class TestWhatItHolds:
    def test_its_parts(self, bench):
        assert bench.datasets == ("alpha", "beta")
        assert (bench.budgets, bench.seeds) == ((12, 25, 50), (0, 1, 2))
        assert bench.metrics == ("seconds", "learning_rate", *METRICS)
        assert bench.configs.index.name == "config_id"
        assert list(bench.configs.index) == list(range(30))
        assert list(bench.configs) == list(bench.space)
        assert bench.dataset_table.loc["alpha", "classes"] == 2
        assert list(bench.dataset_table.loc["beta", "class_counts"]) == [50, 50]

    def test_configurations_lie_in_the_space(self, bench):
        from lcbench.space.spaces import check_configs

        check_configs(bench.space, bench.configs)

    def test_asking_for_the_space_leaves_the_manifest_as_it_is(self, bench):
        before = str(bench.manifest.space)
        assert lcbench.load(bench.folder).space == bench.space
        assert str(bench.manifest.space) == before

    def test_it_says_what_it_holds(self, bench):
        text = str(bench)
        for part in (
            "alpha, beta",
            "30 of space 'mlp'",
            "12, 25, 50 epochs",
            "540 of 540",
            "valid_accuracy",
            "formula",
        ):
            assert part in text
        assert str(bench.folder) in repr(bench)


class TestLookUps:
    def test_shapes(self, bench):
        for budget in bench.budgets:
            array = bench.array("alpha", "valid_accuracy", budget)
            assert array.shape == (30, 3, budget + 1)
            assert array.dtype == np.float32

    @pytest.mark.parametrize("metric", RECORD.names)
    def test_all_ways_agree(self, bench, metric):
        frame = bench.to_pandas("beta")
        for _, row in frame.sample(20, random_state=0).iterrows():
            key = {"budget": row["budget"], "seed": row["seed"]}
            curve = bench.curve("beta", row["config_id"], metric, **key)
            np.testing.assert_array_equal(curve, row[metric])
            array = bench.array("beta", metric, row["budget"])
            np.testing.assert_array_equal(curve, array[row["config_id"], bench.seeds.index(row["seed"])])
            assert bench.value("beta", row["config_id"], metric, **key) == curve[-1]
            run = bench.run("beta", row["config_id"], metric, **key)
            np.testing.assert_array_equal(run.values, curve)
            np.testing.assert_array_equal(run.seconds, bench.curve("beta", row["config_id"], "seconds", **key))

    def test_defaults(self, bench):
        wanted = bench.curve("alpha", 4, metric="valid_accuracy", budget=50, seed=0)
        np.testing.assert_array_equal(bench.curve("alpha", 4), wanted)
        assert bench.value("alpha", 4) == wanted[-1]
        np.testing.assert_array_equal(bench.array("alpha")[4, 0], wanted)

    def test_the_index_is_epochs_trained(self, bench):
        """Untrained, the formula gives 0.5; each epoch takes the same seconds."""
        assert bench.curve("alpha", 3)[0] == 0.5
        seconds = bench.curve("alpha", 3, "seconds", 25)
        np.testing.assert_allclose(seconds, np.arange(26) * seconds[1], rtol=1e-6)

    def test_value_is_a_plain_number(self, bench):
        assert type(bench.value("alpha", 0)) is float

    def test_numpy_integers_are_as_good(self, bench):
        key = np.array([12, 2, 7])
        assert bench.value("alpha", key[2], budget=key[0], seed=key[1]) == bench.value("alpha", 7, budget=12, seed=2)

    def test_to_pandas(self, bench):
        frame = bench.to_pandas("alpha")
        assert list(frame) == RECORD.schema.names
        assert len(frame) == 30 * 3 * 3
        keys = list(frame[list(KEY)].itertuples(index=False, name=None))
        assert keys == sorted(set(keys))


class TestViews:
    def test_what_is_handed_out_cannot_be_changed(self, bench):
        for array in (bench.array("alpha"), bench.curve("alpha", 0), bench.run("alpha", 0).seconds):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0

    def test_what_is_handed_out_is_a_view(self, bench):
        array = bench.array("alpha")
        assert bench.array("alpha") is array
        assert np.shares_memory(bench.curve("alpha", 5, seed=1), array)

    def test_a_whole_table_is_a_view_of_what_was_read(self, bench):
        assert lcbench.load(bench.folder).array("alpha", budget=12).base is not None


class TestGaps:
    def test_missing_runs_are_nan(self, bench, tmp_path):
        gone = rewritten(bench, tmp_path, lambda f: f[~((f.budget == 25) & (f.config_id == 3) & (f.seed == 1))])
        array = gone.array("alpha", budget=25)
        assert np.isnan(array[3, 1]).all()
        assert np.isnan(array).sum() == 26
        whole = bench.array("alpha", budget=25)
        np.testing.assert_array_equal(array[~np.isnan(array)], whole[~np.isnan(array)])
        assert math.isnan(gone.value("alpha", 3, budget=25, seed=1))
        assert not array.flags.writeable
        assert "539 of 540" in str(gone)

    @pytest.mark.parametrize("keep", [lambda f: f[f.budget != 25], lambda f: f[:0], lambda f: f[:1]])
    def test_a_budget_without_a_run_is_all_nan(self, bench, tmp_path, keep):
        array = rewritten(bench, tmp_path, keep).array("alpha", budget=25)
        assert array.shape == (30, 3, 26)
        assert np.isnan(array).all()

    def test_a_run_that_diverged_is_nan_from_there_on(self, bench, tmp_path):
        def diverge(frame: pd.DataFrame) -> pd.DataFrame:
            frame["status"] = frame["status"].astype(object)
            row = frame.index[(frame.budget == 12) & (frame.config_id == 0) & (frame.seed == 0)][0]
            frame.loc[row, "status"], frame.loc[row, "epochs"] = "diverged", 4
            curve = frame.loc[row, "valid_accuracy"].copy()
            curve[5:] = np.nan
            frame["valid_accuracy"] = [curve if i == row else c for i, c in frame["valid_accuracy"].items()]
            return frame

        table = rewritten(bench, tmp_path, diverge)
        curve = table.curve("alpha", 0, budget=12)
        assert np.isnan(curve).tolist() == [False] * 5 + [True] * 8
        assert METRICS["valid_accuracy"].loss(table.value("alpha", 0, budget=12)) == np.inf
        assert verify.verify(tmp_path) == []


class TestUnknownNames:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("alpa", 0), "unknown data set 'alpa'; nearest: alpha. Known: alpha, beta"),
            (("alpha", 0, "valid_acc"), "unknown metric 'valid_acc'; nearest: valid_accuracy"),
            (("alpha", 0, "valid_accuracy", 13), "unknown budget '13'.* Known: 12, 25, 50"),
            (("alpha", 0, "valid_accuracy", 12, 3), "unknown seed '3'. Known: 0, 1, 2"),
            (("alpha", 30), "unknown configuration '30'"),
            (("alpha", -1), "unknown configuration '-1'"),
        ],
    )
    def test_they_name_the_nearest(self, bench, arguments, message):
        for ask in (bench.curve, bench.value, bench.run):
            with pytest.raises(UnknownNameError, match=message):
                ask(*arguments)

    def test_in_whole_tables(self, bench):
        with pytest.raises(UnknownNameError, match=r"unknown data set '\.\./beta'; nearest: beta"):
            bench.to_pandas("../beta")
        with pytest.raises(UnknownNameError, match="unknown metric 'status'"):
            bench.array("alpha", "status")


class TestDamage:
    def test_a_run_of_an_unknown_configuration(self, bench, tmp_path):
        table = rewritten(bench, tmp_path, lambda f: f.assign(config_id=f.config_id + 1))
        with pytest.raises(DamagedFileError, match="a run of a configuration or seed that the manifest lacks: 30"):
            table.array("alpha")

    def test_a_run_twice(self, bench, tmp_path):
        table = rewritten(bench, tmp_path, lambda f: pd.concat([f, f[:1]]))
        with pytest.raises(DamagedFileError, match="has a run twice"):
            table.array("alpha", budget=12)

    def test_a_curve_of_a_wrong_length(self, bench, tmp_path):
        table = rewritten(bench, tmp_path, lambda f: f.assign(seconds=[values[:-1] for values in f["seconds"]]))
        assert table.array("alpha").shape == (30, 3, 51)
        with pytest.raises(DamagedFileError, match="has a curve at budget 12 that is not 13 long"):
            table.array("alpha", "seconds")

    def test_a_file_that_has_gone(self, bench, tmp_path):
        shutil.copytree(bench.folder, tmp_path, dirs_exist_ok=True)
        (tmp_path / "runs/alpha.parquet").unlink()
        table = lcbench.load(tmp_path)
        assert table.array("beta").shape == (30, 3, 51)
        with pytest.raises(DamagedFileError, match=r"alpha\.parquet is missing; restore it or collect again"):
            table.array("alpha")
