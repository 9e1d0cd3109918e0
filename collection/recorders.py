"""What is logged of the runs of several configurations in one stack."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.recorder import Recorder, Run

if TYPE_CHECKING:
    from torch import Tensor

_Part = TypeVar("_Part", bound=np.generic)


class Recorders:
    """A recorder for each configuration; networks come budget by budget, then by configuration, then by seed.

    Args:
        configs: Number of configurations.
        seeds: Number of seeds.
        budgets: Number of budgets.
        epochs: The longest budget.
    """

    def __init__(self, configs: int, seeds: int, budgets: int, epochs: int) -> None:
        self._seeds = seeds
        self._each = [Recorder(seeds, budgets, epochs) for _ in range(configs)]

    def part(self) -> None:
        """From now on budgets differ: what is logged is of every active run."""
        for recorder in self._each:
            recorder.part()

    def metrics(self, epoch: int, parts: "Mapping[str, Mapping[str, Tensor]]") -> None:
        """Log the metrics of the active runs after ``epoch`` epochs, for each part of the data."""
        arrays = {part: {name: values.cpu().numpy() for name, values in found.items()} for part, found in parts.items()}
        for number, recorder in enumerate(self._each):
            own = {
                part: {name: self._own(number, values) for name, values in found.items()}
                for part, found in arrays.items()
            }
            recorder.metrics(epoch, own)

    def learning_rates(self, epoch: int, rates: Sequence[float]) -> None:
        """Log the learning rates of the epoch that ends at index ``epoch``."""
        for number, recorder in enumerate(self._each):
            recorder.learning_rate(epoch, self._own(number, np.array(rates)).tolist())

    def seconds(self, epoch: int, measured: float, modelled: Sequence[float] | None, budgets: int) -> None:
        """Log what the epoch that ends at index ``epoch`` took each run of the ``budgets`` longest budgets."""
        for number, recorder in enumerate(self._each):
            recorder.seconds(epoch, measured if modelled is None else modelled[number], budgets * self._seeds)

    def gradients(self, epoch: int, found: Mapping[str, NDArray[np.float32]]) -> None:
        """Log gradient statistics of the epoch that ends at index ``epoch``; of one configuration only."""
        (only,) = self._each
        only.gradients(epoch, found)

    def predictions(self, budgets: int, found: Mapping[str, NDArray[np.float16]]) -> None:
        """Keep the class probabilities of the runs that end now: those of the shortest of the active budgets."""
        ending = range((budgets - 1) * self._seeds, budgets * self._seeds)
        for number, recorder in enumerate(self._each):
            recorder.predictions(ending, {part: self._own(number, values) for part, values in found.items()})

    def runs(self, budgets: Sequence[int], seeds: Sequence[int], n_parameters: Sequence[int]) -> list[list[Run]]:
        """Read out all runs of each configuration, budgets in the outer loop."""
        longest_first = sorted(budgets, reverse=True)
        place = {(b, s): row for row, (b, s) in enumerate((b, s) for b in longest_first for s in seeds)}
        return [
            [recorder.run(place[b, s], b, s, size) for b in budgets for s in seeds]
            for recorder, size in zip(self._each, n_parameters, strict=True)
        ]

    def _own(self, number: int, values: NDArray[_Part]) -> NDArray[_Part]:
        """What belongs to one configuration, ``(active runs of it, ...)``."""
        by_config = values.reshape(-1, len(self._each), self._seeds, *values.shape[1:])
        return by_config[:, number].reshape(-1, *values.shape[1:])
