"""The course of a one-shot search: epochs of one super-network, and after each the cell that it stands for."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from time import process_time

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lcbench.collection.cells.images import Images, parts_of
from lcbench.collection.cells.one_shot.settings import DEFAULT, Settings
from lcbench.collection.cells.supernet import Mixture, SuperNetwork, single
from lcbench.collection.cells.training import PREDICTED, set_learning_rate, sgd
from lcbench.collection.data.prepared import Prepared
from lcbench.space.cells import EDGES, OPERATIONS


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search stands after an epoch.

    Attributes:
        epoch: How many epochs it has had.
        seconds: Processor time of the epochs so far and of this derivation: what it had cost to stop here.
        cell: The operations of the cell that it stands for.
        shared_accuracy: Of that cell with the shared weights, on the validation part.
    """

    epoch: int
    seconds: float
    cell: tuple[str, ...]
    shared_accuracy: float


class OneShot(ABC):
    """A one-shot method; a subclass says how a batch is learnt from, and which cell it stands for.

    Args:
        task: The data set, whose rows are images.
        seed: Of the weights, of the order of the images and of all that is drawn.
        settings: Its settings.
    """

    def __init__(self, task: Prepared, seed: int, settings: Settings = DEFAULT) -> None:
        self.parts = parts_of(task)
        self.settings = settings
        self.rng = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = SuperNetwork(task.n_classes)
        self.optimizer = sgd(self.model.parameters(), fused=False)

    @abstractmethod
    def learn(self, train: Images, valid: Images, progress: float) -> None:
        """Learn from one batch.

        Args:
            train: For the weights.
            valid: As many images of the validation part, for the architecture.
            progress: How far the search is: 0 in its first epoch, 1 in its last.
        """

    @abstractmethod
    def derive(self) -> tuple[int, ...]:
        """The cell that the search stands for: the place of each edge's operation."""

    def epochs(self) -> Iterator[Found]:
        """Search; stop whenever enough is known.

        Yields:
            After each epoch where the search stands.
        """
        spent = 0.0
        for epoch in range(self.settings.epochs):
            began = process_time()
            self._epoch(epoch)
            spent += process_time() - began
            began = process_time()
            places = self.derive()
            seconds = spent + process_time() - began
            cell = tuple(OPERATIONS[place] for place in places)
            yield Found(epoch + 1, seconds, cell, self.accuracy(places))

    def _epoch(self, epoch: int) -> None:
        epochs = self.settings.epochs
        set_learning_rate(self.optimizer, epoch / epochs)
        progress = epoch / max(1, epochs - 1)
        self.model.train()
        valid = self._shuffled("valid")
        for train in self._shuffled("train"):
            judged = next(valid, None)
            if judged is None:
                valid = self._shuffled("valid")
                judged = next(valid)
            self.learn(train, judged, progress)

    def _shuffled(self, part: str) -> Iterator[Images]:
        images = self.parts[part]
        for rows in torch.randperm(len(images), generator=self.rng).split(self.settings.batch):
            yield Images(images.x[rows], images.y[rows])

    def train_weights(self, images: Images, mixture: Mixture) -> None:
        """A step of the weights."""
        self.optimizer.zero_grad()
        self.loss(images, mixture).backward()
        self.optimizer.step()

    def loss(self, images: Images, mixture: Mixture) -> Tensor:
        """Cross-entropy of a mixture."""
        return cross_entropy(self.model(images.x, mixture), images.y)

    @torch.no_grad()
    def accuracy(self, places: tuple[int, ...]) -> float:
        """Accuracy of a cell on the validation part with the shared weights.

        Batches are normalized by themselves: means over many cells fit none of them.
        """
        self.model.train()
        images, mixture = self.parts["valid"], single(places)
        batches = zip(images.x.split(PREDICTED), images.y.split(PREDICTED), strict=True)
        right = sum(int((self.model(x, mixture).argmax(1) == y).sum()) for x, y in batches)
        return right / len(images)


class Learnt(OneShot):
    """A method that learns a weight for each operation of each edge, and stands for the largest ones."""

    def __init__(self, task: Prepared, seed: int, settings: Settings = DEFAULT) -> None:
        super().__init__(task, seed, settings)
        drawn = torch.randn(len(EDGES), len(OPERATIONS), generator=self.rng)
        self.architecture = (1e-3 * drawn).requires_grad_()
        self.architect = torch.optim.Adam(
            [self.architecture], settings.rate(len(self.parts["train"])), betas=(0.5, 0.999), weight_decay=1e-3
        )

    def derive(self) -> tuple[int, ...]:
        """The operation of the largest weight on each edge; ``none`` is among them, as in NAS-Bench-201."""
        return tuple(self.architecture.detach().argmax(1).tolist())
