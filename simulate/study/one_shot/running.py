"""Runs a study of one-shot searches, which is kept in one file: what is missing is searched and added.

As in a study of optimizers (:mod:`lcbench.simulate.study.keeping`), every method searches on every data set with every
seed; finished searches lie in ``FILE.parts`` until the file is written. More epochs are another study: the learning
rate and the temperature follow from the length of a search, so it cannot be lengthened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lcbench.collection.cells.one_shot import METHODS
from lcbench.collection.cells.one_shot.settings import Settings
from lcbench.collection.data.preparation import prepare
from lcbench.collection.data.prepared import Prepared, digest_data
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.problem import get_problem
from lcbench.collection.threads import one_thread_each
from lcbench.errors import DamagedFileError, InputError, StoppedError
from lcbench.simulate.study.description import Description, made
from lcbench.simulate.study.keeping import (
    Keep,
    Tables,
    description_of,
    growth,
    joined,
    refuse_other_study,
    to_be_added_to,
)
from lcbench.simulate.study.one_shot.file import KEY, SCHEMA, SEARCHES, read_table, write
from lcbench.simulate.study.one_shot.plan import NAMED, OneShotPlan, SearchTask, searches
from lcbench.simulate.study.storage import Finished, cut
from lcbench.space.cells import NAMES
from lcbench.whole import whole
from lcbench.work import get_executor, run
from lcbench.work.workplace import differences


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Searches, on whatever machine it is called.

    Attributes:
        settings: Of each search.
        datasets: By name.
    """

    settings: Settings
    datasets: Mapping[str, Prepared]

    def __call__(self, task: SearchTask) -> pa.Table:
        """One search on one thread, under :data:`lcbench.simulate.study.one_shot.file.SCHEMA`."""
        with one_thread_each():
            method = METHODS[task.method](self.datasets[task.dataset], task.seed, self.settings)
            found = [
                {
                    "epoch": each.epoch,
                    "seconds": each.seconds,
                    **dict(zip(NAMES, each.cell, strict=True)),
                    "shared_accuracy": each.shared_accuracy,
                }
                for each in method.epochs()
            ]
        same = dict(zip(KEY, task.key, strict=True))
        return pa.Table.from_pylist([same | row for row in found], schema=SCHEMA)


def search(
    plan: OneShotPlan,
    keep: Keep,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    begun: Callable[[int, int], None] = lambda _, __: None,
    done: Callable[[SearchTask, str | None], None] = lambda _, __: None,
) -> pd.DataFrame:
    """Run all missing searches and add them to the file of the study.

    A search that fails is reported and left out, and the others continue; the same call tries it again.

    Args:
        plan: What is asked for.
        keep: Where the study is kept.
        jobs: Processes that search.
        scheduler: Address of a Dask scheduler, whose workers search.
        begun: Called once, with the number of searches that are there already and of all of them.
        done: Called after each search, with what went wrong, or None.

    Returns:
        All that the file holds, with the columns of :mod:`lcbench.simulate.study.one_shot.file`. Same arguments, same
        cells; only seconds are measured.

    Raises:
        DataError: If a data set cannot be used.
        InputError: If a data set has no images, torch is missing, another process writes to the file, or it is no
            study that can be added to.
        PlanConflictError: If the file, or what an interrupted study left beside it, has other settings.
        StoppedError: If every search failed.
    """
    get_problem("cells").check_ready()
    jobs = whole("jobs", jobs, least=1)
    datasets, storage = _prepared(plan.sources), Finished(keep.parts, SCHEMA, KEY)
    settings = plan.settings() | {_digest(name): digest_data(data) for name, data in datasets.items()}
    with storage.held():
        said, found = _there(keep, settings)
        asked = {"methods": plan.methods, "datasets": tuple(datasets), "seeds": plan.seeds}
        names = {name: joined(said.names[name] if said else (), asked[name]) for name in NAMED}
        tasks = list(searches(names))
        missing = [task for task in tasks if task.key not in found]
        if said is not None:
            keep.say(growth(keep.path, len(found), names, len(missing)))
        if not missing:
            return _gathered(tasks, found).to_pandas()
        _begin(keep, storage, settings, said)
        parts = storage.read()
        found |= parts
        waiting = [task for task in missing if task.key not in found]
        _check_named(keep, waiting, datasets)
        begun(len(tasks) - len(waiting), len(tasks))
        function = Search(plan.search, datasets)
        with get_executor(None, jobs, scheduler, function, _PRELOAD) as executor:
            for outcome in run(executor, waiting):
                if outcome.reason is None:
                    found[outcome.task.key] = outcome.value
                    storage.add([outcome.value])
                storage.record([outcome])
                done(outcome.task, outcome.reason)
        added = [task for task in missing if task.key in found]
        if not added:
            raise StoppedError(storage.explain(waiting, "no search has succeeded:"))
        _write(keep, _gathered(tasks, found), said, settings, names, len(added))
        if parts.keys() <= {task.key for task in tasks}:  # others wait for their study
            storage.remove()
    return _gathered(tasks, found).to_pandas()


_PRELOAD = "lcbench.collection.cells.one_shot.search"


def _prepared(sources: Sequence[str]) -> dict[str, Prepared]:
    """The data sets, whose rows are images."""
    from lcbench.collection.cells.images import image_shape

    found: dict[str, Prepared] = {}
    for source in sources:
        data = prepare(load_dataset(source))
        image_shape(data.n_features)
        if data.name in found:
            raise InputError(f"data sets must have names of their own, got {data.name} twice; leave one out.")
        found[data.name] = data
    return found


def _digest(dataset: str) -> str:
    return f"images of {dataset} digest"


def _there(keep: Keep, settings: Mapping[str, Any]) -> tuple[Description | None, Tables]:
    """What the study that is there says of itself and its searches; None if there is none.

    Raises:
        InputError: If it is none that can be added to.
        PlanConflictError: If it is another one.
    """
    if not keep.path.exists():
        return None, {}
    if keep.overwrite:
        keep.say(f"{keep.path} is replaced: {_held(keep.path)} go.")
        return None, {}
    with to_be_added_to(keep.path):
        SEARCHES.check(keep.path, DamagedFileError)
        said = description_of(keep.path, NAMED)
        found = cut(read_table(keep.path), KEY)
    refuse_other_study(keep.path, differences(said.settings, _shared(said, settings, "lcbench")))
    return said, found


def _held(path: Path) -> str:
    """What a file holds, in words."""
    try:
        found = read_table(path)
    except (DamagedFileError, InputError):
        return f"its {path.stat().st_size} bytes, which are no one-shot searches,"
    return f"{len(cut(found, KEY))} searches of {', '.join(found['method'].unique().to_pylist())}"


def _shared(said: Description, settings: Mapping[str, Any], *apart: str) -> dict[str, Any]:
    """The settings that a study must have to be added to: data sets that come to it are no others."""
    return {name: value for name, value in settings.items() if name in said.settings and name not in apart}


def _begin(keep: Keep, storage: Finished, settings: Mapping[str, Any], said: Description | None) -> None:
    """Make sure that what is searched and what is there belong together.

    Raises:
        PlanConflictError: If they do not.
    """
    if said is not None:  # of one version, since another may search otherwise
        refuse_other_study(keep.path, differences(said.settings, _shared(said, settings)))
    if keep.overwrite and not storage.belongs(settings):
        storage.forget()
    storage.begin(settings)
    storage.keep_settings()


def _check_named(keep: Keep, tasks: Sequence[SearchTask], datasets: Mapping[str, Prepared]) -> None:
    """Check that all data sets that are needed are named.

    Raises:
        InputError: If one is not.
    """
    unsaid = dict.fromkeys(task.dataset for task in tasks if task.dataset not in datasets)
    if unsaid:
        raise InputError(
            f"{keep.path} has searches on {', '.join(unsaid)}, where what is added must search, too; name its source "
            "among the data sets."
        )


def _write(
    keep: Keep,
    table: pa.Table,
    said: Description | None,
    settings: Mapping[str, Any],
    names: Mapping[str, Sequence[Any]],
    added: int,
) -> None:
    by = made(keep.command, added, keep.now() if keep.now else None)
    before, earlier = (said.settings, said.made) if said else ({}, ())
    write(keep.path, table, Description("one-shot searches", {**before, **settings}, names, (*earlier, by)))


def _gathered(tasks: Sequence[SearchTask], found: Tables) -> pa.Table:
    """All finished searches, in the order of the tasks."""
    return pa.concat_tables([SCHEMA.empty_table(), *(found[task.key] for task in tasks if task.key in found)])
