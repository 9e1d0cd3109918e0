"""The published statistics of the gradients, as published: in, out, and as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import InputError
from lcbench.table.manifest import GRADIENT_STATISTICS, RELEASED_GRADIENT_SCHEMA, RELEASED_LAYER_STATISTICS

WHOLE, LAYER = "Train/gradient_", "Train/layer_wise_gradient_"


def gradient_tags(layers: int) -> list[str]:
    """The tags of a network of so many Linear layers: of the whole network, then of its layers."""
    whole = [f"{WHOLE}{name}" for name in GRADIENT_STATISTICS]
    return whole + [f"{LAYER}{name}_layer_{i}" for name in RELEASED_LAYER_STATISTICS for i in range(layers)]


def read_gradients(where: str, log: Mapping[str, Any], layers: int, points: int) -> NDArray[np.float32] | None:
    """Read the statistics from a published log, ``(tags, points)`` in the order of :func:`gradient_tags`.

    Returns:
        None if the log has none (the light-weight file).

    Raises:
        InputError: If some are missing, or are not lists of ``points`` numbers.
    """
    if f"{WHOLE}max" not in log:
        return None
    tags = gradient_tags(layers)
    missing = [tag for tag in tags if tag not in log]
    if missing:
        raise InputError(f"{where} must have the tag {missing[0]}, as it has other gradients and {layers} layers.")
    try:
        values = np.array([log[tag] for tag in tags], np.float64)
    except (TypeError, ValueError, OverflowError):
        values = np.empty(0)
    if values.shape != (len(tags), points):
        raise InputError(f"every gradient of {where} must be a list of {points} numbers; the file is damaged.")
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def gradient_table(key: Mapping[str, pa.Array], found: Sequence[NDArray[np.float32]]) -> pa.Table:
    """The statistics of runs in ``schema.RELEASED_GRADIENT_SCHEMA``."""
    whole, parts = len(GRADIENT_STATISTICS), len(RELEASED_LAYER_STATISTICS)
    columns = dict(key)
    for at, name in enumerate(GRADIENT_STATISTICS):
        columns[name] = _lists([values[at : at + 1] for values in found])
    layers = [(len(values) - whole) // parts for values in found]
    offsets = pa.array(np.cumsum([0, *layers], dtype=np.int32))
    for at, name in enumerate(RELEASED_LAYER_STATISTICS):
        rows = [values[whole + at * n : whole + (at + 1) * n] for values, n in zip(found, layers, strict=True)]
        columns[f"layer_{name}"] = pa.ListArray.from_arrays(offsets, _lists(rows))
    names = RELEASED_GRADIENT_SCHEMA.names
    return pa.table([columns[name] for name in names], schema=RELEASED_GRADIENT_SCHEMA)


def published_gradients(row: Mapping[str, Any]) -> dict[str, list[float]]:
    """A row of the table as the published log has it."""
    layers = len(row["layer_max"])
    values = [row[name] for name in GRADIENT_STATISTICS]
    values += [curve for name in RELEASED_LAYER_STATISTICS for curve in row[f"layer_{name}"]]
    decimals = np.array(values, np.float32).astype(np.str_).astype(np.float64).tolist()
    return dict(zip(gradient_tags(layers), decimals, strict=True))


def _lists(rows: Sequence[NDArray[np.float32]]) -> pa.ListArray:
    """Rows of ``(curves, points)`` as one list per curve."""
    lengths = [points for curves, points in (values.shape for values in rows) for _ in range(curves)]
    flat = np.concatenate([values.ravel() for values in rows])
    return pa.ListArray.from_arrays(pa.array(np.cumsum([0, *lengths], dtype=np.int32)), pa.array(flat))
