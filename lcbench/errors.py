"""Everything that can go wrong for a user, as one tree.

::

    LcbenchError                 any of the below; the command line prints it and exits with code 2
    ├── InputError               what was asked for cannot be done
    │   ├── UnknownNameError     a name that is not in a registry or a table (says the nearest ones)
    │   ├── DataError            a data set that cannot be trained on
    │   └── PlanConflictError    the folder holds the work of a different plan
    ├── StoppedError             work that cannot continue; what is finished is kept
    └── FolderError              a benchmark folder that cannot be read
        ├── NotABenchmarkError   there is no benchmark there
        ├── DamagedFileError     a file of it is truncated, changed or missing
        └── NewerFormatError     it was written by a newer format than this program knows

A message is one or two lines: what was wanted, what was given, what to do.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class LcbenchError(Exception):
    """Base of all errors that are the caller's to mend."""


class InputError(LcbenchError, ValueError):
    """An argument that cannot be used."""


class UnknownNameError(InputError):
    """A name that is not among the known ones.

    Args:
        kind: What is named, in the singular ("data set", "optimizer").
        name: What was given.
        known: All names that would have been accepted.
    """

    def __init__(self, kind: str, name: object, known: Iterable[object]) -> None:
        names = [str(k) for k in known]
        near = get_close_matches(str(name), names, n=3, cutoff=0.5)
        shown = ", ".join(names[:12]) + (f", … ({len(names)} in all)" if len(names) > 12 else "")
        nearest = f"; nearest: {', '.join(near)}" if near else ""
        super().__init__(f"unknown {kind} {str(name)!r}{nearest}. Known: {shown or 'none'}.")


class DataError(InputError):
    """A data set that cannot be trained on."""


class DataWarning(UserWarning):
    """How data were read where they could be read otherwise; the command line prints it as a line."""


class PlanConflictError(InputError):
    """The output folder holds the work of a different plan."""


class StoppedError(LcbenchError):
    """Work that cannot continue: the disk is full, or the executor is lost."""


class FolderError(LcbenchError):
    """A benchmark folder that cannot be read."""


class NotABenchmarkError(FolderError):
    """There is no benchmark at that place."""


class DamagedFileError(FolderError):
    """A file of a benchmark is truncated, changed or missing."""


class NewerFormatError(FolderError):
    """The folder's format is newer than this program."""
