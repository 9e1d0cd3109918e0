"""What is said of a published table, by its manifest or by who publishes it, and how its licence is spelled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from lcbench.table.manifest import BASELINES, CONFIGS, DATASETS, LABELS, PREDICTIONS, Manifest
from lcbench.table.summary import some, spans

SPDX = ("Apache-2.0", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC0-1.0", "MIT", "ODbL-1.0")
"""Licences that data are published under, by their SPDX identifiers; any other is passed on as it is."""

_HUGGING_FACE = {"ODbL-1.0": "odbl"}  # all others in lower case


@dataclass(frozen=True, slots=True)
class Statement:
    """All that the documents beside a table are made from.

    Attributes:
        manifest: The table's, with the title, licence and citation under which it is published.
        authors: Who made the table, ``"Family, Given"`` or the name of an organization.
        release: Version of the publication.
        date: Of the publication, ``YYYY-MM-DD``.
        url: Where it will be found; empty if not known yet.
        datasets: Rows of the table of data sets.
        schemas: Columns of each file, by its path.
        rai: Properties of the Croissant RAI vocabulary that replace ours.
    """

    manifest: Manifest
    authors: tuple[str, ...]
    release: str
    date: str
    url: str
    datasets: tuple[Mapping[str, Any], ...]
    schemas: Mapping[str, pa.Schema]
    rai: Mapping[str, Any]

    @property
    def spdx(self) -> str | None:
        """The licence's SPDX identifier, if it is one of :data:`SPDX`."""
        return next((each for each in SPDX if each.lower() == self.manifest.licence.lower()), None)

    @property
    def licence_url(self) -> str | None:
        """Where the licence's text stands, if that is known."""
        if self.spdx is not None:
            return f"https://spdx.org/licenses/{self.spdx}.html"
        return self.manifest.licence if self.manifest.licence.startswith(("https://", "http://")) else None

    @property
    def hugging_face(self) -> str:
        """The licence as Hugging Face names it."""
        return "other" if self.spdx is None else _HUGGING_FACE.get(self.spdx, self.spdx.lower())

    @property
    def kinds(self) -> set[str]:
        """Kinds of tables that there are for data sets."""
        return {path.partition("/")[0] for path in self.manifest.files} - {CONFIGS, DATASETS}

    @property
    def description(self) -> str:
        """What it is, in a few words."""
        manifest, record = self.manifest, self.manifest.record
        configs, names = manifest.files[CONFIGS].rows, ", ".join(metric.name for metric in record.metrics)
        what = "Learning curves" if manifest.budgets[-1] > 1 else "Final values"
        seeds, budgets = (some(spans(numbers)) for numbers in (manifest.seeds, manifest.budgets))
        return (
            f"{what} of {configs} configurations of the search space {manifest.problem!r} on {len(manifest.datasets)} "
            f"data sets. There are {manifest.runs} runs; budgets: {budgets} "
            f"({record.fidelity.label}); seeds: {seeds}; metrics: {names}."
        )

    @property
    def origin(self) -> str:
        """How the table came to be, as far as its provenance says."""
        provenance = self.manifest.provenance
        imported = provenance.get("imported")
        how = "collected with lcbench" if self.is_collected else "written in the format of lcbench"
        if isinstance(imported, dict) and "file" in imported:
            how = f"imported from {imported['file']} with lcbench"
        facts = [how]
        facts += [
            f"{word} {provenance[name]}"
            for name, word in (("created", "on"), ("processor", "with"))
            if isinstance(provenance.get(name), str)
        ]
        return " ".join(facts)

    @property
    def is_collected(self) -> bool:
        """Whether lcbench itself trained the runs."""
        return "plan" in self.manifest.provenance

    @property
    def seconds(self) -> str:
        """How the seconds were obtained."""
        origin = self.manifest.record.seconds
        return "not recorded" if origin == "none" else str(self.manifest.provenance.get("seconds", origin))

    @property
    def limits(self) -> list[str]:
        """What the numbers cannot tell, from what the manifest says."""
        manifest, record = self.manifest, self.manifest.record
        seeds = f"{len(manifest.seeds)} seed{'s' if len(manifest.seeds) > 1 else ''}"
        found = [
            f"The results hold for the configurations, data sets, splits and budgets listed here, with {seeds} each; "
            "other data sets and other software may rank configurations otherwise."
        ]
        if manifest.missing:
            found.append(f"{manifest.missing} of the {manifest.planned} runs of all combinations are not there.")
        if manifest.budgets[-1] == 1:
            found.append("There are values at the end of each run only, no curves.")
        if record.seconds == "none":
            found.append("There are no seconds: comparisons over time are not possible.")
        else:
            found.append(f"Seconds are those of the machine they come from ({self.seconds}).")
        return found

    @property
    def personal(self) -> str:
        """What there is of the rows of the data sets."""
        if self.kinds & {LABELS, PREDICTIONS, BASELINES}:
            return "Classes of rows of the data sets, and predictions for them, without their features or names."
        return "None: the table has metrics of trained models, and no rows of the data sets."
