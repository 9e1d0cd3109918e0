"""A learning problem: rows, their classes, who trains and who validates, and what counts as good."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from collection.dataset import Dataset
from collection.models.columns import Columns
from collection.models.folds import Fold
from collection.models.scorers import Scorer
from collection.models.target import Labels


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A classification problem. Make it with :meth:`of` or :meth:`of_dataset`.

    Attributes:
        name: Name; it enters the randomness of networks.
        frame: ``(rows, columns)`` tidy: float64 numbers and categories named by text; see :class:`Columns`.
        y: ``(rows,)`` int64 class numbers.
        columns: What the raw frame looked like, by which frames are read at prediction.
        labels: The classes in the type of the target, in the order of their numbers.
        folds: Who trains and who validates; one for a hold-out.
        scorer: What counts as good (paper, section 3.4).
        encoding: How categories become inputs, a name of ``collection.encodings.ENCODINGS``.
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
        metric: str | Callable[..., float] = "accuracy",
        share: float = 0.33,
        validation: Any = None,
        splitter: Any = None,
        groups: ArrayLike | None = None,
        test: pd.DataFrame | ArrayLike | None = None,
        encoding: str = "onehot",
        seed: int = 0,
    ) -> Self:
        """Read a frame and a target, and decide who trains and who validates.

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
            groups: ``(rows,)`` for splitters that need them.
            test: Rows whose probabilities every model keeps.
            encoding: How categories become inputs.
            seed: Of the hold-out, of the stratified folds, and of a splitter that shuffles without a seed of its own.

        Raises:
            DataError: If the data cannot be learnt from; one sentence says why.
            InputError: If another argument cannot be used.
        """
        raise NotImplementedError

    @classmethod
    def of_dataset(cls, dataset: Dataset, **settings: Any) -> Self:
        """The rows of a data set outside its test part; that part is ``test``, and the collection's split validates."""
        raise NotImplementedError

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.labels.values)

    @property
    def valid_rows(self) -> NDArray[np.intp]:
        """``(validation rows,)`` positions of the rows that validate in any fold, each once, increasing."""
        return np.unique(np.concatenate([fold.valid for fold in self.folds]))

    @property
    def valid_labels(self) -> NDArray[np.int64]:
        """``(validation rows,)`` class numbers."""
        return self.y[self.valid_rows]

    def score(self, probabilities: ArrayLike) -> float:
        """Score of ``(validation rows, classes)`` probabilities, as scikit-learn gives it: larger is better."""
        raise NotImplementedError

    def loss(self, probabilities: ArrayLike) -> float:
        """Loss of ``(validation rows, classes)`` probabilities: smaller is better; infinite if one is not a number."""
        raise NotImplementedError

    def losses(self, probabilities: ArrayLike) -> NDArray[np.float64]:
        """Losses ``(models,)`` of ``(models, validation rows, classes)`` probabilities, at once where it matters."""
        raise NotImplementedError
