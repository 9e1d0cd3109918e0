"""Storage of finished runs until the whole table can be written.

::

    DIR/.collecting/
      plan.json, lock, failures.jsonl     as in every workplace (lcbench.work.workplace)
      cost.json                           the cost model behind `seconds`, calibrated at the start
      benchmark.json, configs.parquet, datasets.parquet   what is known of the table before it is whole
      data/<dataset>/x_train.npy ...      prepared data, read by every worker
      units/<dataset>/<config_id>.parquet one file for each finished task (.1.parquet, .2.parquet of further blocks)
      gradients/..., predictions/...      likewise, where the plan asks for them
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from lcbench.collection.data.prepared import Prepared, read_prepared
from lcbench.collection.run import Run
from lcbench.collection.tables import extra_tables, runs_table
from lcbench.collection.tasks import RunsTask
from lcbench.errors import DamagedFileError
from lcbench.files import read_json, read_parquet
from lcbench.form import Real, check
from lcbench.table.manifest import CONFIGS, DATASETS, EXTRAS, MANIFEST, Manifest, extra_schema
from lcbench.table.partial import COLLECTING, TASKS, UNITS
from lcbench.table.record import Record
from lcbench.work import Workplace
from lcbench.writing import write_json, write_parquet

if TYPE_CHECKING:
    from lcbench.collection.networks.cost import CostModel


class Shards(Workplace):
    """The ``.collecting`` folder of a benchmark folder.

    Args:
        folder: The benchmark folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / COLLECTING, "collection", folder)
        self.cost, self.data, self.draft = self.root / "cost.json", self.root / "data", self.root / MANIFEST

    def keep_draft(self, manifest: Manifest, configs: pa.Table, described: pa.Table, tasks: int) -> None:
        """Keep what can be said of the table before it is whole, for those who read what is finished.

        Args:
            manifest: Its manifest, without files.
            configs: The configurations.
            described: What is known of each data set.
            tasks: How many tasks there are in all.
        """
        if not self.draft.is_file():
            write_parquet(self.root / CONFIGS, configs)
            write_parquet(self.root / DATASETS, described)
            write_json(self.draft, replace(manifest, provenance={TASKS: tasks}).to_json())

    def file(self, task: RunsTask) -> Path:
        """The file of a finished task's runs."""
        return self.root / UNITS / task.dataset / _name(task)

    def extra_file(self, kind: str, task: RunsTask) -> Path:
        """The file of what a finished task logged beside its curves; ``kind`` is one of ``manifest.EXTRAS``."""
        return self.root / kind / task.dataset / _name(task)

    def finished(self, tasks: Iterable[RunsTask]) -> set[RunsTask]:
        """The finished ones of these tasks."""
        return {task for task in tasks if self.file(task).is_file()}

    def count(self) -> int:
        """Number of finished tasks."""
        return sum(1 for _ in self.root.glob(f"{UNITS}/*/*.parquet"))

    def write(self, task: RunsTask, runs: Sequence[Run], record: Record) -> None:
        """Keep a finished task; it counts as finished once its runs are there, so they are written last."""
        for kind, table in extra_tables(task.config_id, runs).items():
            self.keep(self.extra_file(kind, task), table)
        self.keep(self.file(task), runs_table(task.config_id, runs, record))

    def remove_if_damaged(self, task: RunsTask, record: Record) -> bool:
        """Remove a finished task that cannot be read; say whether it was so."""
        try:
            self._runs(task, record)
            for kind in (kind for kind in EXTRAS if self.extra_file(kind, task).is_file()):
                self.check_kept(self.extra_file(kind, task))
                read_parquet(self.extra_file(kind, task), schema=extra_schema(kind, record))
        except DamagedFileError:
            self.file(task).unlink(missing_ok=True)
            return True
        return False

    def read(self, tasks: Iterable[RunsTask], record: Record) -> pa.Table:
        """The runs of finished tasks as one table."""
        return pa.concat_tables([self._runs(task, record) for task in tasks])

    def _runs(self, task: RunsTask, record: Record) -> pa.Table:
        self.check_kept(self.file(task))
        found = read_parquet(self.file(task), record.schema.names, record.schema).cast(record.schema)
        if set(found["config_id"].to_pylist()) != {task.config_id}:
            raise DamagedFileError(f"{self.file(task)} must hold the runs of {task}, got others.")
        return found

    def cost_model(self) -> "CostModel":
        """The cost model that the collection began with."""
        from lcbench.collection.networks.cost import CostModel

        document = read_json(self.cost)
        check(self.cost, document, {str: Real(0)})
        return CostModel.from_json(document)

    def read_extras(self, kind: str, tasks: Iterable[RunsTask]) -> Iterator[pa.Table]:
        """The extras of finished tasks, task by task."""
        return (read_parquet(self.extra_file(kind, task)) for task in tasks)

    def task_data(self, name: str) -> Prepared | str:
        """A prepared data set, mapped into memory; the name itself of a task that only the problem knows."""
        return read_prepared(self.data, name) if (self.data / name).is_dir() else name


def _name(task: RunsTask) -> str:
    return f"{task.config_id}.{task.block}.parquet" if task.block else f"{task.config_id}.parquet"
