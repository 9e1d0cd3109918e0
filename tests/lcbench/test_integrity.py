"""No damage goes unnoticed: single bytes, gaps, values that cannot be; and what is sound is called sound."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lcbench
from lcbench import cli, signature
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import DamagedFileError, FolderError
from lcbench.table import migrate, store, verify
from lcbench.table.manifest import (
    CONFIGS,
    DATASETS,
    GRADIENT_STATISTICS,
    GRADIENTS,
    LABELS,
    MANIFEST,
    PARTS,
    PREDICTIONS,
    extra_schema,
    table_path,
)
from lcbench.table.record import KEY

PLACES = 100


@pytest.fixture(scope="module")
def small(make, tmp_path_factory: pytest.TempPathFactory) -> lcbench.Benchmark:
    return make(tmp_path_factory.mktemp("small"), ("alpha",), 6, (3, 6), (0, 1))


@pytest.fixture
def folder(small: lcbench.Benchmark, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small.folder, tmp_path / "copy"))


def numbers(folder: Path) -> dict[tuple[str, int], np.ndarray]:
    """All that can be read of a table's curves."""
    bench = lcbench.load(folder)
    return {(m, b): bench.array("alpha", m, b) for m in bench.metrics for b in bench.budgets}


def page_bodies(path: Path) -> list[range]:
    """Where the bytes lie that page checksums cover: behind the header of each column's pages.

    With one page a column, the compressed size of the page is the column's without the header, which ends where a
    zstd frame (magic number 28 B5 2F FD) begins.
    """
    content, found = path.read_bytes(), []
    group = pq.read_metadata(path).row_group(0)
    for column in map(group.column, range(group.num_columns)):
        start = column.data_page_offset
        if column.has_dictionary_page:  # two pages, the second one's header in between
            continue
        found.append(range(content.index(b"\x28\xb5\x2f\xfd", start), start + column.total_compressed_size))
    return found


def test_a_changed_byte_anywhere_is_noticed(small, folder):
    """100 random places over the bytes of all files, each with a random other value.

    ``verify`` notices each. Reading notices each in a page's body and in the manifest. Not covered by checksums of
    pages are their headers, the file's magic numbers and its footer: most damage there cannot be read either, but
    only ``verify`` is sure.
    """
    rng = np.random.default_rng(4)
    paths = [MANIFEST, *small.manifest.files]
    sizes = np.array([(folder / path).stat().st_size for path in paths])
    bodies = page_bodies(folder / "runs/alpha.parquet")
    wanted, silent = numbers(folder), 0
    for place in rng.choice(sizes.sum(), PLACES, replace=False):
        which = int(np.searchsorted(np.cumsum(sizes), place, side="right"))
        path, position = folder / paths[which], int(place - sizes[:which].sum())
        content = path.read_bytes()
        spoilt = bytearray(content)
        spoilt[position] ^= int(rng.integers(1, 256))
        path.write_bytes(spoilt)
        assert is_noticed(folder, paths[which]), (paths[which], position)
        if reads_other_numbers(folder, wanted):
            silent += 1
            assert not any(position in body for body in bodies) or paths[which] != "runs/alpha.parquet", position
            assert paths[which] != MANIFEST
        path.write_bytes(content)
    assert silent < PLACES / 20
    assert verify.verify(folder) == []


def is_noticed(folder: Path, path: str) -> bool:
    try:
        problems = verify.verify(folder)
    except FolderError as error:
        return path == MANIFEST and (MANIFEST in str(error) or "format version" in str(error))
    return any(problem.startswith(path) for problem in problems)


def reads_other_numbers(folder: Path, wanted: dict[tuple[str, int], np.ndarray]) -> bool:
    try:
        found = numbers(folder)
    except FolderError:
        return False
    same = [np.array_equal(found[key], wanted[key], equal_nan=True) for key in wanted if key in found]
    return not all(same) or found.keys() != wanted.keys()


def unsign(manifest: Path) -> None:
    """Leave the checksum out, as older versions did."""
    document = json.loads(manifest.read_text(encoding="utf-8"))
    del document["sha256"]
    manifest.write_text(json.dumps(document), encoding="utf-8")


class TestTheManifestsChecksum:
    def test_a_changed_manifest_is_not_opened(self, folder):
        path = folder / MANIFEST
        path.write_text(path.read_text().replace("a formula, for tests", "a formula, for jests"))
        with pytest.raises(DamagedFileError, match=r"was changed after it was written .*; restore it, or if"):
            lcbench.load(folder)

    def test_it_is_over_the_files_own_bytes(self, folder):
        text = (folder / MANIFEST).read_text()
        assert text == signature.sign(store.read_manifest(folder).to_json())

    def test_one_without_opens_and_is_migrated(self, folder, capsys):
        unsign(folder / MANIFEST)
        assert lcbench.load(folder).datasets == ("alpha",)
        assert verify.verify(folder) == [
            "benchmark.json: it has no checksum over itself; add one with 'lcbench migrate DIR'"
        ]
        before = lcbench.load(folder).manifest
        assert cli.run(["migrate", str(folder)]) == 0
        assert "has a checksum over itself now" in capsys.readouterr().out
        assert verify.verify(folder) == []
        assert lcbench.load(folder).manifest == before

    def test_a_current_folder_is_left_as_it_is(self, folder):
        before = (folder / MANIFEST).stat().st_mtime_ns
        assert migrate.migrate(folder) == "format 2 is current, nothing to do"
        assert (folder / MANIFEST).stat().st_mtime_ns == before

    def test_a_damaged_folder_is_not_signed(self, folder):
        unsign(folder / MANIFEST)
        (folder / "configs.parquet").unlink()
        with pytest.raises(DamagedFileError, match=r"is damaged: configs\.parquet: missing; restore its files first"):
            migrate.migrate(folder)
        assert not signature.is_signed(folder / MANIFEST)


def resealed(folder: Path, change) -> list[str]:
    """What verify says of a table that was written properly, but with other runs."""
    frame = change(lcbench.load(folder).to_pandas("alpha"))
    store.write_runs(folder, "alpha", pa.Table.from_pandas(frame, schema=RECORD.schema, preserve_index=False), RECORD)
    sealed = store.seal(folder, store.read_manifest(folder), ["alpha"])
    store.write_manifest(folder, replace(sealed, missing=0))
    return verify.verify(folder)


class TestContents:
    def test_a_missing_run(self, folder):
        gone = resealed(folder, lambda f: f[~((f.budget == 6) & (f.config_id == 2))])
        assert gone == [
            "runs/alpha.parquet: 2 of 24 runs are missing, the first: budget 6, config_id 2, seed 0",
        ]

    def test_a_run_twice(self, folder):
        assert resealed(folder, lambda f: pd.concat([f, f[3:4]])) == ["runs/alpha.parquet: 1 runs are in it twice"]

    def test_a_run_that_nobody_planned(self, folder):
        (problem,) = resealed(folder, lambda f: pd.concat([f, f[:1].assign(seed=7)]))
        assert problem.endswith(
            "1 of 24 runs are not of the manifest's budgets and seeds, the first: budget 3, config_id 0, seed 7"
        )

    @pytest.mark.parametrize(
        ("column", "value", "message"),
        [
            ("valid_accuracy", 1.5, r"must be in \[0, 1\], got 1.5 and 0 more outside it"),
            ("test_cross_entropy", -0.25, r"must be in \[0, inf\], got -0.25 and 0 more outside it"),
        ],
    )
    def test_a_value_outside_its_range(self, folder, column, value, message):
        def spoil(frame: pd.DataFrame) -> pd.DataFrame:
            curves = [curve.copy() for curve in frame[column]]
            curves[4][2] = value
            return frame.assign(**{column: curves})

        (problem,) = resealed(folder, spoil)
        assert re.fullmatch(f"runs/alpha.parquet: column {column} {message}", problem)

    @pytest.mark.parametrize(
        ("epoch", "value", "said"),
        [
            (0, 0.25, "which 1 values break, first in budget 3, config_id 2, seed 0"),
            (2, 0.0, "which 1 values break, first in budget 3, config_id 2, seed 0"),
            (3, np.nan, "which 1 values break, first in budget 3, config_id 2, seed 0"),
        ],
        ids=["not-from-0", "down", "not-a-number"],
    )
    def test_seconds_that_cannot_be(self, folder, epoch, value, said):
        def spoil(frame: pd.DataFrame) -> pd.DataFrame:
            curves = [curve.copy() for curve in frame["seconds"]]
            curves[4][epoch] = value
            return frame.assign(seconds=curves)

        (problem,) = resealed(folder, spoil)
        assert problem == f"runs/alpha.parquet: column seconds must begin at 0 and never go down, {said}"

    def test_infinity_is_a_cross_entropy(self, folder):
        assert resealed(folder, lambda f: f.assign(train_loss=[np.full(len(c), np.inf) for c in f.train_loss])) == []

    def test_configurations_of_another_space(self, folder):
        table = store.read_parquet(folder / CONFIGS)
        store.write_parquet(folder / CONFIGS, table.drop_columns(["momentum"]))
        store.seal(folder, store.read_manifest(folder), ["alpha"])
        (problem,) = verify.verify(folder)
        assert problem.startswith("configs.parquet: must have the columns batch_size, config_id, ")

    def test_data_sets_without_a_description(self, folder):
        store.write_parquet(folder / DATASETS, store.read_parquet(folder / DATASETS).slice(1))
        store.seal(folder, store.read_manifest(folder), ["alpha"])
        assert verify.verify(folder) == [
            "datasets.parquet: must have the data sets of the manifest, one row each, got others."
        ]


def with_extras(folder: Path, kind: str, change) -> list[str]:
    """What verify says of a table beside the runs: sound, but for one change of its rows."""
    runs = store.read_parquet(folder / "runs/alpha.parquet").select(list(KEY)).to_pylist()
    described = store.read_parquet(folder / DATASETS).to_pylist()[0]
    rows = {part: described[f"{part}_instances"] for part in PARTS}
    sound = {
        GRADIENTS: [
            run
            | {name: [0.5] * (run["budget"] + 1) for name in GRADIENT_STATISTICS}
            | {f"layer_{name}": [[0.5] * (run["budget"] + 1)] * 2 for name in GRADIENT_STATISTICS}
            for run in runs
        ],
        PREDICTIONS: [
            run | {part: np.tile([0.25, 0.75], n).astype(np.float16) for part, n in rows.items()} for run in runs
        ],
        LABELS: [{"part": part, "label": i % 2} for part, n in rows.items() for i in range(n)],
    }
    for each, table in sound.items():
        changed = change(table) if each == kind else table
        written = pa.Table.from_pylist(changed, extra_schema(each, RECORD))
        store.write_parts(folder / table_path(each, "alpha"), [written], written.schema)
    store.seal(folder, store.read_manifest(folder), ["alpha"])
    return verify.verify(folder)


def chances(row: int, *values: float):
    """Other predictions on the validation part, for one run."""
    return lambda table: [r | ({"valid": np.float16(values)} if i == row else {}) for i, r in enumerate(table)]


class TestBesideTheRuns:
    def test_what_is_whole_is_sound(self, folder):
        assert with_extras(folder, GRADIENTS, lambda table: table) == []

    @pytest.mark.parametrize("kind", [GRADIENTS, PREDICTIONS])
    def test_a_run_that_is_missing(self, folder, kind):
        assert with_extras(folder, kind, lambda table: table[:-1]) == [
            f"{kind}/alpha.parquet: 1 of 24 runs are missing, the first: budget 6, config_id 5, seed 1"
        ]

    def test_gradients_of_the_wrong_length(self, folder):
        (problem,) = with_extras(folder, GRADIENTS, lambda t: [t[0] | {"std": [0.5]}, *t[1:]])
        assert problem == "gradients/alpha.parquet: column std has curves that are not budget + 1 long"

    @pytest.mark.parametrize(
        "values", [(0.25, 0.75), (0.25, 0.25) * 22, (1.5, -0.5) * 22, (np.nan, 1.0) * 22],
        ids=["too-few", "sum", "range", "partly-nan"],
    )  # fmt: skip
    def test_predictions_that_cannot_be(self, folder, values):
        assert with_extras(folder, PREDICTIONS, chances(3, *values)) == [
            "predictions/alpha.parquet: 1 predictions are not rows x classes of probabilities that add up to 1"
        ]

    def test_predictions_of_a_diverged_run_are_nan(self, folder):
        assert with_extras(folder, PREDICTIONS, chances(3, *[np.nan] * 44)) == []

    def test_labels_that_cannot_be(self, folder):
        assert with_extras(folder, LABELS, lambda t: [t[0] | {"label": 2}, *t[1:-1]]) == [
            "labels/alpha.parquet: 32 labels of part test, the data set has 33 rows there",
            "labels/alpha.parquet: 1 labels are not a number of one of 2 classes",
        ]


class TestTheCommand:
    def test_a_sound_folder_is_one_line(self, folder, capsys):
        assert cli.run(["verify", str(folder)]) == 0
        assert capsys.readouterr().out == f"{folder}: all 4 files are whole and complete\n"

    def test_problems_are_listed_by_file(self, folder, capsys):
        (folder / "configs.parquet").write_bytes(b"")
        (folder / "runs/alpha.parquet").unlink()
        assert cli.run(["verify", str(folder)]) == 1
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("configs.parquet: ")
        assert second == "runs/alpha.parquet: missing"

    def test_a_damaged_manifest_is_a_problem_too(self, folder, capsys):
        (folder / MANIFEST).write_text("{")
        assert cli.run(["verify", str(folder)]) == 1
        assert "benchmark.json cannot be read as JSON" in capsys.readouterr().out

    def test_no_benchmark_is_another_matter(self, tmp_path, capsys):
        assert cli.run(["verify", str(tmp_path)]) == 2
        assert "must be a benchmark folder, got a folder without" in capsys.readouterr().err

    @pytest.mark.parametrize("path", ["../secret.parquet", "/etc/passwd", "runs/../../x.parquet", "runs/.hidden"])
    def test_names_that_leave_the_folder_are_refused(self, folder, capsys, path):
        manifest = lcbench.load(folder).manifest
        (folder / MANIFEST).write_text(
            signature.sign(replace(manifest, files={path: next(iter(manifest.files.values()))}).to_json())
        )
        assert cli.run(["verify", str(folder)]) == 1
        assert "names a file outside the folder or with an odd name" in capsys.readouterr().out
