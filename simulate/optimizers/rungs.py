"""The rules of successive halving, as pure functions: rungs, promotion, bracket tables."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.budgets import checked

Variant = Literal["floor", "ceiling"]
VARIANTS: tuple[Variant, ...] = ("floor", "ceiling")


def rung_budgets(smallest: int, largest: int, eta: int) -> tuple[int, ...]:
    """The geometric budgets ``smallest * eta**i`` that do not exceed the largest.

    Counted with integers: 1 to 243 with eta 3 has 6 rungs and 1 to 1000 with eta 10 has 4, where
    ``int(log(largest / smallest) / log(eta)) + 1`` loses one to rounding.

    Raises:
        InputError: Unless ``1 <= smallest <= largest`` and ``eta >= 2``.
    """
    if not 1 <= smallest <= largest:
        raise InputError(f"budgets must satisfy 1 <= smallest <= largest, got {smallest} and {largest}.")
    check_eta(eta)
    budgets = [smallest]
    while budgets[-1] * eta <= largest:
        budgets.append(budgets[-1] * eta)
    return tuple(budgets)


def check_eta(eta: int) -> int:
    """Check that a halving rate is an integer of at least 2.

    Raises:
        InputError: If it is not.
    """
    if not isinstance(eta, int) or eta < 2:
        raise InputError(f"eta must be an integer of at least 2 (one in eta is promoted), got {eta!r}.")
    return eta


def infer_eta(budgets: Sequence[int]) -> int:
    """The halving rate that fits given budgets: the mean ratio of neighbours, rounded; 2 for a single budget.

    12, 25, 50 gives 2 (so that a promoted half costs about what its rung did); 1, 3, 9 gives 3.
    """
    ratios = [b / a for a, b in pairwise(checked(budgets))]
    return max(2, round(sum(ratios) / len(ratios))) if ratios else 2


def geometric_rungs(budgets: Sequence[int], eta: int) -> tuple[int, ...]:
    """Rungs about a factor of ``eta`` apart, out of the budgets that are offered.

    From the largest budget R downwards, the rung ``k`` below it is the largest offered budget of at most
    ``R / eta**k``. 12, 25, 50 with eta 2 stays as it is; 1, 2, ..., 50 gives 1, 3, 6, 12, 25, 50 with eta 2 and
    1, 5, 16, 50 with eta 3.

    Args:
        budgets: Epochs, increasing.
        eta: Halving rate.

    Returns:
        The rungs, increasing; at least the largest budget.
    """
    budgets = checked(budgets)
    rungs = [budgets[-1]]
    scale = eta
    for budget in reversed(budgets):
        if budget * scale <= budgets[-1]:
            rungs.append(budget)
            while budget * scale <= budgets[-1]:
                scale *= eta
    return tuple(reversed(rungs))


def rungs_of(budgets: Sequence[int], eta: int) -> tuple[int, ...]:
    """The rungs of brackets that use the budgets that are offered.

    All of them, as given, unless they lie much closer than a factor of ``eta``: then :func:`geometric_rungs`. Every
    epoch from 1 to 50 would be 50 rungs, and a bracket of 2**49 trials.

    Args:
        budgets: Epochs, increasing.
        eta: Halving rate.

    Returns:
        The rungs, increasing.
    """
    budgets = checked(budgets)
    room = len(rung_budgets(budgets[0], budgets[-1], eta))
    return budgets if len(budgets) <= room + 1 else geometric_rungs(budgets, eta)


def halving(budgets: Sequence[int], eta: int | None) -> tuple[int, tuple[int, ...]]:
    """The halving rate and the rungs of an optimizer on brackets.

    Args:
        budgets: Epochs that can be asked for, increasing.
        eta: The rate; by default the one that fits the budgets.
    """
    rate = infer_eta(budgets) if eta is None else check_eta(eta)
    return rate, rungs_of(budgets, rate)


def promote(losses: ArrayLike, k: int) -> NDArray[np.intp]:
    """The ``k`` results of a rung that are promoted to the next.

    Args:
        losses: ``(n,)`` losses in the order in which the trials came into the rung.
        k: How many; all of them if there are fewer.

    Returns:
        ``(min(k, n),)`` indices, the lowest loss first; of equal losses the earlier comes first; NaN and infinite
        losses come last.
    """
    array = np.asarray(losses, dtype=np.float64)
    return np.argsort(np.where(np.isnan(array), np.inf, array), kind="stable")[:k]


def bracket_sizes(n: int, rungs: int, eta: int) -> tuple[int, ...]:
    """Number of trials of a bracket of ``n`` on each rung: ``max(1, floor(n / eta**i))``."""
    return tuple(max(1, n // eta**i) for i in range(rungs))


def hyperband_brackets(rungs: int, eta: int, variant: Variant = "floor") -> tuple[tuple[int, ...], ...]:
    """Hyperband's brackets, the one with the most trials first.

    Bracket ``s = s_max, ..., 0`` (``s_max = rungs - 1``) uses the last ``s + 1`` rungs. Two tables are in use. For
    R = 81 and eta = 3 their brackets begin with

    * ``"floor"``: ``n = floor((s_max + 1) / (s + 1)) * eta**s``: 81, 27, 9, 6, 5 (Table 1 of Li et al. (2018),
      *Hyperband*, JMLR 18(185), and the program HpBandSter);
    * ``"ceiling"``: ``n = ceil((s_max + 1) * eta**s / (s + 1))``: 81, 34, 15, 8, 5 (Algorithm 1 of the same paper).

    Args:
        rungs: Number of rungs.
        eta: Halving rate.
        variant: Which table.

    Returns:
        For each bracket the number of trials on each of its rungs.

    Raises:
        UnknownNameError: If there is no such variant.
        InputError: If ``eta`` or ``rungs`` is too small.
    """
    if variant not in VARIANTS:
        raise UnknownNameError("Hyperband variant", variant, VARIANTS)
    if rungs < 1:
        raise InputError(f"number of rungs must be at least 1, got {rungs}.")
    check_eta(eta)
    found = []
    for s in range(rungs - 1, -1, -1):
        n = rungs // (s + 1) * eta**s if variant == "floor" else -(-rungs * eta**s // (s + 1))
        found.append(bracket_sizes(n, s + 1, eta))
    return tuple(found)
