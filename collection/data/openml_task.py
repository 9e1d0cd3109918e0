"""A data set and its split from OpenML, by the number of a task.

What is fetched lies in openml-python's own cache; its configuration and environment variables say where, and nothing
here changes them. We read the cached XML, ARFF and Parquet files ourselves: openml-python's own loaders keep and
trust pickle files beside them, and reading a file must never execute anything.
"""

from pathlib import Path
from typing import Any

import numpy as np
import openml
import pandas as pd
import requests
from numpy.typing import NDArray
from openml.exceptions import PyOpenMLError
from openml.tasks import TaskType
from openml.tasks.functions import _get_task_description

from lcbench.collection.data import dates
from lcbench.collection.data.arff_file import read_arff
from lcbench.collection.data.columns import Columns
from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.table_file import Reading, legal_name, parse_source
from lcbench.errors import DataError
from lcbench.table.manifest import check_dataset_name

_HOLDOUT = (0.32, 0.34)
"""A hold-out counts as the 33 % one if its share of the rows is in this range."""


def load_openml(text: str) -> Dataset:
    """Fetch a task of classification or regression, its data set and, if it is one 33 % hold-out, its split.

    Columns without a single value are dropped and recorded, as the generator of the released data does; row
    identifiers and columns that OpenML says to ignore are left out.

    Args:
        text: OpenML's number of the task, and after ``?`` options as those of a file: ``name=`` and ``dates=``.
            Without a name the data set is called as OpenML calls it, other characters than letters, digits and
            ``_ . + -`` replaced by ``_``.

    Raises:
        DataError: If there is no such task, it is of another kind, or it cannot be fetched or read.
    """
    task_id, options = parse_source(text, "an OpenML", ("name", "dates"))
    number, reading = _number(task_id), Reading(**{key: value for key, value in options.items() if key == "dates"})
    try:
        task: Any = _get_task_description(number)  # get_task would also read a pickle of the features
        _check_kind(number, task)
        described = openml.datasets.get_dataset(task.dataset_id, download_data=True)
        test_rows = _test_rows(task)
    except (PyOpenMLError, requests.RequestException, OSError, NotImplementedError) as error:
        raise DataError(_cannot_fetch(number, error)) from error
    frame = _read_data(described)
    if task.target_name not in frame:
        raise DataError(f"OpenML task {number} names the target {task.target_name!r}, which its data set lacks.")
    target = frame.pop(task.target_name).reset_index(drop=True)
    frame = frame.drop(columns=_left_out(described, frame))
    columns, features = Columns.learn(frame, on_dates=reading.dates)
    return Dataset(
        name=check_dataset_name(options["name"]) if "name" in options else legal_name(described.name),
        source=f"openml:{number}" + (f"?{text.partition('?')[2]}" if options else ""),
        features=features,
        target=target,
        test_rows=_accept(test_rows, len(frame)),
        openml_task_id=number,
        openml_dataset_id=task.dataset_id,
        licence=described.licence,
        empty_columns=columns.empty,
        is_regression=task.task_type_id is TaskType.SUPERVISED_REGRESSION,
    )


def _number(task_id: str) -> int:
    if not (task_id.isascii() and task_id.isdigit()) or int(task_id) == 0:
        raise DataError(f"an OpenML task id must be a positive integer, got {task_id!r}; try 'openml:167161'.")
    return int(task_id)


def _check_kind(number: int, task: Any) -> None:
    if task.task_type_id not in (TaskType.SUPERVISED_CLASSIFICATION, TaskType.SUPERVISED_REGRESSION):
        raise DataError(
            f"OpenML task {number} must be a supervised classification or regression, got {task.task_type}."
        )


def _cannot_fetch(number: int, error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        reason = f"no connection to {openml.config.get_server_base_url()}"
    else:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return (
        f"OpenML task {number} cannot be fetched ({reason}); "
        f"check the number and the network, or put its files into {openml.config.get_cache_directory()}."
    )


def _read_data(described: Any) -> pd.DataFrame:
    """The table; dates are moments, of which the columns that are left out need nothing."""
    path = Path(described.parquet_file or described.data_file)
    return pd.read_parquet(path) if path.suffix == ".pq" else read_arff(path, on_dates=dates.PARTS)


def _left_out(described: Any, frame: pd.DataFrame) -> list[str]:
    """Row identifier and ignored columns; OpenML writes several as one text with commas."""
    texts = [described.row_id_attribute or "", *(described.ignore_attribute or [])]
    names = {name.strip() for text in texts for name in (text, *text.split(","))}
    return [name for name in frame.columns if name in names]


def _test_rows(task: Any) -> NDArray[np.intp] | None:
    """Test rows of the first fold of a hold-out task; None for other procedures."""
    if task.estimation_procedure["type"] != "holdout":
        return None
    path = Path(openml.config.get_cache_directory()) / "tasks" / str(task.task_id) / "datasplits.arff"
    task._download_split(path)  # fetches the text only; download_split would also read a pickle of it
    split = read_arff(path)
    first = (split["type"] == "TEST") & (split["repeat"] == 0) & (split["fold"] == 0)
    return np.unique(split["rowid"][first].to_numpy(np.intp))


def _accept(test_rows: NDArray[np.intp] | None, n_rows: int) -> NDArray[np.intp] | None:
    """The test rows if they are about a third of the rows, else None.

    Raises:
        DataError: If the split names rows that the data set lacks.
    """
    if test_rows is None or not _HOLDOUT[0] <= len(test_rows) / n_rows <= _HOLDOUT[1]:
        return None
    if test_rows[0] < 0 or test_rows[-1] >= n_rows:
        raise DataError(f"the split of an OpenML task must name rows 0 to {n_rows - 1}, got up to {test_rows[-1]}.")
    return test_rows
