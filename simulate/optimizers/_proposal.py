"""From a point of the unit cube to a configuration that is proposed."""

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.contract import Domain
from lcbench.simulate.optimizers.random_search import draw
from lcbench.space import Config

Array = NDArray[np.float64]


def propose_at(domain: Domain, rng: np.random.Generator, point: Array) -> tuple[Config, Array] | None:
    """Take the configuration at a point of the unit cube (on a table the nearest free row).

    Args:
        domain: Where to look.
        rng: Source of a uniform draw, if the configuration at the point is forbidden.
        point: ``(dimensions,)`` coordinates without NaN.

    Returns:
        The configuration and where it really lies, NaN where a hyperparameter is inactive; None if none is left.
    """
    configs, points = domain.realize(point[None])
    if configs:
        domain.take(configs[0])
        return configs[0], points[0]
    return propose_uniform(domain, rng)


def propose_uniform(domain: Domain, rng: np.random.Generator) -> tuple[Config, Array] | None:
    """Draw a configuration, take it, and say where it lies; None if none is left."""
    config = draw(domain, rng)
    return None if config is None else (config, domain.encode(config))


def draw_believed(domain: Domain, rng: np.random.Generator) -> Config | None:
    """Draw a configuration from the domain's prior and take it; uniformly if it has none, or one that says nothing."""
    if domain.prior is None or domain.prior.is_uniform:
        return draw(domain, rng)
    found = propose_at(domain, rng, domain.prior.sample(rng, 1)[0])
    return None if found is None else found[0]


def fill_inactive(rng: np.random.Generator, point: Array, levels: tuple[int, ...]) -> Array:
    """A copy of a ``(dimensions,)`` point with inactive coordinates (NaN) drawn uniformly: it can be moved."""
    return np.where(np.isnan(point), uniform_point(rng, levels), point)


def uniform_point(rng: np.random.Generator, levels: tuple[int, ...]) -> Array:
    """A uniform point: numbers in [0, 1], categories as their index."""
    sizes = np.array(levels)
    drawn = rng.random(len(levels))
    return np.where(sizes == 0, drawn, np.floor(drawn * sizes))
