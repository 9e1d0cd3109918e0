"""The format of a benchmark folder: columns, units, version and manifest.

::

    NAME/
      benchmark.json            the manifest
      configs.parquet           config_id + one column per hyperparameter
      datasets.parquet          one row per data set
      runs/<dataset>.parquet    one row per (budget, config_id, seed), sorted so
      gradients/<dataset>.parquet     optional: statistics of the gradients, by config_id, budget and seed
      predictions/<dataset>.parquet   optional: class probabilities after the last epoch, by config_id, budget and seed
      labels/<dataset>.parquet        with predictions: the classes that were to be predicted
      baselines/<dataset>.parquet     after `lcbench baselines`: other models on the same splits, by baseline and seed
      released/<dataset>.parquet      after an import: what the published LCBench has and the runs have no column for
      released_gradients/<dataset>.parquet  after an import of the full file: its statistics of the gradients
      collect.log               what happened while it was collected: plain text, not listed in the manifest

What a run records (its metrics, what is spent step by step, whether there are seconds) is said by the manifest, see
:class:`lcbench.table.record.Record`. A run's series are list columns of ``budget + 1`` float32 numbers: index 0 is
before the first step, index ``i`` after ``i`` steps. NaN stands after the step at which a run diverged.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError, NewerFormatError
from lcbench.files import understood
from lcbench.form import SHA256, Whole, check
from lcbench.table import format1
from lcbench.table.metric import checked_entries
from lcbench.table.record import FORM, SECONDS, Record

FORMAT_VERSION = 2
MANIFEST = "benchmark.json"
CONFIGS = "configs.parquet"
DATASETS = "datasets.parquet"
RUNS, GRADIENTS, PREDICTIONS, LABELS = "runs", "gradients", "predictions", "labels"
BASELINES = "baselines"
RELEASED, RELEASED_GRADIENTS = "released", "released_gradients"

LONGEST_BUDGET = 100_000
"""Steps; every step is a number in each series."""

STATUSES = ("success", "diverged")

PARTS = ("valid", "test")
"""Parts of a data set that predictions are kept of."""

_KEY_FIELDS = [pa.field(name, pa.int32(), nullable=False) for name in ("config_id", "budget", "seed")]

GRADIENT_STATISTICS = ("max", "mean", "median", "std", "norm", "q10", "q25", "q75", "q90")
"""Of the values of the gradient that an epoch's last step used, without weight decay. Exact up to 16,384 values, beyond
those of a fixed random subsample of that size (the norm scaled to the whole); quantiles interpolate linearly."""

GRADIENT_SCHEMA = pa.schema(
    _KEY_FIELDS
    # of all parameters: budget + 1 numbers, NaN at index 0, where there was no step
    + [pa.field(name, pa.list_(pa.float32()), nullable=False) for name in GRADIENT_STATISTICS]
    # of each Linear layer, weights and biases together: a list of budget + 1 numbers per layer, the first layer first
    + [pa.field(f"layer_{name}", pa.list_(pa.list_(pa.float32())), nullable=False) for name in GRADIENT_STATISTICS]
)

PREDICTION_SCHEMA = pa.schema(
    # rows x classes probabilities, row by row, in the order of labels/<dataset>.parquet
    _KEY_FIELDS + [pa.field(part, pa.list_(pa.float16()), nullable=False) for part in PARTS]
)

LABEL_SCHEMA = pa.schema(
    [
        pa.field("part", pa.string(), nullable=False),  # "valid" or "test"
        pa.field("label", pa.int32(), nullable=False),  # number of the class
    ]
)

BASELINE_KEY = ("baseline", "seed")
"""What identifies a row in a table of baselines."""

LEAST_PROBABILITY = 2.0**-24
"""The smallest positive float16 number. Trees and neighbours say 0 where a network says almost 0: cross-entropies of
baselines, and of stored probabilities, take this number for anything smaller."""

DOUBLE_SOFTMAX = "test_cross_entropy_double_softmax"

RELEASED_LAYER_STATISTICS = tuple(name for name in GRADIENT_STATISTICS if name != "norm")

RELEASED_GRADIENT_SCHEMA = pa.schema(
    _KEY_FIELDS  # statistics as published, with all their points: 0 at the first two, and one after the last epoch
    + [pa.field(name, pa.list_(pa.float32()), nullable=False) for name in GRADIENT_STATISTICS]
    + [
        pa.field(f"layer_{name}", pa.list_(pa.list_(pa.float32())), nullable=False)
        for name in RELEASED_LAYER_STATISTICS
    ]
)

_SCHEMAS: dict[str, pa.Schema] = {
    GRADIENTS: GRADIENT_SCHEMA,
    PREDICTIONS: PREDICTION_SCHEMA,
    LABELS: LABEL_SCHEMA,
    RELEASED_GRADIENTS: RELEASED_GRADIENT_SCHEMA,
}

EXTRAS = (GRADIENTS, PREDICTIONS, LABELS, BASELINES, RELEASED, RELEASED_GRADIENTS)
"""Tables that a folder may have beside the runs."""

OF_RUNS = (GRADIENTS, PREDICTIONS, RELEASED, RELEASED_GRADIENTS)
"""Those with a row for each run; a table of runs with further fidelities has none, as their rows do not name these."""


def extra_schema(kind: str, record: Record) -> pa.Schema:
    """Columns of a table beside the runs, a kind of :data:`EXTRAS`."""
    if kind == BASELINES:
        return _baseline_schema(record)
    return _released_schema(record) if kind == RELEASED else _SCHEMAS[kind]


def _baseline_schema(record: Record) -> pa.Schema:
    return pa.schema(
        [
            pa.field("baseline", pa.string(), nullable=False),
            pa.field("seed", pa.int32(), nullable=False),  # 0 where nothing is random
            pa.field(SECONDS, pa.float64(), nullable=False),  # processor time of the training, on one thread
            # as of the runs, but those of the training part in evaluation mode
            *[pa.field(name, pa.float64(), nullable=False) for name in record.on_all_parts],
            # rows x classes probabilities, as in PREDICTION_SCHEMA
            *[pa.field(part, pa.list_(pa.float16()), nullable=False) for part in PARTS],
        ]
    )


def _released_schema(record: Record) -> pa.Schema:
    return pa.schema(
        [
            *_KEY_FIELDS,
            pa.field(
                "seconds_untrained", pa.float64(), nullable=False
            ),  # before the first epoch; `seconds` starts after
            # as published where it goes down, which `seconds` never do; else null
            pa.field("time", pa.list_(pa.float64())),
            pa.field(
                DOUBLE_SOFTMAX, pa.list_(pa.float32())
            ),  # budget + 1 numbers; never below ln(1 + (classes - 1) / e)
            pa.field("results", pa.string(), nullable=False),  # the published "results" of the run, as JSON
            # the published entry after the last epoch: one more epoch, at almost no learning rate
            *[pa.field(f"extra_{name}", pa.float32()) for name in (*record.names, DOUBLE_SOFTMAX)],
        ]
    )


DATASET_SCHEMA = pa.schema(
    [
        pa.field("name", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("openml_task_id", pa.int64()),
        pa.field("openml_dataset_id", pa.int64()),
        pa.field("licence", pa.string()),
        pa.field("instances", pa.int64(), nullable=False),
        pa.field("features", pa.int64(), nullable=False),
        pa.field("classes", pa.int64(), nullable=False),
        pa.field("train_instances", pa.int64()),  # null where not known: the published LCBench does not say
        pa.field("valid_instances", pa.int64()),
        pa.field("test_instances", pa.int64()),
        pa.field("class_counts", pa.list_(pa.int64())),  # over all instances; null where not known
    ]
)

META = "meta_"
"""What the names of further columns of data sets begin with that are meta-features: numbers to compare them by."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
_PATH = re.compile(rf"(?:{_NAME.pattern}/)?{_NAME.pattern}")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What the manifest says of one file."""

    sha256: str
    bytes: int
    rows: int


_PROVENANCE: dict[str, Any] = {
    "settings?": dict,
    "plan?": (None, {"data?": {str: str}, "encoding?": str, "plan seed?": Whole(), "device?": str}),
}
_PROVENANCE["merged?"] = [_PROVENANCE]  # of the tables that were joined

_FORM = {
    "title": str,
    "problem": str,
    "space": {"name?": (str, None), "hyperparameters?": [{"name": str}]},
    "record": FORM,
    "budgets": [Whole(1, LONGEST_BUDGET)],
    "seeds": [Whole(0, 2**31 - 1)],
    "provenance": _PROVENANCE,
    "schedule?": str,
    "licence?": str,
    "citation?": str,
    "missing?": Whole(),
    "files": {str: {"sha256": SHA256, "bytes": Whole(), "rows": Whole()}},
}


@dataclass(frozen=True, slots=True)
class Manifest:
    """``benchmark.json``: what the folder holds and where it comes from.

    Attributes:
        title: One line for people.
        problem: Name of the problem that was collected.
        space: The search space as ConfigSpace JSON.
        record: What every run has: metrics, fidelity, seconds.
        budgets: Numbers of steps, increasing.
        seeds: Seeds, increasing.
        provenance: Package versions, processor, plan, where the seconds come from, in words.
        schedule: How runs of different budgets differ, such as the learning rate that follows the budget.
        licence: Of the table.
        citation: What to cite when it is used.
        missing: How many of the :attr:`planned` runs are not there on purpose; tasks may hold different configurations.
        files: What each file must be, by its path in the folder.
        format_version: Version of this format.
    """

    title: str
    problem: str
    space: Mapping[str, Any]
    record: Record
    budgets: tuple[int, ...]
    seeds: tuple[int, ...]
    provenance: Mapping[str, Any]
    schedule: str = ""
    licence: str = ""
    citation: str = ""
    missing: int = 0
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION

    def __post_init__(self) -> None:
        check_budgets(self.budgets)
        if not self.seeds or any(a >= b for a, b in pairwise(self.seeds)):
            raise InputError(f"seeds must be increasing integers, got {', '.join(map(str, self.seeds[:9])) or 'none'}.")

    @property
    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets that there are runs of."""
        return tuple(
            path[len(RUNS) + 1 :].removesuffix(".parquet") for path in self.files if path.startswith(f"{RUNS}/")
        )

    @property
    def runs(self) -> int:
        """How many runs the files have."""
        return sum(record.rows for path, record in self.files.items() if path.startswith(f"{RUNS}/"))

    @property
    def planned(self) -> int:
        """How many there would be if each data set had each configuration at each budget, seed and further fidelity."""
        values = (self.budgets, self.seeds, *(each.budgets for each in self.record.further))
        return len(self.datasets) * self.files[CONFIGS].rows * prod(map(len, values))

    @property
    def hyperparameters(self) -> tuple[str, ...]:
        """Names of the space's hyperparameters."""
        return tuple(each["name"] for each in self.space.get("hyperparameters", ()))

    def schema_of(self, path: str) -> pa.Schema | None:
        """Columns of a file by its path in the folder; None where each table has its own."""
        kind = path.partition("/")[0]
        if kind in EXTRAS:
            return extra_schema(kind, self.record)
        return {DATASETS: DATASET_SCHEMA, RUNS: self.record.schema}.get(kind)

    def to_json(self) -> dict[str, Any]:
        """Plain types only; a table without gaps says nothing of them."""
        shown = asdict(self) | {"record": self.record.to_json()}
        return {name: value for name, value in shown.items() if name != "missing" or value}

    @classmethod
    def from_json(cls, document: object) -> "Manifest":
        """Read a manifest of this format or of format 1.

        Raises:
            NewerFormatError: If the format is newer than this program.
            DamagedFileError: If anything in it is not as it must be.
        """
        if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
            raise DamagedFileError(f"{MANIFEST} has no format_version; this is not a manifest of ours.")
        if document["format_version"] > FORMAT_VERSION:
            raise NewerFormatError(
                f"the folder has format version {document['format_version']}, this program knows up to "
                f"{FORMAT_VERSION}; update lcbench."
            )
        with understood(Path(MANIFEST)):
            current = format1.upgraded(document) if document["format_version"] < FORMAT_VERSION else dict(document)
            current.pop("sha256", None)
            known = checked_entries(cls, current)
            for path in known["files"]:
                check_path(path)
            check(MANIFEST, known, _FORM)
            known["record"] = Record.from_json(known["record"])
            known["budgets"], known["seeds"] = tuple(known["budgets"]), tuple(known["seeds"])
            known["files"] = {path: FileRecord(**record) for path, record in known["files"].items()}
            return cls(**known)


def check_budgets(budgets: tuple[int, ...]) -> tuple[int, ...]:
    """Check that budgets are increasing positive integers, at most :data:`LONGEST_BUDGET`.

    Raises:
        InputError: If they are not.
    """
    whole = all(isinstance(b, int) and not isinstance(b, bool) and b > 0 for b in budgets)
    if not budgets or not whole or any(a >= b for a, b in pairwise(budgets)):
        given = ", ".join(map(str, budgets)) or "none"
        raise InputError(f"budgets must be increasing positive integers (steps), got {given}.")
    if budgets[-1] > LONGEST_BUDGET:
        raise InputError(f"budgets must be at most {LONGEST_BUDGET} steps, got {budgets[-1]}.")
    return budgets


def parse_budgets(text: str) -> tuple[int, ...]:
    """Read budgets as written on a command line: ``"12,25,50"``, or ``"1-50"`` for every step from 1 to 50.

    Raises:
        InputError: If they are not increasing positive integers.
    """
    ends = [[end.strip() for end in part.split("-", 1)] for part in text.split(",")]
    if not all(end.isdecimal() for part in ends for end in part):
        raise InputError(f"budgets must be increasing positive integers (steps), got {text.strip() or 'none'}.")
    spans = [(int(part[0]), int(part[-1])) for part in ends]
    check_budgets(tuple(sorted({last for _, last in spans})))  # before a range is written out that is too long
    if any(first > last for first, last in spans):
        raise InputError(f"budgets must be increasing positive integers (steps), got {text.strip()}.")
    return check_budgets(tuple(budget for first, last in spans for budget in range(first, last + 1)))


def check_dataset_name(name: str) -> str:
    """Check that a data set's name can be a file's name.

    Raises:
        InputError: If it cannot (letters, digits and ``_ . + -`` only, no leading dot, at most 100 characters).
    """
    if not _NAME.fullmatch(name):
        raise InputError(
            f"a data set's name must be up to 100 letters, digits or any of '_.+-', no leading dot, got {name!r}."
        )
    return name


def check_path(path: str) -> str:
    """Check that a path in a manifest stays inside the folder.

    Raises:
        DamagedFileError: If it does not.
    """
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise DamagedFileError(f"{MANIFEST} names a file outside the folder or with an odd name: {path!r}.")
    return path


def table_path(kind: str, dataset: str) -> str:
    """Path of a data set's table within the folder; ``kind`` is ``RUNS`` or one of :data:`EXTRAS`."""
    return f"{kind}/{check_dataset_name(dataset)}.parquet"


def runs_path(dataset: str) -> str:
    """Path of a data set's runs within the folder."""
    return table_path(RUNS, dataset)
