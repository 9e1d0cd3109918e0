"""LCBenchLite comes in as the JSON of the same runs does; the real published data come in value by value."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from official_helpers import published_document

import lcbench
from lcbench import cli
from lcbench.table import manifest, store
from lcbench.table.doors.official import import_json
from lcbench.table.doors.official.lite import import_lite
from lcbench.table.doors.official.names import FINAL, PERCENT, SETTINGS, TAGS
from lcbench.table.doors.official.released import Released

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"
BLOOD = "blood-transfusion-service-center"
CURVES, FINALS = REFERENCE / "lcbench_curves_blood.parquet", REFERENCE / "lcbench_final.parquet"

real = pytest.mark.skipif(
    not FINALS.is_file(), reason="the published data (../shared/reference/*.parquet) are not here"
)


def final_tag(name: str) -> str:
    """The tag whose last point a published result is."""
    return TAGS[manifest.DOUBLE_SOFTMAX if name == "test_cross_entropy" else name]


def document() -> dict:
    """The runs of the helper with all results of the published layout."""
    found = published_document()
    for runs in found.values():
        for run in runs.values():
            del run["log"]["epoch"]  # which is the row's in LCBenchLite
            run["results"] |= {result: run["log"][final_tag(name)][-1] for result, name in FINAL.items()}
            run["config"] = {**SETTINGS, **run["config"], "num_layers": int(run["config"]["num_layers"])}
    return found


def write_lite(folder: Path, runs_of: dict, *, curves: bool = True) -> Path:
    """A folder as LCBenchLite has it: frames with the index ``trial``, the log with ``trial`` and ``epoch``."""
    for name, runs in runs_of.items():
        (folder / name).mkdir(parents=True)
        trials = pd.Index([int(number) for number in runs], name="trial")
        frames = {
            "config": pd.DataFrame([run["config"] | {"cosine_annealing_T_max": "3"} for run in runs.values()], trials),
            "results": pd.DataFrame([run["results"] for run in runs.values()], trials),
        }
        if curves:
            logs = {int(number): pd.DataFrame(run["log"]) for number, run in runs.items()}
            frames["metrics"] = pd.concat(logs, names=["trial", "epoch"])
        for stem, frame in frames.items():
            frame.to_parquet(folder / name / f"{stem}.parquet.gzip", compression="gzip")
    return folder


def write_file(path: Path, runs_of: dict) -> Path:
    """One file of the results of all data sets."""
    rows = [
        {"dataset": name, "config_id": int(number)} | run["config"] | run["results"]
        for name, runs in runs_of.items()
        for number, run in runs.items()
    ]
    pq.write_table(pa.Table.from_pylist([{k: v for k, v in row.items() if k not in SETTINGS} for row in rows]), path)
    return path


def tables(folder: Path, kinds: tuple[str, ...] = (manifest.RUNS, manifest.RELEASED)) -> str:
    """A digest of all that a folder holds, by its text, in which NaN is NaN."""
    bench = lcbench.load(folder)
    paths = [manifest.table_path(kind, dataset) for kind in kinds for dataset in sorted(bench.datasets)]
    found = [store.read_parquet(folder / path).to_pydict() for path in (manifest.CONFIGS, *paths)]
    for table in found:
        if "results" in table:
            table["results"] = [sorted(json.loads(each).items()) for each in table["results"]]
    return hashlib.sha256(repr(found).encode()).hexdigest()


def test_curves_come_in_as_those_of_the_json_do(tmp_path):
    (tmp_path / "in.json").write_text(json.dumps(document()), encoding="utf-8")
    import_json(tmp_path / "in.json", tmp_path / "json")
    import_lite(write_lite(tmp_path / "source", document()), tmp_path / "lite")
    assert tables(tmp_path / "lite") == tables(tmp_path / "json")
    assert lcbench.load(tmp_path / "lite").problems(thorough=True) == []


def test_lists_of_curves_beside_a_file_of_results(tmp_path):
    runs = document()
    import_lite(write_lite(tmp_path / "source", {"zeta": runs["zeta"]}), tmp_path / "folder")
    rows = [{"config_id": int(number)} | run["log"] for number, run in runs["zeta"].items()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "curves.parquet")
    source = write_file(tmp_path / "results.parquet", runs)
    line = [
        "import",
        "lcbench-lite",
        str(source),
        str(tmp_path / "file"),
        "--curves",
        f"zeta={tmp_path}/curves.parquet",
    ]
    assert cli.run(line) == 0
    assert tables(tmp_path / "file", (manifest.RUNS,)) == tables(tmp_path / "folder", (manifest.RUNS,))


@pytest.mark.parametrize("as_folder", [True, False])
def test_final_values_become_a_table_of_one_step(tmp_path, as_folder, capsys):
    runs = document()
    runs["zeta"]["0"]["results"]["final_train_cross_entropy"] = math.nan  # its loss: it has diverged
    source = tmp_path / "source.parquet"
    source = write_lite(tmp_path / "source", runs, curves=False) if as_folder else write_file(source, runs)
    assert cli.run(["import", "lcbench-lite", str(source), str(tmp_path / "bench")]) == 0
    assert "4 runs on 2 data sets" in capsys.readouterr().out
    bench = lcbench.load(tmp_path / "bench")
    assert bench.problems(thorough=True) == []
    assert (bench.budgets, bench.seeds, bench.manifest.problem) == ((1,), (1,), "mlp-released")
    assert bench.fidelity.steps == (4,)  # the published results are those after one epoch more than the budget of 3
    assert bench.curve("zeta", 1) == pytest.approx([np.nan, 0.59], nan_ok=True)  # 59 %
    assert bench.value("zeta", 1, "test_balanced_accuracy") == pytest.approx(0.29)
    assert np.isnan(bench.curve("zeta", 0)).all()
    assert bench.curve("zeta", 0, "seconds").tolist() == [0, 1]  # none: a step costs 1
    rows = bench.to_pandas("zeta")
    assert rows["status"].tolist() == ["diverged", "success"]
    assert rows["n_parameters"].tolist() == [123, 124]
    assert rows[manifest.DOUBLE_SOFTMAX].tolist() == pytest.approx([0.5 + 1 / 5, 0.5 + 1 / 6])
    assert manifest.DOUBLE_SOFTMAX not in bench.metrics


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("results", lambda frame: frame.drop(columns="seed"), "must have the column seed"),
        ("results", lambda frame: frame.assign(seed=[1, 2.5]), "seed of configuration 1"),
        ("results", lambda frame: frame.assign(budget=[3, 4]), "must be its budget, 4, got '3'"),
        ("results", lambda frame: frame.assign(instances=[1000, None]), "instances of configuration 1"),
        ("results", lambda frame: frame.rename_axis("number"), "must have the column trial"),
        ("results", lambda frame: frame.set_axis([0, 2]).rename_axis("trial"), "must be of the same trials"),
        ("config", lambda frame: frame.assign(momentum=["0.5", "0.6"]), "must have numbers in column momentum"),
        ("config", lambda frame: frame.assign(momentum=[0.5, None]), "it has on other data sets"),
        ("config", lambda frame: frame.assign(cosine_annealing_T_max="4"), "T_max of configuration 0"),
        ("metrics", lambda frame: frame.drop(index=(1, 2)), "must have the epochs 0, 1, 2, ... of each trial"),
        ("metrics", lambda frame: frame.drop(index=1, level="trial"), "the configurations of the results of zeta"),
        ("metrics", lambda frame: frame.drop(columns="time"), "must have the tag time"),
        ("metrics", lambda frame: frame.assign(time="soon"), "list of 5 numbers"),
    ],
)
def test_what_is_not_lcbenchlite_is_refused_and_nothing_stays(tmp_path, capsys, name, change, said):
    path = write_lite(tmp_path / "source", document()) / "zeta" / f"{name}.parquet.gzip"
    change(pd.read_parquet(path)).to_parquet(path)
    assert cli.run(["import", "lcbench-lite", str(tmp_path / "source"), str(tmp_path / "bench")]) == cli.USAGE_ERROR
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") <= 2
    assert [each.name for each in tmp_path.iterdir()] == ["source"]


def test_names_that_are_not_there_and_curves_of_some(tmp_path, capsys):
    source = write_lite(tmp_path / "source", document())
    (source / "zeta" / "metrics.parquet.gzip").unlink()
    for more, said in [
        ([], "all data sets or none must have curves"),
        (["--datasets", "gamma"], "unknown data set 'gamma'"),
        (["--curves", "zeta"], "NAME=FILE"),
        (["--curves", "zeta=x.parquet"], "beside a file of final values"),
    ]:
        assert cli.run(["import", "lcbench-lite", str(source), str(tmp_path / "bench"), *more]) == cli.USAGE_ERROR
        assert said in capsys.readouterr().err
    assert cli.run(["import", "lcbench-lite", str(source), str(tmp_path / "bench"), "--datasets", "zeta"]) == 0
    assert lcbench.load(tmp_path / "bench").datasets == ("zeta",)
    assert cli.run(["import", "lcbench-lite", str(tmp_path / "none"), str(tmp_path / "new")]) == cli.USAGE_ERROR
    assert "must be a folder of LCBenchLite" in capsys.readouterr().err


# The real published data -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def published() -> dict:
    """The light JSON of blood-transfusion, rebuilt from its curves and results in Parquet."""
    if not FINALS.is_file():
        pytest.skip("the published data (../shared/reference/*.parquet) are not here")
    results = pq.read_table(FINALS, filters=[("dataset", "=", BLOOD)]).drop_columns(["dataset"])
    names = results.column_names
    hyperparameters = names[1 : names.index("model_parameters")]
    runs = {}
    for log, row in zip(pq.read_table(CURVES).to_pylist(), results.to_pylist(), strict=True):
        number = row.pop("config_id")
        assert log.pop("config_id") == number
        config = {**SETTINGS, "cosine_annealing_T_max": 50, **{name: row.pop(name) for name in hyperparameters}}
        config["num_layers"] = True if config["num_layers"] == 1 else config["num_layers"]
        epochs = list(map(float, range(52)))
        runs[str(number)] = {"log": {**log, "epoch": epochs}, "results": row, "config": config}
    return runs


@real
@pytest.mark.slow
def test_the_real_curves_come_in_value_by_value_by_both_doors(published, tmp_path):
    (tmp_path / "in.json").write_text(json.dumps({BLOOD: published}), encoding="utf-8")
    import_json(tmp_path / "in.json", tmp_path / "json")
    import_lite(FINALS, tmp_path / "lite", {BLOOD: CURVES})
    bench = lcbench.load(tmp_path / "json")
    other = lcbench.load(tmp_path / "lite")
    assert [bench.configs.equals(other.configs), bench.metrics == other.metrics] == [True, True]
    for name in bench.metrics:
        np.testing.assert_array_equal(other.array(BLOOD, name), bench.array(BLOOD, name))
    assert bench.problems(thorough=True) == []
    for name, tag in TAGS.items():
        if name in ("seconds", "test_cross_entropy", manifest.DOUBLE_SOFTMAX):
            continue
        wanted = np.array([run["log"][tag] for run in published.values()])[:, :51]
        wanted = wanted / 100 if name in PERCENT else wanted
        if name == "learning_rate":
            wanted[:, 0] = wanted[:, 1]
        np.testing.assert_array_equal(bench.array(BLOOD, name)[:, 0], wanted.astype(np.float32), err_msg=name)
    time = np.array([run["log"]["time"] for run in published.values()])[:, :51]
    np.testing.assert_array_equal(bench.array(BLOOD, "seconds")[:, 0], (time - time[:, :1]).astype(np.float32))
    released = Released(tmp_path / "json")
    for tag in released.tags(BLOOD):  # all 52 points, the published numbers
        wanted = np.array([run["log"][tag] for run in published.values()])
        np.testing.assert_allclose(released.log(BLOOD, tag), wanted, rtol=1e-6, err_msg=tag)
    assert [released.result(BLOOD, row) for row in range(2000)] == [run["results"] for run in published.values()]


@real
def test_a_published_final_value_is_the_last_point_of_its_tag(published):
    for result, name in FINAL.items():
        pairs = [(run["results"][result], run["log"][final_tag(name)][51]) for run in published.values()]
        assert all(final == last for final, last in pairs), result


@real
@pytest.mark.slow
def test_the_real_final_values_come_in_value_by_value(tmp_path):
    import_lite(FINALS, tmp_path / "bench")
    bench = lcbench.load(tmp_path / "bench")
    assert bench.problems(thorough=True) == []
    source = pd.read_parquet(FINALS)
    assert (len(bench.datasets), len(bench.configs), len(source)) == (35, 2000, 70_000)
    assert bench.dataset_table.loc["dionis", ["openml_task_id", "instances", "features", "classes"]].tolist() == [
        *(189873, 416188, 60, 355)
    ]
    for dataset, rows in source.groupby("dataset", observed=True):
        for column, name in FINAL.items():
            if name != "test_cross_entropy":
                wanted = rows[column].to_numpy(np.float64) * (0.01 if name in PERCENT else 1)
                np.testing.assert_array_equal(bench.array(dataset, name)[:, 0, 1], wanted.astype(np.float32))
