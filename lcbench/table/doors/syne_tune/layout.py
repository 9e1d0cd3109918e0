"""The files of a blackbox folder, opened and held against each other.

Either all tasks share their configurations and fidelities (``hyperparameters.parquet``, ``fidelities_values.npy``,
``objectives_evaluations.npy`` of tasks x configurations x seeds x fidelities x objectives), as FCNet, NAS-Bench-201 and
LCBench do; or each has files of its own whose names begin with its name, as PD1 and HPO-B do.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import read_json, read_parquet
from lcbench.form import Whole, check
from lcbench.table.doors.syne_tune.domains import from_domains, snapped
from lcbench.wanted import Wanted

METADATA, SPACE, FIDELITY_SPACE = "metadata.json", "configspace.json", "fidelityspace.json"
BLACKBOX = Wanted("a folder of a Syne Tune blackbox", file=False, folder=True, holds=METADATA)
"""What :func:`open_blackbox` opens."""

HYPERPARAMETERS, FIDELITIES, OBJECTIVES = (
    "hyperparameters.parquet",
    "fidelities_values.npy",
    "objectives_evaluations.npy",
)
ELAPSED, DEFAULT, TIME = "metric_elapsed_time", "metric_default", "time_attr"
"""Entries of the metadata: names of the seconds, of the objective and of the fidelity."""

GOALS = ("minimize", "maximize", "none")
"""Of objectives; ``"none"`` of what is recorded and not optimized, such as the runtime."""

_FORM = {
    "objectives_names": [str],
    "task_names": [str],
    **{f"{name}?": str for name in (ELAPSED, DEFAULT, TIME)},
    # what our export adds
    "goals?": {str: GOALS},
    "seeds?": [Whole(0, 2**31 - 1)],
    **{f"{name}?": str for name in ("title", "licence", "citation")},
}


_FILE_NAME, _LONGEST = re.compile(r"[^/\\\0]+"), 200
"""Names of tasks begin names of files: what they may consist of, and how many bytes."""


@dataclass(frozen=True, slots=True)
class Task:
    """One task of a blackbox.

    Attributes:
        name: As the blackbox has it.
        configs: ``(configs,)`` rows of hyperparameters.
        steps: ``(fidelities,)`` values of the fidelity, increasing.
        path: Of the file of the objectives.
        place: Which entry of its first axis is this task; None where the file has this task alone.
    """

    name: str
    configs: pd.DataFrame
    steps: tuple[float, ...]
    path: Path
    place: int | None

    def values(self) -> NDArray[Any]:
        """``(configs, seeds, fidelities, objectives)``; read from the file as it is looked at."""
        array = load_array(self.path)
        return array if self.place is None else array[self.place]


@dataclass(frozen=True, slots=True)
class Blackbox:
    """A blackbox folder.

    Attributes:
        folder: Where it lies.
        space: The search space.
        fidelity: Name of the fidelity.
        objectives: Names of what was measured, in the order of the arrays.
        metadata: All that ``metadata.json`` says.
        tasks: The tasks.
        seeds: Their numbers; from 0 on, unless the metadata say others.
    """

    folder: Path
    space: ConfigurationSpace
    fidelity: str
    objectives: tuple[str, ...]
    metadata: dict[str, Any]
    tasks: tuple[Task, ...]
    seeds: tuple[int, ...]


def open_blackbox(folder: Path) -> Blackbox:
    """Open a blackbox folder and check that its files fit together.

    Raises:
        InputError: If there is no blackbox.
        DamagedFileError: If a file is missing or damaged, or shapes do not fit.
    """
    BLACKBOX.check(folder)
    metadata = read_json(folder / METADATA)
    check(folder / METADATA, metadata, _FORM)
    names, objectives = metadata["task_names"], tuple(metadata["objectives_names"])
    if not names or not objectives or len({*names}) < len(names) or len({*objectives}) < len(objectives):
        raise DamagedFileError(f"{folder / METADATA} must name different tasks and objectives, got {len(names)} tasks.")
    odd = next((name for name in names if not _FILE_NAME.fullmatch(name) or len(name.encode()) > _LONGEST), None)
    if odd is not None:
        raise DamagedFileError(f"{folder / METADATA} has a task whose name is no file's: {odd[:80]!r}.")
    if any((folder / f"data-{name}.parquet").is_file() for name in names):
        raise InputError(
            f"{folder} is a blackbox of data frames (BlackboxOffline), got no arrays; write it with the serialize of "
            "blackbox_tabular, or bring the frame with Python."
        )
    space = from_domains(read_json(folder / SPACE), folder.name, folder / SPACE)
    shared = (folder / HYPERPARAMETERS).exists()
    tasks = _shared(folder, space, names) if shared else [_own(folder, space, name) for name in names]
    shapes = {task.name: task.values().shape for task in tasks}
    seeds = {shape[1] for shape in shapes.values()}
    for task in tasks:
        wanted = (len(task.configs), max(seeds), len(task.steps), len(objectives))
        if shapes[task.name] != wanted:
            raise DamagedFileError(f"{task.path} must be of shape {wanted} for {task.name}, got {shapes[task.name]}.")
    said = metadata.get("seeds", [])
    numbers = tuple(said) if len(said) == max(seeds) else tuple(range(max(seeds)))
    fidelity = _fidelity(folder, metadata, names[0])
    return Blackbox(folder, space, fidelity, objectives, metadata, tuple(tasks), numbers)


def _shared(folder: Path, space: ConfigurationSpace, names: list[str]) -> list[Task]:
    configs = _configs(folder / HYPERPARAMETERS, space)
    steps, path = _steps(folder / FIDELITIES), folder / OBJECTIVES
    array = load_array(path)
    if array.ndim != 5 or len(array) != len(names):
        raise DamagedFileError(f"{path} must have 5 axes and {len(names)} tasks, got an array of {array.shape}.")
    return [Task(name, configs, steps, path, at) for at, name in enumerate(names)]


def _own(folder: Path, space: ConfigurationSpace, name: str) -> Task:
    path = folder / f"{name}-{OBJECTIVES}"
    if load_array(path).ndim != 4:
        raise DamagedFileError(f"{path} must have 4 axes, got an array of {load_array(path).shape}.")
    configs = _configs(folder / f"{name}-{HYPERPARAMETERS}", space)
    return Task(name, configs, _steps(folder / f"{name}-fidelity_values.npy"), path, None)


def _configs(path: Path, space: ConfigurationSpace) -> pd.DataFrame:
    return snapped(space, read_parquet(path).to_pandas(), path)


def _steps(path: Path) -> tuple[float, ...]:
    values = load_array(path)
    sound = (
        values.ndim == 1 and len(values) and np.isfinite(values).all() and values[0] > 0 and (np.diff(values) > 0).all()
    )
    if not sound:
        raise DamagedFileError(f"{path} must be positive and increasing numbers, got something else.")
    return tuple(int(value) if float(value).is_integer() else float(value) for value in values.tolist())


def _fidelity(folder: Path, metadata: dict[str, Any], first: str) -> str:
    """The name of the fidelity, without the prefix that Syne Tune gives it."""
    for path in (folder / FIDELITY_SPACE, folder / f"{first}-fidelity_space.json"):
        if path.is_file():
            names = list(read_json(path))
            if len(names) != 1:
                raise DamagedFileError(f"{path} must have one fidelity, got {len(names)}; arrays have an axis for one.")
            return str(names[0]).removeprefix("hp_")
    return str(metadata.get(TIME, "resource")).removeprefix("hp_")


def load_array(path: Path) -> NDArray[Any]:
    """An array of numbers in a ``.npy`` file, mapped into memory; an array of objects, a pickle, is refused.

    Raises:
        DamagedFileError: If it is no array of numbers, truncated or missing.
    """
    if not path.is_file():
        raise DamagedFileError(f"{path} is missing; get the folder again.")
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # the head of a damaged file is parsed as Python's literals, which can end in anything
        reason = (str(error) or type(error).__name__).splitlines()[0][:100]
        raise DamagedFileError(f"{path} cannot be read as an array of numbers ({reason}); get it again.") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        raise DamagedFileError(f"{path} must be an array of numbers, got something else; get it again.")
    return array
