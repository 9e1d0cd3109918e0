"""The traces of a study as one Parquet file."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import json_value, read_parquet, read_schema, understood
from lcbench.form import check
from lcbench.simulate.portfolios import NONE, label_of
from lcbench.simulate.study.description import DESCRIPTION, Description, read_description
from lcbench.table.metric import METRIC_FORM, Metric, from_json, to_json
from lcbench.wanted import PARQUET, Wanted
from lcbench.writing import write_parquet

SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("optimizer", "dataset")),
        *((name, pa.int64()) for name in ("seed", "workers", "trial", "config_id", "budget")),
        *((name, pa.float64()) for name in ("loss", "value", "test_loss", "test_value", "started", "finished")),
        ("worker", pa.int64()),
        ("used", pa.float64()),
        ("limit", pa.float64()),
        ("unit", pa.string()),
        *((name, pa.float64()) for name in ("best_loss", "worst_loss", "best_test_loss", "worst_test_loss")),
        ("objectives", pa.string()),
        ("losses", pa.list_(pa.float64())),
        ("hypervolume_difference", pa.float64()),
        ("portfolio", pa.string()),
    ]
)

UNITS = ("seconds", "epochs", "evaluations")
"""What a limit is in."""

KEY = ("optimizer", "dataset", "seed", "workers", "portfolio")
"""Columns that identify a simulation."""

VARIANTS = ("workers", "portfolio")
"""Those of them that make several variants of one optimizer, see :func:`by_variant`."""

COLUMNS: tuple[str, ...] = tuple(SCHEMA.names)
"""Columns of a study: ``started`` and ``finished`` in virtual seconds; ``used``, what the run had used of its ``limit``
when the result came, both in ``unit`` (``"seconds"``, then ``used`` is ``finished``; ``"epochs"``; or
``"evaluations"``); ``best_loss`` and ``worst_loss`` are the lowest and the highest finite loss in the data set's
table. ``test_loss`` and ``test_value`` are of the same configuration at the same budget on the test part, by the metric
:meth:`lcbench.table.record.Record.tested` (NaN where the table has none), and ``best_test_loss`` and
``worst_test_loss`` the lowest and the highest finite of these losses in the data set's table: no optimizer sees any.
Of several objectives ``loss`` and ``value`` are those of the first; ``objectives`` names all, separated by commas,
``losses`` holds the loss of each, and ``hypervolume_difference`` is what the run lacked of the table's hypervolume by
then, see :mod:`lcbench.simulate.study.objectives`; all three are null where there is one objective.
``workers`` is 0 where a file does not say how many there were; ``portfolio`` names what the optimizer began with, see
:attr:`lcbench.simulate.portfolios.Portfolio.name`. A run in which nothing finished has one row that is no
result, see :func:`empty_run`."""

LATER: Mapping[str, float | str | None] = {
    "workers": 0,
    **dict.fromkeys(("test_loss", "test_value", "best_test_loss", "worst_test_loss"), math.nan),
    **dict.fromkeys(("objectives", "losses", "hypervolume_difference")),
    "portfolio": NONE,
}
"""Columns that files of before may lack, and what is read in their place; the portfolio as their descriptions say."""


STUDY = Wanted("a study, as 'lcbench simulate --out' writes it", begins=PARQUET)
"""What :func:`read` reads."""

_OTHERS = {"system": ("systems", "--systems"), "method": ("one-shot searches", "--one-shot")}
"""Columns of other kinds of studies; what these are of, and what shows them."""

_METRIC = b"lcbench metric"  # key of the file's metadata


def to_table(traces: pd.DataFrame) -> pa.Table:
    """A study, or a part of one, under :data:`SCHEMA`."""
    return pa.Table.from_pandas(traces, schema=SCHEMA, preserve_index=False)


def write(
    path: Path, traces: pd.DataFrame, metric: Metric | None = None, description: Description | None = None
) -> None:
    """Write a study as plain Parquet, with what was optimized and what the study is in the file's metadata."""
    table = pa.Table.from_pandas(traces, preserve_index=False)
    said = {} if metric is None else {_METRIC: json.dumps(to_json(metric))}
    said |= {} if description is None else {DESCRIPTION: description.to_json()}
    write_parquet(path, table.replace_schema_metadata({**(table.schema.metadata or {}), **said}))


def optimized(path: Path) -> Metric | None:
    """The metric that a study optimized; None if its file does not say.

    Raises:
        InputError: If there is no such file, or it is of another kind.
        DamagedFileError: If it is damaged, or the metric cannot be understood.
    """
    STUDY.check(path)
    said = (read_schema(path).metadata or {}).get(_METRIC)
    if said is None:
        return None
    with understood(path):
        document = json_value(said.decode())
        check(path, document, METRIC_FORM, "the metric")
        return from_json(Metric, document)


def read(path: Path) -> pd.DataFrame:
    """Read a study.

    Raises:
        InputError: If there is no such file, or it is something else.
        DamagedFileError: If it is damaged or lacks a column.
    """
    STUDY.check(path)
    with understood(path):
        names = set(read_schema(path).names)
    for column, (other, option) in _OTHERS.items():
        if column in names and "optimizer" not in names:
            raise InputError(STUDY.refusal(path, f"a study of {other}", f"show it with lcbench figures {option}"))
    if names.isdisjoint(KEY):
        raise InputError(STUDY.refusal(path, "a table of something else"))
    with understood(path):
        lacking = LATER.keys() - names
        found = read_parquet(path, [name for name in COLUMNS if name not in lacking])
        for name in lacking:
            value = _portfolio_of(path) if name == "portfolio" else LATER[name]
            found = found.append_column(name, pa.repeat(pa.scalar(value), len(found)))
        traces = found.select(COLUMNS).cast(SCHEMA).to_pandas()
    may_lack = ("loss", "value", *(name for name in LATER if name != "portfolio"))
    gaps = [name for name in COLUMNS if name not in may_lack and traces[name].isna().any()]
    if gaps:
        raise DamagedFileError(f"{path} must have no gaps in column {gaps[0]}, got some; restore it or simulate again.")
    ordered = (traces["started"] >= 0) & (traces["finished"] >= traces["started"]) & (traces["used"] >= 0)
    counted = (traces["budget"] >= NO_BUDGET) & (traces[["trial", "config_id", "worker"]] >= _NONE).all(axis=1)
    counted &= traces["workers"] >= 0
    bounded = (traces["limit"] > 0) & np.isfinite(traces[["started", "finished", "used", "limit", "best_loss"]]).all(
        axis=1
    )
    sound = ordered & counted & bounded & traces["unit"].isin(UNITS) & (traces["worst_loss"] >= traces["best_loss"])
    if traces.empty or not sound.all():
        row = "no rows" if traces.empty else f"row {int(sound.argmin())}"
        raise DamagedFileError(f"{path} must have times, budgets and limits that can be, got {row}; restore it.")
    return traces


def _portfolio_of(path: Path) -> str:
    """The portfolio of all runs of a file without a column of it."""
    said = read_description(path)
    names = [] if said is None else said.names.get("portfolios", [])
    return str(names[0]) if len(names) == 1 else NONE


# A simulation in which nothing finished within the limit is an outcome and no error. It has one row under the same
# columns, which is no result: its loss is infinite, so that readers count it as holding the worst configuration of the
# table, and its budget is 0, which no job has.

NO_BUDGET = 0
"""Epochs in the row of an empty simulation; a result has at least 1."""

_NONE = -1  # trial, configuration and worker where there is none
_NAMED = 3


def empty_run(same: Mapping[str, object], first: float) -> pa.Table:
    """The row of a simulation in which nothing finished.

    Args:
        same: What every row of it has, such as its optimizer and its limit (in virtual seconds: a limit on
            epochs or evaluations lets the first job end).
        first: Virtual seconds after which its first job would have ended, which is later than the limit.

    Returns:
        One row under :data:`lcbench.simulate.study.file.SCHEMA`.
    """
    job = {"trial": _NONE, "config_id": _NONE, "worker": _NONE, "budget": NO_BUDGET}
    outcome = {"loss": math.inf, "value": math.nan, "started": 0.0, "finished": first, "used": first}
    outcome |= {"test_loss": math.nan, "test_value": math.nan}
    outcome |= {"hypervolume_difference": math.inf} if same.get("objectives") else {}
    return pa.Table.from_pylist([{**job, **outcome, **same}], schema=SCHEMA)


def is_empty(traces: pd.DataFrame) -> "pd.Series[bool]":
    """Mask of the rows that say that nothing finished; none in traces from elsewhere without a column ``budget``."""
    return traces["budget"] == NO_BUDGET if "budget" in traces else pd.Series(data=False, index=traces.index)


BASE = "base"
"""The column of :func:`by_variant` that names an optimizer without its portfolio and workers."""


def by_variant(traces: pd.DataFrame) -> pd.DataFrame:
    """Traces in which an optimizer with each of several portfolios and numbers of workers is one of its own.

    What compares optimizers (tables, figures, tests) sets these against each other and never averages over them.

    Returns:
        The same rows. Their optimizers are such as ``bohb``, ``bohb + greedy:16`` (several portfolios), ``bohb x4``
        (several numbers of workers) or ``bohb + greedy:16 x4``, and the column :data:`BASE` says ``bohb``. Traces
        without several of either are as they were.
    """
    several = [name for name in VARIANTS if name in traces and len(traces[name].unique()) > 1]
    if not several:
        return traces
    names = traces["optimizer"]
    if "portfolio" in several:
        ends = {name: "" if name == NONE else f" + {label_of(name)}" for name in traces["portfolio"].unique()}
        names += traces["portfolio"].map(ends)
    if "workers" in several:
        names += " x" + traces["workers"].astype(str)
    return traces.assign(optimizer=names, **{BASE: traces["optimizer"]})


def results(traces: pd.DataFrame) -> pd.DataFrame:
    """The rows that are results."""
    return traces[~is_empty(traces)]


def said(traces: pd.DataFrame) -> str:
    """One line that names the empty simulations; nothing if there are none."""
    empty = traces[is_empty(traces)]
    if empty.empty:
        return ""
    rows = zip(*(empty[name].tolist() for name in ("optimizer", "dataset", "seed")), strict=True)
    names = [f"{optimizer} on {dataset}, seed {seed}" for optimizer, dataset, seed in rows]
    more = f"; and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    runs, count = ("1 run", "counts") if len(names) == 1 else (f"{len(names)} runs", "count")
    shown = "; ".join(names[:_NAMED])
    return f"{runs} finished nothing within the budget and {count} as the worst to the end: {shown}{more}."


def check_not_all_empty(traces: pd.DataFrame, budget: str) -> None:
    """Check that something finished somewhere.

    Args:
        traces: All simulations of a study.
        budget: As it was given.

    Raises:
        InputError: If every simulation is empty; it says how much would have been enough for the first result.
    """
    if not is_empty(traces).all():
        return
    short = traces["finished"] / traces["limit"]
    first = traces.iloc[int(short.argmin())]
    times = math.ceil(100 * short.min()) / 100
    raise InputError(
        f"budget must be enough for one evaluation, got {budget!r}, in which none of {len(traces)} runs finished any; "
        f"give at least {times:g} times as much, then {first['optimizer']} on {first['dataset']} has a result."
    )
