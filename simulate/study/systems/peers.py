"""Peers: classifiers that people would otherwise take, on the same rows.

They are fitted to all rows outside the test part, those that validate a search included: that is how they are used.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lcbench.simulate.study.systems.rows import Rows

Peer = Callable[[Rows, int, int], NDArray[np.float64]]
"""Of rows, workers and a seed to ``(test rows, classes)`` probabilities."""


def hist_gradient_boosting(rows: Rows, workers: int, seed: int) -> NDArray[np.float64]:
    """scikit-learn's histogram gradient boosting with its own settings, but for categories, which it is told of.

    Its default stops early where there are more than 10,000 rows. The seed decides which rows that watches, and so
    nothing on fewer rows.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped,unused-ignore]

    problem = rows.problem
    assert problem.test is not None  # noqa: S101  # rows always come with a test part
    model = HistGradientBoostingClassifier(categorical_features="from_dtype", random_state=seed)
    with threadpool_limits(workers):
        model.fit(problem.frame, problem.y)
        chances = model.predict_proba(problem.test)
    found = np.zeros((len(chances), problem.n_classes))
    found[:, model.classes_] = chances
    return found


FITS: Mapping[str, Peer] = {"hist-gradient-boosting": hist_gradient_boosting}
"""Functions that fit :data:`lcbench.simulate.study.systems.systems.PEERS`."""
