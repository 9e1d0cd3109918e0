"""Runs a study of systems, one run after the other on each machine.

As in a study of optimizers (:mod:`lcbench.simulate.study.keeping`), every system runs on every data set with every seed
and number of workers: an added one of these is completed with all that it lacks. A longer time limit is another study
here: runs take real time, and how long one model of a search may take depends on the limit, so a run cannot be
lengthened.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from lcbench.collection.provenance import processor
from lcbench.errors import InputError
from lcbench.simulate.autotabular import AutoTabularClassifier
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.study.description import DESCRIPTION, Description, made, read_description
from lcbench.simulate.study.keeping import growth, joined
from lcbench.simulate.study.running import cores
from lcbench.simulate.study.storage import Finished, Key
from lcbench.simulate.study.systems.file import COLUMNS, KEY, NAME, SCHEMA, to_table
from lcbench.simulate.study.systems.peers import FITS
from lcbench.simulate.study.systems.plan import SystemsPlan, SystemTask
from lcbench.simulate.study.systems.rows import METRIC, Rows, accuracy, load_rows
from lcbench.simulate.study.systems.systems import SYSTEMS
from lcbench.simulate.study.systems.views import views
from lcbench.work import InlineExecutor, run
from lcbench.work.dask_executor import DaskExecutor
from lcbench.writing import write_parquet

SOURCE = "source of "
"""What the entries of the folder's plan begin with that say where a data set is."""

SEARCHES = "searches"
"""The folder of the searches, in that of the study."""

NAMED = ("datasets", "systems", "workers", "seeds")
"""What the runs of a study are named by, in the order of the key."""


@dataclass(frozen=True, slots=True, eq=False)
class Play:
    """Runs systems, on whatever machine it is called.

    Attributes:
        plan: The study.
        out: Its folder.
        datasets: The rows of each data set by its name.
    """

    plan: SystemsPlan
    out: Path
    datasets: Mapping[str, Rows]

    def __call__(self, task: SystemTask) -> pd.DataFrame:
        """A run looked at over time, with its circumstances."""
        rows = self.datasets[task.dataset]
        found = _searched(self.plan, task, rows, self.out) if task.system in SYSTEMS else _peer(task, rows)
        return _described(found, self.plan, task, rows)


def study(
    plan: SystemsPlan,
    out: Path,
    now: Callable[[], datetime],
    *,
    command: str = "lcbench.simulate.study.systems.running.study",
    overwrite: bool = False,
    say: Callable[[str], None] = lambda _: None,
    scheduler: str | None = None,
    begun: Callable[[int, int], None] = lambda _, __: None,
    starting: Callable[[SystemTask], None] = lambda _: None,
    done: Callable[[SystemTask, str | None], None] = lambda _, __: None,
) -> pd.DataFrame:
    """Run all missing runs, one after the other on each machine; those that are there stay.

    A run that fails is reported and left out, and the others continue; the same call tries it again.

    Args:
        plan: The study.
        out: Its folder: a new one, or that of a study with the same settings, to which the missing runs are added.
        now: Gives the time of day, to be written down.
        command: What is written down as what was called.
        overwrite: Whether the runs of another study that is there are removed.
        say: Called with a line on what is there and is added or removed, before it is.
        scheduler: Address of a Dask scheduler, whose workers do the runs, each with processes of its own: one worker of
            one thread on each machine, started with ``--no-nanny``. All machines must share the folder.
        begun: Called once, with the number of runs that are there already and of all runs.
        starting: Called before each run.
        done: Called after each run, with what went wrong, or None.

    Returns:
        All runs of the folder, with the columns of :mod:`lcbench.simulate.study.systems.file`.

    Raises:
        DataError: If a data set cannot be used.
        InputError: If two data sets have one name, nobody says where one is that is needed, or another process holds
            the folder.
        PlanConflictError: If the folder holds runs with other settings.
        LiveInterrupted: On Ctrl-C; what is finished is kept, and the running search resumes next time.
    """
    datasets, storage = _loaded(plan.sources, plan.folds), storage_of(out)
    with storage.held():
        if overwrite:
            _removed(storage, say)
        there = storage.read()
        names = _joined(plan, there, tuple(datasets))
        plan = replace(plan, systems=names["systems"], workers=names["workers"], seeds=names["seeds"])
        tasks = list(plan.tasks(names["datasets"]))
        missing = [task for task in tasks if task.key not in there]
        sources = {f"{SOURCE}{rows.name}": source for source, rows in zip(plan.sources, datasets.values(), strict=True)}
        storage.begin(_asked(plan, storage, missing) | sources)
        if there:
            say(growth(out, len(there), names, len(missing)))
        datasets |= _others(storage, plan, missing, datasets)
        if missing or not there:
            storage.keep_settings()  # before the first run ends: its search lies in the folder
        settings = {name: value for name, value in (storage.plan() or {}).items() if not name.startswith(SOURCE)}
        before, added = _made(out), 0
        if there:  # a process may have been killed between a finished run and what follows from it
            _write(out, settings, there, before)
        for task in set(tasks) - set(missing):
            _thin(out, task)
        begun(len(tasks) - len(missing), len(tasks))

        def announced() -> Iterator[SystemTask]:
            for task in missing:
                starting(task)
                yield task

        play = Play(plan, out.resolve(), datasets)
        with InlineExecutor(play) if scheduler is None else DaskExecutor(scheduler, play) as executor:
            for outcome in run(executor, announced(), attempts=1):
                task = outcome.task
                if outcome.reason is None:
                    ended = now()
                    found = outcome.value.assign(created=ended.isoformat(timespec="seconds"))
                    there[task.key] = to_table(found[list(COLUMNS)])
                    storage.add([there[task.key]])
                    added += 1
                    _write(out, settings, there, [*before, made(command, added, ended)])
                    _thin(out, task)
                storage.record([outcome])
                done(task, outcome.reason)
    return _gathered(there).to_pandas()


def _removed(storage: Finished, say: Callable[[str], None]) -> None:
    """Remove the runs of a study and their searches, after saying so."""
    there = storage.read()
    if storage.plan() is None:
        return
    systems = dict.fromkeys(str(key[KEY.index("system")]) for key in there)
    say(f"{storage.root} is replaced: {len(there)} runs{' of ' * bool(there)}{', '.join(systems)} go.")
    shutil.rmtree(storage.root / SEARCHES, ignore_errors=True)
    (storage.root / NAME).unlink(missing_ok=True)
    storage.forget()


def _made(out: Path) -> Sequence[Mapping[str, Any]]:
    """How the runs were made that are there."""
    said = read_description(out / NAME) if (out / NAME).is_file() else None
    return () if said is None else said.made


def _write(
    out: Path, settings: Mapping[str, Any], there: Mapping[Key, pa.Table], by: Sequence[Mapping[str, Any]]
) -> None:
    """Write all finished runs as one file that says what they are."""
    columns = zip(*sorted(there), strict=True)
    names = {name: [*dict.fromkeys(each)] for name, each in zip(NAMED, columns, strict=True)}
    said = Description("systems", settings, names, by)
    write_parquet(out / NAME, _gathered(there).replace_schema_metadata({DESCRIPTION: said.to_json()}))


class Runs(Finished):
    """Storage of the finished runs of a study of systems."""

    remedy = (
        "Repeat its own options to add to it; runs with others, a longer time limit too, need another folder, or "
        "--overwrite in place of these."
    )


def storage_of(out: Path) -> Runs:
    """Storage of the finished runs of a study of systems."""
    return Runs(out, SCHEMA, KEY)


def _gathered(there: Mapping[Key, pa.Table]) -> pa.Table:
    """All finished runs, in the order of their names."""
    return pa.concat_tables([SCHEMA.empty_table(), *(there[key] for key in sorted(there))])


def _search(out: Path, task: SystemTask) -> Path:
    """The folder of a run's search."""
    return out / SEARCHES / task.path


def _thin(out: Path, task: SystemTask) -> None:
    """Remove the models of a finished run; their probabilities stay."""
    shutil.rmtree(_search(out, task) / "models", ignore_errors=True)


def _joined(plan: SystemsPlan, there: Mapping[Key, pa.Table], datasets: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """What all runs of the study are named by: what is there, then what comes to it."""
    columns = zip(*sorted(there), strict=True) if there else [()] * len(NAMED)
    known = dict(zip(NAMED, columns, strict=True))
    asked = {"datasets": datasets, "systems": plan.systems, "workers": plan.workers, "seeds": plan.seeds}
    return {name: joined(known[name], asked[name]) for name in asked}


def _asked(plan: SystemsPlan, storage: Finished, missing: Sequence[SystemTask]) -> dict[str, Any]:
    """The settings that the study must have: those of its runs; to be read it may be of another version."""
    settings, kept = plan.settings(), storage.plan()
    return settings if missing or kept is None else settings | {"lcbench": kept.get("lcbench")}


def _others(
    storage: Finished, plan: SystemsPlan, missing: Sequence[SystemTask], known: Mapping[str, Rows]
) -> dict[str, Rows]:
    """The data sets of the study that nobody names now, as far as runs on them are missing.

    Raises:
        DataError: If one cannot be loaded any more.
        InputError: If the folder does not say where one is, as those of older versions do not.
    """
    kept = storage.plan() or {}
    names = dict.fromkeys(task.dataset for task in missing if task.dataset not in known)
    unsaid = [name for name in names if f"{SOURCE}{name}" not in kept]
    if unsaid:
        raise InputError(
            f"{storage.root} has runs on {', '.join(unsaid)}, where what is added must run, too; name its source among "
            "the data sets."
        )
    return _loaded([kept[f"{SOURCE}{name}"] for name in names], plan.folds)


def _loaded(sources: Sequence[str], folds: int) -> dict[str, Rows]:
    rows = [load_rows(source, folds) for source in sources]
    names = [each.name for each in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"data sets must have names of their own, got {', '.join(twice)} twice; leave one out.")
    return dict(zip(names, rows, strict=True))


def _searched(plan: SystemsPlan, task: SystemTask, rows: Rows, out: Path) -> pd.DataFrame:
    """A search, from its beginning or from where it was killed."""
    folder = _search(out, task)
    resumed = Folder(folder).card.is_file()
    if not resumed:
        shutil.rmtree(folder, ignore_errors=True)  # killed before it had begun
    classifier_of(plan, task).fit(
        rows.features,
        rows.target,
        validation=None if plan.folds else rows.validates,
        test=rows.test,
        folder=None if resumed else folder,
        resume=folder if resumed else None,
    )
    return views(folder, rows)


def classifier_of(plan: SystemsPlan, task: SystemTask) -> AutoTabularClassifier:
    """The tool with a system's components."""
    system = SYSTEMS[task.system]
    named = "all" if plan.baselines is None else plan.baselines
    return AutoTabularClassifier(
        plan.time_limit,
        task.workers,
        METRIC,
        task.seed,
        trials=plan.trials,
        baselines=named if system.baselines else None,
        portfolio=system.portfolio,
        optimizer=system.optimizer,
        budgets=plan.budgets,
        splitter=plan.folds or None,
    )


def _peer(task: SystemTask, rows: Rows) -> pd.DataFrame:
    """One model, which is there from when it was fitted."""
    begun = time.monotonic()
    chances = FITS[task.system](rows, task.workers, task.seed)
    taken = time.monotonic() - begun
    line = {"view": "single", "time": taken, "seconds": taken, "valid": np.nan}
    return pd.DataFrame([line | {"test": accuracy(chances, rows.answers), "models": 1, "members": 1, "tried": 1}])


def _described(found: pd.DataFrame, plan: SystemsPlan, task: SystemTask, rows: Rows) -> pd.DataFrame:
    """A run with its names and circumstances."""
    return found.assign(
        dataset=task.dataset,
        system=task.system,
        workers=task.workers,
        seed=task.seed,
        time_limit=plan.time_limit,
        train_rows=rows.train_rows,
        valid_rows=int(rows.validates.sum()),
        test_rows=len(rows.answers),
        machine=f"{processor()}, {cores()} cores",
    )
