"""From the published JSON to a benchmark folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from platform import python_version
from typing import Any

import pandas as pd
import pyarrow as pa

from lcbench import store
from lcbench.errors import InputError
from lcbench.official.checking import Samples
from lcbench.official.gathering import Gathered
from lcbench.official.layout import SPACE
from lcbench.official.run import read_run
from lcbench.official.stream import entries
from lcbench.official.tables import gradients_table, released_table, run_table
from lcbench.output import writable_folder
from lcbench.schema import (
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    RELEASED,
    RELEASED_GRADIENTS,
    Manifest,
    check_dataset_name,
    table_path,
)
from lcbench.space import check_configs, get_space, to_json


def import_json(source: Path, folder: Path, advance: Callable[[int], None] | None = None) -> Manifest:
    """Import a file in the published layout into a new benchmark folder, one data set at a time.

    The folder appears when all is written and a sample of it was read back and compared with the source.

    Args:
        source: The published JSON, light-weight or full (with gradients).
        folder: Where to write; must be new or empty.
        advance: Told the number of bytes of each block that was read.

    Returns:
        The manifest as written.

    Raises:
        InputError: If the file is not in the published layout or the folder is not empty.
        DamagedFileError: If what was written does not read back as the source says.
    """
    if not source.is_file():
        raise InputError(f"the source must be a JSON file in the published LCBench layout, got {source}: no such file.")
    with _new_folder(folder) as temporary:
        gathered, samples = Gathered(), Samples()
        for dataset, group in groupby(entries(source, advance), key=lambda found: found[0]):
            _write(temporary, check_dataset_name(dataset), group, gathered, samples)
        manifest = _seal(temporary, source, gathered)
        samples.check(temporary)
    return manifest


def _write(
    temporary: Path, dataset: str, group: Iterator[tuple[str, int, Any]], gathered: Gathered, samples: Samples
) -> None:
    """Write one data set's runs."""
    runs = []
    for _, config_id, entry in group:
        run = read_run(f"configuration {config_id} on {dataset}", config_id, entry)
        gathered.add(dataset, run)
        samples.add(dataset, config_id, entry)
        runs.append(run)
    gathered.close(dataset, runs)
    store.write_runs(temporary, dataset, run_table(runs))
    store.write_parquet(temporary / table_path(RELEASED, dataset), released_table(runs))
    gradients = gradients_table(runs)
    if gradients is not None:
        store.write_parquet(temporary / table_path(RELEASED_GRADIENTS, dataset), gradients)


def _seal(temporary: Path, source: Path, gathered: Gathered) -> Manifest:
    """Write everything but the runs, the manifest last."""
    if not gathered.datasets:
        raise InputError(f"{source} must hold at least one data set with one run, got none.")
    space = get_space(SPACE)
    configs = pd.DataFrame.from_dict(dict(sorted(gathered.configs.items())), orient="index")
    checked = check_configs(space, configs)
    columns = {"config_id": pa.array(list(configs.index), pa.int32()), **{n: pa.array(checked[n]) for n in checked}}
    store.write_parquet(temporary / CONFIGS, pa.table(columns))
    rows = pa.Table.from_pylist(list(gathered.datasets.values()), schema=DATASET_SCHEMA)
    store.write_parquet(temporary / DATASETS, rows)
    manifest = Manifest(
        title=f"imported from {source.name}, in the layout of the published LCBench",
        space_name=SPACE,
        space=to_json(space),
        budgets=tuple(sorted(gathered.budgets)),
        seeds=tuple(sorted(gathered.seeds)),
        schedule="adaptive: a cosine of its own for each budget",
        provenance=_provenance(source, gathered),
    )
    return store.seal(temporary, manifest, list(gathered.datasets))


def _provenance(source: Path, gathered: Gathered) -> dict[str, Any]:
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "imported": {"file": source.name, "bytes": source.stat().st_size},
        "settings": gathered.settings,
        "seconds": "as published: measured while training, the evaluation of the untrained network taken off",
        "versions": {"python": python_version(), "pandas": pd.__version__, "pyarrow": pa.__version__},
    }


@contextmanager
def _new_folder(folder: Path) -> Iterator[Path]:
    """A temporary sibling that becomes ``folder`` when the block ends well, and is removed when it does not."""
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"the output must be a new or empty folder, got {folder}; choose another or remove it.")
    folder = folder.absolute()
    temporary = writable_folder(folder.parent) / f".{folder.name}.{os.getpid()}.tmp"
    temporary.mkdir()
    try:
        yield temporary
        if folder.exists():
            folder.rmdir()
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
