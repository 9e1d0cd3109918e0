"""The command ``lcbench meta-features``."""

from pathlib import Path
from typing import Annotated

import typer

INCOMPLETE = 3


def meta_features(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A finished benchmark folder.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Compute meta-features of a table's data sets and record them in it: moments, correlations, landmarks.

    The data sets are loaded again from where they came from, and prepared as they were. Optimizers that compare data
    sets (nearest-task, meta-model) find them there. Exit codes: 0 all are recorded; 2 nothing can be done; 3 some data
    sets can no longer be loaded.
    """
    from lcbench.collection.meta_recording import record_meta_features
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError
    from lcbench.table.store import read_manifest
    from lcbench.work import Progress

    datasets = read_manifest(folder).datasets
    with Progress("meta-features", len(datasets), unit="data sets", quiet=quiet) as progress:
        found = record_meta_features(folder, progress.add)
    if not found.recorded:
        raise InputError(next(iter(found.refused.values())))
    OUT.print(f"meta-features of {len(found.recorded)} data sets written to {folder}", soft_wrap=True)
    if found.refused:
        ERR.print("\n".join(found.refused.values()), soft_wrap=True, highlight=False)
        raise typer.Exit(INCOMPLETE)
