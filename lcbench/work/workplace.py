"""The folder in which the unfinished work of a plan is kept: one plan, one process at a time, nothing overwritten.

::

    ROOT/
      plan.json        what the results depend on; another plan is refused
      lock             held by the process that is running
      failures.jsonl   why tasks failed; the same command tries them again

Beside these lie the results of finished tasks, in files that are there whole or not at all. So the work may be killed
at any time: a process that resumes it finds the finished tasks.
"""

import json
import platform
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError, PlanConflictError, StoppedError
from lcbench.files import json_value, no_links, read_json, read_schema, understood
from lcbench.output import writable_folder
from lcbench.work.journal import Journal
from lcbench.work.lock import hold, holder_file
from lcbench.work.task import DISK_FULL, RESUMABLE, Outcome, Task
from lcbench.writing import write_json, write_parquet

_SHOWN = 3  # reasons in a message
_LONGEST = 80  # characters of a value in a message
TEMPORARY = ".*.tmp"
_PLAN = b"plan"
REMEDY = "Repeat its own options to resume it, or choose another folder."


class Workplace:
    """A folder of unfinished work.

    Args:
        root: The folder.
        what: The kind of work, in the singular ("collection").
        output: The folder that the work is for, if it is another one: named in messages.
    """

    remedy = REMEDY
    """The advice if the folder holds a different plan."""

    growing: ClassVar[tuple[str, ...]] = ()
    """Entries of the plan that may become longer while results are there."""

    def __init__(self, root: Path, what: str, output: Path | None = None) -> None:
        self.root, self.what, self.output = root, what, output or root
        self.plan_file, self._lock, self._journal = root / "plan.json", root / "lock", root / "failures.jsonl"
        self._digests: dict[str, int] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder; it is made if it is missing, and gone again if no plan was accepted.

        Raises:
            InputError: If it is somebody else's, or another process holds it.
            StoppedError: If the disk gets full in this block, in this process or in a task's.
        """
        for folder in (self.output, self.root):
            if folder.exists() and not folder.is_dir():
                raise InputError(f"{folder} must be a folder, but it is a file; choose another.")
        own = self.root != self.output or self.plan_file.is_file()
        if not own and self.root.is_dir() and self._foreign():
            raise InputError(f"{self.root} is not empty and holds no {self.what}; choose a new or an empty folder.")
        for folder in {self.output, self.root}:
            no_links(folder)
        writable_folder(self.root)
        busy = f"another {self.what} is running in {self.output}; wait for it or choose another folder."
        with _said_if_disk_full(self.output), hold(self._lock, busy):
            for stray in self.strays():  # of a process that was killed
                stray.unlink(missing_ok=True)
            try:
                yield
            finally:
                if not self.plan_file.is_file():
                    self.remove()

    def _foreign(self) -> bool:
        ours = (self._lock.name, holder_file(self._lock).name, self._journal.name)
        return any(path.name not in ours and not path.match(TEMPORARY) for path in self.root.iterdir())

    def plan(self) -> dict[str, Any] | None:
        """The plan with which the work was begun; None if it has not begun.

        Raises:
            PlanConflictError: If the file is no plan of ours.
        """
        if not self.plan_file.is_file():
            return None
        kept = read_json(self.plan_file)
        if not isinstance(kept, dict):
            raise PlanConflictError(f"{self.plan_file} is no plan of ours; choose another folder.")
        return kept

    def check_shared(self) -> None:
        """Check, on a worker, that the work is to be seen from this machine.

        Raises:
            InputError: If it is not.
        """
        if not self.plan_file.is_file():
            raise InputError(
                f"{self.output} must be shared by all machines, but {platform.node()} sees no {self.what} there; "
                "choose a folder on a shared file system."
            )

    def check(self, asked: Mapping[str, Any]) -> None:
        """Check that the work that was begun, if any, has this plan.

        Raises:
            PlanConflictError: If it has another one; the message says what differs.
        """
        kept = self.plan()
        if kept is not None:
            refuse_other_plan(differences(kept, asked), self.output, self.remedy)

    def accept(self, plan: Mapping[str, Any]) -> None:
        """Keep the plan; from now on there is something to resume."""
        if self.plan() != plan:
            write_json(self.plan_file, plan)
        self._digests = {}

    def keep(self, path: Path, table: pa.Table) -> None:
        """Write a table of results, with the digests of the plan that it belongs to in its metadata."""
        write_parquet(path, table.replace_schema_metadata({_PLAN: json.dumps(self._plan_digests())}))

    def check_kept(self, path: Path) -> None:
        """Check that a table belongs to this plan, as far as the plan had come when it was written.

        Raises:
            DamagedFileError: If it does not.
        """
        said = (read_schema(path).metadata or {}).get(_PLAN, b"{}")  # older ones say nothing
        with understood(path):
            digests = dict(json_value(said.decode()))
        other = [name for name, own in self._plan_digests().items() if digests.get(name, own) != own]
        if other:
            raise DamagedFileError(f"{path} belongs to a plan with other {', '.join(other)}; restore it.")

    def _plan_digests(self) -> dict[str, int]:
        """A digest of each entry of the plan."""
        if not self._digests:
            plan = self.plan() or {}
            lasting = {name: value for name, value in plan.items() if name not in self.growing}
            self._digests = {name: crc32(json.dumps(value, sort_keys=True).encode()) for name, value in lasting.items()}
        return self._digests

    def record(self, outcomes: Iterable[Outcome[Any]]) -> None:
        """Keep the reasons of failed tasks, and forget those of tasks that have succeeded since."""
        known = self.reasons() if self._journal.is_file() else {}
        said = [each for each in outcomes if each.reason is not None or str(each.task) in known]
        if not said:
            return
        with Journal(self._journal) as journal:
            for each in said:
                journal.append(
                    {"task": str(each.task), "reason": each.reason, "traceback": each.traceback.splitlines()}
                )
        if not self.reasons():
            self._journal.unlink()

    def reasons(self) -> dict[str, str]:
        """Why tasks failed and have not succeeded since, by the task in words."""
        if not self._journal.is_file():
            return {}
        with Journal(self._journal) as journal:
            last = {str(event["task"]): event["reason"] for event in journal.events}
        return {task: reason for task, reason in last.items() if reason is not None}

    def explain(self, missing: Iterable[Task], heading: str) -> str:
        """Say what is missing and why, in a few lines.

        Args:
            missing: The tasks without a result.
            heading: The first line.
        """
        reasons = self.reasons()
        known = {str(task): reasons[str(task)] for task in missing if str(task) in reasons}
        lines = [heading, *(f"  {task}: {reason}" for task, reason in list(known.items())[:_SHOWN])]
        if len(known) > _SHOWN:
            lines.append(f"  and {len(known) - _SHOWN} more, in {self._journal}")
        lines.append("All others are kept. Mend the cause and repeat the command: it tries what is missing again.")
        return "\n".join(lines)

    def strays(self) -> list[Path]:
        """Files that were being written when a process was killed."""
        return list((self.output if self.root.is_relative_to(self.output) else self.root).rglob(TEMPORARY))

    def results(self) -> Iterable[Path]:
        """The files of results."""
        return ()

    def remove(self) -> None:
        """Clear up once nothing is left to resume; other people's files in the output stay."""
        self.forget()
        for path in (holder_file(self._lock), self._lock):
            path.unlink(missing_ok=True)
        if self.root != self.output:
            shutil.rmtree(self.root, ignore_errors=True)
        with suppress(OSError):  # not empty: what the work was for
            self.output.rmdir()

    def forget(self) -> None:
        """Remove the plan and all that depends on it; the folder stays held.

        The plan goes last: a process that is killed meanwhile leaves work that can be resumed.
        """
        mine = self.root.iterdir() if self.root != self.output and self.root.is_dir() else self.results()
        for path in set(mine) - {self.plan_file, self._lock, holder_file(self._lock)}:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        for path in (self._journal, self.plan_file):
            path.unlink(missing_ok=True)


def differences(kept: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """Say how two written plans differ, one line each; digests are only said to differ."""
    found = []
    for key, value in asked.items():
        if kept.get(key) == value:
            continue
        if key.endswith("digest"):
            found.append(f"the {key.removesuffix(' digest')} are others")
        elif _is_digest(value):
            found.append(f"another {key}")
        else:
            found.append(f"{key}: there {_words(kept.get(key))}, asked {_words(value)}")
    return found


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def _words(value: object) -> str:
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def refuse_other_plan(found: list[str], folder: Path, remedy: str = REMEDY) -> None:
    """Refuse a folder whose plan differs.

    Raises:
        PlanConflictError: If there is a difference.
    """
    if found:
        raise PlanConflictError(f"{folder} holds a different plan ({'; '.join(found)}).\n{remedy}")


@contextmanager
def _said_if_disk_full(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        said = f"the disk that holds {folder} is full ({error.strerror}).\nMake room; {RESUMABLE}."
        raise StoppedError(said) from error
