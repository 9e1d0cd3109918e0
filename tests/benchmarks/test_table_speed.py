"""The script that measures the table: its two ways of asking give the same numbers, and its table is complete."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import lcbench
from lcbench.table import verify

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "table_speed.py"
GENERATOR = ROOT.parent / "shared" / "reference" / "make_official_json.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The generated JSON file and the folder that the script makes of it."""
    if not GENERATOR.is_file():
        pytest.skip("the generator of files in the published layout (../shared/reference) is not here")
    out = tmp_path_factory.mktemp("table_speed")
    document, folder = out / "official.json", out / "table"
    subprocess.run([sys.executable, GENERATOR, document, "2", "12"], check=True, capture_output=True)
    spec = importlib.util.spec_from_file_location("table_speed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.build(document, folder)
    return document, folder


def test_folder_and_file_hold_the_same_numbers(made):
    document, folder = made
    assert verify.verify(folder) == []
    bench, data = lcbench.load(folder), json.loads(document.read_text())
    for name in bench.datasets:
        for config_id in bench.configs.index:
            published = data[name][str(config_id)]["log"]["Train/val_accuracy"][:51]
            assert np.allclose(bench.curve(name, config_id), np.array(published) / 100, atol=1e-6)


@pytest.mark.parametrize(("mode", "which"), [("--json", 0), ("--table", 1)])
def test_figures_of_one_process(made, mode, which):
    done = subprocess.run([sys.executable, SCRIPT, mode, made[which]], check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    assert {"open, ms", "new memory, MB", "curve, µs", "value, µs"} <= figures.keys()
    assert all(figure >= 0 for figure in figures.values())
