"""Several objectives folded to one."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.contract import Backend
from lcbench.simulate.scalarization import chebyshev, weighted_sum
from lcbench.simulate.wrappers._wrapper import Wrapper
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric

Scalarization = Literal["sum", "chebyshev"]
SCALARIZATIONS: tuple[Scalarization, ...] = ("sum", "chebyshev")


class Folded(Wrapper):
    """Makes one objective of several backends that differ in their metric only.

    The value is a scalarization of the backends' losses (smaller is better, also of metrics to maximize), to be
    minimized. ParEGO draws new weights for each proposal; here they are given once, so that the backend stays pure: for
    a Pareto front make one backend for each vector of weights.

    Losses of metrics with different units should be brought to like scales first: ``ranges`` does what ParEGO does.

    Args:
        backends: Same domain, budgets and way to resume; domain and seconds are those of the first.
        weights: One for each backend, at least 0, not all 0; scaled to sum to 1. By default all alike.
        kind: ``"sum"`` or ``"chebyshev"``, see :func:`weighted_sum` and :func:`chebyshev`.
        ranges: For each backend the losses that are to become 0 and 1; by default losses stay as they are.
        rho: For Chebyshev, at least 0.

    Raises:
        InputError: If the arguments do not fit together.
        UnknownNameError: If there is no such scalarization.
    """

    def __init__(
        self,
        backends: Sequence[Backend],
        weights: Sequence[float] | None = None,
        kind: Scalarization = "chebyshev",
        *,
        ranges: Sequence[tuple[float, float]] | None = None,
        rho: float = 0.05,
    ) -> None:
        if kind not in SCALARIZATIONS:
            raise UnknownNameError("scalarization", kind, SCALARIZATIONS)
        if not rho >= 0:
            raise InputError(f"rho must be at least 0, got {rho}.")
        _check_alike(backends)
        super().__init__(backends[0])
        self._backends = tuple(backends)
        self._weights = _check_weights(weights, len(backends))
        self._low, self._span = _check_ranges(ranges, len(backends))
        self._kind, self._rho = kind, rho
        name = f"{kind}({', '.join(backend.metric.name for backend in backends)})"
        self._metric = Metric(name, "folded", "minimize", self._fold(np.zeros(len(backends))).item(), np.inf)

    @property
    def metric(self) -> Metric:
        """The scalarization; its lowest value is that of the best possible losses."""
        return self._metric

    def curve(self, config: Config, budget: int) -> Curve:
        """The scalarized curves; where one of the runs diverged, this one did."""
        curves = [backend.curve(config, budget) for backend in self._backends]
        losses = np.stack(
            [backend.metric.loss(curve.values) for backend, curve in zip(self._backends, curves, strict=True)]
        )
        diverged = ~np.isfinite(losses).all(axis=0)
        folded = self._fold(np.where(diverged, 0.0, losses))
        return Curve(np.where(diverged, np.nan, folded), curves[0].seconds)

    def further_losses(self, config: Config, budget: int) -> tuple[float, ...]:  # noqa: ARG002
        """None: there is one objective."""
        return ()

    def _fold(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        shape = (-1, *[1] * (losses.ndim - 1))
        scaled = (losses - self._low.reshape(shape)) / self._span.reshape(shape)
        if self._kind == "sum":
            return weighted_sum(scaled, self._weights)
        return chebyshev(scaled, self._weights, self._rho)


def _check_alike(backends: Sequence[Backend]) -> None:
    if not backends:
        raise InputError("backends must be at least one, got none.")
    for name in ("budgets", "resumes"):
        found = [getattr(backend, name) for backend in backends]
        if any(value != found[0] for value in found):
            raise InputError(f"{name} of all backends must be the same, got {', '.join(map(str, found))}.")


def _check_weights(weights: Sequence[float] | None, n: int) -> NDArray[np.float64]:
    array = np.ones(n) if weights is None else np.asarray(weights, np.float64)
    if array.shape != (n,) or not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise InputError(f"weights must be {n} finite numbers of at least 0, not all 0, got {weights}.")
    return array / array.sum()


def _check_ranges(
    ranges: Sequence[tuple[float, float]] | None, n: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    array = np.tile([0.0, 1.0], (n, 1)) if ranges is None else np.asarray(ranges, np.float64)
    if array.shape != (n, 2) or not np.isfinite(array).all() or (array[:, 0] >= array[:, 1]).any():
        raise InputError(f"ranges must be {n} pairs of finite numbers, the lower first, got {ranges}.")
    return array[:, 0], array[:, 1] - array[:, 0]
