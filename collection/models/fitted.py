"""A trained network as a model, in one safetensors file: tensors and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.data.encodings import ENCODINGS, Encoder, fit_onehot
from lcbench.collection.data.preparation import drop_missing
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.models.baseline_models import Model
from lcbench.collection.models.columns import Columns
from lcbench.collection.models.folds import Fold
from lcbench.collection.models.problem import Labels, Problem
from lcbench.collection.networks.full.fitting import build_network
from lcbench.errors import DamagedFileError, InputError
from lcbench.files import replacing
from lcbench.table.curve import Curve

_ROWS = 4096  # of an evaluation at once


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network in evaluation mode.

    Attributes:
        module: From ``(rows, inputs)`` float32 to ``(rows, classes)`` logits.
    """

    module: torch.nn.Module

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``."""
        with torch.inference_mode():
            parts = [self.module(part) for part in torch.tensor(x).split(_ROWS)]
            return torch.softmax(torch.cat(parts).double(), 1).numpy()

    def write(self, path: Path) -> None:
        """Write weights and buffers as safetensors."""
        from safetensors.torch import save_file

        with replacing(path) as temporary:
            save_file({name: value.contiguous() for name, value in self.module.state_dict().items()}, str(temporary))

    @classmethod
    def read(cls, path: Path, config: Mapping[str, Any], inputs: int, classes: int) -> Self:
        """Read what :meth:`write` wrote into a network built anew.

        Raises:
            DamagedFileError: If it is not the state of such a network.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            module = build_network(config, inputs, classes)
            module.load_state_dict(load_file(str(path)))
        except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError, InputError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DamagedFileError(f"{path} cannot be read as this network's weights ({said}).") from error
        return cls(module.eval())


# One fold of a fitted model: how rows become inputs, and what inputs become.

MOST_CATEGORIES = 256
"""A column with more than so many is one number instead of that many inputs: names and identifiers, which everybody's
tables have, would otherwise take all memory."""

_FIT = ENCODINGS | {"onehot": partial(fit_onehot, most=MOST_CATEGORIES)}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one fold has learnt.

    Attributes:
        encoder: From a tidy frame to inputs, learnt from the fold's training rows.
        model: From inputs to probabilities.
    """

    encoder: Encoder
    model: Model

    def __call__(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of a tidy frame."""
        return self.model(self.encoder(frame))


class Ready(NamedTuple):
    """A fold ready for training."""

    encoder: Encoder
    data: Prepared


def ready(problem: Problem, fold: Fold) -> Ready:
    """Encode a fold's rows, as learnt from those that train.

    All that trains here measures itself on a test part too; a fold has none, so a single validation row stands in for
    it, and what is measured there is not read.

    Raises:
        DataError: If no column has a value in the training rows.
    """
    features, dropped = drop_missing(problem.frame, fold.train)
    encoder = _FIT[problem.encoding](features.iloc[fold.train])
    x_train, x_valid = (encoder(features.iloc[rows]) for rows in (fold.train, fold.valid))
    data = Prepared(
        name=problem.name,
        x_train=x_train,
        y_train=problem.y[fold.train],
        x_valid=x_valid,
        y_valid=problem.y[fold.valid],
        x_test=x_valid[:1],
        y_test=problem.y[fold.valid[:1]],
        classes=tuple(map(str, problem.labels.values)),
        class_counts=tuple(np.bincount(problem.y, minlength=problem.n_classes).tolist()),
        encoding=problem.encoding,
        dropped=dropped,
    )
    return Ready(encoder, data)


# A fitted model with all that is known of it.

NETWORK = "network"
"""The kind of a model that is no baseline."""


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model fitted to every fold of a problem.

    Attributes:
        kind: ``"network"``, or the name of a baseline.
        config: A network's configuration; None for a baseline.
        budget: Epochs of a network; 1 for a baseline.
        seed: Its source of randomness.
        curve: Score by epoch on the validation rows (larger is better, as the problem's scorer gives it), the mean
            over the folds that define it, and cumulative seconds of all folds. NaN from the epoch on where a fold
            diverged; where no fold by itself defines the score, the last epoch has that of all their rows.
            A baseline has one epoch; before it stand the shares of the classes in the training part.
        valid_probabilities: ``(validation rows, classes)`` float32, in the order of ``problem.valid_rows``; a row that
            validates in several folds has the mean over them. NaN if the network diverged.
        test_probabilities: ``(test rows, classes)`` float32, the mean over the folds; None if there is no test part.
        seconds: What fitting and predicting took in all.
        columns: How frames are read.
        labels: The classes.
        parts: What each fold has learnt.
    """

    kind: str
    config: Mapping[str, Any] | None
    budget: int
    seed: int
    curve: Curve
    valid_probabilities: NDArray[np.float32]
    test_probabilities: NDArray[np.float32] | None
    seconds: float
    columns: Columns
    labels: Labels
    parts: tuple[Part, ...]

    @property
    def diverged(self) -> bool:
        """Whether a network of it has no finite probabilities."""
        return not bool(np.isfinite(self.valid_probabilities).all())

    def predict_proba(self, frame: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:
        """Class probabilities ``(rows, classes)`` of raw rows, the mean over the folds' models.

        Args:
            frame: The columns of training, in any order; further ones are an error, as is one that is missing.

        Raises:
            DataError: If the columns do not fit; one sentence says how.
        """
        return self.predict_tidy(self.columns.align(frame))

    def predict_tidy(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """As :meth:`predict_proba`, of a frame that ``columns.align`` has read already (once for many models)."""
        return mean_of(self.parts, frame)

    def save(self, folder: Path) -> None:
        """Write it into a folder: JSON, arrays, safetensors, the boosters' own formats; no pickle."""
        from lcbench.collection.models.folder import save

        save(folder, self)


def mean_of(parts: tuple[Part, ...], frame: pd.DataFrame) -> NDArray[np.float64]:
    """``(rows, classes)`` mean of the parts' probabilities of a tidy frame."""
    total = parts[0](frame)
    for part in parts[1:]:
        total = total + part(frame)
    return total / len(parts)
