"""Learning curves as small text: rounded to 2048 levels, as differences, deflated, in base64.

A block is every curve of one data set, metric and budget. Its values become whole numbers, evenly spaced between the
least and the greatest of the block; if the greatest is far away from the most (a loss that nearly diverged), evenly
spaced in ``log(1 + (value - least) / bend)``. Along a curve only differences are kept, low bytes and high bytes apart,
which is what makes them small. The page decodes a block when it is first shown (``decode.js``), in the same steps as
:func:`unpack`.
"""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace.hyperparameters import NumericalHyperparameter
from matplotlib import colormaps
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from lcbench.analysis import style
from lcbench.simulate.study.regret import RUN, check_traces
from lcbench.space.encoding import Encoding
from lcbench.space.rules import choices
from lcbench.table.benchmark import Benchmark
from lcbench.table.metric import Metric
from lcbench.table.record import SECONDS

LEVELS = 2048
_FAR = 100.0


@dataclass(frozen=True, slots=True)
class Block:
    """What it takes to read a block.

    Attributes:
        shape: ``(configs, seeds, epochs + 1)``.
        least: Value of level 0.
        step: From one level to the next.
        bend: 0 if levels are evenly spaced values; else the distance from ``least`` where the logarithm takes over.
        error: Largest distance of a decoded value from its own.
        text: The levels.
    """

    shape: tuple[int, int, int]
    least: float
    step: float
    bend: float
    error: float
    text: str

    def described(self) -> dict[str, object]:
        """All but the text."""
        found = asdict(self)
        del found["text"]
        return found


def pack(curves: NDArray[np.float32]) -> Block:
    """Pack the curves of a block.

    Args:
        curves: ``(configs, seeds, epochs + 1)``; what is not finite becomes NaN.
    """
    configs, seeds, epochs = curves.shape
    values = np.where(np.isfinite(curves), curves, np.nan).astype(np.float64)
    there = values[~np.isnan(values)]
    least = float(there.min()) if len(there) else 0.0
    bend = _bend(there - least)
    bent = np.log1p((values - least) / bend) if bend else values - least
    greatest = float(np.nanmax(bent)) if len(there) else 0.0
    step = greatest / (LEVELS - 1) or 1.0
    levels = np.where(np.isnan(bent), LEVELS, np.rint(bent / step)).astype(np.int32)
    error = np.abs(_values(levels, least, step, bend) - values)
    worst = float(np.nanmax(error)) if len(there) else 0.0
    return Block((configs, seeds, epochs), least, step, bend, worst, _text(levels))


def unpack(block: Block) -> NDArray[np.float64]:
    """The curves of a block as the page shows them, each within ``block.error`` of its own."""
    configs, seeds, epochs = block.shape
    planes = np.frombuffer(zlib.decompress(b64decode(block.text)), np.uint8).reshape(2, -1).astype(np.int32)
    folded = planes[0] | planes[1] << 8
    differences = (folded >> 1) ^ -(folded & 1)
    levels = differences.reshape(epochs, configs, seeds).cumsum(axis=0).transpose(1, 2, 0)
    return _values(levels, block.least, block.step, block.bend)


def _bend(distances: NDArray[np.float64]) -> float:
    """The median distance from the least if the greatest is far beyond it, else 0."""
    middle = float(np.median(distances[distances > 0])) if np.any(distances > 0) else 0.0
    return middle if middle and distances.max() > _FAR * middle else 0.0


def _values(levels: NDArray[np.int32], least: float, step: float, bend: float) -> NDArray[np.float64]:
    """What levels stand for."""
    bent = np.where(levels == LEVELS, np.nan, levels * step)
    return np.asarray(least + (bend * np.expm1(bent) if bend else bent))


def _text(levels: NDArray[np.int32]) -> str:
    """Levels as differences along each curve, epoch by epoch, folded so that small ones of either sign are small."""
    differences = np.diff(levels, axis=2, prepend=0).transpose(2, 0, 1).ravel()
    folded = differences << 1 ^ differences >> 31
    planes = np.concatenate([folded & 0xFF, folded >> 8]).astype(np.uint8)
    return b64encode(zlib.compress(planes.tobytes(), 6)).decode("ascii")


# The steps of a study's incumbents: what the explorer draws of optimizer traces.

_DIGITS = 5
_DECIMALS = 6
"""What a regret differs from another by less comes from the rounding of float32."""


def incumbents(traces: pd.DataFrame) -> list[dict[str, Any]]:
    """When each run found something better, and how good it was.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.

    Returns:
        For each run of the study: ``optimizer``, ``dataset``, ``seed``; ``share``, the shares of the limit that were
        used when the incumbent changed; ``regret``, its distance from the best of the table, and ``config``, its id.
        A run whose results all diverged has no steps.

    Raises:
        InputError: If there are no results or columns are lacking.
    """
    check_traces(traces)
    return [_steps(dict(zip(RUN, names, strict=True)), rows) for names, rows in traces.groupby(RUN, sort=False)]


def unit(traces: pd.DataFrame) -> str:
    """What the limit counts: ``seconds``, ``epochs`` or ``evaluations``."""
    return str(traces["unit"].iloc[0]) if "unit" in traces else "seconds"


def _steps(run: dict[str, Any], rows: pd.DataFrame) -> dict[str, Any]:
    """One run; of results that came at the same time the best."""
    used = rows["finished" if unit(rows) == "seconds" else "used"] / rows["limit"]
    ordered = rows.assign(share=used).sort_values(["share", "loss"], kind="stable")
    ordered = ordered[np.isfinite(ordered["loss"])]
    best = (ordered["loss"] - ordered["best_loss"]).clip(lower=0.0).round(_DECIMALS).cummin()
    changes = best.diff().fillna(-1.0) < 0
    better = ordered[changes]
    steps = {"share": _short(better["share"]), "regret": _short(best[changes]), "config": better["config_id"].tolist()}
    return {**run, "seed": int(run["seed"])} | steps


def _short(values: "pd.Series[float]") -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]


# What the explorer shows: configurations, curves and seconds of a table, ready to be written as JSON.

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
        "metrics": [_metric(bench.metric(name)) for name in names],
        "fidelity": bench.fidelity.label,
        "cost": "steps" if bench.manifest.record.seconds == "none" else "seconds",
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
    metrics = (metric.name for metric in bench.manifest.record.metrics)
    return tuple(name for name in metrics if np.isfinite(bench.array(first, name)).any())


def _metric(metric: Metric) -> dict[str, str]:
    return {"name": metric.name, "label": metric.name.replace("_", " "), "unit": metric.unit, "goal": metric.goal}


def _seconds(bench: Benchmark, dataset: str, budget: int) -> list[float | None]:
    """Seconds of a whole run of each configuration, mean over its seeds, to five digits; None where there is no run."""
    last = bench.array(dataset, SECONDS, budget)[:, :, -1]
    there = np.isfinite(last)
    total = np.where(there, last, 0).sum(axis=1, dtype=np.float64)
    means = zip(total.tolist(), there.sum(axis=1).tolist(), strict=True)
    return [float(f"{seconds / runs:.5g}") if runs else None for seconds, runs in means]


def _hyperparameters(bench: Benchmark) -> Iterator[dict[str, Any]]:
    """Each free hyperparameter with the values of all configurations; null where inactive, places of choices."""
    encoding = Encoding(bench.space)
    for name, each in zip(encoding.names, encoding.parts, strict=True):
        column = bench.configs[name]
        if isinstance(each, NumericalHyperparameter):
            values = [None if pd.isna(value) else float(value) for value in column]
            yield {"name": name, "log": bool(each.log), "choices": None, "values": values}
        else:
            places = {choice: place for place, choice in enumerate(choices(each))}
            values = [None if pd.isna(value) else places[value] for value in column]
            yield {"name": name, "log": False, "choices": list(map(str, places)), "values": values}
