"""The performance meta-matrix: every incumbent on every data set, and what follows from it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.simulate.transfer.evaluation import Evaluation, EvaluationTask
from lcbench.simulate.transfer.greedy import portfolio_frame, portfolio_regret, relative_regret
from lcbench.simulate.transfer.plan import METRIC, OBJECTIVE, SEED
from lcbench.space import Config

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

MATRIX_SCHEMA = pa.schema(
    [
        pa.field("candidate", pa.int32(), nullable=False),  # number of the configuration
        pa.field("dataset", pa.string(), nullable=False),
        pa.field("budget", pa.int32(), nullable=False),
        pa.field("seed", pa.int32(), nullable=False),
        pa.field(METRIC, pa.float64()),  # after the last epoch; null where there is no number
        pa.field("test_accuracy", pa.float64()),
        pa.field("seconds", pa.float64(), nullable=False),  # of a processor
        pa.field("status", pa.string(), nullable=False),
        pa.field("reason", pa.string()),  # why it ran out of time or failed
    ]
)


def matrix_row(task: EvaluationTask, evaluation: Evaluation) -> dict[str, Any]:
    """A row of the matrix."""
    valid, test = float(evaluation.valid[-1]), evaluation.test
    return {
        "candidate": task.config_id,
        "dataset": task.dataset,
        "budget": task.budget,
        "seed": SEED,
        METRIC: valid if np.isfinite(valid) else None,
        "test_accuracy": test if np.isfinite(test) else None,
        "seconds": float(evaluation.seconds[-1]),
        "status": evaluation.status,
        "reason": evaluation.reason,
    }


def config_columns(space: "ConfigurationSpace", configs: Sequence[Config]) -> dict[str, pa.Array]:
    """Configurations by hyperparameter, null where it is inactive; each column of the type of its values."""
    return {str(name): pa.array([config.get(name) for config in configs]) for name in space}


def matrix_values(matrix: pa.Table, column: str = METRIC) -> pd.DataFrame:
    """A column of the matrix as a matrix.

    Returns:
        Rows: candidates, columns: data sets, each in the order in which they come first; NaN where there is no number.
    """
    frame = matrix.select(["candidate", "dataset", column]).to_pandas()
    rows, candidates = pd.factorize(frame["candidate"])
    columns, datasets = pd.factorize(frame["dataset"])
    values = np.full((len(candidates), len(datasets)), np.nan)
    values[rows, columns] = frame[column]
    return pd.DataFrame(values, index=pd.Index(candidates, name="candidate"), columns=datasets)


def greedy(matrix: pa.Table, size: int) -> pd.DataFrame:
    """The greedy portfolio of a matrix, see :func:`lcbench.simulate.transfer.greedy.portfolio_frame`."""
    frame = portfolio_frame(relative_regret(matrix_values(matrix), OBJECTIVE), size)
    return frame.rename(columns={"config_id": "candidate"})


def simple(matrix: pa.Table) -> pd.DataFrame:
    """The simple portfolio: all incumbents, those with the lower mean relative regret first.

    The paper gives them no order (section 5.1.1).

    Returns:
        The columns of :func:`greedy`.
    """
    regrets = relative_regret(matrix_values(matrix), OBJECTIVE)
    rows = np.argsort(regrets.mean(axis=1).to_numpy(), kind="stable")
    table = regrets.to_numpy()
    return pd.DataFrame(
        {
            "size": np.arange(1, len(rows) + 1),
            "candidate": regrets.index[rows],
            "regret": portfolio_regret(table, rows).mean(axis=1),
            "best_on": np.bincount(table[rows].argmin(axis=0), minlength=len(rows)),
        }
    )
