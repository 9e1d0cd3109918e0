"""`lcbench baselines`: what is recorded, on which rows, what is refused, and how it goes on after a stop."""

import os
import shutil
import signal
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from collecting_helpers import NOW, plan
from filelock import FileLock

import lcbench
from lcbench import cli
from lcbench.collection import baseline_recording, baseline_rows
from lcbench.collection.baseline_recording import BaselineTask, Rows, TrainBaseline, held
from lcbench.collection.collecting import opened
from lcbench.collection.data.preparation import Prepared, prepare
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models import baselines
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.plan import sampled_configs
from lcbench.collection.tasks import Extras
from lcbench.errors import InputError, UnknownNameError
from lcbench.space import paper
from lcbench.table import manifest, store, verify
from lcbench.table.merge import merge
from lcbench.work import KILLED, InlineExecutor
from lcbench.work.processes import LocalExecutor

pytest.importorskip("lightgbm", reason="baselines need lightgbm (lcbench[models])")
pytest.importorskip("catboost", reason="baselines need catboost (lcbench[models])")
metrics = pytest.importorskip("sklearn.metrics", reason="baselines need scikit-learn (lcbench[models])")

GROUP = "lcbench.commands"
ENTRIES = [
    EntryPoint("baselines", "lcbench.collection.baseline_commands:baselines", GROUP),
    EntryPoint("info", "lcbench.analysis.info_commands:info", GROUP),
]
CHEAP = "random_forest,knn"


@pytest.fixture(scope="module")
def command() -> Iterator[None]:
    """The program with this command, also where the package was installed before there was one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cli, "entry_points", lambda group: ENTRIES if group == GROUP else [])
        yield


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two configurations on scikit-learn's wine and on a file, with predictions."""
    place = tmp_path_factory.mktemp("collected")
    iris = load_dataset("sklearn:iris")
    iris.features.assign(kind=iris.target.to_numpy()).to_csv(place / "flowers.csv", index=False)
    sources = ("sklearn:wine", f"file:{place / 'flowers.csv'}?target=kind")
    few = {"configs": sampled_configs(paper.mlp(), 2, 0), "budgets": (2,), "extras": Extras(predictions=True)}
    made = plan(sources=sources, **few)
    with opened(made, place / "bench") as collection:
        for _ in collection.run(InlineExecutor(collection.trainer)):
            pass
        collection.finish(NOW)
    return place / "bench"


@pytest.fixture(scope="module")
def recorded(collected: Path, command: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy with two baselines, made by the real command in two processes."""
    folder = tmp_path_factory.mktemp("recorded") / "bench"
    shutil.copytree(collected, folder)
    assert cli.run(["baselines", str(folder), "--only", CHEAP, "--jobs", "2", "--quiet"]) == 0
    return folder


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> list[BaselineTask]:
    """Baselines are trained in this process; gives what was tried."""
    tried: list[BaselineTask] = []

    class Noting(TrainBaseline):
        def __call__(self, task: BaselineTask) -> None:
            tried.append(task)
            super().__call__(task)

    monkeypatch.setattr(baseline_recording, "executor_for", lambda folder, *_: InlineExecutor(Noting(folder.resolve())))
    return tried


@pytest.fixture
def copy(collected: Path, tmp_path: Path) -> Path:
    shutil.copytree(collected, tmp_path / "bench")
    return tmp_path / "bench"


def test_what_is_recorded_is_the_model_on_the_networks_own_rows(recorded):
    from sklearn.ensemble import RandomForestClassifier

    bench, data = lcbench.load(recorded), prepare(load_dataset("sklearn:wine"))
    table = bench.baselines("wine")
    assert list(zip(table["baseline"], table["seed"], strict=True)) == [
        ("random_forest", 0),
        ("random_forest", 1),
        ("knn", 0),
    ]
    forest = RandomForestClassifier(300, random_state=1).fit(data.x_train, data.y_train)
    row = table.iloc[1]
    for part in ("train", "valid", "test"):
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert row[f"{part}_accuracy"] == pytest.approx(forest.score(x, y))
        if part in manifest.PARTS:
            kept = bench.baseline_predictions("wine", [("random_forest", 1)], part)[0]
            np.testing.assert_array_equal(kept, forest.predict_proba(x).astype(np.float16))
            np.testing.assert_array_equal(bench.labels("wine", part), y)
    assert (table["seconds"] > 0).all()


def test_the_folder_is_whole_and_says_how_they_were_made(recorded, collected):
    assert verify.verify(recorded) == []
    before, after = store.read_manifest(collected), store.read_manifest(recorded)
    assert set(after.files) - set(before.files) == {"baselines/wine.parquet", "baselines/flowers.parquet"}
    assert all(after.files[path] == record for path, record in before.files.items())
    assert after.provenance["baselines"]["settings"]["knn"] == {"n_neighbors": 5, "weights": "uniform"}
    assert not [path.name for path in recorded.iterdir() if path.name.startswith(".")]


def test_the_same_command_again_has_nothing_to_do(recorded, capsys):
    before = {path: path.read_bytes() for path in recorded.rglob("*") if path.is_file()}
    assert cli.run(["baselines", str(recorded), "--only", CHEAP]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert {path: path.read_bytes() for path in recorded.rglob("*") if path.is_file()} == before


def test_after_a_stop_it_goes_on_with_what_is_missing(command, copy, here, capsys):
    kept = BaselineTask("wine", "knn", 0)
    with held(copy, ["knn"]) as session:
        session.load("wine")
        TrainBaseline(copy)(kept)
    assert (copy / ".baselines/rows/wine/knn-0.parquet").is_file()
    assert verify.verify(copy) == []
    assert cli.run(["baselines", str(copy), "--only", "knn"]) == 0
    assert here == [BaselineTask("flowers", "knn", 0)]
    assert cli.run(["baselines", str(copy), "--only", CHEAP]) == 0
    assert [task.baseline for task in here[1:]] == ["random_forest"] * 4
    table = lcbench.load(copy).baselines("wine")
    assert table["baseline"].tolist() == ["random_forest", "random_forest", "knn"]
    assert verify.verify(copy) == []
    assert not (copy / ".baselines").exists()


def test_a_baseline_that_fails_is_named_and_tried_again(command, copy, here, capsys):
    obstacle = copy / ".baselines/rows/wine/knn-0.parquet"
    (obstacle / "in the way").mkdir(parents=True)
    assert cli.run(["baselines", str(copy), "--only", "knn"]) == 3
    said = capsys.readouterr()
    assert "1 baselines written" in said.out
    assert "wine knn 0: IsADirectoryError" in said.err
    shutil.rmtree(obstacle)
    assert cli.run(["baselines", str(copy), "--only", "knn"]) == 0
    assert verify.verify(copy) == []


def moved(folder: Path, csv: Path) -> None:
    """Let the table of data sets say that its file lies elsewhere."""
    table = store.read_parquet(folder / manifest.DATASETS)
    sources = [f"file:{csv}?target=kind" if text.startswith("file:") else text for text in table["source"].to_pylist()]
    place = table.schema.get_field_index("source")
    store.write_parquet(
        folder / manifest.DATASETS, table.set_column(place, table.schema.field(place), pa.array(sources))
    )
    store.seal(folder, store.read_manifest(folder), lcbench.load(folder).datasets)


def test_a_file_that_is_gone_is_named_and_the_others_are_recorded(command, copy, here, tmp_path, capsys):
    moved(copy, tmp_path / "gone.csv")
    assert cli.run(["baselines", str(copy), "--only", "knn"]) == 3
    assert "gone.csv" in capsys.readouterr().err
    assert here == [BaselineTask("wine", "knn", 0)]
    assert cli.run(["baselines", str(copy), "--only", "knn"]) == 2
    assert verify.verify(copy) == []


@pytest.mark.parametrize("change", ["values", "classes", "rows"])
def test_a_file_that_has_changed_is_refused(copy, tmp_path, change):
    iris = load_dataset("sklearn:iris")
    table = iris.features.assign(kind=iris.target.to_numpy())
    if change == "values":
        table.iloc[0, 0] += 1
    elif change == "classes":
        table.loc[[0, 149], "kind"] = table.loc[[149, 0], "kind"].to_numpy()
    else:
        table = pd.concat([table, table.iloc[:1]])
    table.to_csv(tmp_path / "flowers.csv", index=False)
    moved(copy, tmp_path / "flowers.csv")
    with held(copy, ["knn"]) as session:
        session.load("flowers")
        assert session.loaded == []
        assert "the data of flowers must be as collected" in session.refused["flowers"]


def test_a_table_that_was_not_collected_here_is_refused(command, make, tmp_path, capsys):
    folder = make(tmp_path / "bench", ("alpha",), 3, (2,), (0,)).folder
    assert cli.run(["baselines", str(folder)]) == 2
    assert "alpha must come from 'lcbench collect', got 'formula'" in capsys.readouterr().err
    assert not (folder / ".baselines").exists()


def test_folders_that_cannot_be_worked_in(command, copy, tmp_path, capsys):
    Rows(copy).root.mkdir()
    with FileLock(Rows(copy).root / "lock"):
        assert cli.run(["baselines", str(copy), "--only", "knn"]) == 2
    assert "another recording of baselines is running" in capsys.readouterr().err
    assert cli.run(["baselines", str(tmp_path / "nowhere")]) == 2
    assert cli.run(["baselines", str(copy), "--jobs", "0"]) == 2
    assert cli.run(["baselines", str(copy), "--only", "knnn"]) == 2
    assert "nearest: knn" in capsys.readouterr().err


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(baselines, "find_spec", lambda name: None if name == "catboost" else name)
    with pytest.raises(InputError, match=r"got no catboost; install them with: pip install 'lcbench\[models\]'"):
        baselines.choose(None)
    assert baselines.choose("knn, lightgbm") == ("lightgbm", "knn")
    with pytest.raises(UnknownNameError):
        baselines.choose("svm")


SHORT = {"num_boost_round": 5, "iterations": 5, "n_estimators": 5}


@pytest.mark.parametrize("name", baselines.BASELINES)
def test_probabilities_of_all_classes_also_of_one_that_training_lacks(name):
    """The same seed gives the same model; only a seed that matters changes it."""
    whole = prepare(load_dataset("sklearn:iris"))
    there = whole.y_train != 1
    facts = {"classes": whole.classes, "class_counts": whole.class_counts, "encoding": "ordinal", "dropped": ()}
    rest = {key: getattr(whole, key) for key in ("x_valid", "y_valid", "x_test", "y_test")}
    data = Prepared("iris", whole.x_train[there], whole.y_train[there], **rest, **facts)
    baseline = baselines.BASELINES[name]
    settings = {key: SHORT.get(key, value) for key, value in baseline.settings.items()}
    first, same = (baseline.fit(data, settings, 3)(data.x_valid) for _ in range(2))
    assert first.shape == (len(data.y_valid), 3)
    np.testing.assert_allclose(first.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(first, same)
    assert first[:, 1].max() < 0.05
    assert (first.argmax(axis=1) == data.y_valid)[data.y_valid != 1].mean() > 0.8


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    labels, chances = rng.integers(3, size=50), rng.dirichlet(np.ones(4), 50)
    found = baseline_rows.scores(chances, labels)
    assert found["accuracy"] == pytest.approx(metrics.accuracy_score(labels, chances.argmax(axis=1)))
    recalls = metrics.recall_score(labels, chances.argmax(axis=1), labels=[0, 1, 2], average=None)
    assert found["balanced_accuracy"] == pytest.approx(recalls.mean())
    assert found["cross_entropy"] == pytest.approx(metrics.log_loss(labels, chances, labels=range(4)))
    never = baseline_rows.scores(np.array([[0.0, 1.0]]), np.array([0]))
    assert never["cross_entropy"] == pytest.approx(24 * np.log(2))


def rewritten(recorded: Path, out: Path, change) -> Path:
    """A copy whose table of baselines has other rows, properly sealed."""
    shutil.copytree(recorded, out)
    path = out / "baselines/wine.parquet"
    rows = change(store.read_parquet(path).to_pylist())
    store.write_parquet(path, pa.Table.from_pylist(rows, schema=manifest.extra_schema(manifest.BASELINES, RECORD)))
    store.seal(out, store.read_manifest(out), lcbench.load(out).datasets)
    return out


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: [rows[0] | {"valid_accuracy": 1.5}, *rows[1:]], "column valid_accuracy must be in [0, 1]"),
        (lambda rows: [rows[0] | {"test_cross_entropy": np.nan}, *rows[1:]], "column test_cross_entropy"),
        (lambda rows: [*rows, rows[0]], "1 baselines are in it twice"),
        (lambda rows: [rows[0] | {"valid": rows[0]["valid"][:-1]}, *rows[1:]], "1 predictions are not rows x classes"),
    ],
)
def test_verify_reads_the_table(recorded, tmp_path, change, problem):
    (found,) = verify.verify(rewritten(recorded, tmp_path / "bench", change))
    assert found.startswith(f"baselines/wine.parquet: {problem}")


def test_merging_joins_them_by_key_and_seconds_may_differ(recorded, tmp_path):
    later = rewritten(
        recorded,
        tmp_path / "later",
        lambda rows: [row | {"seconds": 9.0} for row in rows[:2]] + [rows[0] | {"seed": 7}],
    )
    merge(recorded, later, tmp_path / "out")
    table = lcbench.load(tmp_path / "out").baselines("wine")
    assert sorted(zip(table["baseline"], table["seed"], strict=True)) == [
        ("knn", 0),
        ("random_forest", 0),
        ("random_forest", 1),
        ("random_forest", 7),
    ]
    assert (table["seconds"] < 9).all() or table["seconds"].max() == table.query("seed == 7")["seconds"].item()
    assert verify.verify(tmp_path / "out") == []
    other = rewritten(recorded, tmp_path / "other", lambda rows: [rows[0] | {"test_accuracy": 0.5}, *rows[1:]])
    with pytest.raises(InputError, match="baselines of wine that both tables have must agree, got test_acc"):
        merge(recorded, other, tmp_path / "none")


def test_a_merged_table_knows_its_plans(recorded, tmp_path):
    merge(recorded, recorded, tmp_path / "out")
    with held(tmp_path / "out", ["knn"]) as session:
        assert session.wanted == []
        session.load("flowers")
        assert session.refused == {}


def killed(task: BaselineTask) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_a_reason(copy):
    with held(copy, ["knn"]) as recording, LocalExecutor(1, killed) as executor:
        recording.load("wine")
        (outcome,) = recording.run(recording.pending(), executor)
        assert (outcome.task, outcome.reason) == (BaselineTask("wine", "knn", 0), KILLED)
        assert recording.rows.reasons() == {"wine knn 0": KILLED}


def test_forests_in_threads_leave_the_warning_filters_as_they_are():
    """As the threads of a Dask worker grow them; scikit-learn's own would end with other filters, or none."""
    rng = np.random.default_rng(0)
    data = SimpleNamespace(x_train=rng.random((40, 3)), y_train=rng.integers(2, size=40), n_classes=2)
    fits = [baselines._random_forest, baselines._extra_trees]
    baselines._random_forest(data, {"n_estimators": 1}, 0)  # what an import adds is there
    before, interval = list(warnings.filters), sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda seed: fits[seed % 2](data, {"n_estimators": 8}, seed), range(24)))
    finally:
        sys.setswitchinterval(interval)
    assert warnings.filters == before
