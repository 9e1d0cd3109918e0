"""What the file of a study says of itself, as JSON in its Parquet metadata: settings, names, and who made it how."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lcbench.files import json_value, read_schema, understood
from lcbench.form import Whole, check
from lcbench.simulate.optimizers.spec import SOURCE
from lcbench.simulate.portfolios import NONE

DESCRIPTION = b"lcbench study"
"""Its key in the metadata."""

_MADE: dict[str, Any] = dict.fromkeys(("command", "created?", "python", "processor"), str)
_FORM = {
    "title": str,
    "settings": {str: object},
    "names": {str: ([str], [Whole()])},
    "made": [_MADE | {"runs": Whole(), "packages": {str: str}}],
}
"""What :meth:`Description.to_json` writes, as a form of :mod:`lcbench.form`."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a study is.

    Attributes:
        title: What it is a study of: the benchmark's title; "systems" for a study of these.
        settings: What all runs have in common, as the study's plan gives it.
        names: Of what is compared, data sets, seeds, numbers of workers and portfolios, such as ``optimizers``.
        made: For each time that runs were added: ``command``, ``runs`` (how many), ``created`` (UTC), ``python``,
            ``packages`` (their versions) and ``processor``.
    """

    title: str
    settings: Mapping[str, Any]
    names: Mapping[str, Sequence[str | int]]
    made: Sequence[Mapping[str, Any]] = ()

    def to_json(self) -> str:
        """As it is written."""
        return json.dumps(asdict(self))

    def facts(self) -> Iterator[tuple[str, str]]:
        """Labels and texts for people."""
        from lcbench.table.summary import some, spans

        yield "study of", self.title
        for name, values in self.names.items():
            numbers = [value for value in values if isinstance(value, int)]
            shown = spans(sorted(numbers)) if numbers else [*values]
            yield name.replace("datasets", "data sets"), f"{len(values)}: {some(shown)}"
        for name, value in self.settings.items():
            if name != f"{SOURCE}{value}":  # an optimizer of ours, which its label says all of
                yield name, str(value)
        for each in self.made:
            yield "made", f"{each.get('created', 'not said')} on {each['processor']}: {each['runs']} runs"
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
        if "optimizers" in document["names"]:  # a portfolio was a setting of the whole study
            document["names"].setdefault("portfolios", [str(document["settings"].pop("portfolio", NONE))])
        return Description(**{name: document[name] for name in _FORM})


def made(command: str, runs: int, now: datetime | None) -> dict[str, Any]:
    """Who added runs, how and when.

    Args:
        command: As :func:`command_line` gives it.
        runs: How many.
        now: The time of day; None if it is not to be said.
    """
    from lcbench.collection.provenance import circumstances

    known = circumstances(now or datetime.min)
    if now is None:
        del known["created"]
    return {"command": command, "runs": runs, **known}


_FOLDERS = re.compile(r"(?<![\w.~-])(?:[A-Za-z]:)?[/\\](?:[^/\\,:]+[/\\])*(?=[^/\\,:])")
_ADDRESS = re.compile(r"\b([a-z]+)://[^\s,]+")


def command_line(arguments: Sequence[str]) -> str:
    """A command as it was typed, without the names of machines and of the folders in which its files lie.

    Args:
        arguments: What stood after ``lcbench``.
    """
    from shlex import join

    return join(["lcbench", *(_FOLDERS.sub("", _ADDRESS.sub(r"\1:", each)) for each in arguments)])
