"""The rows that select an ensemble: all that validate, or a sample of them where there are too many probabilities."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models import Problem, Scorer

MOST_NUMBERS = 2**27
"""Probabilities of all candidates together; a selection holds them several times, at most in some 3 GB.

30 candidates of 10 classes may have 447,000 rows each; of the 355 classes of dionis 12,600, enough to tell an accuracy
within half a point.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Jury:
    """Rows that select, and what they say. Make it with :meth:`of`.

    Attributes:
        places: Which of the problem's validation rows they are, increasing.
        scorer: The problem's scorer, on these rows.
    """

    places: NDArray[np.intp]
    scorer: Scorer

    @classmethod
    def of(cls, problem: Problem, candidates: int, most: int | None = None) -> Self:
        """The validation rows, or as many of them as there is room for, each class by its share.

        Args:
            problem: What is learnt.
            candidates: How many models there are to choose from.
            most: Probabilities that all of them may have together; :data:`MOST_NUMBERS` by default.
        """
        labels, scorer = problem.valid_labels, problem.scorer
        room = max(1, (MOST_NUMBERS if most is None else most) // (candidates * len(scorer.classes)))
        if len(labels) <= room:
            return cls(np.arange(len(labels)), scorer)
        by_class = np.argsort(labels, kind="stable")
        places = np.sort(by_class[np.linspace(0, len(labels), room, endpoint=False).astype(np.intp)])
        return cls(places, scorer.on(places))

    def hear(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """``(rows, classes)`` of these rows, from those of all validation rows."""
        return probabilities if len(probabilities) == len(self.places) else probabilities[self.places]
