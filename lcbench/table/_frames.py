"""Runs of a benchmark from data frames and arrays, in the forms that people have them in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError
from lcbench.table.manifest import LONGEST_BUDGET
from lcbench.table.metric import Fidelity
from lcbench.table.record import KEY, SECONDS, Record
from lcbench.whole import is_number

if TYPE_CHECKING:
    import pandas as pd

STEP, BUDGET, SEED, CONFIG = "step", "budget", "seed", "config_id"
TASK = ("task", "dataset")
"""Names that the column of data sets can have."""


class Lists(NamedTuple):
    """One list of numbers a run: all of them one after the other, and how long each is."""

    flat: NDArray[np.float64]
    lengths: NDArray[np.int64]

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each list begins."""
        return np.cumsum(self.lengths) - self.lengths


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs column by column.

    Attributes:
        task: Name of each run's data set, ``(runs,)``.
        key: Its other key columns by name; budgets are numbers of steps.
        curves: Its series by name, each ``budget + 1`` long.
        fidelity: What the steps are.
    """

    task: NDArray[Any]
    key: Mapping[str, NDArray[Any]]
    curves: Mapping[str, Lists]
    fidelity: Fidelity

    def table(self, task: str, record: Record) -> pa.Table:
        """The runs of one data set, with the columns of its record."""
        mine = np.flatnonzero(self.task == task)
        columns = {name: pa.array(self.key[name][mine]) for name in record.key}
        for name in record.ranges:
            curves = self.curves[name]
            taken, starts = curves.lengths[mine], curves.starts[mine]
            offsets = np.concatenate([[0], np.cumsum(taken)])
            places = np.repeat(starts - offsets[:-1], taken) + np.arange(offsets[-1])
            flat = pa.array(curves.flat[places].astype(np.float32))
            columns[name] = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), flat)
        return pa.table(columns, schema=record.schema)


# From a frame ----------------------------------------------------------------------------------------------------


def of_frame(
    frame: "pd.DataFrame", names: Sequence[str], fidelity: Fidelity, further: Sequence[str], untrained: bool | None
) -> Runs:
    """Runs from a frame in long form, in which each row names its data set, configuration and so on.

    Args:
        frame: With the columns ``task`` and ``config_id``, and perhaps ``seed``, ``budget`` and ``step``.
        names: The columns that are series.
        fidelity: The axis of the curves.
        further: Names of the further fidelities, which are columns.
        untrained: Whether sequences begin before the first step.

    Raises:
        InputError: If a column cannot be used; it names column and row.
    """
    key: dict[str, NDArray[Any]] = {
        SEED: _whole(frame, SEED) if SEED in frame else np.zeros(len(frame), np.int64),
        CONFIG: _whole(frame, CONFIG),
    }
    key.update({name: _numbers(frame, name) for name in further})
    task = frame[TASK[0]].to_numpy()
    if STEP in frame:
        return _of_steps(frame, names, fidelity, task, key)
    listed = [name for name in names if not _is_numeric(frame[name])]
    if listed:
        return _of_curves(frame, names, fidelity, task, key, untrained)
    return _of_ends(frame, names, fidelity, task, key)


def _of_ends(
    frame: "pd.DataFrame", names: Sequence[str], fidelity: Fidelity, task: NDArray[Any], key: dict[str, NDArray[Any]]
) -> Runs:
    """A row a run, of which only the end is known."""
    if BUDGET not in frame:
        budget = np.full(len(frame), len(fidelity.steps) if isinstance(fidelity.steps, tuple) else 1)
    elif fidelity.steps == 1:
        fidelity, budget = _anchored(fidelity, _numbers(frame, BUDGET))
    else:
        budget = _whole(frame, BUDGET)
    _check_budgets(budget)
    lengths = budget + 1
    curves = {}
    for name in names:
        ends = _numbers(frame, name)
        values = np.repeat(ends, lengths) if name == SECONDS else np.full(lengths.sum(), np.nan)
        values[np.cumsum(lengths) - 1] = ends
        if name == SECONDS:
            values[np.cumsum(lengths) - lengths] = 0
        curves[name] = Lists(values, lengths)
    return _checked(Runs(task, {**key, BUDGET: budget}, curves, fidelity))


def _anchored(fidelity: Fidelity, units: NDArray[np.float64]) -> tuple[Fidelity, NDArray[np.int64]]:
    """A fidelity whose steps are at the amounts that there are, and the number of steps to each."""
    anchors = np.unique(units)
    if not anchors[0] > 0:
        raise InputError(f"budgets must be positive amounts of {fidelity.unit}, got {anchors[0]:g}.")
    steps = tuple(int(each) if float(each).is_integer() else float(each) for each in anchors)
    return replace(fidelity, steps=steps), np.searchsorted(anchors, units).astype(np.int64) + 1


def _of_curves(
    frame: "pd.DataFrame",
    names: Sequence[str],
    fidelity: Fidelity,
    task: NDArray[Any],
    key: dict[str, NDArray[Any]],
    untrained: bool | None,
) -> Runs:
    """A row a run with its curves as sequences."""
    found = {name: _lists(frame, name) for name in names if not _is_numeric(frame[name])}
    ends = {name: _numbers(frame, name) for name in names if name not in found}
    if SECONDS in ends:
        raise InputError("column seconds must be sequences as the metrics are, cumulative for each step, got numbers.")
    first = next(iter(found))
    for name, lists in found.items():
        wrong = np.flatnonzero(lists.lengths != found[first].lengths)
        if len(wrong):
            sizes = f"{first} {found[first].lengths[wrong[0]]} and {name} {lists.lengths[wrong[0]]}"
            raise InputError(f"curves of a run must be of one length, got {sizes} long in row {wrong[0]}.")
    lengths = found[first].lengths
    budget = _whole(frame, BUDGET) if BUDGET in frame else None
    begins = _begins(lengths, budget, untrained)
    steps = lengths - begins
    _check_budgets(steps)
    starts = {SECONDS: 0.0}
    curves = {name: each if begins else _with_start(each, starts.get(name, np.nan)) for name, each in found.items()}
    for name, values in ends.items():
        flat = np.full((steps + 1).sum(), np.nan)
        flat[np.cumsum(steps + 1) - 1] = values
        curves[name] = Lists(flat, steps + 1)
    return _checked(Runs(task, {**key, BUDGET: steps}, curves, fidelity))


def _begins(lengths: NDArray[np.int64], budget: NDArray[np.int64] | None, untrained: bool | None) -> bool:
    """Whether curves begin with what was before the first step."""
    if budget is None:
        if untrained is None:
            raise InputError(
                "curves must say whether their first value is before the first step, got neither a column budget nor "
                "untrained; give untrained=True if it is, untrained=False if it is after it."
            )
        return untrained
    for begins in (True, False) if untrained is None else (untrained,):
        if (lengths == budget + begins).all():
            return begins
    wrong = int(np.argmax((lengths != budget + 1) if untrained is not False else (lengths != budget)))
    raise InputError(
        f"curves must have one value for each of budget steps, or one more before the first, the same in all rows, got "
        f"{lengths[wrong]} values at budget {budget[wrong]} in row {wrong}."
    )


def _with_start(lists: Lists, start: float) -> Lists:
    values = np.insert(lists.flat, lists.starts, start)
    return Lists(values, lists.lengths + 1)


def _of_steps(
    frame: "pd.DataFrame", names: Sequence[str], fidelity: Fidelity, task: NDArray[Any], key: dict[str, NDArray[Any]]
) -> Runs:
    """A row a step of a run."""
    import pandas as pd

    units = _numbers(frame, STEP)
    positive = np.unique(units[units > 0])
    if (units < 0).any() or not len(positive):
        raise InputError(f"column step must be at least 0, and more in some row, got {units.min():g}.")
    plain = np.array_equal(positive, np.arange(1, len(positive) + 1))
    if fidelity.steps == 1 and not plain:
        fidelity, _ = _anchored(fidelity, positive)
    anchors = np.asarray(fidelity.steps if isinstance(fidelity.steps, tuple) else np.arange(1, units.max() + 1))
    step = np.where(units == 0, 0, np.searchsorted(anchors, units) + 1)
    known = (units == 0) | (anchors[np.minimum(step, len(anchors)) - 1] == units)
    if not known.all():
        wrong = int(np.argmin(known))
        raise InputError(f"column step must be a step of {fidelity.label}, got {units[wrong]:g} in row {wrong}.")
    known_key = {**key, **({BUDGET: _whole(frame, BUDGET)} if BUDGET in frame else {})}
    run = pd.DataFrame({"task": task, **known_key}).groupby(["task", *known_key], sort=False).ngroup().to_numpy()
    order = np.lexsort((step, run))
    run, step, rows = run[order], step[order], order
    twice = np.flatnonzero((np.diff(run) == 0) & (np.diff(step) == 0))
    if len(twice):
        pair = rows[twice[0]], rows[twice[0] + 1]
        raise InputError(
            f"each step of a run must be there once, got step {units[pair[0]]:g} in rows {pair[0]} and {pair[1]}."
        )
    last = np.append(np.diff(run) != 0, True)  # a mask
    budget = step[last] if BUDGET not in known_key else known_key[BUDGET][rows[last]]
    _check_budgets(budget)
    if (step > budget[run]).any():
        wrong = int(rows[np.argmax(step > budget[run])])
        raise InputError(f"steps must be within the budget, got step {units[wrong]:g} beyond it in row {wrong}.")
    lengths = budget + 1
    places = (np.cumsum(lengths) - lengths)[run] + step
    curves = {}
    for name in names:
        flat = np.full(lengths.sum(), np.nan)
        flat[places] = _numbers(frame, name)[rows]
        curves[name] = Lists(flat, lengths)
    if SECONDS in curves:
        curves[SECONDS] = _paid(curves[SECONDS])
    ends = rows[last]
    return _checked(Runs(task[ends], {**{n: v[ends] for n, v in key.items()}, BUDGET: budget}, curves, fidelity))


def _paid(seconds: Lists) -> Lists:
    """Seconds that begin at 0; those of a step without a row are the next known ones, or else the last."""
    import pandas as pd

    values = pd.Series(seconds.flat)
    starts = seconds.starts
    values[starts] = values[starts].fillna(0.0)
    run = np.repeat(np.arange(len(starts)), seconds.lengths)
    filled = values.groupby(run).bfill().groupby(run).ffill()
    return Lists(np.asarray(filled, np.float64), seconds.lengths)


# From arrays -----------------------------------------------------------------------------------------------------


def of_arrays(
    arrays: Mapping[str, ArrayLike], tasks: Sequence[str], config_ids: NDArray[np.int64], fidelity: Fidelity
) -> Runs:
    """Runs from an array ``(tasks, configs, seeds, steps + 1)`` for each series; a run of NaN alone is missing.

    Raises:
        InputError: If the arrays are of other shapes or hold no numbers.
    """
    found = {name: _array(name, array) for name, array in arrays.items()}
    shapes = {array.shape for array in found.values()}
    if len(shapes) > 1:
        raise InputError(f"arrays must be of one shape, got {', '.join(map(str, sorted(shapes)))}.")
    shape = shapes.pop()
    wanted = (len(tasks), len(config_ids))
    if shape[:2] != wanted or shape[3] < 2:
        raise InputError(
            f"arrays must be (tasks, configs, seeds, steps + 1) = ({wanted[0]}, {wanted[1]}, seeds, steps + 1), "
            f"got {shape}; the last axis begins before the first step."
        )
    there = np.logical_or.reduce([~np.isnan(array).all(axis=3) for array in found.values()])
    task, config, seed = np.nonzero(there)
    length = np.full(len(task), shape[3], np.int64)
    key = {BUDGET: length - 1, CONFIG: config_ids[config], SEED: seed}
    curves = {name: Lists(array[there].ravel(), length) for name, array in found.items()}
    return _checked(Runs(np.asarray(tasks, object)[task], key, curves, fidelity))


def _array(name: str, array: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(array)
    if found.dtype.kind not in "iuf" or found.ndim != 4:
        shape = f"{found.dtype} of shape {found.shape}"
        raise InputError(f"array {name} must be numbers (tasks, configs, seeds, steps + 1), got {shape}.")
    return found.astype(np.float64)


# Columns ---------------------------------------------------------------------------------------------------------


def _is_numeric(column: "pd.Series[Any]") -> bool:
    return column.dtype.kind in "iuf" or all(is_number(value) or value is None for value in column)


def _numbers(frame: "pd.DataFrame", name: str) -> NDArray[np.float64]:
    """A column of numbers; missing ones are NaN."""
    column = frame[name]
    if column.dtype.kind in "iuf":
        return column.to_numpy(np.float64, na_value=np.nan)
    for row, value in enumerate(column):
        if isinstance(value, bool) or not (is_number(value) or value is None):
            raise InputError(f"column {name} must hold numbers, got {value!r} in row {row}.")
    return np.array([np.nan if value is None else value for value in column], np.float64)


def _whole(frame: "pd.DataFrame", name: str) -> NDArray[np.int64]:
    values = _numbers(frame, name)
    wrong = np.flatnonzero(~((values >= 0) & (values < 2**31) & (values == np.floor(values))))
    if len(wrong):
        raise InputError(
            f"column {name} must hold whole numbers of at least 0, got {values[wrong[0]]:g} in row {wrong[0]}."
        )
    return values.astype(np.int64)


def _lists(frame: "pd.DataFrame", name: str) -> Lists:
    """A column of sequences of numbers; None is NaN."""
    arrays = []
    for row, value in enumerate(frame[name]):
        plain = isinstance(value, list | tuple)
        found = np.asarray([np.nan if each is None else each for each in value] if plain else value)
        if found.ndim != 1 or found.dtype.kind not in "iuf":
            raise InputError(f"column {name} must hold numbers or sequences of numbers, got {value!r} in row {row}.")
        arrays.append(found)
    lengths = np.array([len(array) for array in arrays], np.int64)
    return Lists(np.concatenate(arrays).astype(np.float64), lengths)


def _check_budgets(budget: NDArray[np.int64]) -> None:
    if not ((budget >= 1) & (budget <= LONGEST_BUDGET)).all():
        wrong = budget[(budget < 1) | (budget > LONGEST_BUDGET)][0]
        raise InputError(f"budgets must be from 1 to {LONGEST_BUDGET} steps, got {wrong}.")


def _checked(runs: Runs) -> Runs:
    """Runs each of which is there once.

    Raises:
        InputError: If one is there twice.
    """
    import pandas as pd

    keys = pd.DataFrame({"task": runs.task, **runs.key})
    twice = keys[keys.duplicated()]
    if len(twice):
        which = ", ".join(f"{name} {value}" for name, value in twice.iloc[0].items())
        raise InputError(
            f"each run must be there once, got {which} more than once; name seeds or budgets in columns, or the points "
            "of a curve in a column step."
        )
    return runs


KEYS = frozenset((*KEY, *TASK, STEP))
"""Names of columns that have a meaning of their own."""
