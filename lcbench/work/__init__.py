"""The one engine for long work: tasks in processes or on a cluster, kept as they finish, resumed where they stopped.

A *task* is a frozen dataclass that names a piece of work. An *executor* runs tasks somewhere; :func:`run` hands them
out, tries a failed one once more and yields an :class:`Outcome` for each. A *workplace* is the folder in which the
unfinished work of a plan is kept and which one process holds at a time; a *journal* is a file of events that is only
appended to. :class:`Progress` shows how far the work is.

Collections, baselines, portfolio builds, studies, live runs and the search of ``lcbench fit`` all use these, and
nothing else, for long work. This room uses only :mod:`lcbench.errors`, :mod:`lcbench.files`, :mod:`lcbench.writing` and
:mod:`lcbench.console`.
"""

from lcbench.work.executors import Executor, InlineExecutor, ThreadExecutor, get_executor
from lcbench.work.journal import Journal
from lcbench.work.lock import hold
from lcbench.work.progress import Progress
from lcbench.work.run import run
from lcbench.work.task import KILLED, RESUMABLE, GiveUpError, Outcome, Task
from lcbench.work.workplace import REMEDY, Workplace, differences, refuse_other_plan

__all__ = [
    "KILLED",
    "REMEDY",
    "RESUMABLE",
    "Executor",
    "GiveUpError",
    "InlineExecutor",
    "Journal",
    "Outcome",
    "Progress",
    "Task",
    "ThreadExecutor",
    "Workplace",
    "differences",
    "get_executor",
    "hold",
    "refuse_other_plan",
    "run",
]
