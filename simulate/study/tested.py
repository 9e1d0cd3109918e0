"""The test loss of what validation chose, and how much of it was lost by choosing on validation.

An optimizer sees losses on the validation part and nothing else. At time t it would hand over its incumbent, the result
with the lowest validation loss so far (of equal ones the earliest); its test loss is that of the same run at the same
budget. So test regret may rise again, which validation regret never does. Overtuning says by how much (L. Schneider,
B. Bischl and M. Feurer 2025, *Overtuning in Hyperparameter Optimization*, AutoML, PMLR 293:17): the distance of the
test loss of the incumbent from the lowest test loss of the incumbents so far,

    ot(t) = test(incumbent(t)) - min {test(incumbent(s)) | s <= t}.

The paper's relative overtuning divides this by test(incumbent(1)) - min {test(incumbent(s)) | s <= t}, which is 0 where
the first incumbent was the best. Here both are shares of the range of test losses in the data set's table, so that they
are defined everywhere, can be averaged, and stand beside normalized regret.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.simulate.study.objectives import names_of
from lcbench.simulate.study.regret import FRACTIONS, check_traces, ends_of, runs_of, shares_used

_DECIMALS = 9


def is_tested(traces: pd.DataFrame) -> bool:
    """Whether a study knows test losses of the chosen configurations; several objectives choose no single one."""
    return (
        not names_of(traces)
        and {"test_loss", "best_test_loss"} <= set(traces.columns)
        and bool(traces["best_test_loss"].notna().any())
    )


def test_regrets(traces: pd.DataFrame, fractions: Sequence[float] = FRACTIONS) -> pd.DataFrame:
    """Normalized test regret of the configuration that validation chose, in [0, 1].

    ``(test_loss(incumbent) - best_test_loss) / (worst_test_loss - best_test_loss)``; 1 without an incumbent.

    Args:
        traces: From :func:`lcbench.simulate.study.study`, of one number of workers each.
        fractions: Fractions of the limit.

    Returns:
        As :func:`lcbench.simulate.study.regret.normalized_regrets`; NaN where the test loss was not recorded.

    Raises:
        InputError: As :func:`lcbench.simulate.study.regret.run_regrets`.
    """
    return _read(traces, fractions, lambda tests: tests, before=1.0)


def overtuning(traces: pd.DataFrame, fractions: Sequence[float] = FRACTIONS) -> pd.DataFrame:
    """Overtuning of every run as a share of the range of test losses, in [0, 1]; 0 without an incumbent.

    Args:
        traces: As for :func:`test_regrets`.
        fractions: Fractions of the limit.

    Returns:
        As :func:`test_regrets`.

    Raises:
        InputError: As :func:`test_regrets`.
    """
    return _read(traces, fractions, lambda tests: tests - np.fmin.accumulate(tests), before=0.0)


def _read(
    traces: pd.DataFrame,
    fractions: Sequence[float],
    view: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    before: float,
) -> pd.DataFrame:
    """A view of the test losses of each run's incumbents, as shares of the range, at each time."""
    check_traces(traces)
    every, runs = runs_of(traces)
    best, worst = ends_of(traces, every, "best_test_loss", "worst_test_loss")
    progress = shares_used(traces)
    losses, tests = (traces[name].to_numpy(np.float64) for name in ("loss", "test_loss"))
    found = np.full((len(every), len(fractions)), before)
    for i, rows in runs:
        chosen = _incumbents(rows, progress, losses)
        shares = np.clip((np.minimum(tests[chosen], worst[i]) - best[i]) / ((worst[i] - best[i]) or 1.0), 0, 1)
        known = np.concatenate([[before], view(shares).round(_DECIMALS)])
        found[i] = known[np.searchsorted(progress[chosen], fractions, side="right")]
    found[np.isnan(best)] = np.nan
    return pd.DataFrame(found, every, list(fractions))


def _incumbents(rows: NDArray[np.intp], progress: NDArray[np.float64], losses: NDArray[np.float64]) -> NDArray[np.intp]:
    """The rows of a run that were better than all before them, in the order in which they came."""
    ordered = rows[np.argsort(progress[rows], kind="stable")]
    lowest = np.minimum.accumulate(np.concatenate([[np.inf], losses[ordered]]))
    return ordered[lowest[1:] < lowest[:-1]]
