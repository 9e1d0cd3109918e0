"""Bayesian optimization with a Gaussian process over graphs, for spaces of network cells."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrs, dtrtrs
from scipy.sparse import csr_matrix

from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers._gp import cholesky
from lcbench.simulate.optimizers._graphs import Features, drawing, kernels
from lcbench.simulate.optimizers._model_bo import Acquisition, ModelBO, Search, log_expected_improvement
from lcbench.simulate.optimizers._targets import standardized
from lcbench.space import Config
from lcbench.whole import whole

Array = NDArray[np.float64]

SEARCH = Search(candidates=100, steps=(0.2,))
"""A hundred cells drawn uniformly and a hundred beside the best, which makes the pool of 200 of the paper."""

_NOISES = np.logspace(-4, 0, 9)  # as shares of the signal
_PLACES = 6  # of likelihoods that are compared


class GPWL(ModelBO):
    """Expected improvement of a Gaussian process whose kernel reads each configuration as a graph.

    Ru, Wan, Dong and Osborne (2021), *Interpretable neural architecture search via Bayesian optimisation with
    Weisfeiler-Lehman kernels*, ICLR (NAS-BOWL), section 3: the kernel is the normalized Weisfeiler-Lehman kernel; its
    number of steps, like the noise, is that of the largest marginal likelihood. Cells of NAS-Bench-201 and of
    NATS-Bench's topologies (``Op0`` ... ``Op5``) are read as graphs of their operations; any other space as a star of
    its hyperparameters with numbers in eight bins, for which other models do better. A space of one's own has a
    function of one's own, from a configuration to labels of nodes and edges between them:
    ``gp-wl(graph='./mine.py:cell')``.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
        graph: An import string of such a function, or the function.
        steps: Steps of the kernel at most.
        search: How the expected improvement is maximized; :data:`SEARCH` by default.
        settings: Further ones of :class:`lcbench.simulate.optimizers._model_bo.ModelBO`.

    Raises:
        InputError: If there is no such function, or it gives no graph.
    """

    def __init__(
        self,
        domain: Domain,
        budgets: tuple[int, ...],
        rng: np.random.Generator,
        *,
        graph: str | Callable[[Config], Any] | None = None,
        steps: int = 2,
        search: Search = SEARCH,
        **settings: Any,
    ) -> None:
        super().__init__(domain, budgets, rng, search=search, **settings)
        self._drawn = drawing(domain.space, graph)
        self._features = Features(whole("steps", steps, least=0))
        self._known: dict[bytes, Any] = {}

    def _acquisition(self, points: Array, losses: Array, running: Array) -> Acquisition:
        graphs = self._matrices(np.concatenate([points, running]))
        gp = GraphGP(graphs, standardized(losses))
        best = float(gp.predict(graphs)[0].min())
        return lambda candidates: log_expected_improvement(*gp.predict(self._matrices(candidates)), best)

    def _matrices(self, points: Array) -> list[csr_matrix]:
        """The features of the configurations at points."""
        keys = [point.tobytes() for point in points]
        new = [place for place, key in enumerate(keys) if key not in self._known]
        for place, config in zip(new, self._encoding.decode(points[new]) if new else (), strict=True):
            self._known[keys[place]] = self._features.of(self._drawn(config))
        return self._features.matrices(self._known[key] for key in keys)


class GraphGP:
    """A Gaussian process over graphs, conditioned on data; the mean a priori is 0.

    The signal is the one of the largest marginal likelihood for a kernel of so many steps and a share of noise; of
    these, those of the largest likelihood are taken. Graphs without a target count as in
    :class:`lcbench.simulate.optimizers._gp.GP`.

    Args:
        graphs: Features of ``n`` graphs and, after them, of those without targets, for each number of steps.
        y: ``(n,)`` standardized targets.
    """

    def __init__(self, graphs: list[csr_matrix], y: Array) -> None:
        n, whole_kernels = len(y), kernels(graphs, graphs)
        every = whole_kernels[:, :n, :n]
        grid = [(steps, noise) for steps in range(len(every)) for noise in _NOISES]
        found = [
            (round(profiled(every[steps], noise, y)[0], _PLACES), place) for place, (steps, noise) in enumerate(grid)
        ]
        self._steps, noise = grid[max(found, key=lambda pair: (pair[0], -pair[1]))[1]]
        self._signal = profiled(every[self._steps], noise, y)[1]
        self._graphs = graphs[: self._steps + 1]
        self._lower = cholesky(whole_kernels[self._steps], noise)
        self._alpha = dpotrs(self._lower[:n, :n], y, lower=1)[0]

    def predict(self, graphs: list[csr_matrix]) -> tuple[Array, Array]:
        """Means and standard deviations (without noise) of ``m`` graphs, each ``(m,)``."""
        cross = kernels(self._graphs, graphs[: self._steps + 1])[self._steps]
        mean = self._alpha @ cross[: len(self._alpha)]
        solved = dtrtrs(self._lower, cross, lower=1)[0]
        left = np.maximum(1 - np.einsum("ij,ij->j", solved, solved), 1e-12)
        return mean, np.sqrt(self._signal * left)


def profiled(kernel: Array, noise: float, y: Array) -> tuple[float, float]:
    """Logarithm of the marginal likelihood, up to a constant, with the best signal; and that signal.

    With K = kernel + noise, the likelihood is largest at the signal y' K^-1 y / n (Rasmussen and Williams 2006,
    equation 5.8).
    """
    try:
        lower = cholesky(kernel, noise)
    except LinAlgError:
        return -np.inf, 1.0
    n = len(y)
    signal = max(float(y @ dpotrs(lower, y, lower=1)[0]) / n, 1e-6)
    return float(-0.5 * n * np.log(signal) - np.log(lower.diagonal()).sum()), signal
