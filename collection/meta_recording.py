"""Meta-features among the columns of a table's data sets: when it is collected, and in a finished folder."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.collection.baseline_rows import load_again
from lcbench.collection.data.meta_features import meta_features
from lcbench.collection.data.prepared import Prepared
from lcbench.errors import LcbenchError
from lcbench.files import read_parquet
from lcbench.table import store
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import DATASETS, META
from lcbench.table.migrate import migrate
from lcbench.work import Workplace
from lcbench.writing import write_parquet


@dataclass(slots=True)
class MetaRecording:
    """What was recorded, and what could not be.

    Attributes:
        recorded: Names of data sets that have meta-features now.
        refused: Why the others have none, by data set.
    """

    recorded: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a finished folder while its data sets are written."""
    store.read_manifest(folder)
    with Workplace(folder / ".meta-features", "recording of meta-features", folder).held():
        migrate(folder)  # a manifest without a checksum gets one only after all files were checked
        yield


def record_meta_features(folder: Path, done: Callable[[str], None] = lambda _: None) -> MetaRecording:
    """Load the data sets of a folder again, and add a column for each meta-feature to their table.

    Data sets that can no longer be loaded keep what they had; without anything, their meta-features are missing.

    Args:
        folder: A finished benchmark folder.
        done: Called with the name of each data set when it is done.

    Raises:
        FolderError: If there is no benchmark, or it is damaged.
        InputError: If another process holds the folder.
    """
    found = MetaRecording()
    with _held(folder):
        bench = Benchmark(folder)
        described = read_parquet(folder / DATASETS)
        rows = described.to_pylist()
        for row in rows:
            name = row["name"]
            try:
                row |= meta_columns(load_again(bench, name))
            except (LcbenchError, OSError) as error:
                found.refused[name] = " ".join(str(error).split())
            else:
                found.recorded.append(name)
            done(name)
        if found.recorded:
            write_parquet(folder / DATASETS, with_meta_features(described, rows))
            store.include(folder, store.read_manifest(folder), [DATASETS])
    return found


def meta_columns(data: Prepared) -> dict[str, float]:
    """The meta-features of a data set by the names of their columns."""
    return {f"{META}{name}": value for name, value in meta_features(data).items()}


def with_meta_features(described: pa.Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table of data sets with the meta-features that its rows have; what is not known is missing."""
    kept = [place for place in described.schema if not place.name.startswith(META)]
    names = dict.fromkeys(name for row in rows for name in row if name.startswith(META))
    schema = pa.schema([*kept, *(pa.field(name, pa.float64()) for name in names)])
    known = [{name: None if value != value else value for name, value in row.items()} for row in rows]
    return pa.Table.from_pylist(known, schema=schema)
