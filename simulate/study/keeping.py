"""A study that is kept in one file: what is missing is simulated and added, what is there stays.

A study is every one of its optimizers on every one of its data sets with every seed, number of workers and portfolio,
so that all of them can be compared: to add one of any of these is to complete the study. All simulations have the same
settings; a longer budget is one for all, so they run again, and each begins as it did (the same seed makes the same
choices). Anything else is another study, and is refused.

While simulations run, the finished ones go to the folder ``FILE.parts``, whose lock one process holds from reading the
file to writing it. The file is replaced at the end, in one step: at any moment it is as it was before, or whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from lcbench.errors import DamagedFileError, InputError, PlanConflictError
from lcbench.files import understood
from lcbench.simulate.optimizers.spec import SOURCE, source_digests
from lcbench.simulate.portfolios import named
from lcbench.simulate.study.description import Description, made, read_description
from lcbench.simulate.study.file import KEY, SCHEMA, STUDY, check_not_all_empty, read, results, to_table, write
from lcbench.simulate.study.plan import NAMED, SimulationTask, StudyPlan, simulations
from lcbench.simulate.study.storage import Finished, Key, cut
from lcbench.table.benchmark import Benchmark
from lcbench.work.workplace import differences

Tables = dict[Key, pa.Table]
Play = Callable[[StudyPlan, Sequence[SimulationTask], Tables, Finished | None], None]
"""Simulates what is missing of some tasks and adds it to the tables."""

_REMEDY = "Repeat its own options to add to it, choose another --out, or replace it with --overwrite."


@dataclass(frozen=True, slots=True)
class Keep:
    """Where a study is kept.

    Attributes:
        path: Its Parquet file. If it is there, the study is added to it.
        command: What is written down as what was called.
        now: Gives the time of day, to be written down.
        overwrite: Whether another study that is there is replaced, whatever it is.
        say: Called with a line on what there is and what will be added or replaced, before it is.
    """

    path: Path
    command: str = "lcbench.simulate.study.study"
    now: Callable[[], datetime] | None = None
    overwrite: bool = False
    say: Callable[[str], None] = lambda _: None

    @property
    def parts(self) -> Path:
        """The folder of the finished simulations of a study that is not finished."""
        return self.path.with_name(f"{self.path.name}.parts")


def storage_of(parts: Path) -> Finished:
    """Storage of the finished simulations of a study."""
    return Finished(parts, SCHEMA, KEY)


def kept_study(keep: Keep, bench: Benchmark, plan: StudyPlan, budget: str, play: Play) -> pd.DataFrame:
    """Add a study to its file.

    Args:
        keep: Where it is kept.
        bench: The table.
        plan: What is asked for.
        budget: As it was given.
        play: Simulates.

    Returns:
        All that the file holds now.

    Raises:
        InputError: If another process is at it, the file is no study that can be added to, or nothing finished in any
            run.
        PlanConflictError: If the file or the folder of its parts holds another study.
    """
    storage, settings = storage_of(keep.parts), plan.settings(bench)
    with storage.held():
        there = _there(keep, plan, settings)
        known: Mapping[str, Sequence[Any]] = {} if there is None else there.description.names
        names = {name: joined(known.get(name, ()), asked) for name, asked in plan.names.items()}
        tasks = list(simulations(names))
        found = {} if there is None else there.tables
        missing = [task for task in tasks if task.key not in found]
        if missing:
            _begin(keep, storage, settings, there)
        if there is not None:
            longer = not there.tables
            keep.say(_lengthened(keep.path, there) if longer else growth(keep.path, len(found), names, len(missing)))
        ours = storage.belongs(settings)
        parts = storage.read() if ours else {}
        found = parts | found
        needed = _of(plan, [task for task in tasks if task.key not in found])
        if there is not None:
            before = there.description.settings
            again = source_digests(needed.optimizer(label) for label in needed.optimizers)
            refuse_other_study(
                keep.path, differences(before, {name: value for name, value in again.items() if name in before})
            )
        play(needed, tasks, found, storage)
        traces: pd.DataFrame = pa.concat_tables([found[task.key] for task in tasks]).to_pandas()
        try:
            check_not_all_empty(traces, budget)
        except InputError:
            storage.remove()
            raise
        if missing:
            by = made(keep.command, len(missing), keep.now() if keep.now else None)
            earlier = there.description.made if there is not None and there.tables else ()
            others = {} if there is None else there.description.settings
            sources = {name: value for name, value in others.items() if name.startswith(SOURCE)}
            said = Description(bench.manifest.title, sources | settings, names, (*earlier, by))
            write(keep.path, traces, bench.objectives(plan.metric)[0], said)
        if ours and parts.keys() <= {task.key for task in tasks}:  # others wait for their study
            storage.remove()
    return traces


@dataclass(frozen=True, slots=True)
class _There:
    """A study that is there.

    Attributes:
        description: What its file says of itself.
        tables: Its simulations; none if they run again with a longer budget.
    """

    description: Description
    tables: Tables


def _there(keep: Keep, plan: StudyPlan, settings: Mapping[str, Any]) -> _There | None:
    """The study that is there and is added to, if any.

    Raises:
        InputError: If it is none that can be added to.
        PlanConflictError: If it is another one.
    """
    if not keep.path.exists():
        return None
    if keep.overwrite:
        keep.say(f"{keep.path} is replaced: {_held(keep.path)} go.")
        return None
    with to_be_added_to(keep.path):
        STUDY.check(keep.path, DamagedFileError)
        said = description_of(keep.path, NAMED)
        with understood(keep.path):
            longer = plan.limit.lengthens(said.settings["budget"])
        tables = {} if longer else cut(to_table(read(keep.path)), KEY)
    compared = dict.fromkeys(said.settings) | dict(settings)
    apart = {"lcbench", *(["budget"] if longer else []), *(name for name in compared if _of_one(name, said, settings))}
    left = {name: value for name, value in compared.items() if name not in apart}
    refuse_other_study(keep.path, differences(said.settings, left))
    return _There(said, tables)


def _of_one(name: str, said: Description, settings: Mapping[str, Any]) -> bool:
    """Whether a setting is the source of an optimizer that the file or the plan alone has."""
    return name.startswith(SOURCE) and not (name in said.settings and name in settings)


@contextmanager
def to_be_added_to(path: Path) -> Iterator[None]:
    """Refuse a file that is there and cannot be added to.

    Raises:
        InputError: If a ``DamagedFileError`` is raised inside.
    """
    try:
        yield
    except DamagedFileError as error:
        raise InputError(
            f"{path} is there and is no study that can be added to ({str(error).rstrip('.')}).\n"
            "Choose another --out, or replace it with --overwrite."
        ) from error


def description_of(path: Path, named: Sequence[str]) -> Description:
    """What a study says of itself.

    Args:
        path: Its file.
        named: What its runs are named by, such as ``optimizers``.

    Raises:
        DamagedFileError: If it does not say that.
    """
    said = read_description(path)
    if said is None or not {*named} <= said.names.keys():
        raise DamagedFileError("it does not say its settings, as studies of older versions do not")
    return said


def refuse_other_study(path: Path, found: Sequence[str]) -> None:
    """Refuse to add to another study.

    Raises:
        PlanConflictError: If there is a difference.
    """
    if found:
        raise PlanConflictError(f"{path} holds another study ({'; '.join(found)}).\n{_REMEDY}")


def _held(path: Path) -> str:
    """What a file holds, in words."""
    try:
        found = read(path)
    except (DamagedFileError, InputError):
        return f"its {path.stat().st_size} bytes, which are no study,"
    names = found["optimizer"].unique()
    return f"{len(results(found))} results of {', '.join(names)}"


def joined(there: Sequence[Any], asked: Sequence[Any]) -> tuple[Any, ...]:
    """Names that are there, then those that come to them."""
    return tuple(dict.fromkeys([*there, *asked]))


def growth(path: Path, held: int, names: Mapping[str, Sequence[Any]], missing: int) -> str:
    """A line on what a study has and gets.

    Args:
        path: Where it is.
        held: How many runs it has.
        names: Of what all of its runs will be, among them numbers of workers and portfolios if there are any.
        missing: How many runs it gets.
    """
    if not missing:
        return f"{path} holds all of this; nothing runs."
    words = {"optimizers": "optimizer", "systems": "system", "methods": "method"}
    words |= {"datasets": "data set", "seeds": "seed"}
    whole = [_counted(len(names[name]), word) for name, word in words.items() if name in names]
    whole += [f"{', '.join(map(str, names['workers']))} workers"] if "workers" in names else []
    if len(names.get("portfolios", ())) > 1:
        whole.append(f"portfolios {', '.join(names['portfolios'])}")
    return f"{path} holds {_counted(held, 'run')}; {missing} more complete {' x '.join(whole)}."


def _counted(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"


def _lengthened(path: Path, there: _There) -> str:
    """A line on a study that runs again."""
    return f"{path} has a budget of {there.description.settings['budget']}: all of it runs again, for longer."


def _begin(keep: Keep, storage: Finished, settings: Mapping[str, Any], there: _There | None) -> None:
    """Make sure that what is simulated and what is there belong together.

    Raises:
        PlanConflictError: If they do not.
    """
    if there is not None and there.tables:  # of one version, since another may choose otherwise
        refuse_other_study(keep.path, differences(there.description.settings, {"lcbench": settings["lcbench"]}))
    if keep.overwrite and not storage.belongs(settings):
        storage.forget()
    storage.begin(settings)


def _of(plan: StudyPlan, tasks: Sequence[SimulationTask]) -> StudyPlan:
    """The plan of these simulations alone: what is there need not be known any more to be kept."""
    if not tasks:
        return plan
    columns = zip(*(task.key for task in tasks), strict=True)
    optimizers, datasets, seeds, workers, portfolios = (tuple(dict.fromkeys(column)) for column in columns)
    known = {each.name: each for each in plan.portfolios}
    begun = tuple(known[name] if name in known else named(name) for name in portfolios)
    return replace(plan, optimizers=optimizers, datasets=datasets, seeds=seeds, workers=workers, portfolios=begun)
