import argparse
import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "analysis_speed.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("analysis_speed", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["analysis_speed"] = module  # dataclasses with slots look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["analysis_speed"]


def test_rows_of_importance_at_a_small_size(script, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(script, "CONFIGS", 60)
    monkeypatch.setattr(script, "TREES", 2)
    rows = list(script.importance(argparse.Namespace(rounds=1, optuna_trees=1)))
    assert all(row.seconds > 0 for row in rows)
    peers = [row for row in rows if row.peer]
    pytest.importorskip("optuna")
    assert [row.peer.split()[0] for row in peers] == ["Optuna"]
    assert peers[0].difference < 1e-9
    assert "(1 trees, times 2)" in peers[0].peer


def test_a_row_is_a_line_of_the_table(script):
    assert script._line(script.Row("LPI", 0.0125)) == "| LPI | 0.0125 | | | | |"
    with_peer = script.Row("fANOVA", 0.5, "Optuna", 100.0, 1e-16)
    assert script._line(with_peer) == "| fANOVA | 0.5 | Optuna | 100 | 200 | 1e-16 |"
    assert script.median_seconds(lambda: None, 3) >= 0
