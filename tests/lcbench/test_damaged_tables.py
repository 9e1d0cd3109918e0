"""A table from elsewhere, damaged in any way: opened, it gives the same values as before, or one of our errors.

Nothing else is raised, whether the damage is signed or not; and what opening finds, ``verify`` finds as well.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from damage import changed_json, damage_file

import lcbench
from lcbench import signature
from lcbench.errors import FolderError, LcbenchError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.table import verify
from lcbench.table.benchmark import summary
from lcbench.table.manifest import MANIFEST

METRICS = ("valid_accuracy", "test_accuracy", "seconds", "learning_rate")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., lcbench.Benchmark]) -> Path:
    """A small table."""
    return make(tmp_path_factory.mktemp("sound") / "t", ("alpha", "beta"), 4, (2, 3), (0, 1)).folder


def answers(folder: Path) -> dict[str, Any]:
    """All that a table says, in plain values."""
    bench = lcbench.load(folder)
    said: dict[str, Any] = {"summary": [list(pair) for pair in summary(bench.manifest)], "space": str(bench.space)}
    said["configs"], said["datasets"] = bench.configs.to_dict("list"), bench.dataset_table.to_dict("list")
    for dataset in bench.datasets:
        for metric in METRICS:
            for budget in bench.budgets:
                said[f"{dataset} {metric} {budget}"] = bench.array(dataset, metric, budget).tolist()
        backend = ReplayBackend(bench, dataset)
        optimizer = OPTIMIZERS["hyperband"](backend.domain(), backend.budgets, np.random.default_rng(0))
        trace = simulate(optimizer, backend, evaluations=5)
        said[f"{dataset} replayed"] = [[each.loss, each.finished] for each in trace.results]
    return said


def same(one: Any, other: Any) -> bool:
    """Whether two answers are the same, NaN being NaN."""
    return json.dumps(one, default=str, sort_keys=True) == json.dumps(other, default=str, sort_keys=True)


def resealed(folder: Path) -> None:
    """Make the checksums hold again, as somebody who means harm can; the manifest itself stays what it says else."""
    document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    for path, record in document["files"].items():
        content = (folder / path).read_bytes()
        try:
            rows = pq.read_metadata(folder / path).num_rows
        except Exception:  # whatever pyarrow finds: the damage stays, only the rows are not known
            rows = record["rows"]
        record |= {"sha256": signature.digest(folder / path), "bytes": len(content), "rows": rows}
    document.pop("sha256", None)
    (folder / MANIFEST).write_text(signature.sign(document), encoding="utf-8")


def opened(folder: Path) -> dict[str, Any] | str:
    """What a folder says, or which of our errors it raises; anything else is a fault."""
    try:
        return answers(folder)
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
        return str(error)


def verified(folder: Path) -> list[str]:
    try:
        return verify.verify(folder)
    except FolderError as error:
        return [str(error)]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_a_damaged_file_gives_the_same_values_or_an_error_of_ours(
    table: Path, tmp_path: Path, seed: int, *, signed: bool
) -> None:
    rng = np.random.default_rng(seed)
    copy = shutil.copytree(table, tmp_path / "copy")
    sound = answers(table)
    paths = sorted(path for path in copy.rglob("*.parquet"))
    damage_file(rng, paths[int(rng.integers(len(paths)))])
    if signed:
        resealed(copy)
    found = opened(copy)
    problems = verified(copy)
    if isinstance(found, str):
        assert problems, found
    elif not signed:
        assert same(found, sound) or problems
    elif not problems:
        lcbench.load(copy).array("alpha")


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_manifest_gives_the_same_values_or_an_error_of_ours(
    table: Path, tmp_path: Path, seed: int, *, signed: bool
) -> None:
    rng = np.random.default_rng(1000 + seed)
    copy = shutil.copytree(table, tmp_path / "copy")
    damage_manifest(rng, copy / MANIFEST, signed=signed)
    found = opened(copy)
    if isinstance(found, str):
        assert verified(copy), found
    elif not signed:
        assert same(found, answers(table)) or verified(copy)


def damage_manifest(rng: np.random.Generator, path: Path, *, signed: bool) -> None:
    """Damage a manifest, and sign it again where it can be signed."""
    if not signed:
        damage_file(rng, path)
        return
    document = json.loads(path.read_text(encoding="utf-8"))
    document.pop("sha256")
    text = changed_json(rng, document)
    try:
        path.write_text(signature.sign(json.loads(text)), encoding="utf-8", errors="surrogatepass")
    except (ValueError, TypeError, RecursionError):  # what only a text can have
        path.write_text(text, encoding="utf-8")
