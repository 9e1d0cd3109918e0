"""Parametric families of learning curves, each as one that is linear but for its shape.

Those of Domhan, Springenberg and Hutter (2015), *Speeding up automatic hyperparameter optimization of deep neural
networks by extrapolation of learning curves*, IJCAI, Table 1, and the exponential with three parameters of their
program. For a given shape, each but two is ``c + a * basis(x)``, so that only the shape has to be searched (variable
projection: Golub and Pereyra 1973, *SIAM Journal on Numerical Analysis* 10). The shapes are tried on a grid. The other
two are linear after ``log`` or ``exp`` of the values.

===============  ============================================  ==========================================
name             as published                                  here
===============  ============================================  ==========================================
pow3             c - a x^-α                                    c + a x^-α
pow4             c - (a x + b)^-α                              c + a (x + s)^-α
exp3             c - exp(-a x + b)                             c + a exp(-κ x)
weibull          α - (α - β) exp(-(κ x)^δ)                     c + a exp(-(κ x)^δ)
mmf              α - (α - β) / (1 + (κ x)^δ)                   c + a / (1 + (κ x)^δ)
log-power        a / (1 + (x / e^b)^c)                         a / (1 + (κ x)^δ)
ilog2            c - a / log(x + 1)                            c + a / log(x + 1)
vapor-pressure   exp(a + b / x + c log x)                      log y = a + b / x + c log x
log-log-linear   log(a log x + b)                              exp y = b + a log x
===============  ============================================  ==========================================

``exp4``, c - exp(-a x^α + b), and ``janoschek``, α - (α - β) exp(-κ x^δ), are the Weibull family with other names for
its parameters, and ``hill3``, y x^η / (κ^η + x^η), is the log-power family with η = -c; each stands for all its names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_POWERS = np.geomspace(0.1, 4.0, 16)
_RATES = np.geomspace(0.5, 200.0, 24)  # over the horizon
_SHIFTS = np.geomspace(0.02, 2.0, 8)  # in horizons
_BENDS = np.geomspace(0.35, 6.0, 10)
_HIGHEST_LOG = 60.0
_HIGHEST_EXPONENT = 30.0


@dataclass(frozen=True, slots=True)
class SeparableFamily:
    """Curves ``c + a * basis(x)``.

    Attributes:
        name: Its name in the literature.
        basis: Gives ``(shapes, epochs)`` from epochs, ``(epochs,)``, and ``(shapes, parameters)``.
        shapes: Gives the ``(shapes, parameters)`` to try for curves up to some epoch, the horizon.
        intercept: Whether ``c`` is free; else it is 0.
    """

    name: str
    basis: Callable[[Array, Array], Array]
    shapes: Callable[[int], Array]
    intercept: bool = True


@dataclass(frozen=True, slots=True)
class LinkedFamily:
    """Curves that are linear after a transformation: ``link(y) = basis(x) @ coefficients``.

    Attributes:
        name: Its name in the literature.
        basis: Gives ``(epochs, coefficients)`` from epochs, ``(epochs,)``.
        link: The transformation of the values; NaN where they have none.
        inverse: Back from what is transformed to the values; NaN where there is no way back.
        slope: Derivative of ``link``, as a function of the values.
    """

    name: str
    basis: Callable[[Array], Array]
    link: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    slope: Callable[[Array], Array]


def _power(x: Array, shapes: Array) -> Array:
    return np.exp(-shapes[:, :1] * np.log(x))


def _shifted_power(x: Array, shapes: Array) -> Array:
    return np.exp(-shapes[:, :1] * np.log1p(x / shapes[:, 1:]))


def _exponential(x: Array, shapes: Array) -> Array:
    return np.exp(-shapes[:, :1] * x)


def _weibull(x: Array, shapes: Array) -> Array:
    return np.exp(-np.exp(np.minimum(shapes[:, 1:] * np.log(shapes[:, :1] * x), np.log(_HIGHEST_LOG))))


def _sigmoid(x: Array, shapes: Array) -> Array:
    return 1.0 / (1.0 + np.exp(np.clip(shapes[:, 1:] * np.log(shapes[:, :1] * x), -_HIGHEST_LOG, _HIGHEST_LOG)))


def _inverse_log(x: Array, shapes: Array) -> Array:
    return np.broadcast_to(1.0 / np.log1p(x), (len(shapes), len(x)))


def _grid(*axes: Array) -> Array:
    return np.array(list(product(*axes)))


def _log(y: Array) -> Array:
    return np.log(np.where(y > 0, y, np.nan))


def _exp(y: Array) -> Array:
    return np.exp(np.where(np.abs(y) < _HIGHEST_EXPONENT, y, np.nan))


SEPARABLE: tuple[SeparableFamily, ...] = (
    SeparableFamily("pow3", _power, lambda _: _POWERS[:, None]),
    SeparableFamily("pow4", _shifted_power, lambda horizon: _grid(_POWERS, horizon * _SHIFTS)),
    SeparableFamily("exp3", _exponential, lambda horizon: _RATES[:, None] / horizon),
    SeparableFamily("weibull", _weibull, lambda horizon: _grid(_RATES / horizon, _BENDS)),
    SeparableFamily("mmf", _sigmoid, lambda horizon: _grid(_RATES / horizon, _BENDS)),
    SeparableFamily(
        "log-power", _sigmoid, lambda horizon: _grid(_RATES / horizon, np.concatenate([-_BENDS, _BENDS])), False
    ),
    SeparableFamily("ilog2", _inverse_log, lambda _: np.zeros((1, 0))),
)
LINKED: tuple[LinkedFamily, ...] = (
    LinkedFamily(
        "vapor-pressure", lambda x: np.stack([np.ones_like(x), 1 / x, np.log(x)], axis=1), _log, _exp, lambda y: 1 / y
    ),
    LinkedFamily("log-log-linear", lambda x: np.stack([np.ones_like(x), np.log(x)], axis=1), _exp, _log, _exp),
)
