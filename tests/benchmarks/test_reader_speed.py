"""Both readers read the same from the files of the benchmark."""

import importlib.util
from pathlib import Path

import pandas as pd
import pytest

from lcbench.collection.data.table_file import read_table

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "reader_speed.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("reader_speed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["numbers", "numbers and quoted text", "numbers and codes"])
def test_both_readers_read_the_same_but_codes(script, tmp_path, monkeypatch, name):
    monkeypatch.setattr(script, "CHUNK", 60)
    script.write(tmp_path / "table.csv", script.FILES[name], 150)
    ours, theirs = read_table(tmp_path / "table.csv"), pd.read_csv(tmp_path / "table.csv")
    assert ours.shape == (150, 50)
    if name == "numbers and codes":
        assert ours["whole0"].str.len().eq(5).all()
        ours["whole0"] = ours["whole0"].astype(int)
    pd.testing.assert_frame_equal(ours, theirs)
