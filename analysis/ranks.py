"""Anytime ranks: which optimizer is ahead, over the time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lcbench.analysis.regret import GRID
from lcbench.simulate.regret import RUN, normalized_regrets
from lcbench.simulate.statistics import bootstrap_interval

COLUMNS = ("optimizer", "time", "rank", "low", "high")

_DECIMALS = 9
_BOOTSTRAP_SEED = 0


def anytime_ranks(traces: pd.DataFrame, times: Sequence[float] = GRID) -> pd.DataFrame:
    """Mean rank of each optimizer over data sets.

    On each data set and at each time, optimizers are ranked by their mean normalized regret over the seeds; equal ones
    share the mean of their ranks, so that all begin with the mean rank, before there are results.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        times: Fractions of the limit.

    Returns:
        One row per optimizer and time: ``optimizer``, ``time``, ``rank`` (1 is best), ``low`` and ``high`` (95 %
        bootstrap interval of the mean over the data sets; NaN for a single one).

    Raises:
        InputError: As :func:`lcbench.simulate.regret.run_regrets`.
    """
    regrets = normalized_regrets(traces, times)
    shape = [len(regrets.index.unique(name)) for name in RUN]
    means = regrets.to_numpy().reshape(*shape, -1).mean(axis=2).round(_DECIMALS)
    ranks = np.asarray(rankdata(means, axis=0))  # (optimizers, datasets, times)
    low, high = bootstrap_interval(ranks.swapaxes(0, 1), np.random.default_rng(_BOOTSTRAP_SEED))
    names = regrets.index.unique("optimizer")
    columns = (np.repeat(names, len(times)), np.tile(times, len(names)), ranks.mean(axis=1).ravel())
    return pd.DataFrame(dict(zip(COLUMNS, (*columns, low.ravel(), high.ravel()), strict=True)))
