"""The files that a manifest lists, each held against what the manifest and the format say of it where it is opened."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lcbench import signature
from lcbench.errors import DamagedFileError
from lcbench.files import read_groups, read_parquet, read_schema
from lcbench.table.manifest import CONFIGS, DATASETS, PARTS, Manifest

_MOST_CLASSES = 1_000_000


def listed(folder: Path, manifest: Manifest, path: str) -> Path:
    """The place of a file, as large as the manifest says; a small one that all else rests on has its checksum, too.

    The curves' pages have checksums of their own, which are looked at when they are read.

    Raises:
        DamagedFileError: If it is not listed, missing, or another file.
    """
    record, place = manifest.files.get(path), folder / path
    if record is None:
        raise DamagedFileError(f"{folder} lists no {path} in its manifest; restore it or collect again.")
    if place.is_file() and place.stat().st_size != record.bytes:
        raise DamagedFileError(
            f"{place} is truncated or damaged ({place.stat().st_size} bytes, the manifest says {record.bytes}); "
            "restore it, or open the folder again if it was changed on purpose."
        )
    if path in (CONFIGS, DATASETS) and place.is_file() and signature.digest(place) != record.sha256:
        raise DamagedFileError(f"{place} was changed after it was written (its checksum differs); restore it.")
    return place


def table(folder: Path, manifest: Manifest, path: str, columns: Sequence[str] | None = None) -> pa.Table:
    """A file's table, all or some of its columns, in the types that the format gives them.

    Raises:
        DamagedFileError: If it is anything else.
    """
    place = listed(folder, manifest, path)
    if columns is None:
        _check_columns(place, path, manifest)
    found = read_parquet(place, columns, manifest.schema_of(path))
    if found.num_rows != manifest.files[path].rows:
        raise DamagedFileError(f"{place} has {found.num_rows} rows, the manifest says {manifest.files[path].rows}.")
    return found


def groups(folder: Path, manifest: Manifest, path: str) -> Iterator[pa.Table]:
    """As :func:`table`, one group of rows after the other."""
    place = listed(folder, manifest, path)
    _check_columns(place, path, manifest)
    return read_groups(place, manifest.schema_of(path))


def _check_columns(place: Path, path: str, manifest: Manifest) -> None:
    """Check that a table has the columns of the format; only those of data sets and configurations vary."""
    schema = manifest.schema_of(path)
    if schema is not None and path != DATASETS and read_schema(place).names != schema.names:
        raise DamagedFileError(f"{place} must have the columns of the format, got others; restore it or collect again.")


def configs(folder: Path, manifest: Manifest) -> pa.Table:
    """The configurations: different numbers, and a column of plain values for each hyperparameter.

    Raises:
        DamagedFileError: If they are anything else.
    """
    found, place = table(folder, manifest, CONFIGS), folder / CONFIGS
    names = {"config_id", *manifest.hyperparameters}
    if set(found.column_names) != names:
        raise DamagedFileError(
            f"{place} must have the columns {', '.join(sorted(names))}, got {', '.join(sorted(found.column_names))}."
        )
    for hyperparameter in manifest.space.get("hyperparameters", ()):
        _check_values(place, found[hyperparameter["name"]], hyperparameter)
    numbers = found["config_id"]
    if not pa.types.is_integer(numbers.type) or numbers.null_count or not _within(numbers, 0, 2**31 - 1):
        raise DamagedFileError(f"{place} must have numbers of configurations in column config_id, got something else.")
    if pc.count_distinct(numbers).as_py() != len(numbers):
        raise DamagedFileError(f"{place} has a configuration twice; restore it or collect again.")
    return found


def _check_values(place: Path, column: pa.ChunkedArray, hyperparameter: Mapping[str, Any]) -> None:
    """Check a column against what the space says in the manifest; conditions are left to ``verify``.

    Raises:
        DamagedFileError: If a value is none of the hyperparameter's.
    """
    name, low, high = (hyperparameter.get(key) for key in ("name", "lower", "upper"))
    if isinstance(low, int | float) and isinstance(high, int | float):
        number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        sound = (number and _within(column, low, high)) or column.null_count == len(column)
        if sound and isinstance(low, int) and number:
            sound = bool(pc.all(pc.equal(pc.floor(column), column)).as_py() is not False)
        wanted = f"numbers in [{low:g}, {high:g}]"
    else:
        one = [hyperparameter[key] for key in ("value",) if key in hyperparameter]
        known = [*(hyperparameter.get("choices") or hyperparameter.get("sequence") or ()), *one]
        plain = not pa.types.is_nested(column.type)
        sound = plain and all(value in known for value in pc.unique(column).to_pylist() if not _is_missing(value))
        wanted = "its choices"
    if not sound:
        raise DamagedFileError(f"{place} must have {wanted} in column {name}, got something else; restore it.")


def _is_missing(value: object) -> bool:
    return value is None or value != value  # NaN


def datasets(folder: Path, manifest: Manifest) -> pa.Table:
    """What is known of the data sets, one row each.

    Raises:
        DamagedFileError: If it is anything else, or not of the data sets that there are runs of.
    """
    found, place = table(folder, manifest, DATASETS), folder / DATASETS
    if "name" not in found.column_names:
        raise DamagedFileError(f"{place} has no column name; restore it or collect again.")
    if sorted(found["name"].to_pylist()) != sorted(manifest.datasets):
        raise DamagedFileError(f"{place} must have the data sets of the manifest, one row each, got others.")
    sizes = ("instances", "features", *(f"{part}_instances" for part in ("train", *PARTS)))
    for name in (name for name in (*sizes, "classes") if name in found.column_names):
        if not _within(found[name], 0, _MOST_CLASSES if name == "classes" else 2**48):
            raise DamagedFileError(f"{place} must have counts in column {name}, got others.")
    return found


def _within(column: pa.ChunkedArray, low: float, high: float) -> bool:
    ends = pc.min_max(column)
    return not ends["min"].is_valid or low <= ends["min"].as_py() <= ends["max"].as_py() <= high
