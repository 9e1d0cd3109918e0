"""docs/publish.md runs, in order, in a folder that holds a table."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "publish.md"
BLOCKS = re.findall(r"```(sh|python)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.slow
def test_every_block_runs(bench, tmp_path):
    shutil.copytree(bench.folder, tmp_path / "my-bench")
    assert [kind for kind, _ in BLOCKS] == ["sh", "python", "sh"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    printed = ""
    for kind, block in BLOCKS:
        line = ["sh", "-e", "-c", block] if kind == "sh" else [sys.executable, "-c", block]
        done = subprocess.run(line, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    assert "runs/alpha.parquet: OK" in printed
    assert "CC-BY-4.0" in printed
    assert "J. Doe (2026), My benchmark." in printed
    assert "NeurIPS also asks for rai:hasSyntheticData" in printed
