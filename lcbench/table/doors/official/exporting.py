"""From a benchmark folder to the published JSON."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lcbench.output import writable_file
from lcbench.table.doors.official.released import Released
from lcbench.writing import replacing


def export_json(
    folder: Path,
    out: Path,
    budget: int | None = None,
    seed: int | None = None,
    advance: Callable[[int], None] | None = None,
) -> int:
    """Write a benchmark folder in the published layout, one data set at a time.

    The published layout has one run per configuration, so one budget and one seed are written. The file appears when
    it is whole.

    Args:
        folder: A benchmark folder, imported or collected.
        out: The JSON file; an old one is replaced.
        budget: Epochs; the largest by default.
        seed: Seed; the first by default.
        advance: Told, after each data set, 1.

    Returns:
        How many runs were written.

    Raises:
        UnknownNameError: If the folder lacks the budget or the seed.
        InputError: If the hyperparameters are not the published ones, or the file cannot be written.
    """
    released = Released(folder, budget, seed)
    written = 0
    with replacing(writable_file(out)) as temporary, temporary.open("w", encoding="utf-8") as file:
        for number, dataset in enumerate(released.datasets):
            file.write(f"{', ' if number else '{'}{json.dumps(dataset)}: ")
            for row, (config_id, entry) in enumerate(rows(released, dataset)):
                file.write(f'{", " if row else "{"}"{config_id}": {json.dumps(entry)}')
                written += 1
            file.write("}")
            (advance or (lambda _: None))(1)
        file.write("}\n")
    return written


def rows(released: Released, dataset: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The runs of a data set as published: number of the configuration, and ``log``, ``results``, ``config``."""
    logs = {tag: released.log(dataset, tag) for tag in released.tags(dataset)}
    for row, config_id in enumerate(released.config_ids(dataset)):
        log = {tag: values[row].tolist() for tag, values in logs.items()} | released.gradients(dataset, row)
        yield config_id, {"log": log, "results": released.result(dataset, row), "config": released.config(config_id)}
