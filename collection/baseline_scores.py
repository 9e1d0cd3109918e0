"""One baseline trained and measured: a row of the table of baselines."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.models.baselines import BASELINES
from lcbench.collection.networks.metrics import RECORD
from lcbench.table.manifest import BASELINES as KIND
from lcbench.table.manifest import LEAST_PROBABILITY, PARTS, extra_schema


def measured(name: str, seed: int, data: Prepared, clock: Callable[[], float]) -> pa.Table:
    """Train one baseline and measure it on all three parts.

    Args:
        name: A name of :data:`lcbench.collection.models.baselines.BASELINES`.
        seed: Its source of randomness.
        data: The data set as the networks got it.
        clock: Gives seconds of processor time.

    Returns:
        One row with the columns of a table of baselines.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    baseline = BASELINES[name]
    with threadpool_limits(1):
        begun = clock()
        predict = baseline.fit(data, baseline.settings, seed)
        row: dict[str, Any] = {"baseline": name, "seed": seed, "seconds": clock() - begun}
        for part in ("train", *PARTS):
            labels, chances = getattr(data, f"y_{part}"), predict(getattr(data, f"x_{part}"))
            row |= {f"{part}_{metric}": value for metric, value in scores(chances, labels).items()}
            if part in PARTS:
                row[part] = chances.astype(np.float16).ravel()
    return pa.Table.from_pylist([row], schema=extra_schema(KIND, RECORD))


def scores(chances: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, float]:
    """The metrics of probabilities, as those of the networks (see ``lcbench.collection.networks.measures``).

    Args:
        chances: ``(rows, classes)``; below ``lcbench.table.manifest.LEAST_PROBABILITY`` they count as that.
        labels: ``(rows,)`` class numbers.

    Returns:
        ``accuracy``; ``balanced_accuracy``, the mean over the classes that occur of the fraction right;
        ``cross_entropy``, in nats.
    """
    right = chances.argmax(axis=1) == labels
    counts = np.bincount(labels, minlength=chances.shape[1])
    hits = np.bincount(labels, weights=right, minlength=chances.shape[1])
    own = np.clip(chances[np.arange(len(labels)), labels], LEAST_PROBABILITY, 1.0)
    return {
        "accuracy": float(right.mean()),
        "balanced_accuracy": float((hits[counts > 0] / counts[counts > 0]).mean()),
        "cross_entropy": float(-np.log(own).mean()),
    }
