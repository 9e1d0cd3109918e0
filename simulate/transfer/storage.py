"""Storage of finished evaluations while a build is not complete.

::

    OUT/.building/
      plan.json, lock, failures.jsonl              as in every workplace (lcbench.work.workplace)
      data/<dataset>/x_train.npy ...               prepared data, read by every worker
      runs/<dataset>/<config_id>-<budget>.parquet  one run, in the table's format
      ended/<dataset>/<config_id>-<budget>.json    an evaluation without a run: why
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from lcbench.errors import DamagedFileError
from lcbench.files import read_json, read_parquet, understood
from lcbench.simulate.transfer.evaluation import STATUSES, Evaluation, EvaluationTask
from lcbench.simulate.transfer.plan import METRIC
from lcbench.work import Workplace
from lcbench.writing import write_json

_COLUMNS = ("status", METRIC, "test_accuracy", "seconds")


class BuildFolder(Workplace):
    """The ``.building`` folder of a portfolio's folder.

    Args:
        folder: The portfolio's folder.
    """

    growing = ("datasets", "data")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / ".building", "build", folder)
        self.data = self.root / "data"

    def run_file(self, task: EvaluationTask) -> Path:
        """The file of an evaluation's run."""
        return self.root / "runs" / task.dataset / f"{task.config_id}-{task.budget}.parquet"

    def ended_file(self, task: EvaluationTask) -> Path:
        """The file that says why an evaluation has no run."""
        return self.root / "ended" / task.dataset / f"{task.config_id}-{task.budget}.json"

    def write_run(self, task: EvaluationTask, run: pa.Table) -> None:
        """Keep the run of an evaluation, a row of the table of runs."""
        self.keep(self.run_file(task), run)
        self.ended_file(task).unlink(missing_ok=True)

    def write_ended(self, task: EvaluationTask, evaluation: Evaluation) -> None:
        """Store the reason why an evaluation has no run."""
        seconds = float(evaluation.seconds[-1])
        document = {"status": evaluation.status, "reason": evaluation.reason, "seconds": seconds}
        write_json(self.ended_file(task), document)

    def recall(self, task: EvaluationTask) -> Evaluation | None:
        """Read the outcome of an evaluation; None if it has not ended. A damaged file is removed."""
        for read, path in ((_read_run, self.run_file(task)), (_read_ended, self.ended_file(task))):
            if path.is_file():
                try:
                    if path.suffix == ".parquet":
                        self.check_kept(path)
                    return read(path, task.budget)
                except DamagedFileError:
                    path.unlink(missing_ok=True)
        return None

    def count(self) -> int:
        """Number of finished evaluations."""
        return sum(1 for kind in ("runs", "ended") for _ in self.root.glob(f"{kind}/*/*-*.*"))

    def read_runs(self, tasks: Sequence[EvaluationTask]) -> list[pa.Table]:
        """The runs of evaluations, of those that have one."""
        return [read_parquet(path) for path in map(self.run_file, tasks) if path.is_file()]


def _read_run(path: Path, budget: int) -> Evaluation:
    with understood(path):
        row = read_parquet(path, _COLUMNS).to_pylist()[0]
        series = {name: np.array(row[name], np.float64) for name in _COLUMNS[1:]}
    if row["status"] not in STATUSES or any(len(values) != budget + 1 for values in series.values()):
        raise DamagedFileError(f"{path} has curves that are not budget + 1 long.")
    return Evaluation(row["status"], series[METRIC], series["seconds"], float(series["test_accuracy"][-1]))


def _read_ended(path: Path, budget: int) -> Evaluation:
    document = read_json(path)
    try:
        status, reason, seconds = document["status"], str(document["reason"]), float(document["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path} does not say why an evaluation ended ({error!r}).") from error
    if status not in STATUSES:
        raise DamagedFileError(f"{path} has no status, got {status!r}.")
    return Evaluation.without_run(budget, status, reason, seconds)
