"""A saved model from elsewhere, damaged in any way and signed again: it predicts, or it is refused with one line.

A changed digit in a booster's own file once ended the process.
"""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from damage import changed_json, damage_file

from lcbench import signature
from lcbench.collection.models import LearningTask, fit_baseline, fit_network, load_fitted
from lcbench.collection.models.baselines import BASELINES, Baseline
from lcbench.errors import DamagedFileError, LcbenchError

pytest.importorskip("lightgbm", reason="baselines need lightgbm (lcbench[models])")
pytest.importorskip("catboost", reason="baselines need catboost (lcbench[models])")

RNG = np.random.default_rng(0)
CLASSES = np.arange(90) % 3
FRAME = pd.DataFrame(
    {"number": CLASSES + RNG.normal(size=90), "text": np.array(["u", "v", "w"])[RNG.integers(3, size=90)]}
)
NEW = pd.DataFrame({"number": RNG.normal(scale=5, size=300), "text": np.array(["u", "v", "x"])[np.arange(300) % 3]})
CONFIG = {"network_type": "mlp", "mlp_num_layers": 1, "mlp_max_units": 64}


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One small model of each kind."""
    task, places = LearningTask.of(FRAME, CLASSES), tmp_path_factory.mktemp("models")
    few = {"num_boost_round": 9, "iterations": 9, "n_estimators": 9, "num_leaves": 6}
    for name, known in BASELINES.items():
        settings = {key: few.get(key, value) for key, value in known.settings.items()}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(BASELINES, name, Baseline(known.fit, settings, known.package, known.read, known.suffix))
            fit_baseline(task, name, 0, clock=time.perf_counter).save(places / name)
    fit_network(task, CONFIG, 2, 0, problem="full", clock=time.perf_counter).save(places / "network")
    return {place.name: place for place in places.iterdir()}


def signed(folder: Path) -> None:
    """Make the checksums of a folder hold again."""
    document = json.loads((folder / "model.json").read_text())
    document.pop("sha256", None)
    if isinstance(document.get("files"), dict):
        there = {path.name: signature.digest(path) for path in folder.iterdir() if path.name != "model.json"}
        document["files"] = {name: there.get(name, known) for name, known in document["files"].items()}
    (folder / "model.json").write_text(signature.sign(document))


def predicts_or_is_refused(folder: Path) -> bool:
    try:
        chances = load_fitted(folder).predict_proba(NEW)
    except LcbenchError as error:
        assert len(str(error).splitlines()) == 1
        return False
    assert chances.shape == (len(NEW), 3)
    return True


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_model_predicts_or_is_refused(saved: dict[str, Path], tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [name for name in saved if name != "catboost"]
    folder = shutil.copytree(saved[kinds[seed % len(kinds)]], tmp_path / "copy")
    if rng.random() < 0.5:
        document = json.loads((folder / "model.json").read_text())
        document.pop("sha256")
        try:
            changed = json.loads(changed_json(rng, document))
            (folder / "model.json").write_text(signature.sign(changed), errors="surrogatepass")
        except (ValueError, TypeError, RecursionError):
            return  # what only a text can have: the reader's own tests
    else:
        damage_file(rng, next(path for path in sorted(folder.iterdir()) if path.name.startswith("0.")))
        signed(folder)
    predicts_or_is_refused(folder)


def with_a_digit_changed(rng: np.random.Generator, path: Path) -> None:
    """Another digit in the place of one of a text; another bit in a binary file."""
    content = bytearray(path.read_bytes())
    if path.suffix == ".txt":
        trees = content.index(b"Tree=")
        digits = [place for place in range(trees, content.index(b"end of trees")) if chr(content[place]).isdigit()]
        content[digits[int(rng.integers(len(digits)))]] = int(rng.choice([*b"0123456789"]))
    else:
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


@pytest.mark.parametrize(("name", "times"), [("lightgbm", 60), ("catboost", 2)])
def test_a_changed_digit_in_a_boosters_file_never_ends_the_process(saved, tmp_path, name, times):
    rng, refused = np.random.default_rng(0), 0
    for number in range(times):
        folder = shutil.copytree(saved[name], tmp_path / str(number))
        with_a_digit_changed(rng, next(folder.glob("0.*")))
        signed(folder)
        refused += not predicts_or_is_refused(folder)
    assert refused > 0 or name == "catboost"


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("left_child=", "left_child=9"),
        ("split_feature=", "split_feature=9"),
        ("num_leaves=6", "num_leaves=600"),
        ("num_class=3", "num_class=300"),
        ("max_feature_idx=", "max_feature_idx=9"),
        ("tree_sizes=", "tree_sizes=9999999"),
        ("decision_type=2", "decision_type=3"),
        ("num_cat=0", "num_cat=1"),
        ("is_linear=0", "is_linear=1"),
        ("leaf_value=", "leaf_value=nan "),
        ("end of trees", "end of"),
    ],
)
def test_what_lightgbm_would_follow_anywhere(saved, tmp_path, was, becomes):
    folder = shutil.copytree(saved["lightgbm"], tmp_path / "copy")
    text = (folder / "0.txt").read_text()
    assert was in text
    (folder / "0.txt").write_text(text.replace(was, becomes, 1))
    signed(folder)
    sound = predicts_or_is_refused(folder)
    assert sound == (was == "tree_sizes=")  # which are counted anew


def test_a_catboost_file_that_ends_its_reader_is_refused(saved, tmp_path, monkeypatch):
    from lcbench.collection.models import boosters

    folder = shutil.copytree(saved["catboost"], tmp_path / "copy")
    (folder / "0.cbm").write_bytes((folder / "0.cbm").read_bytes() + b" ")  # another file of the same model
    signed(folder)
    killer = tmp_path / "killer.py"
    killer.write_text("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    monkeypatch.setattr(boosters, "_CHILD", killer)
    with pytest.raises(DamagedFileError, match="the process that read it ended"):
        load_fitted(folder)
