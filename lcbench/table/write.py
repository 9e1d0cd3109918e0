"""Make a benchmark folder of anybody's data frame or arrays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.table import store
from lcbench.table._frames import BUDGET, CONFIG, KEYS, SEED, TASK, Runs, of_arrays, of_frame
from lcbench.table.benchmark import Benchmark, load
from lcbench.table.curve import backwards, outside
from lcbench.table.manifest import DATASET_SCHEMA, Manifest, check_dataset_name
from lcbench.table.metric import NAME, Fidelity, Metric
from lcbench.table.record import ORIGINS, SECONDS, Origin, Record
from lcbench.writing import appearing

if TYPE_CHECKING:
    import pandas as pd
    from ConfigSpace import ConfigurationSpace

_STEPS = Fidelity("steps")


def write(
    folder: str | Path,
    runs: "pd.DataFrame | Mapping[str, ArrayLike]",
    *,
    space: "ConfigurationSpace | Mapping[str, Any]",
    metrics: Iterable[Metric],
    fidelity: Fidelity | str | None = None,
    further: Iterable[Fidelity | str] = (),
    objective: str | None = None,
    tasks: "str | Iterable[str] | pd.DataFrame | None" = None,
    configs: "pd.DataFrame | None" = None,
    untrained: bool | None = None,
    seconds: Origin | None = None,
    title: str = "",
    problem: str = "",
    schedule: str = "",
    licence: str = "",
    citation: str = "",
) -> Benchmark:
    """Write a benchmark folder of a data frame or of arrays.

    A frame has columns for the data set (``task`` or ``dataset``), the configuration (its hyperparameters, or
    ``config_id`` with ``configs``), optionally ``seed``, further fidelities by their names, the metrics and ``seconds``
    (cumulative), in one of three forms:

    - A row a run, its metrics numbers: the end of the run. Budgets in a column ``budget`` are amounts of the fidelity,
      such as 100 epochs; each run is one of its own.
    - A row a run, its metrics sequences: its curves. With a column ``budget`` they have ``budget`` values, or one more,
      before the first step.
    - A row a step of a run, the amount of the fidelity so far in a column ``step``; step 0 is before the first.

    Arrays are one ``(tasks, configs, seeds, steps + 1)`` for each metric, and for seconds, by name; index 0 of the last
    axis is before the first step, and a run of NaN alone is not there.

    What a run did not record is NaN; runs that are not there are missing, see :attr:`Manifest.missing`.

    Args:
        folder: Where: a new or empty folder. It appears when it is whole.
        runs: The frame, or the arrays by name.
        space: The search space, or its hyperparameters as ``ConfigurationSpace`` takes them.
        metrics: What is measured.
        fidelity: The axis of the curves, or its name; by default steps.
        further: Further fidelities, or their names.
        objective: Name of the metric that is optimized if none is named; the first by default.
        tasks: Names of the data sets, or a frame of what is known of them with a column ``name``; by default those of
            the runs.
        configs: One row per configuration, if runs name them by number: by a column ``config_id``, else by their place.
        untrained: Whether sequences begin before the first step; by default their length and ``budget`` tell.
        seconds: How the seconds were obtained: measured (the default if there are any), modelled or published.
        title: One line for people; by default the folder's name.
        problem: Name of what was trained; by default the folder's.
        schedule: How runs of different budgets differ, in words.
        licence: Of the table.
        citation: What to cite when it is used.

    Returns:
        The benchmark, opened.

    Raises:
        InputError: If anything cannot be used; it names the argument or the column and row. Nothing is written then.
    """
    place, measured = Path(folder), _metrics(metrics)
    known = _space(space, {metric.name for metric in measured})
    axes = tuple(Fidelity(each) if isinstance(each, str) else each for each in (fidelity or _STEPS, *further))
    if isinstance(runs, Mapping):
        found, numbered, described = _from_arrays(runs, known, axes, tasks, configs, measured)
    else:
        found, numbered, described = _from_frame(runs, known, axes, tasks, configs, measured, untrained)
    record = _record(found, measured, objective, axes, seconds)
    _check_values(found, record)
    manifest = Manifest(
        title or place.name,
        problem or place.name,
        _space_json(known),
        record,
        tuple(np.unique(found.key[BUDGET]).tolist()),
        tuple(np.unique(found.key[SEED]).tolist()),
        {"created": datetime.now(UTC).date().isoformat(), "settings": {"written by": "lcbench.write"}},
        schedule,
        licence,
        citation,
    )
    names = described["name"].to_pylist()
    with appearing(place) as made:
        store.write(made, manifest, numbered, described, {name: found.table(name, record) for name in names})
    return load(place)


def _metrics(metrics: Iterable[Metric]) -> tuple[Metric, ...]:
    found = tuple(metrics)
    goals: dict[str, str] = {}
    for metric in found:
        if not isinstance(metric, Metric):
            raise InputError(f'metrics must be such as Metric("valid_rmse", "K", "minimize", low=0.0), got {metric!r}.')
        if metric.name in goals:
            both = f"{goals[metric.name]} and {metric.goal}" if goals[metric.name] != metric.goal else "both alike"
            raise InputError(f"metric {metric.name} must be declared once, got it twice ({both}); remove one.")
        goals[metric.name] = metric.goal
    if not found:
        raise InputError("metrics must be at least one, got none.")
    return found


def _space(space: "ConfigurationSpace | Mapping[str, Any]", metrics: set[str]) -> "ConfigurationSpace":
    """The search space, whose names are no other columns' names."""
    from ConfigSpace import ConfigurationSpace

    if not isinstance(space, ConfigurationSpace):
        if not isinstance(space, Mapping):
            raise InputError(
                f"space must be a ConfigurationSpace or the mapping it takes, got {type(space).__name__}; ranges and "
                "scales of hyperparameters cannot be told from the values that were tried."
            )
        try:
            space = ConfigurationSpace(space=dict(space))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"space must be what ConfigurationSpace takes, got {str(error).splitlines()[0]}."
            ) from error
    if not len(space):
        raise InputError("space must have at least one hyperparameter, got none.")
    for name in space:
        if name in KEYS | metrics | {SECONDS} or not NAME.fullmatch(name) or name != name.strip():
            raise InputError(
                f"names of hyperparameters must be no other column's and not blank, got {name!r}; rename it."
            )
    return space


def _space_json(space: "ConfigurationSpace") -> dict[str, Any]:
    from lcbench.space.spaces import to_json

    return to_json(space)


def _record(
    runs: Runs, metrics: tuple[Metric, ...], objective: str | None, axes: tuple[Fidelity, ...], seconds: Origin | None
) -> Record:
    """What every run has; further fidelities have the values that there are."""
    if seconds is not None and seconds not in ORIGINS:
        raise UnknownNameError("origin of seconds", seconds, ORIGINS)
    clocked = SECONDS in runs.curves
    if clocked != ((seconds or ("measured" if clocked else "none")) != "none"):
        raise InputError(
            f"seconds must be given where they are {seconds}, got {'some' if clocked else 'no such column'}."
        )
    values = (tuple(np.unique(runs.key[each.name]).tolist()) for each in axes[1:])
    others = [replace(each, budgets=budgets) for each, budgets in zip(axes[1:], values, strict=True)]
    return Record(
        metrics,
        objective or metrics[0].name,
        (runs.fidelity, *others),
        seconds=(seconds or "measured") if clocked else "none",
    )


def _check_values(runs: Runs, record: Record) -> None:
    """Check all that a run records, as float32 will have it."""
    for name, ends in record.ranges.items():
        curves = runs.curves[name]
        with np.errstate(over="ignore"):
            values = curves.flat.astype(np.float32)
        wrong = np.isinf(values)
        said = "must be finite (NaN where a run diverged)"
        if name == SECONDS and not wrong.any():
            wrong, said = backwards(values, curves.starts), "must begin at 0 and never fall, and be there at every step"
        elif not wrong.any():
            wrong = np.isin(values, outside(values, ends))
            said = f"must be in [{ends[0]:g}, {ends[1]:g}]"
        if wrong.any():
            place = int(np.argmax(wrong))
            run = int(np.searchsorted(np.cumsum(curves.lengths), place, side="right"))
            key = {"task": runs.task, **runs.key}
            which = ", ".join(f"{column} {key[column][run]}" for column in key)
            step = place - int(curves.starts[run])
            raise InputError(f"{name} {said}, got {curves.flat[place]:g} at step {step} of {which}.")


# What the arguments say together ---------------------------------------------------------------------------------

_Parts = tuple[Runs, pa.Table, pa.Table]


def _from_arrays(
    arrays: Mapping[str, ArrayLike],
    space: "ConfigurationSpace",
    axes: tuple[Fidelity, ...],
    tasks: Any,
    configs: "pd.DataFrame | None",
    metrics: tuple[Metric, ...],
) -> _Parts:
    names = [metric.name for metric in metrics]
    _check_names("arrays", arrays, names, (SECONDS,))
    if configs is None or tasks is None:
        raise InputError(
            "arrays must come with configs, a frame of their configurations, and tasks, the names of their data sets."
        )
    if len(axes) > 1:
        raise InputError(
            f"arrays must have one fidelity, got {len(axes)}; give a frame, in which further ones are columns."
        )
    described = _described(tasks, None)
    numbered, ids = _numbered(configs, space)
    return of_arrays(arrays, described["name"].to_pylist(), ids, axes[0]), numbered, described


def _from_frame(
    frame: "pd.DataFrame",
    space: "ConfigurationSpace",
    axes: tuple[Fidelity, ...],
    tasks: Any,
    configs: "pd.DataFrame | None",
    metrics: tuple[Metric, ...],
    untrained: bool | None,
) -> _Parts:
    """Runs, configurations and data sets of a frame in long form."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise InputError(f"runs must be a pandas DataFrame or arrays by name, got {type(frame).__name__}.")
    frame = frame.reset_index(drop=frame.index.names == [None])
    names, further = [metric.name for metric in metrics], [each.name for each in axes[1:]]
    _check_names("runs", frame.columns, [*names, *further], (*KEYS, SECONDS, *space), axes[0].name)
    if frame.empty:
        raise InputError("runs must have at least one row, got none.")
    frame, described = _with_tasks(frame, tasks)
    frame, numbered = _with_configs(frame, space, configs)
    series = [*names, *([SECONDS] if SECONDS in frame else [])]
    return of_frame(frame, series, axes[0], further, untrained), numbered, described


def _check_names(
    what: str, given: Iterable[Any], needed: Sequence[str], allowed: Iterable[str], axis: str | None = None
) -> None:
    """Check that everything needed is there, each once, and nothing that nobody knows."""
    columns = list(given)
    twice = sorted({str(name) for name in columns if columns.count(name) > 1})
    lacking = [name for name in needed if name not in columns]
    unknown = [str(name) for name in columns if name not in {*needed, *allowed}]
    if axis is not None and axis in unknown:
        raise InputError(
            f"column {axis} of runs must be named 'step' if its rows are points of one run, or 'budget' if each is the "
            "end of a run of its own; rename it."
        )
    said = {"twice": twice, "no": lacking, "unknown": unknown}
    parts = [f"{word} {', '.join(found)}" for word, found in said.items() if found]
    if parts:
        raise InputError(
            f"{what} must have {', '.join(needed)} and what names a run, got {'; '.join(parts)}; drop or rename it, or "
            "declare it among the metrics."
        )


def _with_tasks(frame: "pd.DataFrame", tasks: Any) -> tuple["pd.DataFrame", pa.Table]:
    """The frame with a column ``task``, and the table of data sets."""
    given = [name for name in TASK if name in frame]
    if len(given) > 1:
        raise InputError("runs must name their data sets in one column, got task and dataset; drop one.")
    if not given:
        described = None if tasks is None else _described(tasks, None)
        if described is None or described.num_rows != 1:
            raise InputError("runs must name their data sets in a column 'task', got none; or give one, tasks='NAME'.")
        return frame.assign(task=described["name"][0].as_py()), described
    frame = frame.rename(columns={given[0]: TASK[0]})
    odd = next((value for value in frame[TASK[0]].unique().tolist() if not isinstance(value, str)), None)
    if odd is not None:
        raise InputError(f"column {given[0]} must hold names of data sets, got {odd!r}.")
    names = list(dict.fromkeys(frame[TASK[0]].tolist()))
    return frame, _described(names if tasks is None else tasks, names)


def _described(tasks: Any, recorded: list[str] | None) -> pa.Table:
    """The table of data sets: those of the runs, each once.

    Raises:
        InputError: If others are named.
    """
    import pandas as pd

    if isinstance(tasks, pd.DataFrame):
        if "name" not in tasks:
            raise InputError(f"tasks must have a column name, got {', '.join(map(str, tasks.columns)) or 'none'}.")
        table = _typed(pa.Table.from_pandas(tasks, preserve_index=False).replace_schema_metadata(None))
    else:
        table = pa.table({"name": pa.array([tasks] if isinstance(tasks, str) else list(tasks), pa.string())})
    names = table["name"].to_pylist()
    for name in names:
        check_dataset_name(name)
    if not names or len(set(names)) < len(names) or (recorded is not None and set(names) != set(recorded)):
        shown = ", ".join(names) or "none"
        wanted = "data sets, each once" if recorded is None else f"those of the runs, {', '.join(recorded[:9])}"
        raise InputError(f"tasks must be {wanted}, got {shown}.")
    return table


def _typed(table: pa.Table) -> pa.Table:
    """The columns that the format knows in its own types."""
    for place, field in enumerate(table.schema):
        known = field.name in DATASET_SCHEMA.names
        large = pa.types.is_large_string(field.type)
        kind = DATASET_SCHEMA.field(field.name).type if known else pa.string() if large else field.type
        try:
            table = table.set_column(place, pa.field(field.name, kind), table[field.name].cast(kind))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise InputError(f"tasks must hold {kind} in column {field.name}, got {field.type}.") from error
    return table


def _with_configs(
    frame: "pd.DataFrame", space: "ConfigurationSpace", configs: "pd.DataFrame | None"
) -> tuple["pd.DataFrame", pa.Table]:
    """The frame with a column ``config_id``, and the table of configurations."""
    names = list(space)
    there = [name for name in names if name in frame]
    if configs is not None:
        if there or CONFIG not in frame:
            raise InputError(
                "runs must name their configurations by a column config_id when configs are given, and hold no "
                f"hyperparameters, got {', '.join(there) or 'no config_id'}."
            )
        numbered, ids = _numbered(configs, space)
        unknown = frame[~frame[CONFIG].isin(ids)]
        if len(unknown):
            raise InputError(f"column config_id must name rows of configs, got {unknown[CONFIG].iloc[0]!r}.")
        return frame, numbered
    lacking = [name for name in names if name not in there and name not in space.conditional_hyperparameters]
    if lacking:
        raise InputError(
            f"runs must have a column for each hyperparameter, or config_id with configs, got no {', '.join(lacking)}."
        )
    values = frame.reindex(columns=names)
    if CONFIG not in frame:
        frame = frame.assign(**{CONFIG: values.groupby(names, dropna=False, sort=False).ngroup()})
    different = values.assign(**{CONFIG: frame[CONFIG]}).drop_duplicates()
    several = different[CONFIG].duplicated()
    if several.any():
        which = different[CONFIG][several].iloc[0]
        raise InputError(f"each config_id must be one configuration, got several for {which}.")
    numbered, _ = _numbered(different.sort_values(CONFIG), space)
    return frame, numbered


def _numbered(configs: "pd.DataFrame", space: "ConfigurationSpace") -> tuple[pa.Table, NDArray[np.int64]]:
    """The table of configurations, and their numbers: a column or index ``config_id``, else their places."""
    from lcbench.space.spaces import check_configs

    if configs.index.name == CONFIG:
        configs = configs.reset_index()
    ids = configs[CONFIG].to_numpy() if CONFIG in configs else np.arange(len(configs))
    if ids.dtype.kind not in "iu" or (len(ids) and (ids.min() < 0 or ids.max() >= 2**31)):
        raise InputError("config_id must be whole numbers of at least 0, got others.")
    if len(np.unique(ids)) < len(ids):
        raise InputError("configs must have each config_id once, got one twice.")
    checked = check_configs(space, configs.reset_index(drop=True))
    columns = {name: pa.array(checked[name], from_pandas=True) for name in checked}
    return pa.table({CONFIG: pa.array(ids.astype(np.int32)), **columns}), ids.astype(np.int64)
