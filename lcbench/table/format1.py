"""Format 1, the tables of networks before format 2: what its manifest left to the program.

It named its metrics without their ranges, recorded the learning rate beside them, had epochs for its fidelity, and
said in words only where its seconds came from.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lcbench.table.metric import METRIC_PARTS, Fidelity, Metric, Part, Series
from lcbench.table.record import Origin, Record

_ORIGINS: dict[str, Origin] = {"modelled": "modelled", "as published": "published"}


def metric(name: str) -> Metric:
    """A metric of format 1: accuracies are fractions to maximize, all others nats to minimize."""
    part: Part = next((part for part in METRIC_PARTS if name.startswith(part)), "none")
    if name.endswith("accuracy"):
        return Metric(name, "fraction", "maximize", 0.0, 1.0, part)
    return Metric(name, "nats", "minimize", 0.0, float("inf"), part)


def record(names: Iterable[str], seconds: str = "") -> Record:
    """What a table of format 1 records.

    Args:
        names: Of its metrics.
        seconds: Where its seconds come from, in words.
    """
    origin: Origin = next((origin for words, origin in _ORIGINS.items() if seconds.startswith(words)), "measured")
    return Record(
        metrics=tuple(metric(name) for name in names),
        objective="valid_accuracy",
        fidelities=(Fidelity("epochs"),),
        seconds=origin,
        series=(Series("learning_rate", "per step"),),
        columns={"status": "string", "epochs": "int32", "n_parameters": "int64"},
    )


def upgraded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of format 2 that says what one of format 1 says.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: If it is no such document.
    """
    same = {name: document[name] for name in ("title", "space", "budgets", "seeds", "schedule", "provenance", "files")}
    recorded = record([each["name"] for each in document["metrics"]], str(document["provenance"].get("seconds", "")))
    return same | {"problem": document["space_name"], "record": recorded.to_json(), "format_version": 2}
