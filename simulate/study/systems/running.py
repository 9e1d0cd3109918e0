"""Plays the runs of a study of systems, one after the other."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lcbench.collection.provenance import processor
from lcbench.errors import InputError, LcbenchError
from lcbench.simulate.autotabular import AutoTabularClassifier
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.study.running import cores
from lcbench.simulate.study.systems.file import COLUMNS
from lcbench.simulate.study.systems.parts import Parts
from lcbench.simulate.study.systems.peers import FITS
from lcbench.simulate.study.systems.plan import Cell, Plan
from lcbench.simulate.study.systems.rows import METRIC, Rows, accuracy, load_rows
from lcbench.simulate.study.systems.systems import SYSTEMS
from lcbench.simulate.study.systems.views import views


@dataclass(frozen=True, slots=True)
class Watch:
    """Who hears how a study goes.

    Attributes:
        begun: Called once, with the number of runs that are there already and of all runs.
        starting: Called before each run.
        done: Called after each run, with what went wrong, or None.
    """

    begun: Callable[[int, int], None] = lambda _, __: None
    starting: Callable[[Cell], None] = lambda _: None
    done: Callable[[Cell, str | None], None] = lambda _, __: None


def study(plan: Plan, out: Path, now: Callable[[], datetime], watch: Watch | None = None) -> pd.DataFrame:
    """Play all runs that are not there yet.

    A run that fails is reported and left out, and the others go on; the same call tries it again.

    Args:
        plan: The study.
        out: Its folder, new, or of a study with the same settings; more runs may come to those that it has.
        now: Gives the time of day, to be written down.
        watch: Who hears how it goes.

    Returns:
        All runs of the folder, with the columns of :mod:`lcbench.simulate.study.systems.file`.

    Raises:
        DataError: If a data set cannot be used.
        InputError: If two data sets have one name.
        PlanConflictError: If the folder holds runs with other settings.
        LiveInterrupted: On Ctrl-C; what is finished is kept, and the search at work goes on next time.
    """
    watch, parts = watch or Watch(), Parts(out)
    settings = plan.settings()
    datasets = _loaded(plan)
    parts.begin(settings)
    cells = list(plan.cells(tuple(datasets)))
    missing = [cell for cell in cells if not parts.has(cell)]
    watch.begun(len(cells) - len(missing), len(cells))
    for cell in missing:
        watch.starting(cell)
        watch.done(cell, _attempted(plan, cell, datasets[cell.dataset], parts, now))
    return parts.gather()


def _loaded(plan: Plan) -> dict[str, Rows]:
    rows = [load_rows(source, plan.folds) for source in plan.sources]
    names = [each.name for each in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"data sets must have names of their own, got {', '.join(twice)} twice; leave one out.")
    return dict(zip(names, rows, strict=True))


def _attempted(plan: Plan, cell: Cell, rows: Rows, parts: Parts, now: Callable[[], datetime]) -> str | None:
    """Play a run and keep it, or say why it cannot be."""
    try:
        run = _searched(plan, cell, rows, parts) if cell.system in SYSTEMS else _peer(cell, rows)
    except LcbenchError as error:
        return str(error)
    parts.add(cell, _told(run, plan, cell, rows, now()))
    parts.clear(cell)
    return None


def _searched(plan: Plan, cell: Cell, rows: Rows, parts: Parts) -> pd.DataFrame:
    """A search, from its beginning or from where it was killed."""
    folder = parts.search(cell)
    goes_on = Folder(folder).card.is_file()
    if not goes_on:
        shutil.rmtree(folder, ignore_errors=True)  # killed before it had begun
    classifier_of(plan, cell).fit(
        rows.features,
        rows.target,
        validation=None if plan.folds else rows.validates,
        test=rows.test,
        folder=None if goes_on else folder,
        resume=folder if goes_on else None,
    )
    return views(folder, rows)


def classifier_of(plan: Plan, cell: Cell) -> AutoTabularClassifier:
    """The tool with a system's components."""
    system = SYSTEMS[cell.system]
    named = "all" if plan.baselines is None else plan.baselines
    return AutoTabularClassifier(
        plan.time_limit,
        cell.workers,
        METRIC,
        cell.seed,
        trials=plan.trials,
        baselines=named if system.baselines else None,
        portfolio=system.portfolio,
        optimizer=system.optimizer,
        budgets=plan.budgets,
        splitter=plan.folds or None,
    )


def _peer(cell: Cell, rows: Rows) -> pd.DataFrame:
    """One model, which is there from when it was fitted."""
    begun = time.monotonic()
    chances = FITS[cell.system](rows, cell.workers, cell.seed)
    taken = time.monotonic() - begun
    line = {"view": "single", "moment": taken, "seconds": taken, "valid": np.nan}
    return pd.DataFrame([line | {"test": accuracy(chances, rows.answers), "models": 1, "members": 1, "tried": 1}])


def _told(run: pd.DataFrame, plan: Plan, cell: Cell, rows: Rows, ended: datetime) -> pd.DataFrame:
    """A run with its names and circumstances."""
    return run.assign(
        dataset=cell.dataset,
        system=cell.system,
        workers=cell.workers,
        seed=cell.seed,
        time_limit=plan.time_limit,
        train_rows=rows.train_rows,
        valid_rows=int(rows.validates.sum()),
        test_rows=len(rows.answers),
        machine=f"{processor()}, {cores()} cores",
        created=ended.isoformat(timespec="seconds"),
    )[list(COLUMNS)]
