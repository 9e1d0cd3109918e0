"""Time that the full LCBench would take on this machine.

The full LCBench is 35 data sets x 2000 configurations x budgets 12/25/50 x 3 seeds. Some configurations are trained on
synthetic data of each data set's shape, and a model of the time is fitted to what that took.

Measured: ``MLP().train_all`` on a stack at the data set's own number of features and classes and the configurations'
own batch sizes, as many processes at once as asked for. On a CPU a stack is one configuration's nine
runs (3 budgets x 3 seeds); on a GPU it is those of several, grouped as a collection of all 2000 groups them.

Scaled:

- epochs: budgets 1/2/4 stand for 12/25/50. The stack holds nine, six and three runs for 25, 25 and 50 % of the epochs
  instead of 24, 26 and 50 %, and a unit is 261 run-epochs instead of 21;
- rows: of a large data set only as many rows are used as give a measurable time; an epoch's time is proportional to the
  rows at a fixed batch size, and validation and test rows are kept in proportion;
- configurations: a model ``seconds per run-epoch = sum of c * term`` with the terms of :data:`TERMS` and ``c >= 0``,
  fitted to the logarithms of the measured seconds, predicts the stacks of all 2000 configurations on all data sets.
  The terms count all that is computed, padding included.

On a CPU the seconds are processor time of a process on one thread, so that other work on the machine counts little; the
hours are those of a machine with nothing else to do.

Left out: loading and preparing data, initialisation, the untrained networks' evaluation, and writing the table.
"""

import math
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
import typer
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from lcbench.collection.data.preparation import SHARE
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.collection.networks.problems import MLP
from lcbench.collection.networks.recipe import Shape
from lcbench.collection.networks.stack import gpu
from lcbench.collection.networks.tensors import Tensors, one_thread
from lcbench.collection.plan import check_device
from lcbench.collection.problem import get_problem
from lcbench.collection.provenance import processor
from lcbench.console import progress
from lcbench.errors import InputError
from lcbench.space.spaces import sample

TERMS = ("steps x layers", "steps x weights", "rows x weights", "rows x units", "rows x dropped units")
BUDGETS, SEEDS, CONFIGS = (12, 25, 50), (0, 1, 2), 2000
MEASURED_BUDGETS = (1, 2, 4)
# in the first epoch one network per seed stands for all budgets
RUN_EPOCHS, MEASURED_RUN_EPOCHS = ((sum(b) - len(b) + 1) * len(SEEDS) for b in (BUDGETS, MEASURED_BUDGETS))
FIRST_STEPS = 2
GOAL_HOURS = 12
ENOUGH_SECONDS = 0.4
"""A measurement is repeated with twice the rows until it takes this long or uses all of them."""

Config = Mapping[str, Any]
Stack = tuple[Config, ...]


@dataclass(frozen=True, slots=True)
class Size:
    """Shape of a data set."""

    name: str
    rows: int
    features: int
    classes: int

    @property
    def train_rows(self) -> int:
        """Rows of the training part."""
        return round(self.rows * (1 - SHARE) ** 2)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What training one stack on one data set took.

    Attributes:
        size: The data set's shape.
        stack: The configurations.
        rows: Training rows that were used.
        seconds: Seconds per epoch of a run of each configuration, on all training rows, evaluation included.
    """

    size: Size
    stack: Stack
    rows: int
    seconds: float


def sizes() -> list[Size]:
    """The 35 data sets."""
    return [Size(each.name, each.instances, each.features, each.classes) for each in LCBENCH_DATASETS]


def stacks(size: Size, configs: Sequence[Config], device: str) -> list[Stack]:
    """Which configurations a collection on this device trains together."""
    if device == "cpu":
        return [(config,) for config in configs]
    copies = len(BUDGETS) * len(SEEDS)
    recipes = [MLP().recipe(config, size.features, size.classes) for config in configs]
    found = gpu.groups(recipes, size.train_rows, copies)
    return [tuple(configs[i] for i in group) for group in found]


def terms(size: Size, stack: Stack) -> NDArray[np.float64]:
    """What the time of an epoch of a run of each configuration is made of, in the order of :data:`TERMS`."""
    shapes = [MLP().recipe(config, size.features, size.classes).shape for config in stack]
    widths = tuple(max(own) for own in zip(*(shape.widths for shape in shapes), strict=True))
    batches = [int(config["batch_size"]) for config in stack]
    steps = math.ceil(size.train_rows / min(batches))
    rows = size.train_rows if len(stack) == 1 else steps * max(batches)
    n, weights, units = len(stack), Shape(widths, ()).n_parameters - sum(widths[1:]), sum(widths)
    dropped = sum(widths[1:-1]) if any(any(shape.dropout) for shape in shapes) else 0
    pieces = [n * steps * weights, n * rows * weights, n * rows * units, n * rows * dropped]
    return np.array([steps * (len(widths) - 1), *pieces])


def synthetic(size: Size, train_rows: int, rng: np.random.Generator) -> Prepared:
    """Standard normal features and random classes; validation and test rows in the usual proportion."""
    total = train_rows / (1 - SHARE) ** 2
    parts = {"train": train_rows, "valid": max(1, round(total * SHARE * (1 - SHARE))), "test": round(total * SHARE)}
    arrays = {f"x_{part}": rng.standard_normal((rows, size.features), np.float32) for part, rows in parts.items()}
    arrays |= {f"y_{part}": rng.integers(size.classes, size=rows) for part, rows in parts.items()}
    classes = tuple(map(str, range(size.classes)))
    return Prepared(
        size.name, **arrays, classes=classes, class_counts=(1,) * len(classes), encoding="ordinal", dropped=()
    )


class Stopwatch:
    """A clock for ``train`` that remembers when it was looked at: the first time is the start of the first epoch."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._looks: list[float] = []

    def __call__(self) -> float:
        """Seconds of processor time, or on a GPU of wall time after all its work is done."""
        if self._device == "cpu":
            self._looks.append(time.process_time())
        else:
            torch.cuda.synchronize(self._device)
            self._looks.append(time.perf_counter())
        return self._looks[-1]

    @property
    def elapsed(self) -> float:
        """Seconds from the first look to the last: all epochs."""
        return self._looks[-1] - self._looks[0]


def train_once(size: Size, stack: Stack, rows: int, device: str) -> float:
    """Train a stack on this many training rows and give the seconds of all its epochs."""
    data = Tensors(synthetic(size, rows, np.random.default_rng(0)), device)
    stopwatch = Stopwatch(device)
    MLP().train_all(data, stack, MEASURED_BUDGETS, SEEDS, 0, stopwatch)
    return stopwatch.elapsed


def measure(size: Size, stack: Stack, device: str) -> Measurement:
    """Train a stack on ever more rows until the time can be told."""
    with one_thread():
        return _measure(size, stack, device)


def _measure(size: Size, stack: Stack, device: str) -> Measurement:
    rows = min(size.train_rows, FIRST_STEPS * max(int(config["batch_size"]) for config in stack))
    train_once(size, stack, rows, device)  # a first call pays for memory and libraries
    seconds = train_once(size, stack, rows, device)
    while rows < size.train_rows and seconds < ENOUGH_SECONDS:
        rows = min(size.train_rows, 2 * rows)
        seconds = train_once(size, stack, rows, device)
    return Measurement(size, stack, rows, seconds / MEASURED_RUN_EPOCHS * size.train_rows / rows)


def draw_pairs(configs: Sequence[Config], per_dataset: int, seed: int, device: str) -> list[tuple[Size, Stack]]:
    """Draw other stacks for each data set, out of those of all configurations."""
    rng = np.random.default_rng(seed)
    pairs = []
    for size in sizes():
        there = stacks(size, configs, device)
        pairs += [(size, there[i]) for i in rng.choice(len(there), min(per_dataset, len(there)), replace=False)]
    return pairs


def measure_all(pairs: Sequence[tuple[Size, Stack]], device: str, processes: int) -> list[Measurement]:
    """Measure in several processes at once, the longest first."""
    longest_first = sorted(pairs, key=lambda pair: -terms(*pair)[1] / pair[0].train_rows)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool, progress() as bar:
        found = pool.map(measure, *zip(*longest_first, strict=True), repeat(device))
        return list(bar.track(found, total=len(pairs), task_id=bar.add_task("measuring", note="stacks")))


def fit(measurements: Sequence[Measurement]) -> NDArray[np.float64]:
    """Fit the model's coefficients, none negative, to the logarithms of the seconds; outliers count less."""
    seconds = np.array([m.seconds for m in measurements])
    rows = np.stack([terms(m.size, m.stack) for m in measurements]) / seconds[:, None]
    scale = rows.max(axis=0)
    rough = nnls(rows / scale, np.ones(len(rows)))[0]
    start = np.log(np.maximum(rough, 1e-3 * rough.max()))
    found = least_squares(lambda logs: np.log(rows / scale @ np.exp(logs)), start, loss="soft_l1", f_scale=0.1)
    return np.exp(found.x) / scale


def unit_seconds(size: Size, there: Sequence[Stack], coefficients: NDArray[np.float64]) -> float:
    """Mean seconds of a unit (a configuration's nine runs) by the model."""
    seconds = sum(float(terms(size, stack) @ coefficients) for stack in there)
    return seconds / sum(map(len, there)) * RUN_EPOCHS


def table(measurements: Sequence[Measurement], mean_seconds: Mapping[Size, float], processes: int) -> pd.DataFrame:
    """One row per data set: its shape, how much of its rows was measured, and the hours that the model gives."""
    shares = {s: np.mean([m.rows for m in measurements if m.size == s]) / s.train_rows for s in mean_seconds}
    return pd.DataFrame(
        [
            (s.name, s.rows, s.features, s.classes, f"{shares[s]:.0%}", t, t * CONFIGS / processes / 3600)
            for s, t in mean_seconds.items()
        ],
        columns=["data set", "rows", "features", "classes", "rows measured", "seconds per unit", "hours"],
    )


def accuracy(measurements: Sequence[Measurement], coefficients: NDArray[np.float64]) -> str:
    """Say how well the model meets the measurements."""
    measured = np.array([m.seconds for m in measurements])
    modelled = np.array([terms(m.size, m.stack) @ coefficients for m in measurements])
    half, most = np.quantile(np.abs(modelled / measured - 1), [0.5, 0.9])
    together = modelled.sum() / measured.sum()
    return (
        f"model against {len(measured)} measured units: half within {half:.0%}, 90 % within {most:.0%}; "
        f"sum of the modelled over sum of the measured {together:.2f}"
    )


def verdict(found: pd.DataFrame, device: str) -> str:
    """Say whether the goal for one card is reached."""
    goal = f"goal: under {GOAL_HOURS} hours on one H200"
    if device == "cpu":
        return f"{goal}, to be measured there with --device cuda"
    return f"{goal}: {'reached' if found['hours'].sum() < GOAL_HOURS else 'MISSED'}"


def main(
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    processes: Annotated[int, typer.Option(help="Processes that run at once, no more than cores.")] = 2,
    per_dataset: Annotated[int, typer.Option(help="Stacks measured on each data set.")] = 3,
    space: Annotated[str, typer.Option(help="Search space: mlp or mlp-released.")] = "mlp",
    seed: Annotated[int, typer.Option(help="Seed of the sample.")] = 0,
) -> None:
    """Measure a sample and extrapolate the hours for the full LCBench."""
    try:
        check_device(device)
    except InputError as error:
        raise SystemExit(str(error)) from None
    started = time.perf_counter()
    configs = sample(get_problem(space).space, CONFIGS, np.random.default_rng(seed + 1)).to_dict("records")
    measurements = measure_all(draw_pairs(configs, per_dataset, seed, device), device, processes)
    coefficients = fit(measurements)
    mean_seconds = {s: unit_seconds(s, stacks(s, configs, device), coefficients) for s in sizes()}
    found = table(measurements, mean_seconds, processes)
    where = torch.cuda.get_device_name() if device != "cpu" else processor()
    print(f"{where}, {processes} processes, space {space}, measured in {time.perf_counter() - started:.0f} s\n")
    print(found.to_string(index=False, float_format="{:.2f}".format))
    print(
        f"\nall 35 x {CONFIGS} x budgets 12/25/50 x 3 seeds: {found['hours'].sum():.1f} hours; {verdict(found, device)}"
    )
    print(accuracy(measurements, coefficients))
    print("model: " + ", ".join(f"{name} {c:.2g} s" for name, c in zip(TERMS, coefficients, strict=True)))


if __name__ == "__main__":
    typer.run(main)
