"""A table and the documents beside it, in a new folder."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from lcbench import signature
from lcbench.errors import DamagedFileError, InputError
from lcbench.files import no_links
from lcbench.table import store, verify
from lcbench.table.doors.publish.card import card, citation_file, licence_file
from lcbench.table.doors.publish.croissant import REQUIRED_RAI, croissant
from lcbench.table.doors.publish.statement import Statement
from lcbench.table.manifest import DATASETS, Manifest
from lcbench.writing import appearing, write_text

SUMS = "SHA256SUMS"


def publish(
    folder: Path,
    out: Path,
    *,
    authors: Sequence[str],
    licence: str | None = None,
    citation: str | None = None,
    title: str | None = None,
    release: str = "1.0.0",
    url: str = "",
    rai: Mapping[str, Any] | None = None,
    advance: Callable[[int], None] | None = None,
) -> list[str]:
    """Make a folder ready for Hugging Face or Zenodo.

    The Parquet files are copied as they are; the manifest gets the title, the licence and the citation. The folder
    appears when all is written, and the copies have the checksums of the manifest.

    Args:
        folder: A benchmark folder without faults.
        out: Where; must be new or empty.
        authors: Who made the table, ``"Family, Given"`` or the name of an organization.
        licence: Under which the table is published; by default what the manifest says.
        citation: What to cite; by default what the manifest says.
        title: By default what the manifest says.
        release: Version of the publication.
        url: Where it will be found, if that is known.
        rai: Properties of the Croissant RAI vocabulary that replace those made from the manifest.
        advance: Told the number of bytes of each file that was copied.

    Returns:
        The properties that NeurIPS requires and that nobody has said; see :data:`REQUIRED_RAI`.

    Raises:
        InputError: If licence, citation or author is missing, or a property has a name of no vocabulary.
        DamagedFileError: If the table is damaged.
    """
    manifest = store.read_manifest(no_links(folder))
    manifest = replace(
        manifest,
        licence=manifest.licence if licence is None else licence,
        citation=manifest.citation if citation is None else citation,
        title=manifest.title if title is None else title,
    )
    _check(manifest, authors, rai or {})
    problems = verify.verify(folder)
    if problems:
        raise DamagedFileError(f"{folder} is damaged: {problems[0]}; restore it before it is published.")
    with appearing(out) as temporary:
        for path, record in manifest.files.items():
            (temporary / path).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / path, temporary / path)
            if signature.digest(temporary / path) != record.sha256:
                raise DamagedFileError(f"{folder / path} was not copied as it is; is the disk sound?")
            if advance is not None:
                advance(record.bytes)
        store.write_manifest(temporary, manifest)
        said = _statement(temporary, manifest, tuple(authors), release, url, rai or {})
        metadata = croissant(said)
        write_text(temporary / "croissant.json", json.dumps(metadata, indent=2, ensure_ascii=False) + "\n")
        write_text(temporary / "README.md", card(said))
        write_text(temporary / "CITATION.cff", citation_file(said))
        write_text(temporary / "LICENSE", licence_file(said))
        files = sorted(path for path in temporary.rglob("*") if path.is_file())
        sums = [f"{signature.digest(path)}  {path.relative_to(temporary).as_posix()}\n" for path in files]
        write_text(temporary / SUMS, "".join(sums))
    return [name for name in REQUIRED_RAI if name not in metadata]


def _check(manifest: Manifest, authors: Sequence[str], rai: Mapping[str, Any]) -> None:
    """Check that nothing is left that somebody would have to guess."""
    needed = {
        "--licence CC-BY-4.0": manifest.licence.strip(),
        "--citation 'Who (year), what.'": manifest.citation.strip(),
        "--title 'What it is'": manifest.title.strip(),
        "--author 'Family, Given'": any(each.strip() for each in authors),
    }
    missing = [option for option, known in needed.items() if not known]
    if missing:
        names = ", ".join(option.split()[0].removeprefix("--") for option in missing)
        raise InputError(f"a published table must have {names}, the manifest says none; give {' '.join(missing)}.")
    for name in rai:
        if not name.startswith(("rai:", "prov:")):
            raise InputError(f"properties of responsible AI must be named rai:... or prov:..., got {name!r}.")


def _statement(
    folder: Path, manifest: Manifest, authors: tuple[str, ...], release: str, url: str, rai: Mapping[str, Any]
) -> Statement:
    return Statement(
        manifest=manifest,
        authors=authors,
        release=release,
        date=date.today().isoformat(),
        url=url,
        datasets=tuple(store.read_parquet(folder / DATASETS).to_pylist()),
        schemas={path: pq.read_schema(folder / path) for path in manifest.files},
        rai=rai,
    )
