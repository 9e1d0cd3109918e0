"""Several objectives in a study: runs are judged by the hypervolume that they dominate.

Every loss is brought to [0, 1] by the lowest and the highest finite loss of that objective in the data set's table. The
volume that the results of a run dominate so far, up to the point (1, ..., 1), is its hypervolume, as in
E. Zitzler and L. Thiele (1998), *Multiobjective optimization using evolutionary algorithms*, PPSN V, section 3. The
table's own front has the largest one, so a run is judged by what it lacks,

    d(t) = 1 - hypervolume(results | finished <= t) / hypervolume(table),

which is 0 if it has found the whole front and 1 if it has found nothing. It stands where the regret of one objective
stands: in means, ranks, tests and figures. Results of all budgets count, as they do for one objective: a network that
was trained briefly is one that cost little.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from lcbench.simulate.contract import Result
from lcbench.simulate.pareto import hypervolumes
from lcbench.simulate.replay import ReplayBackend

TEXT = "objectives"
"""The column that names the objectives of a run, separated by commas; null where there is one."""

LOSSES, DIFFERENCE = "losses", "hypervolume_difference"


def names_of(traces: pd.DataFrame) -> tuple[str, ...]:
    """The objectives of a study; none if there is one, or the traces do not say."""
    known = traces[TEXT].dropna() if TEXT in traces else pd.Series([], dtype=object)
    return tuple(str(known.iloc[0]).split(",")) if len(known) else ()


def measure_of(traces: pd.DataFrame) -> str:
    """What runs are judged by, in words."""
    return "hypervolume difference" if names_of(traces) else "normalized regret"


def judged(traces: pd.DataFrame) -> pd.DataFrame:
    """Traces whose ``loss`` is what runs are judged by, between ``best_loss`` and ``worst_loss``.

    Args:
        traces: From :func:`lcbench.simulate.study.study`. Those of one objective stay as they are.
    """
    if not names_of(traces):
        return traces
    several = traces[TEXT].notna()
    columns = {"loss": traces[DIFFERENCE], "best_loss": 0.0, "worst_loss": 1.0}
    return traces.assign(**{name: traces[name].where(~several, value) for name, value in columns.items()})


def columns_of(results: Sequence[Result], backend: ReplayBackend) -> Mapping[str, Any]:
    """The columns of several objectives, of one run; null with one objective."""
    if len(backend.metrics) < 2:
        return {
            LOSSES: pa.nulls(len(results), pa.list_(pa.float64())),
            DIFFERENCE: pa.nulls(len(results), pa.float64()),
        }
    losses = np.array([result.objectives for result in results])
    return {LOSSES: losses.tolist(), DIFFERENCE: differences(losses, backend)}


def differences(losses: NDArray[np.float64], backend: ReplayBackend) -> NDArray[np.float64]:
    """What the first result lacks of the table's hypervolume, what the first two lack, and so on.

    Args:
        losses: ``(results, objectives)``.
        backend: What they are of.

    Returns:
        ``(results,)``, in [0, 1] and never rising; infinite until a result has finite losses.
    """
    most, found = backend.hypervolume, hypervolumes(backend.scaled(losses), np.ones(losses.shape[1]))
    lacking = np.clip(1 - found / most, 0.0, 1.0) if most > 0 else np.zeros(len(found))
    return np.where(np.logical_or.accumulate(np.isfinite(losses).all(axis=1)), lacking, np.inf)
