"""Taking possession of a folder: nothing of anybody else's is ever overwritten."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from lcbench.collection.collecting import Collection
from lcbench.collection.data.preparation import describe, prepare
from lcbench.collection.data.sources import load_dataset
from lcbench.collection.plan import Plan, differences, digest_data
from lcbench.collection.shards import Workplace
from lcbench.errors import InputError, PlanConflictError
from lcbench.table import store
from lcbench.table.manifest import MANIFEST
from lcbench.work.lock import alone


@contextmanager
def opened(plan: Plan, folder: Path, loaded: Callable[[str], None] = lambda _: None) -> Iterator[Collection]:
    """Load and check every data set, and hold the folder for this plan.

    Args:
        plan: The plan.
        folder: The benchmark folder, as it was left or new.
        loaded: Called with the name of each data set when it is ready.

    Raises:
        InputError: If a data set cannot be used, the folder holds something else, or another collection is at work
            in it.
        PlanConflictError: If the folder holds (part of) a different plan; the message says what differs.
    """
    workplace = Workplace(folder)
    _check_folder(folder, workplace)
    workplace.root.mkdir(parents=True, exist_ok=True)
    with alone(workplace.lock, f"another collection is at work in {folder}; wait for it or choose another folder."):
        try:
            yield _prepare(plan, folder, workplace, loaded)
        finally:
            _leave(folder, workplace)


def _check_folder(folder: Path, workplace: Workplace) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} must be a folder, but it is a file; choose another.")
    ours = (folder / MANIFEST).is_file() or workplace.root.is_dir()
    if folder.is_dir() and not ours and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty and holds no collection; choose a new or an empty folder.")


def _leave(folder: Path, workplace: Workplace) -> None:
    """Clear up where nothing is left to go on with: the benchmark is finished, or its plan was never accepted."""
    if (folder / MANIFEST).is_file() or not workplace.plan.is_file():
        workplace.remove()
        with suppress(OSError):
            folder.rmdir()


def _prepare(plan: Plan, folder: Path, workplace: Workplace, loaded: Callable[[str], None]) -> Collection:
    kept = _kept(folder, workplace)
    asked = plan.describe()
    if kept is not None:
        _refuse_if(differences(kept, asked), folder)
    described: dict[str, dict[str, Any]] = {}
    digests: dict[str, str] = {}
    for source in plan.sources:
        dataset = load_dataset(source)
        if dataset.name in described:
            raise InputError(f"two data sets are named {dataset.name!r}; name one of them with file:...&name=...")
        data = prepare(dataset, plan.encoding)
        digests[dataset.name] = digest_data(data)
        if kept is not None and kept["data"].get(dataset.name) != digests[dataset.name]:
            _refuse_if([f"the data of {dataset.name} has changed"], folder)
        described[dataset.name] = describe(dataset, data)
        if not (folder / MANIFEST).is_file():
            workplace.keep_data(data, digests[data.name])
        loaded(dataset.name)
    kept = {**asked, "data": digests}
    if not (folder / MANIFEST).is_file():
        store.write_json(workplace.plan, kept)
    return Collection(plan, folder, described, plan.units(described), kept)


def _kept(folder: Path, workplace: Workplace) -> Mapping[str, Any] | None:
    """The plan that the folder was begun or finished with."""
    if (folder / MANIFEST).is_file():
        kept: Mapping[str, Any] | None = store.read_manifest(folder).provenance.get("plan")
        if kept is None:
            raise PlanConflictError(f"{folder} holds a benchmark that was not collected here; choose another folder.")
        return kept
    if not workplace.plan.is_file():
        return None
    kept = store.read_json(workplace.plan)
    if not isinstance(kept, dict) or not isinstance(kept.get("data"), dict):
        raise PlanConflictError(f"{workplace.plan} is no plan of ours; choose another folder.")
    return kept


def _refuse_if(found: list[str], folder: Path) -> None:
    if found:
        raise PlanConflictError(
            f"{folder} holds a different plan ({'; '.join(found)}).\n"
            "Repeat its own options to go on, or choose another folder."
        )
