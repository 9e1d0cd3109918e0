"""Installed from a wheel or from the clone, beside a user's own packages of the names of our folders."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = """
import analysis, collection
import numpy as np
import lcbench.analysis, lcbench.collection, lcbench.data
from lcbench.analysis import performance_matrix
from lcbench.collection import Dataset
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate

assert analysis.MINE and collection.MINE
bench = lcbench.load()
backend = ReplayBackend(bench, bench.datasets[0])
optimizer = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(0))
print(lcbench.__file__, len(simulate(optimizer, backend, evaluations=5).results), len(performance_matrix(bench)))
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree with the build tools of this environment."""
    copy, out = tmp_path_factory.mktemp("source") / "lcbench", tmp_path_factory.mktemp("wheel")
    unwanted = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests", "docs", "benchmarks")
    shutil.copytree(ROOT, copy, symlinks=True, ignore=unwanted)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(out)], cwd=copy, capture_output=True, check=True)
    [path] = out.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of an environment with the wheel; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*install, str(wheel)], check=True)
    [site] = folder.glob("lib/python*/site-packages")
    others = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "others.pth").write_text("\n".join(others), encoding="utf-8")
    return python


def test_the_wheel_has_one_package_and_what_it_reads(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"lcbench"}
    assert len(top) == 2
    needed = ("lcbench/py.typed", "lcbench/analysis/report/page.html", "lcbench/data/mini/benchmark.json")
    assert set(needed) <= set(names)
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    for room in ("lcbench", "collection", "simulate", "analysis"):
        own = [path for path in (ROOT / room).rglob("*.py") if not any(each.is_symlink() for each in path.parents)]
        under = "" if room == "lcbench" else "lcbench/"
        assert {under + path.relative_to(ROOT).as_posix() for path in own} <= set(names)


@pytest.mark.parametrize("source", ["wheel", "clone"])
def test_beside_packages_of_the_users_own(source, request, tmp_path):
    python = request.getfixturevalue("installed") if source == "wheel" else Path(sys.executable)
    for name in ("analysis", "collection"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("MINE = True\n", encoding="utf-8")
    (tmp_path / "simulate.py").write_text(SCRIPT, encoding="utf-8")

    def run(*arguments: str) -> str:
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    home, *numbers = run(str(python), "simulate.py").split()
    assert Path(home).is_relative_to(python.parents[1] if source == "wheel" else ROOT)
    assert numbers == ["5", "200"]
    program = str(python.with_name("lcbench"))
    assert "13 data sets" in run(program, "info")
    study = ("--datasets", "credit-g", "--optimizers", "random,bohb", "--seeds", "2", "--budget", "2x", "--jobs", "2")
    run(program, "simulate", *study, "--out", "study.parquet")
    assert (tmp_path / "study.parquet").is_file()
