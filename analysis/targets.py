"""Time to target: how many runs have come how close to the best, over the time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lcbench.analysis.regret import GRID
from lcbench.simulate.regret import RUN, normalized_regrets

TARGETS: tuple[float, ...] = (0.05, 0.01, 0.001)
"""Normalized regrets to reach."""

COLUMNS = ("optimizer", "target", "time", "share")


def target_shares(
    traces: pd.DataFrame, targets: Sequence[float] = TARGETS, times: Sequence[float] = GRID
) -> pd.DataFrame:
    """Share of an optimizer's runs that have reached a target.

    The empirical distribution function of the time to target over data sets and seeds; runs that never reach it count
    as later than all others. As in Hansen et al. (2021), *COCO: a platform for comparing continuous optimizers in a
    black-box setting*, but for each target by itself, and without restarts.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        targets: Normalized regrets, see :func:`lcbench.simulate.regret.normalized_regrets`; reached by what is not
            above.
        times: Fractions of the limit.

    Returns:
        One row per target, optimizer and time: ``optimizer``, ``target``, ``time`` and ``share``, in [0, 1].

    Raises:
        InputError: As :func:`lcbench.simulate.regret.run_regrets`.
    """
    regrets = normalized_regrets(traces, times)
    names = regrets.index.unique("optimizer")
    cube = regrets.to_numpy().reshape(len(names), -1, len(times))
    assert cube.shape[1] == np.prod([len(regrets.index.unique(name)) for name in RUN[1:]])  # noqa: S101  # all runs
    parts = [
        pd.DataFrame(
            {
                "optimizer": np.repeat(names, len(times)),
                "target": target,
                "time": np.tile(times, len(names)),
                "share": (cube <= target).mean(axis=1).ravel(),
            }
        )
        for target in targets
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)]
