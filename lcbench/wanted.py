"""What a reader wants at a path that somebody names, so that all readers refuse everything else in one sentence.

``PATH must be WANTED, got WHAT IS THERE; REMEDY.`` Each kind of thing that commands read is described once, beside what
reads it, as a :class:`Wanted`.
"""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcbench.errors import DamagedFileError, InputError, LcbenchError

PARQUET = b"PAR1"
"""The first bytes of every Parquet file."""

NOTHING = "nothing there"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A kind of thing that is read.

    Attributes:
        what: What it is, and what writes it.
        name: Of the option, where what is given may be no path at all.
        file: Whether it is a file.
        folder: Whether it is a folder.
        ends: How names of such files end, in small letters; in any way by default.
        begins: The first bytes of each such file.
        holds: A file that each such folder holds.
        remedy: What to do where there is nothing, with ``{path}`` for the path.
        incomplete: What to do where there is a folder that lacks that file.
    """

    what: str
    name: str = ""
    file: bool = True
    folder: bool = False
    ends: tuple[str, ...] = ()
    begins: bytes = b""
    holds: str = ""
    remedy: str = "check the path"
    incomplete: str = ""

    def check(self, path: Path, error: type[LcbenchError] = InputError) -> Path:
        """Check what is at a path as far as its kind and its first bytes say.

        Args:
            path: As somebody named it.
            error: What to raise.

        Returns:
            The path.

        Raises:
            LcbenchError: An ``error``, if something else is there or nothing.
        """
        if (got := self._else_at(path)) is None:
            return path
        remedy = self.remedy.format(path=path) if got == NOTHING else self.incomplete * got.startswith("a folder with")
        raise error(self.refusal(path, got, remedy))

    def refusal(self, path: Path | str, got: str, remedy: str = "") -> str:
        """The sentence that refuses what is there."""
        return f"{self.name}{' ' * bool(self.name)}{path} must be {self.what}, got {got}{'; ' * bool(remedy)}{remedy}."

    def read_json(self, path: Path) -> Any:
        """The value in a JSON file that somebody names.

        Raises:
            InputError: If there is no such file, or it cannot be read as JSON.
        """
        from lcbench.files import read_json  # which brings pyarrow

        self.check(path)
        try:
            return read_json(path)
        except DamagedFileError as error:
            reason = str(error).removeprefix(f"{path} ").partition("; restore")[0].rstrip(".")
            raise InputError(self.refusal(path, f"a file that {reason}")) from error

    def _else_at(self, path: Path) -> str | None:
        """What is at a path in place of what is wanted; None if it may be that."""
        try:
            mode = path.stat().st_mode
        except OSError:
            return "a link to nothing" if path.is_symlink() else NOTHING
        if stat.S_ISDIR(mode):
            if not self.folder:
                return "a folder"
            return f"a folder without {self.holds}" if self.holds and not (path / self.holds).exists() else None
        if not stat.S_ISREG(mode):
            return "a pipe or a device"
        return self._other_file(path) if self.file else "a file"

    def _other_file(self, path: Path) -> str | None:
        if self.ends and not path.name.lower().endswith(self.ends):
            return f"a file whose name ends in {path.suffix or 'nothing'}"
        try:
            with path.open("rb") as file:
                begins = file.read(len(self.begins))
        except OSError as error:
            return f"a file that cannot be read ({error.strerror})"
        if begins == self.begins:
            return None
        return "a file of another kind" if begins else "an empty file"
