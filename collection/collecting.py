"""A collection from its plan to the finished folder: resumable, wherever its units run."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lcbench.collection.engine import Engine, run
from lcbench.collection.failures import Failures
from lcbench.collection.full_disk import disk_is_full
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.plan import Plan
from lcbench.collection.provenance import provenance
from lcbench.collection.shards import Workplace
from lcbench.collection.tables import labels_table
from lcbench.collection.unit import Outcome, Task, Unit
from lcbench.errors import StoppedError
from lcbench.space.spaces import get_space, is_full, to_json
from lcbench.table import store
from lcbench.table.manifest import (
    CONFIGS,
    DATASET_SCHEMA,
    DATASETS,
    GRADIENTS,
    LABELS,
    MANIFEST,
    PREDICTIONS,
    Manifest,
    extra_schema,
    table_path,
)


@dataclass(frozen=True, slots=True, eq=False)
class Collection:
    """A plan at work in a folder.

    While units are missing, the folder is no benchmark yet: what is finished lies in ``.collecting``, beside the
    reasons of the units that failed. Those are pending like all the others, so running again tries them again.

    Attributes:
        plan: The plan.
        folder: The benchmark folder.
        described: For each data set its row in the table of data sets.
        units: All units of work, data set by data set.
        kept: The plan as it is kept in the folder.
    """

    plan: Plan
    folder: Path
    described: Mapping[str, Mapping[str, Any]]
    units: Sequence[Unit]
    kept: Mapping[str, Any]

    @property
    def workplace(self) -> Workplace:
        """Where finished units are kept."""
        return Workplace(self.folder)

    @property
    def failures(self) -> Failures:
        """Where the reasons of failed units are kept."""
        return Failures(self.workplace)

    def complete(self) -> bool:
        """Whether the folder is a finished benchmark."""
        return (self.folder / MANIFEST).is_file()

    def pending(self) -> list[Unit]:
        """Units that are still to be trained, those that have failed included."""
        done = self.workplace.finished(self.units)
        return [unit for unit in self.units if unit not in done]

    def run(self, engine: Engine) -> Iterator[Outcome]:
        """Train all pending units; one that fails is tried once more, then its reason is kept.

        Args:
            engine: Where; the results do not depend on it.

        Yields:
            What became of each unit, when it ends.

        Raises:
            StoppedError: If the disk is full or the engine cannot go on.
        """
        self.calibrate()
        for outcome in run(engine, self._tasks()):
            if outcome.disk_full:
                raise disk_is_full(self.folder, str(outcome.reason))
            self.failures.record(outcome)
            yield outcome

    def calibrate(self) -> None:
        """Calibrate the cost model behind ``seconds`` on this machine, unless the folder has one: some seconds."""
        if not self.workplace.cost.is_file():
            from lcbench.collection.networks.calibration import (
                calibrate_for,  # torch is needed nowhere else in this process
            )

            data = [self.workplace.read_data(name) for name in self.described]
            model = calibrate_for(data, self.plan.single_configs, self.plan.device)
            store.write_json(self.workplace.cost, model.to_json())

    def _tasks(self) -> Iterator[Task]:
        """All pending units; where many small products are slow, those of similar shape in one task."""
        plan, folder = self.plan, self.folder.resolve()
        configs = dict(zip(plan.configs.index, plan.single_configs, strict=True))
        pending = [(unit, configs[unit.config_id]) for unit in self.pending()]
        for dataset, described in self.described.items():
            members = [(unit, config) for unit, config in pending if unit.dataset == dataset]
            for group in self._groups(described, [config for _, config in members]):
                (unit, config), *companions = [members[i] for i in group]
                yield Task(
                    folder, unit, config, plan.budgets, plan.seeds, plan.plan_seed, plan.extras, plan.device, companions
                )

    def _groups(self, described: Mapping[str, Any], configs: Sequence[Mapping[str, Any]]) -> Sequence[Sequence[int]]:
        """Which configurations train in one stack."""
        plan = self.plan
        if plan.device == "cpu" or plan.extras.gradients or any(map(is_full, configs)):
            return [[i] for i in range(len(configs))]
        from lcbench.collection.networks.grouping import groups  # needs torch, as a device does

        copies = len(plan.budgets) * plan.n_seeds
        return groups(configs, described["features"], described["classes"], described["train_instances"], copies)

    def finish(self, now: datetime) -> None:
        """Gather the units into one file per data set and write the manifest.

        Args:
            now: When, for the manifest.
        """
        for dataset in self.described:
            own = [unit for unit in self.units if unit.dataset == dataset]
            self._refuse_damaged(own)
            store.write_runs(self.folder, dataset, self.workplace.read_units(own), RECORD)
            self._write_extras(dataset, own)
        configs = pa.Table.from_pandas(self.plan.configs.reset_index(), preserve_index=False)
        store.write_parquet(self.folder / CONFIGS, configs)
        described = pa.Table.from_pylist([dict(row) for row in self.described.values()], schema=DATASET_SCHEMA)
        store.write_parquet(self.folder / DATASETS, described)
        store.seal(self.folder, self._manifest(now), list(self.described))

    def _refuse_damaged(self, units: Sequence[Unit]) -> None:
        """Remove finished units whose files have been damaged since, so that they are trained again."""
        damaged = [str(unit) for unit in units if self.workplace.remove_if_damaged(unit)]
        if damaged:
            were = "was damaged and has" if len(damaged) == 1 else "were damaged and have"
            raise StoppedError(f"{', '.join(damaged)} {were} been removed; run the same command again.")

    def _write_extras(self, dataset: str, units: Sequence[Unit]) -> None:
        """Gather what was logged beside the curves."""
        asked = {GRADIENTS: self.plan.extras.gradients, PREDICTIONS: self.plan.extras.predictions}
        for kind in (kind for kind, wanted in asked.items() if wanted):
            tables = self.workplace.read_extras(kind, units)
            store.write_parts(self.folder / table_path(kind, dataset), tables, extra_schema(kind, RECORD))
        if self.plan.extras.predictions:
            labels = labels_table(self.workplace.read_data(dataset))
            store.write_parquet(self.folder / table_path(LABELS, dataset), labels)

    def _manifest(self, now: datetime) -> Manifest:
        plan = self.plan
        return Manifest(
            title=f"{len(plan.configs)} configurations of space {plan.space_name} on {len(self.described)} data sets",
            problem=plan.space_name,
            record=RECORD,
            space=to_json(get_space(plan.space_name)),
            budgets=plan.budgets,
            seeds=plan.seeds,
            schedule="adaptive: a cosine of its own for each budget",
            provenance=provenance(self.kept, store.read_json(self.workplace.cost), now),
        )
