"""The published class answers alike on a folder and on the JSON it came from."""

import json
import subprocess
import sys

import matplotlib as mpl
import pytest
from official_helpers import add_gradients, published_document

from lcbench.errors import LcbenchError
from lcbench.table.doors.official import Benchmark, import_json


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    folder = tmp_path_factory.mktemp("official")
    (folder / "in.json").write_text(json.dumps(add_gradients(published_document())), encoding="utf-8")
    import_json(folder / "in.json", folder / "bench")
    return {"json": str(folder / "in.json"), "folder": str(folder / "bench")}


@pytest.fixture(params=["json", "folder"])
def official(paths, request) -> Benchmark:
    return Benchmark(paths[request.param], cache=False, cache_dir="cached/")


def test_everything_that_can_be_asked_is_as_published(official):
    document = add_gradients(published_document())
    assert official.get_dataset_names() == list(document)
    assert official.get_openml_task_ids() == [31, 31]
    for dataset, runs in document.items():
        assert official.get_number_of_configs(dataset) == len(runs)
        for number, run in runs.items():
            everything = run["log"] | run["results"] | run["config"] | {"config": run["config"]}
            assert set(official.get_queriable_tags(dataset, int(number))) == set(everything)
            assert official.get_config(dataset, number) == official.get_config(dataset, int(number)) == run["config"]
            for tag, value in everything.items():
                found = official.query(dataset, tag, int(number))
                assert type(found) is type(value) or tag == "num_layers"
                assert found == (pytest.approx(value, rel=1e-7) if isinstance(value, list | float) else value), tag
    assert official.get_queriable_tags() == official.get_queriable_tags("zeta", 0)


def test_best_is_the_largest_at_any_epoch_for_losses_too(official):
    assert official.query_best("zeta", "max_dropout", "Train/val_accuracy") == 0.1
    assert official.query_best("zeta", "max_dropout", "Train/val_accuracy", position=1) == 0
    assert official.query_best("alpha-1.5", "max_dropout", "Train/val_cross_entropy") == 0  # the larger loss
    assert official.query_best("zeta", "max_dropout", "model_parameters", -1) == 0


def test_what_is_not_there_is_a_value_error(official):
    for wrong in [
        lambda: official.query("eta", "time", 0),
        lambda: official.query("zeta", "tim", 0),
        lambda: official.query("zeta", "time", 2),
        lambda: official.query("zeta", "time", -1),
        lambda: official.query_best("zeta", "time", "time", 2),
        lambda: official.get_config("zeta", "x"),
        lambda: official.get_number_of_configs("eta"),
        lambda: official.plot_by_name([], "epoch", "time"),
    ]:
        with pytest.raises(LcbenchError) as caught:
            wrong()
        assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("best", [False, True])
def test_a_picture_has_an_axes_for_each_data_set(official, best):
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    official.plot_by_name(["zeta", "alpha-1.5"], "epoch", "Train/val_accuracy", show_best=best, yscale="log")
    axes = plt.gcf().axes
    assert [ax.get_title() for ax in axes][1] == "alpha-1.5, features: 20, classes: 2, instances: 1000"
    assert [len(ax.lines) for ax in axes] == [2, 2] if best else [1, 1]
    assert axes[0].lines[0].get_ydata()[0] == 51
    plt.close("all")


def test_a_collected_folder_can_be_asked_too(bench):
    official = Benchmark(bench.folder)
    assert official.get_dataset_names() == ["alpha", "beta"]
    accuracy = official.query("alpha", "Train/val_accuracy", 3)
    assert accuracy == pytest.approx(100 * bench.curve("alpha", 3), rel=1e-6)
    assert official.query("alpha", "final_val_accuracy", 3) == accuracy[-1]
    assert official.query("alpha", "time", 3)[0] == 0
    assert official.get_openml_task_ids() == [None, None]
    assert "Train/test_cross_entropy" not in official.get_queriable_tags()
    assert "Train/test_cross_entropy_single_softmax" in official.get_queriable_tags()
    assert official.query("alpha", "cosine_annealing_T_max", 0) == 50


def test_neither_a_folder_nor_a_file(tmp_path):
    with pytest.raises(LcbenchError, match="no such thing"):
        Benchmark(tmp_path / "none.json")
    with pytest.raises(LcbenchError, match="must be a benchmark folder"):
        Benchmark(tmp_path)


def test_opening_a_folder_is_light(paths):
    heavy = ("torch", "matplotlib", "ConfigSpace", "scipy", "sklearn")
    code = (
        "import sys; from lcbench.table.doors.official import Benchmark; "
        f"Benchmark({paths['folder']!r}).query('zeta', 'time', 1); print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
