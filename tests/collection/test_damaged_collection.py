"""An unfinished collection with a damaged file: it ends with the table of an undisturbed one, or says what is wrong."""

import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from collecting_helpers import assert_same_curves, collect
from damage import changed_bytes, damage_file

from lcbench.errors import LcbenchError

PLAN = {"n": 2, "budgets": (1, 2)}


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of four tasks are finished."""
    folder = tmp_path_factory.mktemp("stopped") / "bench"
    collect(folder, inline=True, stop_after=3, **PLAN)
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "bench"
    collect(folder, inline=True, **PLAN)
    return folder


def damaged(stopped: Path, place: Path, rng: np.random.Generator) -> tuple[Path, Path]:
    """A copy, and one of its files."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(stopped, place)
    files = sorted(path for path in place.rglob("*") if path.is_file() and path.name != "lock")
    return place, files[int(rng.integers(len(files)))]


@pytest.mark.parametrize("seed", range(20))
def test_changed_bytes_change_no_curve(seed, stopped, whole, tmp_path):
    rng = np.random.default_rng(seed)
    folder, path = damaged(stopped, tmp_path / "bench", rng)
    path.write_bytes(changed_bytes(rng, path.read_bytes()))
    try:
        collect(folder, inline=True, **PLAN)
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
    else:
        assert_same_curves(folder, whole)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_in_a_file_only_an_error_of_ours_is_raised(seed, stopped, tmp_path):
    rng = np.random.default_rng(100 + seed)
    folder, path = damaged(stopped, tmp_path / "bench", rng)
    damage_file(rng, path)
    with suppress(LcbenchError):
        collect(folder, inline=True, **PLAN)
