"""What a benchmark folder holds, in a few lines for people."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from lcbench.table.manifest import CONFIGS, Manifest
from lcbench.table.record import SECONDS
from lcbench.table.view import View

_WHOLE, _FIRST, _SPAN = 40, 5, 4


def some(names: Sequence[object]) -> str:
    """Names in a row: all of up to 40 (LCBench has 35 data sets), of more the first few and how many others."""
    if len(names) <= _WHOLE:
        return ", ".join(map(str, names))
    return f"{', '.join(map(str, names[:_FIRST]))} and {len(names) - _FIRST} more"


def spans(numbers: Sequence[int]) -> list[str]:
    """Increasing numbers as texts; four or more that follow each other are one, ``first-last``."""
    starts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(numbers)) if b != a + 1), len(numbers)]
    found: list[str] = []
    for begin, end in pairwise(starts):
        apart = end - begin < _SPAN
        found += map(str, numbers[begin:end]) if apart else [f"{numbers[begin]}-{numbers[end - 1]}"]
    return found


def _made(provenance: Mapping[str, Any]) -> str:
    """When and where; of a joined table what is said of each."""
    if "created" not in provenance and "merged" in provenance:
        return "; ".join(dict.fromkeys(map(_made, provenance["merged"])))
    return f"{provenance.get('created', 'not said')} on {provenance.get('processor', 'an unnamed processor')}"


def summary(manifest: Manifest, view: View | None = None) -> Iterator[tuple[str, str]]:
    """What a benchmark folder holds, in a few lines for people: pairs of a label and a text.

    Args:
        manifest: As the folder has it.
        view: Which of its runs are shown, if that is to be said.
    """
    provenance, record = manifest.provenance, manifest.record
    size = sum(record.bytes for record in manifest.files.values())
    yield "title", manifest.title
    yield "data sets", f"{len(manifest.datasets)}: {some(manifest.datasets)}"
    yield "configurations", f"{manifest.files[CONFIGS].rows} of space {manifest.problem!r}"
    schedule = f" ({manifest.schedule})" if manifest.schedule else ""
    yield "budgets", f"{some(spans(manifest.budgets))} {record.fidelity.label}{schedule}"
    yield "seeds", some(spans(manifest.seeds))
    for further in record.further:
        unit = "" if further.unit == further.name else f" {further.unit}"
        yield further.name, some([f"{value:g}" for value in further.budgets]) + unit
    if view is not None and view.text:
        yield "shown", view.text
    missing = f"; the other {manifest.missing} are missing on purpose" if manifest.missing else ""
    yield "runs", f"{manifest.runs} of {manifest.planned}{missing}"
    yield "metrics", ", ".join(metric.name for metric in record.metrics)
    yield "objective", f"{record.metric().goal} {record.objective}"
    yield (
        "seconds",
        "none: a step costs 1" if record.seconds == "none" else str(provenance.get(SECONDS, record.seconds)),
    )
    yield "made", _made(provenance)
    yield from ((label, text) for label in ("licence", "citation") if (text := getattr(manifest, label)))
    yield "size", f"{_readable(size)} in {len(manifest.files) + 1} files, format {manifest.format_version}"


def _readable(size: int) -> str:
    """Bytes for people."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
