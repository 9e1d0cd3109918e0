"""Writes the results of a build so far: the matrix, the portfolios, and all runs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lcbench.collection.problem import get_problem
from lcbench.signature import digest
from lcbench.simulate.transfer._schedule import Schedule
from lcbench.simulate.transfer.evaluation import FAILED, EvaluationTask
from lcbench.simulate.transfer.folder import (
    CANDIDATES,
    FORMAT,
    GREEDY,
    MANIFEST,
    MATRIX,
    SIMPLE,
    TRIED,
    PortfolioFolder,
)
from lcbench.simulate.transfer.matrix import MATRIX_SCHEMA, config_columns, greedy, matrix_row, simple
from lcbench.simulate.transfer.plan import METRIC, SEED
from lcbench.simulate.transfer.storage import BuildFolder
from lcbench.space import Config
from lcbench.space.spaces import from_json, to_json
from lcbench.table import store
from lcbench.table.manifest import DATASET_SCHEMA, Manifest
from lcbench.writing import write_json, write_parquet

Provenance = Mapping[str, Any]
"""When, by which versions and on which processor."""


def write_portfolios(
    folder: Path,
    schedule: Schedule,
    size: int,
    kept_plan: Mapping[str, Any],
    provenance: Provenance,
    *,
    final: bool,
) -> bool:
    """Write the matrix of all data sets that are done, and the portfolios of its candidates; the manifest last.

    Args:
        folder: Where.
        schedule: The state of the build.
        size: Of the greedy portfolio.
        kept_plan: The plan as it is kept in the folder.
        provenance: For the manifest.
        final: Whether everything else is written, so that the build may be called complete.

    Returns:
        Whether there was anything to write: one candidate at least.
    """
    datasets = schedule.finished()
    incumbents = schedule.incumbents(datasets)
    if not incumbents:
        return False
    matrix = _matrix(schedule, datasets, incumbents)
    space = get_problem(schedule.plan.space).space
    configs = {each.config_id: each.config for each in incumbents}
    tables = {
        MATRIX: matrix,
        CANDIDATES: _candidates(schedule, incumbents),
        GREEDY: _portfolio(greedy(matrix, size), configs, space),
        SIMPLE: _portfolio(simple(matrix), configs, space),
    }
    for name, table in tables.items():
        write_parquet(folder / name, table)
    failed = FAILED in matrix["status"].to_pylist()
    manifest = {
        "format_version": FORMAT,
        "title": f"portfolios of {len(incumbents)} incumbents on {len(datasets)} data sets",
        "complete": final and len(datasets) == len(schedule.datasets) and not failed,
        "datasets": datasets,
        "size": size,
        "evaluations": sum(len(schedule.searches[name].told) for name in datasets) + _crossings(matrix, incumbents),
        "without a run": [
            {"dataset": each.dataset, "config_id": each.config_id, "budget": each.budget}
            | {"status": evaluation.status, "reason": evaluation.reason}
            for each, evaluation in schedule.everything()
            if evaluation.reason is not None
        ],
        "provenance": dict(provenance),
        "plan": dict(kept_plan),
        "space": to_json(space),
        "files": {name: digest(folder / name) for name in tables},
    }
    write_json(folder / MANIFEST, manifest)
    return True


def choose_again(held: PortfolioFolder, size: int) -> None:
    """Write a greedy portfolio of another size into the folder of a build; nothing else changes."""
    configs = held.candidate_configs()
    path = held.folder / GREEDY
    write_parquet(path, _portfolio(greedy(held.matrix, size), configs, from_json(held.manifest["space"])))
    files = {**held.manifest["files"], GREEDY: digest(path)}
    write_json(held.folder / MANIFEST, {**held.manifest, "size": size, "files": files})


def _matrix(schedule: Schedule, datasets: Sequence[str], incumbents: Sequence[EvaluationTask]) -> pa.Table:
    rows = []
    for best in incumbents:
        for name in datasets:
            task = EvaluationTask(name, best.config_id, best.budget, best.config)
            evaluation = schedule.evaluation_of(task)
            assert evaluation is not None  # noqa: S101  # `finished` names those of which all have ended
            rows.append(matrix_row(task, evaluation))
    return pa.Table.from_pylist(rows, schema=MATRIX_SCHEMA)


def _crossings(matrix: pa.Table, incumbents: Sequence[EvaluationTask]) -> int:
    """Evaluations of incumbents elsewhere than where they were found."""
    return matrix.num_rows - len(incumbents)


def _candidates(schedule: Schedule, incumbents: Sequence[EvaluationTask]) -> pa.Table:
    found = [schedule.evaluation_of(each) for each in incumbents]
    columns = {
        "candidate": pa.array([each.config_id for each in incumbents], pa.int32()),
        "dataset": pa.array([each.dataset for each in incumbents]),
        METRIC: pa.array([float(evaluation.valid[-1]) for evaluation in found if evaluation is not None], pa.float64()),
    }
    space = get_problem(schedule.plan.space).space
    return pa.table(columns | config_columns(space, [each.config for each in incumbents]))


def _portfolio(frame: pd.DataFrame, configs: Mapping[int, Config], space: Any) -> pa.Table:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name, column in config_columns(space, [configs[number] for number in frame["candidate"]]).items():
        table = table.append_column(name, column)
    return table


def write_tried(
    folder: Path, schedule: Schedule, kept: BuildFolder, rows: Mapping[str, Mapping[str, Any]], provenance: Provenance
) -> None:
    """Write every run of the data sets that are done as a benchmark folder.

    Args:
        folder: The portfolio's folder.
        schedule: The state of the build.
        kept: Where the runs are.
        rows: Of each data set its row in ``lcbench.table.manifest.DATASET_SCHEMA``.
        provenance: For the manifest.
    """
    plan, record = schedule.plan, get_problem(schedule.plan.space).record
    datasets = schedule.finished()
    incumbents = schedule.incumbents(datasets)
    configs: dict[int, Config] = {}
    runs = {}
    for name in datasets:
        own = [task for task, _ in schedule.searches[name].told]
        crossed = [EvaluationTask(name, best.config_id, best.budget, best.config) for best in incumbents]
        tried = list(dict.fromkeys([*own, *crossed]))
        configs |= {each.config_id: each.config for each in tried}
        runs[name] = pa.concat_tables([record.schema.empty_table(), *kept.read_runs(tried)])
    numbers = sorted(configs)
    space = get_problem(plan.space).space
    table = {"config_id": pa.array(numbers, pa.int32()), **config_columns(space, [configs[n] for n in numbers])}
    manifest = Manifest(
        title="everything that was tried for a portfolio",
        problem=plan.space,
        record=replace(record, seconds="measured"),
        space=to_json(space),
        budgets=plan.budgets,
        seeds=(SEED,),
        schedule="adaptive: a cosine of its own for each budget",
        provenance=dict(provenance),
    )
    described = pa.Table.from_pylist([dict(rows[name]) for name in datasets], schema=DATASET_SCHEMA)
    store.write(folder / TRIED, manifest, pa.table(table), described, runs)
