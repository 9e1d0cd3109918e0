"""The cost model: how long a single run would take one worker, calibrated on this machine.

Runs train in stacks, so the time of a single run cannot be read off a clock. An epoch of a run is a known amount of
work of a few kinds (steps, layers, arithmetic in small and in large products, parameters to update, activations, masks
to draw ...). :func:`calibrate` takes timed single-run epochs of random shapes and batch sizes and finds the seconds
that one unit of each kind takes, by non-negative least squares on relative errors. More work never takes less time, and
a run's seconds grow by the same amount every epoch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from lcbench.collection.data.prepared import Prepared
    from lcbench.collection.networks.tensors import Tensors


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows of a data set's parts, as far as they matter for time.

    Attributes:
        train: Rows that are trained on.
        valid: Rows that are evaluated after each epoch.
        test: As ``valid``.
    """

    train: int
    valid: int
    test: int


@dataclass(frozen=True, slots=True)
class Extent:
    """The size of a data set.

    Attributes:
        features: Inputs of a network.
        classes: Outputs.
        sizes: Rows.
    """

    features: int
    classes: int
    sizes: Sizes

    @classmethod
    def of(cls, data: "Prepared | Tensors") -> "Extent":
        """The extent of a data set."""
        sizes = Sizes(len(data.y_train), len(data.y_valid), len(data.y_test))
        return cls(data.n_features, data.n_classes, sizes)

    def capped(self, rows: int) -> "Extent":
        """The same with at most so many rows to train on, and the other parts in proportion."""
        share = min(1.0, rows / self.sizes.train)
        train, valid, test = (max(1, int(n * share)) for n in (self.sizes.train, self.sizes.valid, self.sizes.test))
        return Extent(self.features, self.classes, Sizes(train, valid, test))


@dataclass(frozen=True, slots=True)
class CostModel:
    """Seconds per unit of work.

    Attributes:
        seconds: One number per kind of work, not negative.
        kinds: The kinds.
    """

    seconds: tuple[float, ...]
    kinds: tuple[str, ...]

    def seconds_of(self, work: Mapping[str, float]) -> float:
        """Seconds of so much work of each kind."""
        return float(sum(work[kind] * each for kind, each in zip(self.kinds, self.seconds, strict=True)))

    def to_json(self) -> dict[str, float]:
        """Seconds by kind of work."""
        return dict(zip(self.kinds, self.seconds, strict=True))

    @classmethod
    def from_json(cls, document: Mapping[str, float]) -> "CostModel":
        """Read what :meth:`to_json` wrote."""
        return cls(tuple(map(float, document.values())), tuple(document))


def calibrate(samples: Sequence[Mapping[str, float]], measured: Sequence[float]) -> CostModel:
    """Fit the model to measured epochs.

    Args:
        samples: Work of each by kind, the same kinds in each.
        measured: Seconds of each, run alone.

    Returns:
        The model with the least squared relative error among those without negative seconds.
    """
    from scipy.optimize import nnls  # slow to import

    work = np.array([list(sample.values()) for sample in samples]) / np.array(measured)[:, None]
    scale = work.max(axis=0)
    scale[scale == 0] = 1.0
    seconds, _ = nnls(work / scale, np.ones(len(samples)))
    return CostModel(tuple((seconds / scale).tolist()), tuple(samples[0]))
