"""What the explorer shows: configurations, curves and seconds of a table, ready to be written as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace.hyperparameters import NumericalHyperparameter
from matplotlib import colormaps
from matplotlib.colors import to_hex

from lcbench.analysis import style
from lcbench.analysis.report.curves import LEVELS, Block, pack
from lcbench.benchmark import Benchmark
from lcbench.metric import METRICS, get_metric

_LIGHTEST = 0.93  # the yellow end cannot be seen on white


@dataclass(frozen=True, slots=True)
class Explorer:
    """The explorer's data.

    Attributes:
        described: Everything but the curves, as JSON has it.
        blocks: The curves, by data set, metric and budget, in this order.
    """

    described: dict[str, Any]
    blocks: tuple[Block, ...]


def explorer(bench: Benchmark, metric: str, metrics: tuple[str, ...] | None = None) -> Explorer:
    """Gather what the explorer shows.

    Args:
        bench: The table.
        metric: Name of the metric that is shown first.
        metrics: Names of the metrics to choose from; by default all of which the table has a number.

    Raises:
        UnknownNameError: If there is no such metric.
    """
    names = _recorded(bench) if metrics is None else metrics
    names = names if metric in names else (metric, *names)
    blocks = tuple(pack(bench.array(*key)) for key in product(bench.datasets, names, bench.budgets))
    described = {
        "datasets": list(bench.datasets),
        "metrics": [_metric(name) for name in names],
        "first": names.index(metric),
        "budgets": list(bench.budgets),
        "seeds": list(bench.seeds),
        "configs": bench.configs.index.tolist(),
        "hyperparameters": list(_hyperparameters(bench)),
        "seconds": [[_seconds(bench, *key) for key in product([name], bench.budgets)] for name in bench.datasets],
        "levels": LEVELS,
        "blocks": [block.described() for block in blocks],
        "scale": [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, _LIGHTEST, 24))],
        "palette": [colour for colour in style.PALETTE if colour not in ("#000000", "#F0E442")],
    }
    return Explorer(described, blocks)


def _recorded(bench: Benchmark) -> tuple[str, ...]:
    """Metrics of which the first data set has any number."""
    first = bench.datasets[0]
    return tuple(name for name in METRICS if np.isfinite(bench.array(first, name)).any())


def _metric(name: str) -> dict[str, str]:
    metric = get_metric(name)
    return {"name": name, "label": name.replace("_", " "), "unit": metric.unit, "goal": metric.goal}


def _seconds(bench: Benchmark, dataset: str, budget: int) -> list[float]:
    """Seconds of a whole run of each configuration, mean over seeds, to five digits."""
    last = bench.array(dataset, "seconds", budget)[:, :, -1].mean(axis=1, dtype=np.float64)
    return [float(f"{value:.5g}") for value in last]


def _hyperparameters(bench: Benchmark) -> Iterator[dict[str, Any]]:
    """Each hyperparameter with the values of all configurations; null where it is inactive, places of choices."""
    for name, each in bench.space.items():
        column = bench.configs[name]
        if isinstance(each, NumericalHyperparameter):
            values = [None if pd.isna(value) else float(value) for value in column]
            yield {"name": name, "log": bool(each.log), "choices": None, "values": values}
        else:
            choices = list(getattr(each, "choices", None) or getattr(each, "sequence", None) or [each.default_value])
            places = {choice: place for place, choice in enumerate(choices)}
            values = [None if pd.isna(value) else places[value] for value in column]
            yield {"name": name, "log": False, "choices": [str(choice) for choice in choices], "values": values}
