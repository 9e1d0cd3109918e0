"""TaskSet (Metz et al. 2020): curves of Adam with eight hyperparameters, 1000 configurations a task.

A file is one task as JSON: a list of ``{"hp": {...}, "train": {"loss": [...]}, "valid": ..., "test": ...}``, each loss
at 51 points: before training, and after every 200 of 10,000 steps. No seconds were published.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from ConfigSpace import ConfigurationSpace, Float
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import parse_json, read_bytes, understood
from lcbench.space.spaces import to_json
from lcbench.table.doors._foreign import Described, Foreign, configs_table, provenance, runs_table
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import Record
from lcbench.wanted import Wanted

MOST_BYTES = 1 << 28
"""Of one task's file; the published ones have 4 MB."""

TASKS = Wanted("a JSON file of a task of TaskSet, or a folder of them", folder=True)
"""What :func:`taskset` opens."""

PARTS = ("train", "valid", "test")
STEPS = 200
"""Steps of training between two points of a curve."""

_RANGES = {
    "learning_rate": (1e-8, 1e1),
    "epsilon": (1e-10, 1e3),
    "l1": (1e-8, 1e1),
    "l2": (1e-8, 1e1),
    "linear_decay": (1e-7, 1e-4),
    "exponential_decay": (1e-6, 1e-3),
}
"""Of the hyperparameters that were drawn on a logarithmic scale; 1 - beta1 and 1 - beta2 were, too."""


def space() -> ConfigurationSpace:
    """The eight hyperparameters of ``adam8p_wide_grid``.

    The momenta were drawn with one minus them on a logarithmic scale, which ConfigSpace has no name for; here they are
    on a linear one.
    """
    found = ConfigurationSpace(name="taskset-adam8p")
    found.add([Float(name, ends, log=True) for name, ends in _RANGES.items()])
    found.add([Float("beta1", (0.0, 1 - 1e-4)), Float("beta2", (0.0, 1 - 1e-6))])
    return found


def taskset(sources: Sequence[Path]) -> Foreign:
    """Open tasks of TaskSet.

    Args:
        sources: Files, one a task, or folders of them.

    Raises:
        InputError: If there is no file.
        DamagedFileError: If a file is not in the published layout, or has other configurations than the first.
    """
    files = _files(sources)
    curves: dict[str, NDArray[np.float32]] = {}
    configs = pd.DataFrame()
    for path in files:
        found, curves[path.stem] = _task(path)
        if configs.empty:
            configs = found
        elif not found.equals(configs):
            raise DamagedFileError(f"{path} must have the configurations of {files[0]}, got others; import it alone.")
    adam = space()
    lowest = min(0.0, *(float(np.nanmin(each, initial=0.0)) for each in curves.values()))
    record = Record(
        metrics=tuple(Metric(f"{part}_loss", "nats", "minimize", float(np.floor(lowest))) for part in PARTS),
        objective="valid_loss",
        fidelities=(Fidelity("steps", steps=STEPS),),
    )
    points = {each.shape[-1] for each in curves.values()}
    manifest = Manifest(
        title=f"TaskSet: Adam on {len(files)} task{'s' if len(files) > 1 else ''}",
        problem="taskset",
        space=to_json(adam),
        record=record,
        budgets=tuple(sorted(size - 1 for size in points)),
        seeds=(0,),
        provenance=provenance(files, "none: a step of 200 costs 1"),
        licence="Apache-2.0",
        citation="Metz et al.: Using a thousand optimization tasks to learn hyperparameter search strategies (2020), "
        "arXiv:2002.11887",
    )
    return Foreign(manifest, configs_table(adam, configs), len(files), _runs(record, curves))


def _files(sources: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for source in sources:
        inside = sorted(TASKS.check(source).glob("*.json")) if source.is_dir() else [TASKS.check(source)]
        if not inside:
            raise InputError(TASKS.refusal(source, "a folder without JSON files"))
        found += inside
    names = [path.stem for path in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"each task must be given once, got {twice} more than once.")
    return found


def _task(path: Path) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """The configurations of a task, and their losses: ``(3, configs, points)``, NaN where training had failed."""
    content = read_bytes(path, MOST_BYTES)
    for word in (b"NaN", b"-Infinity", b"Infinity"):  # what Python writes of losses, and JSON has not
        content = content.replace(word, b"null")
    try:
        rows = parse_json(path, content)
    except DamagedFileError as error:
        raise DamagedFileError(TASKS.refusal(path, "a file that is not JSON", "get it again")) from error
    names = set(space())
    if not isinstance(rows, list) or not rows or not all(_is_row(row, names) for row in rows):
        raise DamagedFileError(
            f"{path} must be a list of {{hp, train, valid, test}} with the eight hyperparameters of Adam, got "
            "something else; name files of the optimizer adam8p."
        )
    lengths = {len(row[part]["loss"]) for row in rows for part in PARTS}
    if len(lengths) > 1 or min(lengths) < 2:
        raise DamagedFileError(
            f"{path} must have curves of one length, got {', '.join(map(str, sorted(lengths)[:5]))}."
        )
    losses = [[row[part]["loss"] for row in rows] for part in PARTS]
    if not {type(loss) for part in losses for curve in part for loss in curve} <= {float, int, type(None)}:
        raise DamagedFileError(f"{path} must have losses that are numbers, got something else.")
    with understood(path), np.errstate(over="ignore"):  # an integer may be too large for a float
        values = np.array(losses, np.float64).astype(np.float32)
    return pd.DataFrame([row["hp"] for row in rows])[list(space())], values


def _is_row(row: Any, names: set[str]) -> bool:
    return (
        isinstance(row, Mapping)
        and isinstance(row.get("hp"), Mapping)
        and set(row["hp"]) == names
        and all(isinstance(row.get(part), Mapping) and isinstance(row[part].get("loss"), list) for part in PARTS)
    )


def _runs(record: Record, curves: Mapping[str, NDArray[np.float32]]) -> Iterator[tuple[Described, pa.Table]]:
    for name, losses in curves.items():
        series = {f"{part}_loss": each for part, each in zip(PARTS, losses, strict=True)}
        configs = losses.shape[1]
        yield (
            {"name": name, "source": "TaskSet"},
            runs_table(record, np.arange(configs), np.zeros(configs), series, what=name),
        )
