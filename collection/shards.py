"""Where finished units are kept until their data set is whole.

::

    DIR/.collecting/
      plan.json                           what is being collected
      lock                                held by the collection that is at work
      cost.json                           the cost model behind `seconds`, calibrated at the start
      data/<dataset>/x_train.npy ...      prepared data, read by every worker
      units/<dataset>/<config_id>.parquet one file per finished unit, written elsewhere and renamed
      gradients/..., predictions/...      likewise, where the plan asks for them
      failed/<dataset>/<config_id>.json   why a unit failed twice; the same command tries it again

A file is there whole or not at all, so a collection may be killed at any moment.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.recorder import Run
from lcbench.collection.plan import digest_data
from lcbench.collection.tables import extra_tables, runs_table
from lcbench.collection.unit import Unit
from lcbench.errors import DamagedFileError, LcbenchError
from lcbench.table.manifest import EXTRAS
from lcbench.table.store import read_json, read_parquet, write_json, write_parquet

_ARRAYS = ("x_train", "y_train", "x_valid", "y_valid", "x_test", "y_test")
_FACTS = ("classes", "class_counts", "encoding", "dropped")


class Workplace:
    """The ``.collecting`` folder of a benchmark folder.

    Args:
        folder: The benchmark folder.
        name: Another name, for other work that needs its data sets at hand.
    """

    def __init__(self, folder: Path, name: str = ".collecting") -> None:
        self.root = folder / name
        self.plan = self.root / "plan.json"
        self.lock = self.root / "lock"
        self.cost = self.root / "cost.json"

    def unit_file(self, unit: Unit) -> Path:
        """Where a finished unit is kept."""
        return self.root / "units" / unit.dataset / f"{unit.config_id}.parquet"

    def finished(self, units: Iterable[Unit]) -> set[Unit]:
        """Which of these units are done."""
        return {unit for unit in units if self.unit_file(unit).is_file()}

    def count(self) -> int:
        """How many units are done."""
        return sum(1 for _ in self.root.glob("units/*/*.parquet"))

    def write_unit(self, unit: Unit, runs: Sequence[Run]) -> None:
        """Keep a finished unit; it counts as finished when its runs are there, so they are written last."""
        for kind, table in extra_tables(unit.config_id, runs).items():
            write_parquet(self.extra_file(kind, unit), table)
        write_parquet(self.unit_file(unit), runs_table(unit.config_id, runs))

    def extra_file(self, kind: str, unit: Unit) -> Path:
        """Where what a finished unit logged beside its curves is kept; ``kind`` is a key of ``schema.EXTRAS``."""
        return self.root / kind / unit.dataset / f"{unit.config_id}.parquet"

    def remove_if_damaged(self, unit: Unit) -> bool:
        """Remove a finished unit that cannot be read; say whether it was so."""
        written = [self.extra_file(kind, unit) for kind in EXTRAS if self.extra_file(kind, unit).is_file()]
        try:
            for path in (self.unit_file(unit), *written):
                read_parquet(path)
        except DamagedFileError:
            self.unit_file(unit).unlink(missing_ok=True)
            return True
        return False

    def read_units(self, units: Iterable[Unit]) -> pa.Table:
        """Read finished units as one table."""
        return pa.concat_tables([read_parquet(self.unit_file(unit)) for unit in units])

    def read_extras(self, kind: str, units: Iterable[Unit]) -> Iterator[pa.Table]:
        """Read what finished units logged beside their curves, unit by unit."""
        return (read_parquet(self.extra_file(kind, unit)) for unit in units)

    def keep_data(self, data: Prepared, digest: str) -> None:
        """Keep a prepared data set with this digest, unless it lies there whole: who reads it is not disturbed."""
        try:
            if digest_data(self.read_data(data.name)) == digest:
                return
        except (LcbenchError, OSError, ValueError, KeyError, TypeError):
            pass  # it is not there, or not whole
        self.write_data(data)

    def write_data(self, data: Prepared) -> None:
        """Keep a prepared data set as plain arrays."""
        place = self.root / "data" / data.name
        place.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(place / f"{name}.npy", getattr(data, name), allow_pickle=False)
        write_json(place / "facts.json", {name: getattr(data, name) for name in _FACTS})

    def read_data(self, dataset: str) -> Prepared:
        """Read a prepared data set; its arrays are mapped into memory, not copied."""
        place = self.root / "data" / dataset
        arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        facts = read_json(place / "facts.json")
        return Prepared(name=dataset, **arrays, **{name: _tuple(facts[name]) for name in _FACTS})

    def remove(self) -> None:
        """Clear up after the last unit."""
        shutil.rmtree(self.root)


def _tuple(fact: Any) -> Any:
    return tuple(fact) if isinstance(fact, list) else fact
