"""Which runs of a table with several fidelities are shown: one value of each further one, or one as the budget."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.table.manifest import Manifest
from lcbench.table.metric import Fidelity
from lcbench.table.record import KEY, SECONDS
from lcbench.whole import is_number


@dataclass(frozen=True, slots=True)
class View:
    """What is fixed of a table's fidelities, and which of them is the budget.

    Attributes:
        fixed: Name and value of each fidelity that is the same in all runs shown: the further ones, or, where one of
            them is the budget, the others and the axis of the recorded curves.
        along: The further fidelity that is the budget; None for the axis of the recorded curves.
    """

    fixed: tuple[tuple[str, float], ...] = ()
    along: str | None = None

    @classmethod
    def of(cls, manifest: Manifest, at: Mapping[str, float], along: str | None = None) -> "View":
        """The view of a table with some fidelities fixed, and all others at their largest value.

        Args:
            manifest: As the folder has it.
            at: Values of fidelities by name.
            along: A further fidelity to take as the budget.

        Raises:
            UnknownNameError: If the table has no such fidelity, or no runs at such a value.
            InputError: If the budget is fixed.
        """
        record = manifest.record
        further = {each.name: each.budgets for each in record.further}
        if along is not None and along not in further:
            known = further or ["none beside its axis"]
            raise UnknownNameError("further fidelity", along, known)
        axis = record.fidelity.name
        free = {axis: manifest.budgets, **further}
        budget = axis if along is None else along
        for name, value in at.items():
            if name not in free:
                raise UnknownNameError("fidelity", name, free)
            if name == budget:
                raise InputError(
                    f"{name} must be left free, as it is the budget here, got {name}={value}; name another fidelity, "
                    "or ask for the budget where runs are asked for."
                )
            if not is_number(value) or value not in free[name]:
                raise UnknownNameError(f"value of {name}", value, [f"{known:g}" for known in free[name]])
        fixed = {name: values for name, values in free.items() if name != budget}
        return cls(tuple((name, float(at.get(name, values[-1]))) for name, values in fixed.items()), along)

    @property
    def text(self) -> str:
        """What is shown, for people and for the plans of studies; nothing of a table with one fidelity."""
        said = [f"{name}={value:g}" for name, value in self.fixed]
        return ", ".join(said + ([f"budgets of {self.along}"] if self.along else []))

    def manifest(self, stored: Manifest) -> Manifest:
        """What the table says of the runs shown, as of a table with one fidelity that has only these."""
        if self.along is None:
            return stored
        found = next(each for each in stored.record.further if each.name == self.along)
        axis = Fidelity(found.name, unit=found.unit, steps=found.budgets)
        record = replace(stored.record, fidelities=(axis,))
        return replace(stored, budgets=tuple(range(1, len(found.budgets) + 1)), record=record)

    def runs(self, path: Path, table: pa.Table, stored: Manifest) -> pa.Table:
        """The runs shown, under the key of a table with one fidelity.

        Along a further fidelity a run of its n-th value has n steps, of which only the last is recorded: the value at
        the end of the run. All before it is NaN (but for index 0, which costs nothing), and all its seconds are paid
        with the first step, so that nothing is seen before it is paid for.

        Args:
            path: The file, for messages.
            table: The key and one series of the runs, or the key alone.
            stored: The folder's manifest.

        Raises:
            DamagedFileError: If a curve is not as long as its budget.
        """
        if not stored.record.further:
            return table
        column = {stored.record.fidelity.name: "budget"}
        for name, value in self.fixed:
            table = table.filter(pc.equal(table[column.get(name, name)], value))
        if self.along is not None:
            table = _along(path, table, self.along, self.manifest(stored).record.fidelity.steps)
        return table.drop_columns([each.name for each in stored.record.further])


def _along(path: Path, table: pa.Table, name: str, values: float | Iterable[float]) -> pa.Table:
    """Runs of one budget as runs whose budgets are the places of their values of a further fidelity."""
    steps = np.searchsorted(np.asarray(values), table[name].to_numpy()).astype(np.int32) + 1
    place = table.schema.get_field_index("budget")
    series = [each for each in table.column_names if each not in (*KEY, name) and pa.types.is_list(table[each].type)]
    for each in series:
        if not pc.all(pc.equal(pc.list_value_length(table[each]), pc.add(table["budget"], 1))).as_py() and len(table):
            raise DamagedFileError(f"{path} has curves of {each} that are not budget + 1 long; restore it.")
        ends = [pc.list_element(table[each], end).to_numpy() for end in (0, -1 + _length(table[each]))]
        curves = _spread(steps, *ends, paid=each == SECONDS)
        table = table.set_column(table.schema.get_field_index(each), table.schema.field(each), curves)
    return table.set_column(place, table.schema.field("budget"), pa.array(steps))


def _length(column: pa.ChunkedArray) -> int:
    return len(column[0]) if len(column) else 1


def _spread(steps: NDArray[np.int32], first: NDArray[np.float32], last: NDArray[np.float32], *, paid: bool) -> pa.Array:
    """One curve a run, ``steps + 1`` long; in between NaN, or the last value where it is what was paid."""
    offsets = np.concatenate([[0], np.cumsum(steps + 1)]).astype(np.int32)
    flat = np.repeat(last, steps + 1) if paid else np.full(offsets[-1], np.nan, np.float32)
    flat[offsets[:-1]], flat[offsets[1:] - 1] = first, last
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat.astype(np.float32)))


def parse_at(given: Iterable[str]) -> dict[str, float]:
    """Read fidelities as written on a command line: ``data_fraction=0.5``.

    Raises:
        InputError: If one is not ``NAME=VALUE`` with a number, or is there twice.
    """
    found: dict[str, float] = {}
    for text in given:
        name, _, value = (part.strip() for part in text.rpartition("="))
        try:
            number = float(value)
        except ValueError:
            number = np.nan
        if not name or not np.isfinite(number):
            raise InputError(f"--at must be NAME=VALUE with a number, such as data_fraction=0.5, got {text!r}.")
        if name in found:
            raise InputError(f"--at must name each fidelity once, got {name} twice.")
        found[name] = number
    return found
