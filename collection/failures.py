"""Units that failed, each with its reason: kept beside the finished ones until a later attempt succeeds."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from lcbench.collection.shards import Workplace
from lcbench.collection.unit import Outcome, Unit
from lcbench.table.store import read_json, write_json

_SHOWN = 3  # reasons in a message


class Failures:
    """The folder ``.collecting/failed``: a small JSON file for each unit that failed twice."""

    def __init__(self, workplace: Workplace) -> None:
        self.root = workplace.root / "failed"

    def file(self, unit: Unit) -> Path:
        """Where a failed unit's reason is kept."""
        return self.root / unit.dataset / f"{unit.config_id}.json"

    def record(self, outcome: Outcome) -> None:
        """Keep a failed unit's reason; forget it if the unit has succeeded."""
        file = self.file(outcome.unit)
        if outcome.reason is None:
            file.unlink(missing_ok=True)
            return
        unit = {"dataset": outcome.unit.dataset, "config_id": outcome.unit.config_id}
        write_json(file, unit | {"reason": outcome.reason, "traceback": outcome.traceback.splitlines()})

    def reasons(self, units: Sequence[Unit]) -> dict[Unit, str]:
        """The reasons of those of these units that have failed."""
        return {unit: read_json(self.file(unit))["reason"] for unit in units if self.file(unit).is_file()}

    def explain(self, missing: Sequence[Unit], total: int) -> str:
        """Say what is missing and why, in a few lines.

        Args:
            missing: All units that are not finished, at least one.
            total: How many units there are.
        """
        reasons = self.reasons(missing)
        counts = Counter(unit.dataset for unit in missing)
        of = ", ".join(f"{n} of {name}" for name, n in counts.items())
        lines = [f"{len(missing)} of {total} units {'is' if len(missing) == 1 else 'are'} missing ({of}):"]
        lines += [f"  {unit}: {reason}" for unit, reason in list(reasons.items())[:_SHOWN]]
        if len(reasons) > _SHOWN:
            lines.append(f"  and {len(reasons) - _SHOWN} more, in {self.root}")
        lines.append("All others are kept. Mend the cause and repeat the command: it tries what is missing again.")
        return "\n".join(lines)
