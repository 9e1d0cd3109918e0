"""The metrics that are recorded of a network, epoch by epoch.

``train_*`` are averages over an epoch's batches in training mode, ``valid_*`` and ``test_*`` are in evaluation mode
after the epoch; cross-entropies are unweighted, ``train_loss`` is the class-weighted loss that was optimized.
"""

from lcbench.table.metric import Fidelity, Metric, Part, Series
from lcbench.table.record import Record

_PARTS: tuple[Part, ...] = ("train", "valid", "test")
_UNBOUNDED = float("inf")


def _of_part(part: Part) -> tuple[Metric, ...]:
    return (
        Metric(f"{part}_accuracy", "fraction", "maximize", 0.0, 1.0, part),
        Metric(f"{part}_balanced_accuracy", "fraction", "maximize", 0.0, 1.0, part),
        Metric(f"{part}_cross_entropy", "nats", "minimize", 0.0, _UNBOUNDED, part),
    )


RECORD = Record(
    metrics=(
        Metric("train_loss", "nats", "minimize", 0.0, _UNBOUNDED, "train"),
        *(metric for part in _PARTS for metric in _of_part(part)),
    ),
    objective="valid_accuracy",
    fidelities=(Fidelity("epochs"),),
    seconds="modelled",
    series=(Series("learning_rate", "per step"),),
    columns={"status": "string", "epochs": "int32", "n_parameters": "int64"},
)
"""The record of a table of networks: ``learning_rate[i]`` is the rate of the epoch that ended at index ``i`` (index 0
repeats the first), ``status`` is ``"success"`` or ``"diverged"``, ``epochs`` counts those with a finite loss."""

METRICS: dict[str, Metric] = {metric.name: metric for metric in RECORD.metrics}
"""The metrics of networks by name."""
