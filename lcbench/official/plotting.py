"""The picture of the published class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lcbench.errors import InputError

if TYPE_CHECKING:
    from lcbench.official.published import Benchmark


def plot_runs(
    bench: Benchmark,
    names: Sequence[str],
    columns: tuple[str, str],
    scales: tuple[str, str],
    n_configs: int,
    criterion: str | None,
) -> None:
    """Draw one axes per data set; ``criterion`` ranks the runs, or None draws configurations 1 to ``n_configs``."""
    import matplotlib.pyplot as plt

    if not names:
        raise InputError("dataset_names must name at least one data set, got none.")
    _, axes = plt.subplots(len(names), 1, figsize=(10, 7 * len(names)), squeeze=False)
    for name, ax in zip(names, axes.flat, strict=True):
        _draw(ax, bench, name, columns, n_configs, criterion)
        ax.set(xscale=scales[0], yscale=scales[1], xlabel=columns[0], ylabel=columns[1])


def _draw(
    ax: Any, bench: Benchmark, name: str, columns: tuple[str, str], n_configs: int, criterion: str | None
) -> None:
    count = bench.get_number_of_configs(name)
    for i in range(min(n_configs, count if criterion else count - 1)):
        if criterion:
            x, y = (bench.query_best(name, column, criterion, i) for column in columns)
        else:
            x, y = (bench.query(name, column, i + 1) for column in columns)
        ax.plot(x, y, "p-")
    facts = {key: bench.query(name, key, 0) for key in ("features", "classes", "instances")}
    ax.set_title(", ".join([name, *(f"{key}: {value}" for key, value in facts.items())]))
