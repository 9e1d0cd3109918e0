"""How far a collection is, for people."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lcbench.console import duration
from lcbench.errors import NotABenchmarkError
from lcbench.table import partial
from lcbench.table.manifest import MANIFEST
from lcbench.wanted import Wanted
from lcbench.work.lock import holder
from lcbench.work.workplace import Workplace

COLLECTION = Wanted(
    "a benchmark folder, finished or not",
    file=False,
    folder=True,
    holds=MANIFEST,
    remedy="begin a collection with 'lcbench collect {path} ...'",
    incomplete="begin a collection with 'lcbench collect'",
)


def status_of(folder: Path) -> Iterator[tuple[str, str]]:
    """What an unfinished collection holds: pairs of a label and a text.

    Raises:
        NotABenchmarkError: If there is none, nor a finished benchmark.
    """
    root, whole = folder / partial.COLLECTING, (folder / MANIFEST).is_file()
    if not (root / MANIFEST).is_file():
        if not whole:
            COLLECTION.check(folder, NotABenchmarkError)
        yield "state", "finished; look at it with: lcbench info"
        return
    manifest, done, work = partial.draft(folder), partial.finished(folder), Workplace(root, "collection", folder)
    planned = int(manifest.provenance[partial.TASKS])
    at_it, reasons = holder(root / "lock"), work.reasons()
    yield "state", ("a finished table that grows" if whole else "unfinished") + f": {manifest.title}"
    yield "tasks", f"{len(done)} of {planned} finished ({len(done) / max(1, planned):.0%})"
    for name, count in Counter(each.dataset for each in done).items():
        yield f"  {name}", f"{count}"
    if reasons:
        task, reason = next(iter(reasons.items()))
        yield "failed", f"{len(reasons)}, such as {task}: {reason}"
    yield "latest", partial.as_of(done)
    yield "at it", at_it or "nobody; the command that began it resumes it"
    each = partial.seconds_a_task(done)
    if each is not None:
        left = duration((planned - len(done)) * each)
        yield "time left", f"about {left}" if at_it else f"about {left} once it is resumed as it was"
