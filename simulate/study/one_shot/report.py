"""A study of one-shot searches as a table, for people."""

import pandas as pd
from rich.table import Table

from lcbench.console import table
from lcbench.simulate.study.one_shot.look_up import MISSING
from lcbench.table.metric import Metric


def summary(searches: pd.DataFrame) -> pd.DataFrame:
    """The ends of the searches.

    Args:
        searches: A study, see :mod:`lcbench.simulate.study.one_shot.file`; or one with what
            :func:`lcbench.simulate.study.one_shot.look_up.look_up` found.

    Returns:
        Index (``dataset``, ``method``), in the order in which they first come: ``searches`` (how many), and means over
        them of ``seconds`` and ``shared_accuracy`` after the last epoch. Of cells that were looked up also ``found``
        (of how many searches the table has the cell) and means over these of ``value``, ``test_value``, ``regret`` and
        ``test_regret``.
    """
    ends = searches.groupby(["dataset", "method", "seed"], sort=False).tail(1)
    groups = ends.groupby(["dataset", "method"], sort=False)
    found = groups[["seconds", "shared_accuracy"]].mean().assign(searches=groups.size())
    if "row" not in ends:
        return found
    known = ends.assign(there=ends["row"] != MISSING).groupby(["dataset", "method"], sort=False)["there"].sum()
    values = groups[["value", "test_value", "regret", "test_regret"]].mean()
    return found.join(values).assign(found=known)


def summary_table(searches: pd.DataFrame, metric: Metric | None = None) -> Table:
    """The same for people.

    Args:
        searches: As for :func:`summary`.
        metric: That was looked up; None if nothing was.
    """
    columns = {"seconds": "seconds", "shared_accuracy": "accuracy, shared weights"}
    if metric is not None:
        name = metric.name.replace("_", " ")
        columns |= {"value": name, "test_value": "of the test part", "regret": "regret", "test_regret": "test regret"}
    rows = []
    for row in summary(searches).reset_index().to_dict("records"):
        shown = [row["dataset"], row["method"], row["searches"], *(_number(row[each]) for each in columns)]
        rows.append(shown if metric is None else [*shown, row["found"]])
    head = ["data set", "method", "seeds", *columns.values(), *([] if metric is None else ["in the table"])]
    return table("Cells after the last epoch, means over seeds", head, rows)


def _number(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.4g}"
