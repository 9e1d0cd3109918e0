"""The folder of a search or a saved classifier, and its description."""

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.arrays_file import read_arrays, write_arrays
from lcbench.errors import DamagedFileError, InputError, NewerFormatError, NotABenchmarkError
from lcbench.files import no_links, read_json
from lcbench.form import Whole, check
from lcbench.output import sweep
from lcbench.table.curve import Curve
from lcbench.wanted import Wanted
from lcbench.work.workplace import TEMPORARY
from lcbench.writing import write_json

if TYPE_CHECKING:
    from lcbench.collection.models import Fitted, LearningTask


def card(parameters: Mapping[str, Any], problem: "LearningTask", target: str) -> dict[str, Any]:
    """Describe a classifier in plain types.

    Args:
        parameters: Of the estimator; those that are no plain values (functions, splitters) are told in words.
        problem: What it learns.
        target: Name of the target.
    """
    plain = {name: value for name, value in parameters.items() if _is_plain(value)}
    told = {name: repr(value) for name, value in parameters.items() if not _is_plain(value)}
    return {
        "parameters": plain,
        "parameters in words": told,
        "metric": problem.scorer.name,
        "target": target,
        "columns": list(problem.columns.names),
        "classes": [str(value) for value in problem.labels.values.tolist()],
        "rows": len(problem.y),
        "version": version("lcbench"),
    }


def parameters_of(known: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The parameters that a folder knows."""
    kept = known.get("parameters", {})
    return {name: _frozen(kept[name]) for name in names if name in kept}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and all(type(each) is int for each in value) else value


# The folder of a search:
# ::
#
#     MODEL/
#       model.json            what it is: format, settings, columns, versions
#       results.jsonl         one line for each model that was tried, with the ensemble after it; see journal.py
#       models/<number>/      a fitted model (lcbench.collection.models): those of the ensemble and the best others
#       predictions/<n>.npz   of every model, also of those that are removed: its curve, its probabilities on the
#                             validation rows and on the test rows if there are any
#       search/               the record of the live run, see lcbench.simulate.realtime.record
#
# A saved classifier has the first three, and of the models only the ensemble's. Everything is there whole or not at
# all: files and folders are written beside their place and moved there.

FORMAT = 1
MODEL = Wanted("a folder made by 'lcbench fit'", file=False, folder=True, holds="model.json")
"""What is loaded."""

_FORM = {"parameters?": dict, "parameters in words?": dict, "target?": str, "columns?": [str], "classes?": [str]}


_PREDICTIONS = {"values": "f8", "seconds": "f8", "valid": "f4", "test": "f4"}


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """Stored predictions of a model.

    Attributes:
        curve: Its score by epoch.
        valid: ``(validation rows, classes)`` probabilities.
        test: ``(test rows, classes)``, or None.
    """

    curve: Curve
    valid: NDArray[np.float32]
    test: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class Folder:
    """The folder of a search or a saved classifier.

    Attributes:
        path: Where it is.
    """

    path: Path

    @property
    def card(self) -> Path:
        """The description."""
        return self.path / "model.json"

    @property
    def results(self) -> Path:
        """The journal of the models that were tried."""
        return self.path / "results.jsonl"

    @property
    def record(self) -> Path:
        """The record of the live run."""
        return self.path / "search"

    def model(self, number: int) -> Path:
        """The folder of a fitted model."""
        return self.path / "models" / str(number)

    def begin(self, card: dict[str, Any]) -> None:
        """Make the folder, or check that it holds a search that can be resumed.

        Raises:
            InputError: If there is something else in it, or a classifier that was saved without its search.
        """
        sweep(self.path)
        if self.card.is_file():
            self.read_card()
            if not self.record.is_dir() and self.results.is_file():
                raise InputError(f"{self.path} holds a saved classifier and no search to resume; choose another.")
            self.record.mkdir(exist_ok=True)  # a search that was stopped before it had begun has none
            return
        if self.path.exists() and (not self.path.is_dir() or self._foreign()):
            raise InputError(f"{self.path} is not empty and holds no search; choose a new or an empty folder.")
        self.record.mkdir(parents=True, exist_ok=True)
        self.write_card(card)

    def _foreign(self) -> bool:
        """Whether it holds anything but the remains of a search that was killed before it began."""
        ours = [self.record, *self.path.glob(f".{self.card.name}.*.tmp")]
        return any(path not in ours for path in self.path.iterdir()) or any(self.record.glob("*"))

    def write_card(self, card: dict[str, Any]) -> None:
        """Write the description."""
        write_json(self.card, {"autotabular": FORMAT} | card)

    def read_card(self) -> dict[str, Any]:
        """Read the description.

        Raises:
            NotABenchmarkError: If there is no classifier in it.
            NewerFormatError: If it was written by a newer format.
            DamagedFileError: If its description cannot be read.
        """
        MODEL.check(self.path, NotABenchmarkError)
        no_links(self.path)
        card = read_json(self.card)
        if not isinstance(card, dict) or card.get("autotabular") not in Whole():
            raise DamagedFileError(f"{self.card} describes no classifier; restore it.")
        check(self.card, card, _FORM)
        if card["autotabular"] > FORMAT:
            raise NewerFormatError(
                f"{self.path} has format {card['autotabular']}, newer than {FORMAT}; update lcbench."
            )
        return card

    def keep(self, number: int, fitted: "Fitted") -> None:
        """Store a model and its predictions; they come last, so where they are the model is whole."""
        place, beside = self.model(number), self.model(number).with_name(f".{number}")
        predictions = self._predictions(number)
        for old in (place, beside):
            shutil.rmtree(old, ignore_errors=True)
        for half in predictions.parent.glob(f".{predictions.name}{TEMPORARY}"):  # of a process that was killed
            half.unlink(missing_ok=True)
        if not fitted.diverged:
            fitted.save(beside)
            beside.rename(place)
        arrays = {"values": fitted.curve.values, "seconds": fitted.curve.seconds, "valid": fitted.valid_probabilities}
        if fitted.test_probabilities is not None:
            arrays["test"] = fitted.test_probabilities
        write_arrays(predictions, arrays)

    def predictions(self, number: int) -> Predictions | None:
        """Predictions of a model; None if they are missing or damaged."""
        try:
            found = read_arrays(self._predictions(number), _PREDICTIONS, ("test",))
            return Predictions(Curve(found["values"], found["seconds"]), found["valid"], found.get("test"))
        except (DamagedFileError, ValueError):
            return None

    def remove_models(self, numbers: Collection[int]) -> None:
        """Remove these models, as far as they are there; their predictions stay."""
        for path in self.path.glob("models/[0-9]*"):
            if int(path.name) in numbers:
                shutil.rmtree(path, ignore_errors=True)

    def _predictions(self, number: int) -> Path:
        return self.path / "predictions" / f"{number}.npz"
