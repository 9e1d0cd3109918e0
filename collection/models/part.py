"""One fold of a fitted model: how rows become inputs, and what inputs become."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.collection.baseline_models import Model
from lcbench.collection.encodings import ENCODINGS, Encoder, fit_onehot
from lcbench.collection.models.folds import Fold
from lcbench.collection.models.problem import Problem
from lcbench.collection.preparation import drop_missing
from lcbench.collection.prepared import Prepared

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
