"""One baseline trained on the rows of the networks and measured: a row of the table of baselines."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.collection.data.preparation import describe, prepare
from lcbench.collection.data.prepared import Prepared, digest_data
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.models.baselines import BASELINES
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import BASELINES as KIND
from lcbench.table.manifest import LABELS, LEAST_PROBABILITY, PARTS, extra_schema, table_path

_SAME = ("classes", "class_counts", "train_instances", "valid_instances", "test_instances")


def load_again(bench: Benchmark, name: str) -> Prepared:
    """Load and prepare one data set as the collection did; splits never depend on a seed.

    Args:
        bench: The table.
        name: Name of the data set.

    Raises:
        InputError: If the table was not collected here, or the data set cannot be had any more, or has changed.
    """
    row = bench.dataset_table.loc[name]
    source = str(row["source"])
    plan = next((each for each in plans(bench.manifest.provenance) if name in each.get("data", {})), None)
    if plan is None:
        raise InputError(f"{name} must come from 'lcbench collect', got {source!r}, whose splits nobody knows.")
    dataset = load_dataset(source)
    data = prepare(dataset, plan.get("encoding", "ordinal"))
    found = describe(dataset, data)
    changed = [key for key in _SAME if _plain(found[key]) != _plain(row[key])]
    if changed or _labels_differ(bench, name, data) or (source.startswith("file:") and _edited(plan, name, data)):
        what = ", ".join(changed) or ("rows or their classes" if not source.startswith("file:") else "values")
        raise InputError(f"the data of {name} must be as collected, got other {what} from {source}; restore the file.")
    return data


def plans(provenance: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The plans that a table was collected with; a merged table has several."""
    plan = provenance.get("plan")
    if isinstance(plan, dict):
        yield plan
    for part in provenance.get("merged", ()):
        yield from plans(part)


def _plain(value: Any) -> Any:
    return [int(each) for each in value] if np.ndim(value) else None if value is None else int(value)


def _labels_differ(bench: Benchmark, name: str, data: Prepared) -> bool:
    """Whether the table keeps labels, for its predictions, and they are others."""
    if table_path(LABELS, name) not in bench.manifest.files:
        return False
    return not all(np.array_equal(bench.labels(name, part), getattr(data, f"y_{part}")) for part in PARTS)


def _edited(plan: Mapping[str, Any], name: str, data: Prepared) -> bool:
    """Whether a file holds other values now.

    OpenML and scikit-learn do not change theirs, but another processor may round a standardized value otherwise, which
    is no reason to refuse.
    """
    return bool(plan["data"][name] != digest_data(data))


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
