"""What is logged of the runs of a stack, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.collection.networks.metrics import METRICS, RECORD

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Run:
    """One trained run.

    Attributes:
        budget: Epochs of its cosine.
        seed: Its seed.
        status: ``"success"`` or ``"diverged"``.
        epochs: Epochs with finite metrics; ``budget`` unless it diverged.
        n_parameters: Number of weights and biases.
        series: For each name of :data:`lcbench.collection.networks.metrics.RECORD` a ``(budget + 1,)`` float32 array.
        gradients: If asked for, for each of ``lcbench.table.manifest.GRADIENT_STATISTICS`` a ``(1 + layers, budget +
            1)``
            array: of all parameters, then of each layer; NaN at index 0, where there was no step.
        predictions: If asked for, class probabilities after the last epoch: ``(rows, classes)`` of ``"valid"`` and
            ``"test"``.
    """

    budget: int
    seed: int
    status: str
    epochs: int
    n_parameters: int
    series: Mapping[str, NDArray[np.float32]]
    gradients: Mapping[str, NDArray[np.float32]] | None = None
    predictions: Mapping[str, NDArray[np.float16]] | None = None


class Recorder:
    """Series of runs by epoch; those of longer budgets come first, so that the first ones are always the active ones.

    At first the runs of a seed are alike whatever their budget: what is logged of the seeds counts for all budgets.

    Args:
        seeds: Number of seeds.
        budgets: Number of budgets.
        epochs: The longest budget.
    """

    def __init__(self, seeds: int, budgets: int, epochs: int) -> None:
        n, self._copies, self._epochs = seeds * budgets, budgets, epochs
        self._gradients: dict[str, NDArray[np.float32]] = {}
        self._predictions: dict[int, Mapping[str, NDArray[np.float16]]] = {}
        self._series = {name: np.full((n, epochs + 1), np.nan) for name in RECORD.names}
        self._series["seconds"][:, 0] = 0

    def part(self) -> None:
        """From now on budgets differ: what is logged is of every active run."""
        self._copies = 1

    def metrics(self, epoch: int, parts: Mapping[str, Mapping[str, NDArray[np.floating]]]) -> None:
        """Log the metrics of the active runs after ``epoch`` epochs, for each part of the data."""
        for part, found in parts.items():
            for name in ("accuracy", "balanced_accuracy", "cross_entropy"):
                self._log(f"{part}_{name}", epoch, found[name])
        self._log("train_loss", epoch, parts["train"]["loss"])

    def learning_rate(self, epoch: int, rates: Sequence[float]) -> None:
        """Log the learning rates of the epoch that ends at index ``epoch``; index 0 repeats the first."""
        self._series["learning_rate"][: len(rates), epoch] = rates
        if epoch == 1:
            self._series["learning_rate"][: len(rates), 0] = rates

    def seconds(self, epoch: int, spent: float, n: int) -> None:
        """Log what the epoch that ends at index ``epoch`` took each of the ``n`` active runs."""
        self._series["seconds"][:n, epoch] = self._series["seconds"][:n, epoch - 1] + spent

    def gradients(self, epoch: int, found: Mapping[str, NDArray[np.float32]]) -> None:
        """Log gradient statistics ``(active runs, 1 + layers)`` of the epoch that ends at index ``epoch``."""
        for name, seen in found.items():
            values = np.tile(seen, (self._copies, 1))
            if name not in self._gradients:
                self._gradients[name] = np.full((len(values), values.shape[1], self._epochs + 1), np.nan, np.float32)
            self._gradients[name][: len(values), :, epoch] = values

    def predictions(self, rows: Sequence[int], found: Mapping[str, NDArray[np.float16]]) -> None:
        """Keep the class probabilities ``(active runs, rows, classes)`` of the runs that end now."""
        for row in rows:
            self._predictions[row] = {part: values[row % len(values)] for part, values in found.items()}

    def _log(self, name: str, epoch: int, values: ArrayLike) -> None:
        array = np.tile(np.asarray(values), self._copies)
        self._series[name][: len(array), epoch] = array

    def run(self, row: int, budget: int, seed: int, n_parameters: int) -> Run:
        """Read out one run; from the first non-finite metric on, all of its metrics are NaN."""
        series = {name: self._series[name][row, : budget + 1].astype(np.float32) for name in RECORD.names}
        finite = np.all([np.isfinite(series[name]) for name in METRICS], axis=0)
        good = budget + 1 if finite.all() else int(np.argmin(finite))
        for name in METRICS:
            series[name][good:] = np.nan
        status = "success" if good == budget + 1 else "diverged"
        gradients = {name: values[row, :, : budget + 1] for name, values in self._gradients.items()} or None
        predictions = self._predictions.get(row)
        return Run(budget, seed, status, max(0, good - 1), n_parameters, series, gradients, predictions)


# What is logged of the runs of several configurations in one stack.

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
