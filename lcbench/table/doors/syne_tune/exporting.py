"""From a benchmark folder to a blackbox folder that Syne Tune loads."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lcbench.errors import InputError, UnknownNameError
from lcbench.table.benchmark import Benchmark, load
from lcbench.table.doors.syne_tune.domains import to_domains
from lcbench.table.doors.syne_tune.layout import (
    DEFAULT,
    ELAPSED,
    FIDELITIES,
    FIDELITY_SPACE,
    HYPERPARAMETERS,
    METADATA,
    OBJECTIVES,
    SPACE,
    TIME,
)
from lcbench.table.record import SECONDS
from lcbench.writing import appearing


def export_syne_tune(
    folder: Path, out: Path, budget: int | None = None, advance: Callable[[int], None] | None = None
) -> int:
    """Write a benchmark folder as a blackbox of Syne Tune, one data set at a time.

    A blackbox has one run of a configuration and a seed, so the curves of one budget are written. It has no place for
    what was measured before the first step. Where a run is missing or diverged, there is NaN. The seconds are
    ``metric_elapsed_time``, all else has its name here after ``metric_``.

    Args:
        folder: A benchmark folder.
        out: The blackbox folder; must be new or empty.
        budget: Steps; the largest by default.
        advance: Told, after each data set, 1.

    Returns:
        How many curves were written.

    Raises:
        UnknownNameError: If the folder lacks the budget.
        InputError: If a blackbox cannot hold the table, or there is something at that place.
    """
    bench = load(folder)
    longest = bench.budgets[-1] if budget is None else budget
    if longest not in bench.budgets:
        raise UnknownNameError("budget", longest, bench.budgets)
    if bench.manifest.record.further:
        raise InputError(f"a blackbox must have one fidelity, got {len(bench.manifest.record.fidelities)}.")
    configs = bench.configs
    if configs.duplicated().any():
        raise InputError("a blackbox must have each configuration once, got one again; it has seeds for that.")
    domains = to_domains(bench.space)
    with appearing(out) as temporary:
        written = _objectives(bench, longest, temporary / OBJECTIVES, advance or (lambda _: None))
        columns = {name: pa.array(configs[name].tolist()) for name in domains}
        pq.write_table(pa.table(columns), temporary / HYPERPARAMETERS, compression="gzip", use_dictionary=False)
        steps = _steps(bench, longest)
        np.save(temporary / FIDELITIES, np.array(steps), allow_pickle=False)
        whole = all(isinstance(step, int) for step in steps)
        fidelity = {
            "domain_cls": "Integer" if whole else "Float",
            "domain_kwargs": {"lower": steps[0], "upper": steps[-1]},
            "sampler_cls": "Uniform",
            "sampler_kwargs": {},
        }
        _write(temporary / SPACE, domains)
        _write(temporary / FIDELITY_SPACE, {bench.fidelity.name: fidelity})
        _write(temporary / METADATA, _metadata(bench))
    return written


def _names(bench: Benchmark) -> dict[str, str]:
    """Syne Tune's names of all series."""
    return {name: ELAPSED if name == SECONDS else f"metric_{name}" for name in bench.metrics}


def _objectives(bench: Benchmark, budget: int, path: Path, advance: Callable[[int], None]) -> int:
    """Write all values, a data set and a series at a time."""
    shape = (len(bench.datasets), len(bench.configs), len(bench.seeds), budget, len(bench.metrics))
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for row, dataset in enumerate(bench.datasets):
        for column, name in enumerate(bench.metrics):
            array[row, ..., column] = bench.array(dataset, name, budget)[:, :, 1:]
        advance(1)
    array.flush()
    return int(np.prod(shape[:3]))


def _steps(bench: Benchmark, budget: int) -> list[int | float]:
    """The value of the fidelity at each step."""
    given = bench.fidelity.steps
    units = given[:budget] if isinstance(given, tuple) else [given * step for step in range(1, budget + 1)]
    return [int(each) if float(each).is_integer() else float(each) for each in units]


def _metadata(bench: Benchmark) -> dict[str, Any]:
    names, manifest = _names(bench), bench.manifest
    return {
        "objectives_names": list(names.values()),
        "task_names": list(bench.datasets),
        ELAPSED: ELAPSED,
        DEFAULT: names[manifest.record.objective],
        TIME: bench.fidelity.name,
        "seeds": list(bench.seeds),
        "goals": {**dict.fromkeys(names.values(), "none"), **{names[m.name]: m.goal for m in manifest.record.metrics}},
        "title": manifest.title,
        "licence": manifest.licence,
        "citation": manifest.citation,
    }


def _write(path: Path, document: dict[str, Any]) -> None:
    """JSON as Syne Tune reads it: without a checksum of ours. The folder appears when all of it is there."""
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
