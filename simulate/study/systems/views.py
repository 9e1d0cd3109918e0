"""Predictions that a search would have made at any time, replayed from its journal; nothing is trained.

=============  =================================================================================
``network``    the network that is best on the validation rows so far
``networks``   the ensemble of networks so far (section 3.5: greedy, from the 30 best)
``baseline``   the baseline that is best on the validation rows so far
``baselines``  the ensemble of baselines so far
``single``     the best model of any kind so far
``all``        the ensemble of networks and baselines so far, the paper's diverse ensemble
=============  =================================================================================

Each baseline by itself is a view under its own name, from when it was done.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.simulate.autotabular import journal
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.journal import NETWORK, Entry
from lcbench.simulate.autotabular.tables import Stage, ensembles_over_time
from lcbench.simulate.ensembles import SIZE
from lcbench.simulate.study.systems.rows import Rows, accuracy

VIEWS: Mapping[str, tuple[str, int]] = {
    "network": ("networks", 1),
    "networks": ("networks", SIZE),
    "baseline": ("baselines", 1),
    "baselines": ("baselines", SIZE),
    "single": ("all", 1),
    "all": ("all", SIZE),
}
"""Of each view the pool of models and how many times one is added to the ensemble."""

COLUMNS = ("view", "time", "seconds", "valid", "test", "models", "members", "tried")
"""Columns of a view at a time, see :mod:`lcbench.simulate.study.systems.file`."""


def views(folder: Path, rows: Rows) -> pd.DataFrame:
    """All views of a search.

    Args:
        folder: The search's.
        rows: What it learnt; it kept probabilities of their test part.

    Returns:
        One row for each time at which a view changes its mind, with :data:`COLUMNS`.
    """
    entries = journal.read(Folder(folder).results)
    found = [_said(name, stages, entries, rows) for name, stages in _staged(folder, rows)]
    return pd.DataFrame([line for lines in found for line in lines], columns=list(COLUMNS))


def _staged(folder: Path, rows: Rows) -> Iterator[tuple[str, Sequence[Stage]]]:
    for name, (pool, size) in VIEWS.items():
        yield name, ensembles_over_time(folder, rows.problem, pool=pool, size=size)
    place = Folder(folder)
    for entry in journal.read(place.results):
        kept = place.predictions(entry.number) if entry.usable and entry.kind != NETWORK else None
        if kept is not None and kept.test is not None:
            test = kept.test.astype(np.float64)
            yield entry.kind, [Stage(entry.finished, entry.score, {entry.number: 1.0}, test)]


def _said(name: str, stages: Sequence[Stage], entries: Sequence[Entry], rows: Rows) -> list[dict[str, Any]]:
    """The lines of one view; a stage with the members and the shares of the one before says nothing new."""
    lines: list[dict[str, Any]] = []
    before: Mapping[int, float] = {}
    for stage in stages:
        if stage.test is not None and stage.weights != before:
            lines.append(_line(name, stage, entries, stage.test, rows.answers))
            before = stage.weights
    return lines


def _line(
    name: str, stage: Stage, entries: Sequence[Entry], test: NDArray[np.float64], answers: NDArray[np.int64]
) -> dict[str, Any]:
    by_then = [entry for entry in entries if entry.finished <= stage.time]
    pool = VIEWS[name][0] if name in VIEWS else name
    own = next(entry for entry in entries if entry.number == next(iter(stage.weights)))
    return {
        "view": name,
        "time": stage.time,
        "seconds": own.finished - own.started if len(stage.weights) == 1 else np.nan,
        "valid": stage.score,
        "test": accuracy(test, answers),
        "models": sum(entry.usable and _belongs(entry, pool) for entry in by_then),
        "members": len(stage.weights),
        "tried": len(by_then),
    }


def _belongs(entry: Entry, pool: str) -> bool:
    if pool in ("networks", "baselines"):
        return (entry.kind == NETWORK) == (pool == "networks")
    return pool in ("all", entry.kind)
