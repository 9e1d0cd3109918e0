"""A surrogate as a folder of text files and Parquet; reading it executes nothing.

::

    FOLDER/
      surrogate.json                     what it is, the bases of the curves, the card, and what each file must be
      card.md                            the card for people
      models/<budget>.<series>.<model>.json or .txt    each model in its own text format
      configs.parquet                    the configurations it was fitted to
      recorded.parquet                   their recorded curves, one row per (budget, configuration, seed)
"""

import re
from pathlib import Path
from typing import Any

from lcbench import files, signature, writing
from lcbench.errors import DamagedFileError, NotABenchmarkError
from lcbench.files import read_signed
from lcbench.form import SHA256, Whole, check
from lcbench.output import sweep
from lcbench.simulate.surrogate import recorded as recorded_module
from lcbench.simulate.surrogate.basis import Basis
from lcbench.simulate.surrogate.card import Card
from lcbench.simulate.surrogate.course import Course, Fitted
from lcbench.simulate.surrogate.features import n_features
from lcbench.simulate.surrogate.fitting import Surrogate
from lcbench.simulate.surrogate.models import MODELS
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.space.encoding import Encoding
from lcbench.table import format1
from lcbench.table.manifest import LONGEST_BUDGET
from lcbench.table.metric import METRIC_FORM, Metric, from_json, to_json

FORMAT_VERSION = 2
MANIFEST = "surrogate.json"
CARD = "card.md"


_FITTED = {"model": tuple(MODELS), "basis": dict}
_FORM = {
    "dataset": str,
    "metric": (str, METRIC_FORM),  # format 1: its name
    "space": dict,
    "budgets": [Whole(1, LONGEST_BUDGET)],
    "seeds": [Whole()],
    "courses": {re.compile(r"\d{1,6}"): {"values": _FITTED, "seconds?": _FITTED, "divergence?": _FITTED}},
    "card": dict,
    "files": {str: SHA256},
}


def save(folder: Path, surrogate: Surrogate) -> None:
    """Write a surrogate, the manifest last; what was there of an older one is replaced."""
    from lcbench.space.spaces import to_json as space_to_json

    recorded = surrogate.recorded
    for place in (folder, folder / "models"):
        sweep(place)
    (folder / MANIFEST).unlink(missing_ok=True)
    paths = [*recorded_module.write(folder, recorded), CARD]
    writing.write_text(folder / CARD, surrogate.card.to_text())
    courses = {}
    for run, course in surrogate.courses.items():
        parts = {name: fitted for name, fitted in _parts(course) if fitted is not None}
        for name, fitted in parts.items():
            paths.append(_model_path(run, name, fitted.model))
            writing.write_text(folder / paths[-1], fitted.text)
        courses[str(run)] = {name: _described(fitted) for name, fitted in parts.items()}
    document = {
        "format_version": FORMAT_VERSION,
        "dataset": recorded.dataset,
        "metric": to_json(recorded.target),
        "space": space_to_json(recorded.space),
        "budgets": recorded.budgets,
        "seeds": recorded.seeds,
        "courses": courses,
        "card": surrogate.card.to_json(),
        "files": {path: signature.digest(folder / path) for path in paths},
    }
    writing.write_json(folder / MANIFEST, document)


def load(folder: Path) -> Surrogate:
    """Read a surrogate; its predictions are those of the one that was saved, to the last bit.

    Raises:
        NotABenchmarkError: If there is no surrogate.
        NewerFormatError: If it was written by a newer format.
        DamagedFileError: If a file is missing, truncated or changed, or not what it must be.
    """
    if not (folder / MANIFEST).is_file():
        raise NotABenchmarkError(f"{folder} holds no surrogate (no {MANIFEST}); make one with 'lcbench surrogate'.")
    document = read_signed(folder / MANIFEST, FORMAT_VERSION, "surrogate")
    check(folder / MANIFEST, document, _FORM)
    with files.understood(folder / MANIFEST):
        return _surrogate(folder, document)


def _surrogate(folder: Path, document: dict[str, Any]) -> Surrogate:
    from lcbench.space.spaces import from_json as space_from_json

    metric = document["metric"]  # format 1: its name
    checked = {str(path): str(digest) for path, digest in document["files"].items()}
    recorded = recorded_module.read(
        lambda path: _checked(folder, path, checked),
        dataset=str(document["dataset"]),
        target=format1.metric(metric) if isinstance(metric, str) else from_json(Metric, metric),
        space=space_from_json(document["space"]),
        budgets=tuple(int(b) for b in document["budgets"]),
        seeds=tuple(int(s) for s in document["seeds"]),
        runs=tuple(int(run) for run in document["courses"]),
    )
    courses = {}
    for run in recorded.runs:
        entries = document["courses"][str(run)]
        fitted = {name: _fitted(folder, checked, recorded, run, name, entry) for name, entry in entries.items()}
        parts = fitted["values"], fitted.get("seconds"), fitted.get("divergence")
        courses[run] = Course(recorded.target, run, *parts)
    _checked(folder, CARD, checked)
    return Surrogate(recorded, courses, Card.from_json(document["card"]))


def _fitted(
    folder: Path, checked: dict[str, str], recorded: Recorded, run: int, name: str, entry: dict[str, Any]
) -> Fitted:
    """Read one model."""
    points = {"values": run + 1, "seconds": run, "divergence": 1}
    basis = Basis.from_json(entry["basis"], points[name])
    path = _checked(folder, _model_path(run, name, entry["model"]), checked)
    text = files.read_bytes(path).decode("utf-8")
    trees = MODELS[entry["model"]].read(text, n_features(Encoding(recorded.space)), basis.outputs)
    return Fitted(entry["model"], text, trees, basis)


def _described(fitted: Fitted) -> dict[str, Any]:
    return {"model": fitted.model, "basis": fitted.basis.to_json()}


def _parts(course: Course) -> list[tuple[str, Fitted | None]]:
    return [("values", course.values), ("seconds", course.seconds), ("divergence", course.divergence)]


def _model_path(run: int, series: str, model: str) -> str:
    return f"models/{run}.{series}.{model}.{MODELS[model].suffix}"


def _checked(folder: Path, path: str, digests: dict[str, str]) -> Path:
    """The path of a file that is as the manifest says.

    Raises:
        DamagedFileError: If it is not.
    """
    if not (folder / path).is_file():
        raise DamagedFileError(f"{folder / path} is missing; restore it or fit again.")
    if signature.digest(folder / path) != digests[path]:
        raise DamagedFileError(f"{folder / path} is truncated or changed; restore it or fit again.")
    return folder / path
