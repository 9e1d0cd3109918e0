"""Random search with shared weights.

Li and Talwalkar (2019), *Random search and reproducibility for neural architecture search*, UAI, section 3.3: each
batch trains the weights of a cell drawn at random; in the end random cells are judged by the shared weights, and the
best one is taken.
"""

import torch

from lcbench.collection.cells.images import Images
from lcbench.collection.cells.one_shot.search import OneShot
from lcbench.collection.cells.supernet import single
from lcbench.space.cells import EDGES, OPERATIONS

JUDGED = 100
"""Cells that are judged, as in NAS-Bench-201."""


class RandomSharing(OneShot):
    """Weights for cells drawn at random, and the best of a hundred of them."""

    def learn(self, train: Images, valid: Images, progress: float) -> None:  # noqa: ARG002
        """A step of the weights of a cell drawn at random; there is no architecture to learn."""
        self.train_weights(train, single(self._drawn()))

    def derive(self) -> tuple[int, ...]:
        """The best of a hundred random cells on the validation part; of equal ones the first."""
        return max((self._drawn() for _ in range(JUDGED)), key=self.accuracy)

    def _drawn(self) -> tuple[int, ...]:
        return tuple(torch.randint(len(OPERATIONS), (len(EDGES),), generator=self.rng).tolist())
