"""LCBenchLite, the published LCBench as Parquet files, to a benchmark folder: learning curves, or final values alone.

LCBenchLite has a folder for each data set, with a row for each configuration (column ``trial``)::

    <dataset>/config.parquet.gzip     hyperparameters and settings
    <dataset>/results.parquet.gzip    results, such as final_val_accuracy
    <dataset>/metrics.parquet.gzip    the log: a row for each trial and epoch, a column for each published tag

Copies of it are read too: one file with the final values of all data sets (a column ``dataset``, hyperparameters and
results), and a file of curves that has a row for each configuration and a list for each tag. Curves become what
:func:`lcbench.table.doors.official.importing.import_json` makes of the same runs in JSON. Final values become a table
of one step, which stands for all epochs of a run.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lcbench.errors import InputError, UnknownNameError
from lcbench.files import read_parquet
from lcbench.table import format1, store
from lcbench.table.doors.official.importing import Gathered, import_entries, seal
from lcbench.table.doors.official.names import FINAL, HYPERPARAMETERS, PERCENT, SETTINGS, T_MAX
from lcbench.table.doors.official.run import check_results, whole
from lcbench.table.manifest import DOUBLE_SOFTMAX, LONGEST_BUDGET, Manifest, check_dataset_name
from lcbench.table.metric import Fidelity
from lcbench.table.record import Record
from lcbench.wanted import PARQUET, Wanted
from lcbench.writing import appearing

_IDS = ("trial", "config_id")
_SIZES = ("instances", "classes", "features")
_SUFFIXES = (".parquet.gzip", ".parquet")
_RESULTS = ("model_parameters", *FINAL, "OpenML_task_id", "test_split", "budget", "seed", *_SIZES)
_FINALS = {name: column for column, name in FINAL.items() if name != "test_cross_entropy"}
"""Results by the metric that each is; of the test cross-entropy there is only that of two softmaxes."""


@dataclass(frozen=True, slots=True)
class Copy:
    """What a copy of the published data has of one data set.

    Attributes:
        name: Of the data set.
        finals: A row per configuration: ``config_id``, hyperparameters, settings if it has them, results.
        curves: File of the curves, if there is one.
    """

    name: str
    finals: pa.Table
    curves: Path | None

    def rows(self) -> Iterator[tuple[int, dict[str, Any], dict[str, Any]]]:
        """Number, configuration and results of each run, as the published JSON has them."""
        settings = {} if set(SETTINGS) <= set(self.finals.column_names) else SETTINGS
        for row in self.finals.to_pylist():
            results = {name: row.pop(name) for name in _RESULTS}
            yield row.pop("config_id"), {T_MAX: results["budget"], **settings, **row}, results


class FinalRun(NamedTuple):
    """A run of which only the results are there."""

    config_id: int
    budget: int
    seed: int
    config: Mapping[str, Any]
    results: Mapping[str, Any]


def import_lite(
    source: Path,
    folder: Path,
    curves: Mapping[str, Path] | None = None,
    datasets: Sequence[str] | None = None,
    advance: Callable[[int], None] | None = None,
) -> Manifest:
    """Import LCBenchLite, or a copy of it, into a new benchmark folder, one data set at a time.

    Args:
        source: A folder as LCBenchLite has it, or a Parquet file of final values.
        folder: Where to write; must be new or empty.
        curves: Files of curves by data set, beside a file of final values; only these data sets are imported then.
        datasets: Which to import; all by default.
        advance: Told 1 after each data set.

    Returns:
        The manifest as written.

    Raises:
        InputError: If the source has another layout, or curves of some of the data sets only.
        UnknownNameError: If a data set is not there.
        DamagedFileError: If a file is damaged, or what was written does not read back as the source says.
    """
    copies = _found(source, dict(curves or {}))
    for name in (names := list(datasets or curves or copies)):
        if name not in copies:
            raise UnknownNameError("data set", name, copies)
    chosen = [copies[name] for name in names]
    without = [copy.name for copy in chosen if copy.curves is None]
    if 0 < len(without) < len(chosen):
        has = next(copy.name for copy in chosen if copy.curves is not None)
        raise InputError(
            f"all data sets or none must have curves, got some of {has} and none of {without[0]}; "
            "choose with --datasets."
        )
    if without:
        return _import_finals(source, folder, chosen, advance)
    return import_entries(_entries(chosen, advance), source, folder)


LITE = Wanted("a folder of LCBenchLite, or a Parquet file of its final values", folder=True, begins=PARQUET)
"""What :func:`import_lite` opens."""


def _found(source: Path, curves: dict[str, Path]) -> dict[str, Copy]:
    """The data sets of a folder or a file."""
    if source.is_dir() and curves:
        raise InputError(
            f"files of curves belong beside a file of final values, got the folder {source}, which has its."
        )
    LITE.check(source)
    if source.is_dir():
        found = {place.name: _of_folder(place) for place in sorted(source.iterdir()) if _part(place, "results")}
    else:
        found = {copy.name: copy for copy in _of_file(source, curves)}
    if not found:
        raise InputError(LITE.refusal(source, "a folder without DATASET/results.parquet.gzip"))
    return found


def _part(place: Path, stem: str) -> Path | None:
    """One of a data set's files, if it is there."""
    return next((path for suffix in _SUFFIXES if (path := place / f"{stem}{suffix}").is_file()), None)


def _of_folder(place: Path) -> Copy:
    tables = {}
    for stem in ("config", "results"):
        path = _part(place, stem)
        if path is None:
            raise InputError(f"{place} must have config and results, got no {stem}{_SUFFIXES[0]}; download it.")
        tables[stem] = _numbered(path, HYPERPARAMETERS if stem == "config" else _RESULTS)
    if tables["config"]["config_id"] != tables["results"]["config_id"]:
        raise InputError(f"config and results in {place} must be of the same trials, got others; download them again.")
    finals = tables["config"]
    for name in _RESULTS:
        finals = finals.append_column(name, tables["results"][name])
    return Copy(check_dataset_name(place.name), finals, _part(place, "metrics"))


def _of_file(source: Path, curves: Mapping[str, Path]) -> Iterator[Copy]:
    table = _numbered(source, (*HYPERPARAMETERS, *_RESULTS))
    if "dataset" not in table.column_names:
        raise InputError(f"{source} must have the column dataset, got {', '.join(table.column_names[:5])}, …")
    of = pc.cast(table["dataset"], pa.string())
    for name in of.unique().to_pylist():
        finals = table.filter(pc.equal(of, name)).drop_columns(["dataset"])
        yield Copy(check_dataset_name(str(name)), finals, curves.get(str(name)))


def _numbered(path: Path, columns: Sequence[str]) -> pa.Table:
    """A file's table with increasing ``config_id``, without gaps; ``columns`` are numbers that it must have."""
    table = read_parquet(path)
    names = table.column_names
    number = next((name for name in _IDS if name in names), _IDS[0])
    for name in (number, *columns):
        if name not in names:
            raise InputError(f"{path} must have the column {name}, got {', '.join(names[:5])}, …")
    for place, name in enumerate(names):
        kind = table[name].type
        if pa.types.is_floating(kind):  # pandas writes NaN as a gap
            table = table.set_column(place, name, pc.fill_null(table[name], np.nan))
        wanted = "whole numbers" if name in (*_IDS, "epoch") else "numbers" if name in columns else "no gaps"
        fits = wanted == "no gaps" or pa.types.is_integer(kind) or (wanted == "numbers" and pa.types.is_floating(kind))
        if not fits or table[name].null_count:
            raise InputError(f"{path} must have {wanted} in column {name}, got {kind}, {table[name].null_count} gaps.")
    table = table.rename_columns(["config_id" if name == number else name for name in names])
    return table.sort_by([(name, "ascending") for name in ("config_id", "epoch") if name in table.column_names])


# Curves ------------------------------------------------------------------------------------------------------------


def _entries(
    copies: Sequence[Copy], advance: Callable[[int], None] | None
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """The runs as entries of the published JSON."""
    for copy in copies:
        assert copy.curves is not None  # noqa: S101  # who has none is imported otherwise
        logs = _logs(copy.curves)
        if list(logs) != copy.finals["config_id"].to_pylist():
            raise InputError(f"{copy.curves} must have the configurations of the results of {copy.name}, got others.")
        for config_id, config, results in copy.rows():
            yield copy.name, config_id, {"log": logs[config_id], "results": results, "config": config}
        if advance is not None:
            advance(1)


def _logs(path: Path) -> dict[int, dict[str, list[float]]]:
    """The log of each configuration, from lists or from a row per epoch."""
    table = _numbered(path, ())
    tags = [name for name in table.column_names if name not in ("config_id", "epoch")]
    if "epoch" in table.column_names:
        table = _listed(path, table, tags)
    numbers = table["config_id"].to_pylist()
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{path} must have one row for each configuration and epoch, got one twice.")
    series = {tag: table[tag].to_pylist() for tag in tags}
    return {number: {tag: series[tag][row] for tag in tags} for row, number in enumerate(numbers)}


def _listed(path: Path, table: pa.Table, tags: Sequence[str]) -> pa.Table:
    """Rows per epoch as one row per configuration with a list for each tag."""
    numbers, epochs = table["config_id"].to_numpy(), table["epoch"].to_numpy()
    starts = np.flatnonzero(epochs == 0)
    lengths = np.diff([*starts, len(epochs)])
    counted = np.arange(len(epochs)) - np.repeat(starts, lengths) if len(starts) and starts[0] == 0 else -epochs - 1
    if not np.array_equal(epochs, counted) or not np.array_equal(numbers, np.repeat(numbers[starts], lengths)):
        raise InputError(f"{path} must have the epochs 0, 1, 2, ... of each trial, got others; download it again.")
    offsets = pa.array([*starts, len(epochs)], pa.int32())
    lists = {tag: pa.ListArray.from_arrays(offsets, table[tag].combine_chunks()) for tag in tags}
    return pa.table({"config_id": numbers[starts], **lists})


# Final values ------------------------------------------------------------------------------------------------------


def final_record(epochs: int) -> Record:
    """What a table of final values records: metrics after so many epochs, no seconds, no learning rate.

    The test cross-entropy of two softmaxes is a column, and no metric, so that nothing ranks by it.
    """
    return Record(
        metrics=tuple(format1.metric(name) for name in _FINALS),
        objective="valid_accuracy",
        fidelities=(Fidelity("epochs", steps=(epochs,)),),
        columns={"status": "string", "n_parameters": "int64", DOUBLE_SOFTMAX: "float64"},
    )


def _import_finals(
    source: Path, folder: Path, copies: Sequence[Copy], advance: Callable[[int], None] | None
) -> Manifest:
    """Write final values as a table of one step."""
    gathered = Gathered()
    with appearing(folder) as temporary:
        for copy in copies:
            runs = [_final_run(copy.name, *row) for row in copy.rows()]
            for run in runs:
                gathered.add(copy.name, run)
            gathered.close(copy.name, runs)
            if len(gathered.budgets) > 1:
                raise InputError(
                    f"all runs must be of one budget, got {sorted(gathered.budgets)}; import their curves."
                )
            record = final_record(max(gathered.budgets) + 1)  # the published results are those after one more epoch
            store.write_runs(temporary, copy.name, _final_table(copy, runs), record)
            if advance is not None:
                advance(1)
        return seal(temporary, source, gathered, record, (1,))


def _final_run(dataset: str, config_id: int, config: dict[str, Any], results: dict[str, Any]) -> FinalRun:
    where = f"configuration {config_id} on {dataset}"
    check_results(where, results)
    budget, seed = whole(where, results, "budget", LONGEST_BUDGET), whole(where, results, "seed")
    return FinalRun(config_id, budget, seed, config, results)


def _final_table(copy: Copy, runs: Sequence[FinalRun]) -> pa.Table:
    """The runs of a data set; one that diverged has NaN for every metric, as in a table of curves."""
    values = {name: copy.finals[column].to_numpy().astype(np.float64) for name, column in _FINALS.items()}
    diverged = ~np.isfinite(values["train_loss"])
    columns = {
        "budget": pa.array(np.ones(len(runs), np.int32)),
        "config_id": pa.array([run.config_id for run in runs], pa.int32()),
        "seed": pa.array([run.seed for run in runs], pa.int32()),
        "status": pa.array(np.where(diverged, "diverged", "success")),
        "n_parameters": pa.array([int(run.results["model_parameters"]) for run in runs], pa.int64()),
        DOUBLE_SOFTMAX: pc.cast(copy.finals["final_test_cross_entropy"], pa.float64()),
    }
    offsets = pa.array(np.arange(0, 2 * len(runs) + 1, 2, dtype=np.int32))
    for name, found in values.items():
        shown = np.where(diverged, np.nan, found * (0.01 if name in PERCENT else 1.0))
        steps = np.column_stack([np.full(len(runs), np.nan), shown]).astype(np.float32)
        columns[name] = pa.ListArray.from_arrays(offsets, pa.array(steps.ravel()))
    return pa.table(columns)
