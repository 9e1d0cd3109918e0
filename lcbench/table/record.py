"""What a table records of a run: its columns, as the manifest says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from lcbench.errors import InputError, UnknownNameError
from lcbench.table.metric import (
    FIDELITY_FORM,
    METRIC_FORM,
    NAME,
    SERIES_FORM,
    Fidelity,
    Metric,
    Part,
    Series,
    checked_entries,
    from_json,
    to_json,
)

SECONDS = "seconds"
"""The series of what a run has cost so far."""

_SECONDS = Metric(SECONDS, "s", "minimize", low=0.0)
"""The same as an objective."""

KEY = ("budget", "config_id", "seed")
"""What identifies a run of a table with one fidelity within a data set, in the order in which rows are sorted."""

Origin = Literal["measured", "modelled", "published", "none"]
ORIGINS: tuple[Origin, ...] = ("measured", "modelled", "published", "none")

_TYPES = {"int32": pa.int32(), "int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "bool": pa.bool_()}


FORM = {
    "metrics": [METRIC_FORM],
    "objective": str,
    "fidelities": [FIDELITY_FORM],
    "seconds?": ORIGINS,
    "series?": [SERIES_FORM],
    "columns?": {NAME: tuple(_TYPES)},
}
"""What a record writes into a manifest, as a form of :mod:`lcbench.form`."""


@dataclass(frozen=True, slots=True)
class Record:
    """What every run of a table has.

    Attributes:
        metrics: What is measured at every step, in the order of the columns.
        objective: Name of the metric that is optimized and compared if none is named.
        fidelities: What is spent; the first is the axis of the curves, further ones are key columns of a run.
        seconds: How the cumulative seconds were obtained; ``"none"`` if there are none: then a step costs 1.
        series: What else is recorded at every step.
        columns: Columns of one value per run, and their types: int32, int64, float64, string or bool.

    Raises:
        InputError: If names are not different, there is no fidelity or a further one without budgets, the objective is
            no metric, or another part is none of those above.
    """

    metrics: tuple[Metric, ...]
    objective: str
    fidelities: tuple[Fidelity, ...]
    seconds: Origin = "none"
    series: tuple[Series, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.fidelities:
            raise InputError("a record must have a fidelity, got none; the first is the axis of the curves.")
        for further in self.further:
            if not further.budgets:
                raise InputError(f"fidelity {further.name!r} must say its budgets, got none; only the first need not.")
        names = [*self.key, *self.names, *self.columns]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InputError(f"columns of a run must have different names, got {', '.join(twice)} more than once.")
        self.metric()
        if self.seconds not in ORIGINS:
            raise UnknownNameError("origin of seconds", self.seconds, ORIGINS)
        for kind in self.columns.values():
            if kind not in _TYPES:
                raise UnknownNameError("type of a column", kind, _TYPES)

    @property
    def fidelity(self) -> Fidelity:
        """The axis of the curves."""
        return self.fidelities[0]

    @property
    def further(self) -> tuple[Fidelity, ...]:
        """The fidelities beside the axis of the curves."""
        return self.fidelities[1:]

    @property
    def key(self) -> tuple[str, ...]:
        """What identifies a run within a data set: :data:`KEY`, then the further fidelities."""
        return (*KEY, *(each.name for each in self.further))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all series that can be asked for: seconds, other series, metrics."""
        return (SECONDS, *(each.name for each in self._measured))

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Smallest and largest possible value of each list column."""
        seconds = {SECONDS: (0.0, np.inf)} if self.seconds != "none" else {}
        return seconds | {each.name: (each.low, each.high) for each in self._measured}

    @property
    def _measured(self) -> tuple[Series | Metric, ...]:
        return (*self.series, *self.metrics)

    @property
    def schema(self) -> pa.Schema:
        """Columns of a file of runs: the key, one value per run, one list of ``budget + 1`` numbers per series."""
        return pa.schema(
            [
                *[pa.field(name, pa.int32(), nullable=False) for name in KEY],
                *[pa.field(each.name, pa.float64(), nullable=False) for each in self.further],
                *[pa.field(name, _TYPES[kind], nullable=False) for name, kind in self.columns.items()],
                *[pa.field(name, pa.list_(pa.float32()), nullable=False) for name in self.ranges],
            ]
        )

    def metric(self, name: str | None = None) -> Metric:
        """Look up a metric; the objective by default.

        Raises:
            UnknownNameError: If there is no such metric.
            InputError: If several are named.
        """
        wanted = self.objective if name is None else name
        if "," in wanted:
            raise InputError(f"metric must be one metric, got {wanted}; lcbench simulate compares several objectives.")
        for metric in self.metrics:
            if metric.name == wanted:
                return metric
        raise UnknownNameError("metric", wanted, [metric.name for metric in self.metrics])

    def objectives(self, text: str | None = None) -> tuple[Metric, ...]:
        """The metrics in a text such as ``"valid_accuracy,seconds"``: what is optimized, the first one mainly.

        Every further one is another metric, or the recorded seconds of a run, to be minimized.

        Raises:
            UnknownNameError: If there is no such metric.
            InputError: If one is named twice, or seconds first.
        """
        first, *others = [None] if text is None else [name.strip() for name in text.split(",")]
        if others and first == SECONDS:
            raise InputError(
                f"the first of several objectives must be a metric, whose curves there are, got {text!r}; name "
                "seconds after it."
            )
        further = {metric.name: metric for metric in self.metrics}
        further |= {SECONDS: _SECONDS} if self.seconds != "none" else {}
        for name in others:
            if name not in further:
                raise UnknownNameError("metric", name, further)
        found = (self.metric(first), *(further[name] for name in others if name is not None))
        if len({metric.name for metric in found}) < len(found):
            raise InputError(f"objectives must be named once each, got {text!r}.")
        return found

    def on_part(self, metric: Metric, part: Part) -> Metric:
        """The metric of another part of the data that belongs to one, such as ``test_rmse`` to ``valid_rmse``.

        Raises:
            UnknownNameError: If there is none.
        """
        return self.metric(part + metric.name.removeprefix(metric.part or ""))

    def tested(self, metric: Metric) -> Metric | None:
        """The metric of the same quantity on the test part that belongs to one on the validation part.

        Returns:
            ``test_accuracy`` for ``valid_accuracy``; None if there is none of the same unit and goal, or the metric is
            not of the validation part.
        """
        if metric.part != "valid":
            return None
        alike = (m for m in self.metrics if (m.part, m.unit, m.goal) == ("test", metric.unit, metric.goal))
        return next((m for m in alike if m.quantity == metric.quantity), None)

    @property
    def on_all_parts(self) -> tuple[str, ...]:
        """Names of the metrics that are measured alike on the training, validation and test part."""
        names = {metric.name for metric in self.metrics}
        kinds = [m.name.removeprefix("train") for m in self.metrics if m.name.startswith("train_")]
        parts = ("train", "valid", "test")
        shared = [kind for kind in kinds if all(part + kind in names for part in parts)]
        return tuple(part + kind for part in parts for kind in shared)

    def to_json(self) -> dict[str, Any]:
        """Plain types only."""
        lists = {name: [to_json(each) for each in getattr(self, name)] for name in ("metrics", "fidelities", "series")}
        return {"objective": self.objective, "seconds": self.seconds, "columns": dict(self.columns), **lists}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Record":
        """Read what :meth:`to_json` wrote.

        Raises:
            NewerFormatError: If it has entries that this program does not know.
            KeyError, TypeError, ValueError, AttributeError: If it is something else.
        """
        known = checked_entries(cls, document)
        known["metrics"] = tuple(from_json(Metric, each) for each in known["metrics"])
        known["fidelities"] = tuple(from_json(Fidelity, each) for each in known["fidelities"])
        known["series"] = tuple(from_json(Series, each) for each in known.get("series", ()))
        return cls(**known)
