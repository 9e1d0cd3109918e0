"""A learning task: rows, their classes, folds and a scorer."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.data.columns import Columns
from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.dates import REFUSE
from lcbench.collection.data.encodings import ENCODINGS, Encoder, fit_onehot, get_encoding
from lcbench.collection.data.labels import Labels, number_classes
from lcbench.collection.data.preparation import drop_missing, split_rows
from lcbench.collection.data.prepared import Prepared
from lcbench.collection.data.words import text_of
from lcbench.collection.models.folds import Fold, check_groups, hold_out, own_rows, split
from lcbench.collection.models.scorers import Metric, Scorer, make
from lcbench.errors import DataError, InputError

LEAST_ROWS = 5
"""Rows for each class, on average, that there must be to learn from."""

MOST_CATEGORIES = 256
"""A column with more than so many is one number instead of that many inputs: names and identifiers, which everybody's
tables have, would otherwise take all memory."""

_FIT = ENCODINGS | {"onehot": partial(fit_onehot, most=MOST_CATEGORIES)}


@dataclass(frozen=True, slots=True, eq=False)
class LearningTask:
    """A classification task. Make it with :meth:`of` or :meth:`of_dataset`.

    Attributes:
        name: Name; it enters the randomness of networks.
        frame: ``(rows, columns)`` tidy: float64 numbers and categories named by text; see :class:`Columns`.
        y: ``(rows,)`` int64 class numbers.
        columns: What the raw frame looked like, by which frames are read at prediction.
        labels: The classes in the type of the target, in the order of their numbers.
        folds: Which rows train and which validate; one fold for a hold-out.
        scorer: Scores predictions (paper, section 3.4).
        encoding: How categories become inputs, a name of ``lcbench.collection.data.encodings.ENCODINGS``.
        test: ``(rows, columns)`` tidy frame whose probabilities every model keeps too, or None.
    """

    name: str
    frame: pd.DataFrame
    y: NDArray[np.int64]
    columns: Columns
    labels: Labels
    folds: tuple[Fold, ...]
    scorer: Scorer
    encoding: str = "onehot"
    test: pd.DataFrame | None = None

    @classmethod
    def of(
        cls,
        features: pd.DataFrame | ArrayLike,
        target: pd.Series | ArrayLike,
        *,
        name: str = "data",
        metric: Metric = "accuracy",
        share: float = 0.33,
        validation: Any = None,
        splitter: Any = None,
        groups: ArrayLike | None = None,
        test: pd.DataFrame | ArrayLike | None = None,
        encoding: str = "onehot",
        seed: int = 0,
        dates: str = REFUSE,
    ) -> Self:
        """Read a frame and a target, and divide the rows into folds.

        Args:
            features: ``(rows, columns)`` numbers, booleans, text, categories, with gaps.
            target: ``(rows,)`` classes of any type.
            name: Name of the data.
            metric: Name of a scikit-learn scorer, a scorer ``(estimator, X, y)``, or a function ``(y_true, y_pred)``
                of which larger is better.
            share: Share of the rows that validates, stratified, if neither of the next two is given.
            validation: The caller's own validation part: positions of rows, a mask of rows, or ``(X, y)`` of further
                rows.
            splitter: Any scikit-learn splitter, a number of stratified folds, or an iterable of ``(train, valid)``.
            groups: ``(rows,)`` for splitters that need them; an error with any other.
            test: Rows whose probabilities every model keeps.
            encoding: How categories become inputs; one-hot holds for columns of up to 256 categories
                (:data:`MOST_CATEGORIES`), others are numbers.
            seed: Of the hold-out, of the stratified folds, and of a splitter that shuffles without a seed of its own.
            dates: What becomes of columns of dates: ``"refuse"``, ``"parts"`` (year, month, day of week and days
                elapsed) or ``"text"`` (dates that are text are categories).

        Raises:
            DataError: If the data cannot be learnt from; one sentence says why.
            InputError: If another argument cannot be used.
        """
        get_encoding(encoding)
        columns, frame = Columns.learn(features, on_dates=dates)
        labels, y = Labels.learn(target)
        _check_lengths(frame, y, "features", "target")
        check_rows(len(y), len(labels.values))
        if sum(choice is not None for choice in (validation, splitter)) == 2:
            raise InputError("validation and splitter must not be given both; leave one out.")
        check_groups(groups, splitter, len(y))
        if isinstance(validation, tuple):
            further, theirs = columns.align(validation[0]), labels.number(validation[1])
            _check_lengths(further, theirs, "validation features", "validation target")
            frame, validation = _joined(frame, further), np.arange(len(y), len(y) + len(theirs))
            y = np.concatenate([y, theirs])
        if splitter is not None:
            folds = split(splitter, frame, y, groups, seed)
        else:
            folds = (hold_out(y, share, seed) if validation is None else own_rows(validation, y),)
        tested = None if test is None else columns.align(test)
        return cls._made(name, frame, y, columns, labels, folds, metric, encoding, tested)

    @classmethod
    def of_dataset(cls, dataset: Dataset, **settings: Any) -> Self:
        """Use the collection's split of a data set: its validation part validates, and its test part is the test part.

        Args:
            dataset: The data set.
            settings: Of :meth:`of`; with ``share``, ``splitter`` or ``validation`` (positions among the rows outside
                the test part) these decide who validates.

        Raises:
            DataError: If the data cannot be learnt from.
            InputError: If a setting cannot be used.
        """
        numbers, classes = number_classes(dataset.target)
        rows = split_rows(numbers, classes, dataset.test_rows)
        outside = np.sort(np.concatenate([rows.train, rows.valid]))
        if not {"share", "splitter", "validation"} & set(settings):
            settings["validation"] = np.isin(outside, rows.valid)
        features = dataset.features
        return cls.of(
            features.iloc[outside],
            dataset.target.iloc[outside],
            **{"name": dataset.name, "test": features.iloc[rows.test]} | settings,
        )

    @classmethod
    def _made(
        cls,
        name: str,
        frame: pd.DataFrame,
        y: NDArray[np.int64],
        columns: Columns,
        labels: Labels,
        folds: tuple[Fold, ...],
        metric: Metric,
        encoding: str,
        test: pd.DataFrame | None,
    ) -> Self:
        rows = _valid_rows(folds)
        scorer = make(metric, frame.iloc[rows].reset_index(drop=True), y[rows], labels)
        return cls(name, frame, y, columns, labels, folds, scorer, encoding, test)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.labels.values)

    @property
    def valid_rows(self) -> NDArray[np.intp]:
        """``(validation rows,)`` positions of the rows that validate in any fold, each once, increasing."""
        return _valid_rows(self.folds)

    @property
    def valid_labels(self) -> NDArray[np.int64]:
        """``(validation rows,)`` class numbers."""
        return self.y[self.valid_rows]

    def score(self, probabilities: ArrayLike) -> float:
        """Score of ``(validation rows, classes)`` probabilities, as scikit-learn gives it: larger is better."""
        return self.scorer.score(probabilities)

    def loss(self, probabilities: ArrayLike) -> float:
        """Loss of ``(validation rows, classes)`` probabilities: smaller is better; infinite if one is not a number."""
        return self.scorer.loss(probabilities)

    def losses(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Losses ``(models,)`` of ``(models, validation rows, classes)`` probabilities, at once where it matters."""
        return self.scorer.losses(probabilities)

    def fold_scorer(self, fold: Fold) -> Scorer:
        """The same scorer on the validation rows of one fold."""
        return self.scorer.on(np.searchsorted(self.valid_rows, fold.valid))

    def prepared(self, fold: Fold) -> tuple[Encoder, Prepared]:
        """Encode a fold's rows, as learnt from those that train.

        All that trains here measures itself on a test part too; a fold has none, so a single validation row stands in
        for it, and what is measured there is not read.

        Raises:
            DataError: If no column has a value in the training rows.
        """
        features, dropped = drop_missing(self.frame, fold.train)
        encoder = _FIT[self.encoding](features.iloc[fold.train])
        x_train, x_valid = (encoder(features.iloc[rows]) for rows in (fold.train, fold.valid))
        data = Prepared(
            name=self.name,
            x_train=x_train,
            y_train=self.y[fold.train],
            x_valid=x_valid,
            y_valid=self.y[fold.valid],
            x_test=x_valid[:1],
            y_test=self.y[fold.valid[:1]],
            classes=tuple(map(str, self.labels.values)),
            class_counts=tuple(np.bincount(self.y, minlength=self.n_classes).tolist()),
            encoding=self.encoding,
            dropped=dropped,
        )
        return encoder, data


def _valid_rows(folds: tuple[Fold, ...]) -> NDArray[np.intp]:
    return np.unique(np.concatenate([fold.valid for fold in folds]))


def _check_lengths(frame: pd.DataFrame, y: NDArray[np.int64], one: str, other: str) -> None:
    if len(frame) != len(y):
        raise DataError(f"{one} and {other} must have as many rows, got {len(frame)} and {len(y)}.")


def _joined(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Rows of two tidy frames one after the other; categories of the first come first."""
    columns: dict[str, Any] = {}
    for name in one:
        first, second = one[name], other[name]
        if isinstance(first.dtype, pd.CategoricalDtype):
            known = dict.fromkeys([*map(text_of, first.cat.categories), *map(text_of, second.cat.categories)])
            texts = [[None if pd.isna(value) else text_of(value) for value in part] for part in (first, second)]
            columns[str(name)] = pd.Categorical([*texts[0], *texts[1]], categories=list(known))
        else:
            columns[str(name)] = np.concatenate([first.to_numpy(), second.to_numpy()])
    return pd.DataFrame(columns)


def check_rows(rows: int, classes: int) -> None:
    """Refuse too few rows.

    Raises:
        DataError: If there are fewer than 5 for each class.
    """
    if rows < LEAST_ROWS * classes:
        raise DataError(
            f"a data set must have at least {LEAST_ROWS} rows for each class, got {rows} rows of {classes} classes; "
            "give more rows or merge classes, or bin the values if they are quantities (a regression?)."
        )
