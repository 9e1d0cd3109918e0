"""Targets of models of the losses, and linear algebra in one thread.

A model is given losses that are finite, on a scale on which differences among the good ones matter. An infinite loss (a
diverged run) is put level with the worst finite one: a model learns to stay away from there, and a diverged run never
looks better than one that did not diverge. If nothing finite has been seen, all targets are equal.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from lcbench.space.rounding import significant

Array = NDArray[np.float64]


def one_thread() -> Callable[[], AbstractContextManager[object]]:
    """A maker of contexts in which linear algebra uses one thread.

    The matrices of an optimizer are small. Several threads gain little on them, can change a last digit, and on a busy
    machine wait for each other: 60 evaluations took 25 s in place of 1 s.
    """
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped,unused-ignore]

    controller = ThreadpoolController()
    return lambda: controller.limit(limits=1)  # type: ignore[no-any-return,unused-ignore]


def bounded(losses: Array) -> Array:
    """Infinite losses replaced by the worst finite one, ``(n,)``; all 0 if there is none."""
    finite = losses[np.isfinite(losses)]
    return np.minimum(losses, finite.max()) if len(finite) else np.zeros_like(losses)


def standardized(losses: Array, fence: float = 3.0) -> Array:
    """Targets for a Gaussian process: mean 0 and variance 1, after bad losses have been pulled in.

    Winsorized: what lies more than ``fence`` times as far above the median as the best lies below it is put there, so
    that a few hopeless configurations do not flatten all differences among good ones.

    Args:
        losses: ``(n,)``, at least one; infinite where a run diverged.
        fence: Where bad losses are pulled to.

    Returns:
        ``(n,)``, all 0 if all losses are equal.
    """
    y = bounded(losses)
    best, median = y.min(), np.median(y)
    if median > best:
        y = np.minimum(y, median + fence * (median - best))
    return (y - y.mean()) / (y.std() or 1.0)


def logs(losses: Array) -> Array:
    """Targets for a forest: logarithms of losses, shifted so that they do not depend on where 0 is.

    As SMAC's "scaled log": ``log((loss - low) / (worst - low))`` with ``low = best - (fifth percentile - best)``, so
    that differences among the best weigh most; ``low`` is at least a thousandth of the range below the best.

    Args:
        losses: ``(n,)``, at least one; infinite where a run diverged.

    Returns:
        ``(n,)``, at most 0; all 0 if all losses are equal. They are cut short (see :mod:`lcbench.space.rounding`): a
        last digit would choose between equally good splits of a tree.
    """
    y = bounded(losses)
    above = y - y.min()
    if not above.any():
        return above
    above /= above.max()  # before anything is multiplied: losses may differ by the smallest number there is
    low = max(np.quantile(above, 0.05), 1e-3)
    return significant(np.log((above + low) / (1 + low)))
