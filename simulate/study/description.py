"""What the file of a study says of itself, as JSON in its Parquet metadata: settings, names, and who made it how."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lcbench.files import json_value, read_schema, understood
from lcbench.form import Whole, check

DESCRIPTION = b"lcbench study"
"""Its key in the metadata."""

_MADE: dict[str, Any] = dict.fromkeys(("command", "created?", "python", "processor"), str)
_MADE |= {"simulations": Whole(), "packages": {str: str}}
_FORM: dict[str, Any] = {
    "title": str,
    "settings": {str: object},
    **{name: [str] for name in ("optimizers", "datasets")},
    **{name: [Whole()] for name in ("seeds", "workers")},
    "made": [_MADE],
}
"""What :meth:`Description.to_json` writes, as a form of :mod:`lcbench.form`."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a study is.

    Attributes:
        title: The benchmark's.
        settings: See :meth:`lcbench.simulate.study.plan.StudyPlan.settings`; all simulations have them.
        optimizers: Names; each is there with each data set, seed and number of workers.
        datasets: Names of data sets.
        seeds: Seeds of the optimizers.
        workers: Numbers of simulated workers.
        made: For each time that simulations were added: ``command``, ``simulations`` (how many), ``created`` (UTC),
            ``python``, ``packages`` (their versions) and ``processor``.
    """

    title: str
    settings: Mapping[str, Any]
    optimizers: tuple[str, ...]
    datasets: tuple[str, ...]
    seeds: tuple[int, ...]
    workers: tuple[int, ...]
    made: tuple[Mapping[str, Any], ...]

    def to_json(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self))

    def facts(self, results: int) -> Iterator[tuple[str, str]]:
        """Labels and texts for people.

        Args:
            results: How many the study has.
        """
        from lcbench.table.summary import some, spans

        yield "study on", self.title
        yield "optimizers", ", ".join(self.optimizers)
        yield "data sets", f"{len(self.datasets)}: {some(self.datasets)}"
        yield "seeds", some(spans(sorted(self.seeds)))
        yield "workers", ", ".join(map(str, self.workers))
        yield "results", f"{results}"
        yield from ((name, str(value)) for name, value in self.settings.items())
        for each in self.made:
            yield "made", f"{each.get('created', 'not said')} on {each['processor']}: {each['simulations']} simulations"
            yield "", each["command"]


def read_description(path: Path) -> Description | None:
    """What a file says of itself; None if it says nothing, as those of older versions and of live runs.

    Raises:
        DamagedFileError: If the file is missing or damaged, or what it says cannot be understood.
    """
    said = (read_schema(path).metadata or {}).get(DESCRIPTION)
    if said is None:
        return None
    with understood(path):
        document = json_value(said.decode())
        check(path, document, _FORM, "what it says of itself")
        known: dict[str, Any] = {
            name: tuple(document[name]) if isinstance(_FORM[name], list) else document[name] for name in _FORM
        }
        return Description(**known)


def made(command: str, simulations: int, now: datetime | None) -> dict[str, Any]:
    """Who added simulations, how and when.

    Args:
        command: As :func:`command_line` gives it.
        simulations: How many.
        now: The time of day; None if it is not to be said.
    """
    from lcbench.collection.provenance import circumstances

    known = circumstances(now or datetime.min)
    if now is None:
        del known["created"]
    return {"command": command, "simulations": simulations, **known}


_FOLDERS = re.compile(r"(?<![\w.~-])(?:[A-Za-z]:)?[/\\](?:[^/\\,:]+[/\\])*(?=[^/\\,:])")
_ADDRESS = re.compile(r"\b([a-z]+)://[^\s,]+")


def command_line(arguments: list[str]) -> str:
    """A command as it was typed, without the names of machines and of the folders in which its files lie.

    Args:
        arguments: What stood after ``lcbench``.
    """
    from shlex import join

    return join(["lcbench", *(_FOLDERS.sub("", _ADDRESS.sub(r"\1:", each)) for each in arguments)])
