"""The published JSON comes in with all its oddities, goes out again, and comes in the same."""

import json
import math
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from official_helpers import add_gradients, published_document

import lcbench
from lcbench import cli
from lcbench.collection.networks.metrics import RECORD
from lcbench.table import manifest, store, verify
from lcbench.table.doors.official import export_json, import_json
from lcbench.table.doors.official.names import OPTIONAL, PERCENT, TAGS

SAMPLE = Path(__file__).parents[3] / "shared" / "reference" / "official_sample.json"


@pytest.fixture
def document() -> dict:
    return published_document()


@pytest.fixture
def bring(tmp_path):
    """Write a document and import it."""

    def run(document: object, name: str = "bench") -> lcbench.Benchmark:
        source = tmp_path / f"{name}.json"
        source.write_text(json.dumps(document), encoding="utf-8")
        import_json(source, tmp_path / name)
        return lcbench.load(tmp_path / name)

    return run


def same_tables(a: lcbench.Benchmark, b: lcbench.Benchmark, kinds: tuple[str, ...] = (manifest.RUNS,)) -> None:
    assert a.datasets == b.datasets
    assert a.configs.equals(b.configs)
    for path in [manifest.table_path(kind, dataset) for kind in kinds for dataset in a.datasets]:
        assert store.read_parquet(a.folder / path).to_pydict().__repr__() == repr(
            store.read_parquet(b.folder / path).to_pydict()
        )  # by their text, in which NaN is NaN


def test_what_an_import_makes_of_a_run(bring, document):
    bench = bring(document)
    assert bench.datasets == ("zeta", "alpha-1.5")
    assert (bench.budgets, bench.seeds, bench.manifest.problem) == ((3,), (1,), "mlp-released")
    assert bench.configs["num_layers"].tolist() == [1, 2]
    assert bench.curve("zeta", 1, "valid_accuracy") == pytest.approx([0.51, 0.53, 0.55, 0.57])
    assert bench.curve("zeta", 1, "test_accuracy") == pytest.approx([0.49, 0.51, 0.53, 0.55])
    assert bench.curve("zeta", 0, "train_balanced_accuracy") == pytest.approx([0.375, 0.385, 0.395, 0.405])
    assert bench.curve("zeta", 0, "train_loss") == pytest.approx([1, 1 / 2, 1 / 3, 1 / 4])
    assert bench.curve("zeta", 0, "seconds").tolist() == [0, 2.25, 4.5, 6.75]
    assert bench.curve("zeta", 0, "learning_rate") == pytest.approx([0.01, 0.01, 0.01, 0.005])
    assert bench.curve("zeta", 1, "valid_cross_entropy")[2] == np.inf
    assert bench.problems(thorough=True) == []
    row = bench.dataset_table.loc["zeta"]
    assert (row["openml_task_id"], row["instances"], row["features"], row["classes"]) == (31, 1000, 20, 2)
    assert bench.to_pandas("zeta")["n_parameters"].tolist() == [123, 124]
    assert set(bench.to_pandas("zeta")["status"]) == {"success"}


def test_the_double_softmax_never_passes_for_a_cross_entropy(bring, document):
    bench = bring(document)
    assert np.isnan(bench.array("zeta", "test_cross_entropy")).all()
    kept = store.read_parquet(bench.folder / manifest.table_path(manifest.RELEASED, "zeta")).to_pylist()
    assert kept[0][manifest.DOUBLE_SOFTMAX] == pytest.approx([1.5, 1.0, 0.5 + 1 / 3, 0.75])
    assert kept[0]["seconds_untrained"] == 7.5


@pytest.mark.parametrize("full", [False, True])
def test_an_import_of_an_export_is_the_same_table_and_the_export_is_the_source(bring, document, tmp_path, full):
    once = bring(add_gradients(document) if full else document)
    assert once.problems(thorough=True) == []
    assert export_json(once.folder, tmp_path / "out.json") == 4
    out = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    for dataset, runs in document.items():
        for number, run in runs.items():
            assert out[dataset][number]["config"] == run["config"]
            assert out[dataset][number]["results"] == run["results"]
            assert out[dataset][number]["log"].keys() == run["log"].keys()
            for tag, values in run["log"].items():
                assert out[dataset][number]["log"][tag] == pytest.approx(values, rel=1e-7), tag
    same_tables(once, bring(out, "again"), (manifest.RUNS, manifest.RELEASED, *[manifest.RELEASED_GRADIENTS] * full))


def test_a_collected_table_goes_out_and_comes_back(bench, bring, tmp_path):
    export_json(bench.folder, tmp_path / "out.json", budget=12, seed=2)
    back = bring(json.loads((tmp_path / "out.json").read_text(encoding="utf-8")), "back")
    assert (back.budgets, back.seeds, back.datasets) == ((12,), (2,), bench.datasets)
    assert np.array_equal(back.configs, bench.configs[back.configs.columns])
    for name in RECORD.names:
        wanted = bench.array("beta", name, 12)[:, 2].copy()
        if name == "learning_rate":
            wanted[:, 0] = wanted[:, 1]  # the published layout has a 0 there
        assert np.array_equal(back.array("beta", name)[:, 0], wanted), name


def test_a_run_whose_loss_stays_non_finite_has_diverged(bring, document):
    document["zeta"]["0"]["log"]["Train/loss"][2:] = [math.nan, math.inf, math.inf]
    document["zeta"]["1"]["log"]["Train/loss"][1] = math.inf  # passes
    bench = bring(document)
    rows = bench.to_pandas("zeta")
    assert rows["status"].tolist() == ["diverged", "success"]
    assert rows["epochs"].tolist() == [1, 3]
    assert np.isnan(bench.curve("zeta", 0)).tolist() == [False, False, True, True]
    assert np.isfinite(bench.curve("zeta", 0, "seconds")).all()
    assert np.isfinite(bench.curve("zeta", 1)).all()


def test_a_time_that_goes_down_is_levelled_and_comes_out_as_published(bring, document, tmp_path):
    document["zeta"]["1"]["log"]["time"] = [7.0, 6.5, 9.0, 8.0, 10.0]
    bench = bring(document)
    assert bench.curve("zeta", 1, "seconds").tolist() == [0, 0, 2, 2]
    assert bench.problems(thorough=True) == []
    export_json(bench.folder, tmp_path / "out.json")
    out = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [out["zeta"][number]["log"]["time"] for number in "01"] == [
        document["zeta"][number]["log"]["time"] for number in "01"
    ]
    same_tables(bench, bring(out, "again"), (manifest.RUNS, manifest.RELEASED))


def test_published_results_may_be_no_finite_numbers(bring, document, tmp_path):
    document["zeta"]["0"]["results"] |= {"final_val_cross_entropy": math.inf, "final_test_cross_entropy": math.nan}
    export_json(bring(document).folder, tmp_path / "out.json")
    out = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert repr(out["zeta"]["0"]["results"]) == repr(document["zeta"]["0"]["results"])


def test_every_series_of_a_table_has_its_tag():
    assert set(TAGS) == {*RECORD.names, manifest.DOUBLE_SOFTMAX}
    assert set(OPTIONAL) | set(PERCENT) <= set(TAGS)


def test_the_sample_in_the_published_layout(tmp_path):
    if not SAMPLE.is_file():
        pytest.skip("the sample of the published file (../shared/reference/official_sample.json) is not here")
    import_json(SAMPLE, tmp_path / "bench")
    bench = lcbench.load(tmp_path / "bench")
    source = json.loads(SAMPLE.read_text(encoding="utf-8"))
    assert bench.datasets == tuple(source)
    for dataset, runs in source.items():
        for number, run in runs.items():
            wanted = np.array(run["log"]["Train/val_accuracy"][:51]) / 100
            assert bench.curve(dataset, int(number)) == pytest.approx(wanted, rel=1e-6)
    export_json(bench.folder, tmp_path / "out.json")
    import_json(tmp_path / "out.json", tmp_path / "again")
    same_tables(
        bench, lcbench.load(tmp_path / "again"), (manifest.RUNS, manifest.RELEASED, manifest.RELEASED_GRADIENTS)
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["zeta"]["0"]["log"].pop("Train/loss"), "must have the tag Train/loss"),
        (lambda d: d["zeta"]["0"]["log"]["Train/loss"].pop(), "list of 5 numbers"),
        (lambda d: d["zeta"]["0"]["log"].update({"Train/loss": ["x"] * 5}), "list of 5 numbers"),
        (lambda d: add_gradients(d)["zeta"]["1"]["log"].pop("Train/layer_wise_gradient_std_layer_1"), "std_layer_1"),
        (lambda d: add_gradients(d)["zeta"]["1"]["log"]["Train/gradient_std"].pop(), "every gradient of"),
        (lambda d: d["zeta"]["0"]["config"].update(num_layers="2"), "num_layers of configuration 0"),
        (lambda d: d["zeta"]["0"]["log"].update({"time": 3}), "4 or 5 points"),
        (lambda d: d["zeta"]["0"].pop("results"), "must have an object 'results'"),
        (lambda d: d["zeta"]["0"]["results"].update(budget="50"), "budget of configuration 0 on zeta"),
        (lambda d: d["zeta"]["0"]["results"].update(instances=True), "instances of configuration 0"),
        (lambda d: d["zeta"]["0"]["results"].update(classes=3), "must agree"),
        (lambda d: d["zeta"]["0"]["config"].pop("momentum"), "must have the hyperparameter momentum"),
        (lambda d: d["zeta"]["0"]["config"].update(optimizer="adam"), "settings of the other runs"),
        (lambda d: d["alpha-1.5"]["1"]["config"].update(momentum=0.6), "it has on other data sets"),
        (lambda d: [r["1"]["config"].update(momentum=7) for r in d.values()], "momentum must be a number"),
        (lambda d: d["zeta"].update(x=d["zeta"].pop("0")), "number its configurations"),
        (lambda d: d["zeta"].update({"2": 3}), "every run must be an object"),
        (lambda d: d.update({"../out": d.pop("zeta")}), "a data set's name must be"),
        (lambda d: d.clear(), "at least one data set"),
    ],
)
def test_what_is_not_as_published_is_refused_and_nothing_stays(document, tmp_path, capsys, change, said):
    changed = deepcopy(document)
    change(changed)
    (tmp_path / "in.json").write_text(json.dumps(changed), encoding="utf-8")
    assert cli.run(["import", "lcbench", str(tmp_path / "in.json"), str(tmp_path / "bench")]) == cli.USAGE_ERROR
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["in.json"]


def test_an_import_needs_a_file_and_an_empty_folder(bring, document, tmp_path, capsys):
    bench = bring(document)
    for source, folder, said in [
        (tmp_path / "bench.json", bench.folder, "new or empty folder"),
        (tmp_path / "bench.json", tmp_path / "bench.json", "new or empty folder"),
        (tmp_path / "none.json", tmp_path / "new", "got nothing there"),
    ]:
        assert cli.run(["import", "lcbench", str(source), str(folder)]) == cli.USAGE_ERROR
        assert said in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert cli.run(["import", "lcbench", str(tmp_path / "bench.json"), str(tmp_path / "empty")]) == 0
    assert "4 runs on 2 data sets" in capsys.readouterr().out
    assert cli.run(["export", "lcbench", str(tmp_path / "empty"), str(tmp_path / "out.json")]) == 0
    line = ["export", "lcbench", str(tmp_path / "empty"), str(tmp_path / "out.json"), "--budget", "7"]
    assert cli.run(line) == cli.USAGE_ERROR
    assert cli.run(["export", "lcbench", str(tmp_path / "empty"), str(tmp_path)]) == cli.USAGE_ERROR


def test_two_imports_merge_to_the_import_of_both(bring, document, tmp_path):
    for number, name in enumerate(document):
        bring({name: deepcopy(document[name])}, f"part{number}")
    assert cli.run(["merge", *[str(tmp_path / name) for name in ("part0", "part1", "merged")]]) == 0
    merged = lcbench.load(tmp_path / "merged")
    assert verify.verify(merged.folder) == []
    same_tables(bring(document, "both"), merged, (manifest.RUNS, manifest.RELEASED))
