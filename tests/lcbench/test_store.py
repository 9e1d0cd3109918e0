"""Files on disk: whole or as before, and no damage goes unnoticed."""

import os
import shutil
from itertools import product
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import lcbench
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import DamagedFileError, NewerFormatError, NotABenchmarkError
from lcbench.table import store, verify
from lcbench.table.manifest import MANIFEST

RUNS = Path("runs/alpha.parquet")


@pytest.fixture
def folder(bench: lcbench.Benchmark, tmp_path: Path) -> Path:
    """A copy of the table that may be spoilt."""
    return Path(shutil.copytree(bench.folder, tmp_path / "copy"))


def flip(path: Path, position: int) -> None:
    """Turn one byte of a file over."""
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(content)


class TestWriting:
    @pytest.mark.parametrize(
        "table", [pa.table({"x": [1, 2], "word": ["a", "b"]}), pa.table({"x": pa.array([], "i4")})]
    )
    def test_parquet_round_trip(self, tmp_path, table):
        store.write_parquet(tmp_path / "new" / "t.parquet", table)
        assert store.read_parquet(tmp_path / "new" / "t.parquet") == table

    @pytest.mark.parametrize("order", ["as it was", "reversed", "last two swapped"])
    def test_runs_in_any_order_are_the_same_file(self, bench, tmp_path, order):
        runs = store.read_parquet(bench.folder / RUNS)
        last = runs.num_rows - 1
        rows = {"as it was": [*range(last + 1)], "reversed": [*range(last, -1, -1)]}
        given = runs.take(rows.get(order, [*range(last - 1), last, last - 1]))
        store.write_runs(tmp_path, "alpha", given, RECORD)
        assert (tmp_path / RUNS).read_bytes() == (bench.folder / RUNS).read_bytes()

    def test_json_round_trip(self, tmp_path):
        store.write_json(tmp_path / "x.json", {"ü": [1, None, 0.1]})
        assert store.read_json(tmp_path / "x.json") == {"ü": [1, None, 0.1]}

    def test_no_changed_bit_of_a_document_gives_another(self, tmp_path):
        path, document = tmp_path / "x.json", {"rows": 17, "names": ["a", "b"], "share": 0.25}
        store.write_json(path, document)
        content = path.read_bytes()
        for at, bit in product(range(len(content)), range(8)):
            changed = bytearray(content)
            changed[at] ^= 1 << bit
            path.write_bytes(changed)
            try:
                found = store.read_json(path)
            except DamagedFileError:
                continue
            assert {name: found.get(name) for name in document} == document

    def test_a_file_is_on_the_disk_before_its_name_is_and_then_the_name(self, tmp_path, monkeypatch):
        done, path = [], tmp_path / "x.json"
        rename = Path.replace
        monkeypatch.setattr(os, "fsync", lambda opened: done.append(os.fstat(opened).st_ino))
        monkeypatch.setattr(Path, "replace", lambda here, there: done.append("rename") or rename(here, there))
        store.write_json(path, {"x": 1})
        assert done == [path.stat().st_ino, "rename", tmp_path.stat().st_ino]

    def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(self, tmp_path, monkeypatch):
        path = tmp_path / "t.parquet"
        store.write_parquet(path, pa.table({"x": [1]}))
        before = path.read_bytes()

        def fail(_: pa.Table, where: Path, **__: object) -> None:
            where.write_bytes(b"half a fi")
            raise OSError("disk full")

        monkeypatch.setattr(pq, "write_table", fail)
        with pytest.raises(OSError, match="disk full"):
            store.write_parquet(path, pa.table({"x": [2]}))
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_json_that_cannot_be_written_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "x.json"
        store.write_json(path, {"x": 1})
        with pytest.raises(TypeError):
            store.write_json(path, {"x": object()})
        assert store.read_json(path) == {"x": 1}
        assert list(tmp_path.iterdir()) == [path]

    def test_runs_are_sorted_whatever_their_order(self, bench, tmp_path):
        table = store.read_parquet(bench.folder / RUNS)
        shuffled = table.take(pa.array(reversed(range(table.num_rows))))
        store.write_runs(tmp_path, "alpha", shuffled.select(list(reversed(table.schema.names))), RECORD)
        assert (tmp_path / RUNS).read_bytes() == (bench.folder / RUNS).read_bytes()

    def test_other_libraries_read_it(self, bench):
        frame = pd.read_parquet(bench.folder / RUNS)
        assert list(frame) == RECORD.schema.names
        assert len(frame["valid_accuracy"][0]) == frame["budget"][0] + 1


class TestReading:
    def test_some_columns(self, bench):
        assert store.read_parquet(bench.folder / RUNS, ["seed", "budget"]).num_columns == 2

    def test_a_column_that_is_not_there(self, bench):
        with pytest.raises(DamagedFileError, match=r"alpha\.parquet has no column moods"):
            store.read_parquet(bench.folder / RUNS, ["seed", "moods"])

    @pytest.mark.parametrize("read", [store.read_json, store.read_parquet])
    def test_missing_files(self, tmp_path, read):
        with pytest.raises(DamagedFileError, match="is missing"):
            read(tmp_path / "none")

    @pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1,"])
    def test_damaged_json(self, tmp_path, content):
        (tmp_path / "x.json").write_bytes(content)
        with pytest.raises(DamagedFileError, match="cannot be read as JSON"):
            store.read_json(tmp_path / "x.json")

    @pytest.mark.parametrize("keep", [0.0, 0.01, 0.5, 0.99])
    def test_a_truncated_file_is_one_clear_line(self, folder, keep):
        content = (folder / RUNS).read_bytes()
        (folder / RUNS).write_bytes(content[: int(keep * len(content))])
        with pytest.raises(
            DamagedFileError, match=r"alpha\.parquet is truncated or damaged \(.*\); restore it"
        ) as caught:
            lcbench.load(folder).array("alpha")
        assert "\n" not in str(caught.value)

    def test_a_flipped_byte_in_a_page_is_noticed_on_reading(self, folder):
        where = pq.read_metadata(folder / RUNS).row_group(0).column(6)
        flip(folder / RUNS, where.data_page_offset + where.total_compressed_size // 2)
        with pytest.raises(DamagedFileError, match="is truncated or damaged"):
            store.read_parquet(folder / RUNS)


class TestManifest:
    def test_no_folder(self, tmp_path):
        with pytest.raises(
            NotABenchmarkError,
            match="got nothing there; make a benchmark there with 'lcbench collect",
        ):
            lcbench.load(tmp_path / "none")

    def test_no_benchmark_in_the_folder(self, tmp_path):
        with pytest.raises(NotABenchmarkError, match=r"a benchmark folder, got a folder without benchmark\.json"):
            lcbench.load(str(tmp_path))

    def test_a_file_instead_of_a_folder(self, bench):
        with pytest.raises(NotABenchmarkError, match="must be a benchmark folder, got a file"):
            lcbench.load(bench.folder / MANIFEST)

    def test_a_newer_format(self, folder):
        document = store.read_json(folder / MANIFEST)
        store.write_json(folder / MANIFEST, document | {"format_version": 99})
        with pytest.raises(NewerFormatError, match="format version 99"):
            lcbench.load(folder)

    def test_a_damaged_manifest(self, folder):
        (folder / MANIFEST).write_text("{")
        with pytest.raises(DamagedFileError, match=r"benchmark\.json cannot be read as JSON"):
            lcbench.load(folder)

    def test_sealing_twice_gives_the_same(self, folder):
        manifest = store.read_manifest(folder)
        assert store.seal(folder, manifest, ["alpha", "beta"]) == manifest

    def test_sealing_clears_what_a_killed_writer_left(self, folder):
        leftovers = [folder / ".configs.parquet.7.tmp", folder / "runs" / ".alpha.parquet.7.tmp"]
        for path in leftovers:
            path.write_bytes(b"half")
        store.seal(folder, store.read_manifest(folder), ["alpha", "beta"])
        assert not any(path.exists() for path in leftovers)


class TestVerify:
    def test_a_sound_folder(self, bench):
        assert verify.verify(bench.folder) == []

    def test_it_needs_no_other_import(self, bench):
        """In a fresh interpreter: nothing else has loaded pyarrow's parts before."""
        import subprocess
        import sys

        folder = str(bench.folder)
        code = f"from pathlib import Path; from lcbench.table import verify; print(verify.verify(Path({folder!r})))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"

    @pytest.mark.parametrize("where", [5, 0.1, 0.5, 0.9, -5])
    @pytest.mark.parametrize("name", ["configs.parquet", "datasets.parquet", "runs/beta.parquet"])
    def test_a_flipped_byte_anywhere(self, folder, name, where):
        size = (folder / name).stat().st_size
        flip(folder / name, int(where * size) if isinstance(where, float) else where)
        (problem,) = verify.verify(folder)
        assert name in problem

    def test_a_missing_file(self, folder):
        (folder / RUNS).unlink()
        assert verify.verify(folder) == ["runs/alpha.parquet: missing"]

    def test_a_truncated_file(self, folder):
        (folder / RUNS).write_bytes((folder / RUNS).read_bytes()[:1000])
        (problem,) = verify.verify(folder)
        assert "is truncated or damaged" in problem

    def test_other_rows_than_the_manifest_says(self, folder):
        store.write_runs(folder, "alpha", store.read_parquet(folder / RUNS).slice(1), RECORD)
        assert verify.verify(folder) == [
            "runs/alpha.parquet: 269 rows, the manifest says 270",
            "runs/alpha.parquet: its checksum differs from the manifest's",
        ]

    def test_curves_of_a_wrong_length(self, folder):
        table = store.read_parquet(folder / RUNS)
        seconds = table.schema.get_field_index("seconds")
        short = pa.array([values[:-1] for values in table["seconds"].to_pylist()], pa.list_(pa.float32()))
        store.write_runs(folder, "alpha", table.set_column(seconds, RECORD.schema.field("seconds"), short), RECORD)
        store.seal(folder, store.read_manifest(folder), ["alpha", "beta"])
        assert verify.verify(folder) == ["runs/alpha.parquet: column seconds has curves that are not budget + 1 long"]

    def test_other_columns(self, folder):
        store.write_parquet(folder / RUNS, store.read_parquet(folder / RUNS).drop_columns(["seconds"]))
        store.seal(folder, store.read_manifest(folder), ["alpha", "beta"])
        assert verify.verify(folder) == [
            "runs/alpha.parquet: must have the columns of the format, got others; restore it or collect again."
        ]
