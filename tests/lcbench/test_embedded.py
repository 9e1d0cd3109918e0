"""The benchmark that comes with the package."""

import numpy as np
import pytest

import lcbench
from lcbench.table import manifest, verify
from lcbench.table.benchmark import embedded_folder

NAMED = {"digits", "breast_cancer", "wine", "credit-g", "vehicle", "car", "segment", "phoneme"}


@pytest.fixture(scope="module")
def embedded() -> lcbench.Benchmark:
    return lcbench.load()


def test_is_opened_without_an_argument_and_is_whole(embedded):
    assert embedded.folder == embedded_folder()
    assert verify.verify(embedded.folder) == []
    assert set(embedded.datasets) >= NAMED
    assert len(embedded.datasets) >= 12
    assert embedded.budgets == (12, 25, 50)
    assert embedded.seeds == (0, 1, 2)
    assert len(embedded.configs) == 200


def test_every_run_is_there_and_none_is_a_copy(embedded):
    seen = set()
    for dataset in embedded.datasets:
        seconds = embedded.array(dataset, "seconds", 50)
        assert np.isfinite(seconds).all()
        assert (np.diff(seconds, axis=2) > 0).all()
        curves = embedded.array(dataset, "valid_cross_entropy", 50)
        assert len({curve.tobytes() for curve in curves.reshape(-1, 51)}) == 200 * 3
        seen.add(curves.tobytes())
    assert len(seen) == len(embedded.datasets)


def test_the_command_that_made_it_stands_in_its_readme(embedded):
    text = (embedded.folder.parent / "README.md").read_text(encoding="utf-8")
    plan = embedded.manifest.provenance["plan"]
    assert f"--datasets {','.join(plan['datasets'])}" in text
    assert f"--configs {plan['configurations']}" in text
    for dataset, row in embedded.dataset_table.iterrows():
        assert f"| {dataset} | `{row['source']}` |" in text
    assert (plan["budgets"], plan["seeds"], plan["plan seed"], plan["encoding"]) == ([12, 25, 50], 3, 0, "ordinal")


def test_every_data_set_has_its_baselines_and_no_labels(embedded):
    forests = {(name, seed) for name in ("random_forest", "extra_trees") for seed in (0, 1, 2)} | {("knn", 0)}
    boosted = {(name, seed) for name in ("lightgbm", "catboost") for seed in (0, 1, 2)}
    for dataset in embedded.datasets:
        found, sizes = embedded.baselines(dataset), embedded.dataset_table.loc[dataset]
        keys = set(zip(found["baseline"], found["seed"], strict=True))
        assert keys == forests | boosted
        assert (found["test_accuracy"] > max(sizes["class_counts"]) / sizes["instances"] - 0.05).all()
        chances = embedded.baseline_predictions(dataset, [("extra_trees", 1)], "test")
        assert chances.shape == (1, sizes["test_instances"], sizes["classes"])
    assert not [path for path in embedded.manifest.files if path.startswith("labels/")]


def test_its_files_are_small_enough_for_the_repository(embedded):
    assert sum(record.bytes for record in embedded.manifest.files.values()) < 40e6
    assert embedded.manifest.format_version == manifest.FORMAT_VERSION
