"""Where a build keeps what has ended, so that it may be killed at any moment.

::

    OUT/.building/
      plan.json                                    what is being built
      lock                                         held by the build that is at work
      data/<dataset>/x_train.npy ...               prepared data, read by every worker
      runs/<dataset>/<config_id>-<budget>.parquet  one run, in the table's format
      ended/<dataset>/<config_id>-<budget>.json    an evaluation without a run: why

A file is there whole or not at all.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from lcbench.errors import DamagedFileError
from lcbench.files import read_json, read_parquet, write_json, write_parquet
from lcbench.simulate.transfer.evaluation import STATUSES, Ended, Evaluation
from lcbench.simulate.transfer.plan import METRIC

NAME = ".building"
_COLUMNS = ("status", METRIC, "test_accuracy", "seconds")


class Kept:
    """The ``.building`` folder of a portfolio's folder.

    Args:
        folder: The portfolio's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / NAME
        self.plan = self.root / "plan.json"
        self.lock = self.root / "lock"

    def run_file(self, dataset: str, config_id: int, budget: int) -> Path:
        """Where an evaluation's run is kept."""
        return self.root / "runs" / dataset / f"{config_id}-{budget}.parquet"

    def ended_file(self, dataset: str, config_id: int, budget: int) -> Path:
        """Where it is kept why an evaluation has no run."""
        return self.root / "ended" / dataset / f"{config_id}-{budget}.json"

    def write_run(self, dataset: str, config_id: int, budget: int, run: pa.Table) -> None:
        """Keep the run of an evaluation, a row of ``lcbench.table.manifest.RUN_SCHEMA``."""
        write_parquet(self.run_file(dataset, config_id, budget), run)
        self.ended_file(dataset, config_id, budget).unlink(missing_ok=True)

    def write_ended(self, dataset: str, config_id: int, budget: int, ended: Ended, traceback: str = "") -> None:
        """Keep why an evaluation has no run."""
        document = {"status": ended.status, "reason": ended.reason, "seconds": float(ended.seconds[-1])}
        place = self.ended_file(dataset, config_id, budget)
        write_json(place, document | {"traceback": traceback.splitlines()})

    def recall(self, evaluation: Evaluation) -> Ended | None:
        """What came of an evaluation; None if it has not ended. A file that was damaged since is removed."""
        run, ended = self.run_file(*evaluation.key), self.ended_file(*evaluation.key)
        for read, path in ((_read_run, run), (_read_ended, ended)):
            if path.is_file():
                try:
                    return read(path, evaluation.budget)
                except DamagedFileError:
                    path.unlink(missing_ok=True)
        return None

    def count(self) -> int:
        """How many evaluations have ended."""
        return sum(1 for kind in ("runs", "ended") for _ in self.root.glob(f"{kind}/*/*-*.*"))

    def read_runs(self, evaluations: Sequence[Evaluation]) -> list[pa.Table]:
        """The runs of evaluations, of those that have one."""
        paths = (self.run_file(*each.key) for each in evaluations)
        return [read_parquet(path) for path in paths if path.is_file()]

    def remove(self) -> None:
        """Clear up after the last evaluation."""
        shutil.rmtree(self.root)


def _read_run(path: Path, budget: int) -> Ended:
    row = read_parquet(path, _COLUMNS).to_pylist()[0]
    series = {name: np.array(row[name], np.float64) for name in _COLUMNS[1:]}
    if any(len(values) != budget + 1 for values in series.values()):
        raise DamagedFileError(f"{path} has curves that are not budget + 1 long.")
    return Ended(row["status"], series[METRIC], series["seconds"], float(series["test_accuracy"][-1]))


def _read_ended(path: Path, budget: int) -> Ended:
    document = read_json(path)
    try:
        status, reason, seconds = document["status"], str(document["reason"]), float(document["seconds"])
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFileError(f"{path} does not say why an evaluation ended ({error!r}).") from error
    if status not in STATUSES:
        raise DamagedFileError(f"{path} has no status, got {status!r}.")
    return Ended.without_run(budget, status, reason, seconds)
