"""The command ``lcbench publish``."""

from pathlib import Path
from typing import Annotated

import typer


def publish(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where to write; a new or empty folder.")],
    author: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="'Family, Given', or an organization; give it again for each."),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option("--licence", "--license", help="Of the table, such as CC-BY-4.0; or as its manifest says."),
    ] = None,
    citation: Annotated[str | None, typer.Option(help="What to cite: text or BibTeX; or as its manifest says.")] = None,
    title: Annotated[str | None, typer.Option(help="One line; by default the table's title.")] = None,
    release: Annotated[str, typer.Option(help="Version of the publication.")] = "1.0.0",
    url: Annotated[str, typer.Option(help="Where it will be found, if that is known.")] = "",
    rai: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON with rai: and prov: properties that replace ours.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make a folder ready for Hugging Face or Zenodo: the table, a data card, Croissant metadata, checksums."""
    from lcbench.console import OUT, bytes_progress
    from lcbench.errors import InputError
    from lcbench.table import store
    from lcbench.table.doors.publish.publishing import publish as make
    from lcbench.wanted import Wanted

    wanted = Wanted("a JSON file with an object of rai: and prov: properties")
    said = {} if rai is None else wanted.read_json(rai)
    if not isinstance(said, dict):
        raise InputError(wanted.refusal(rai or "", "JSON of something else"))
    with bytes_progress(quiet=quiet) as bar:
        size = sum(record.bytes for record in store.read_manifest(folder).files.values())
        task = bar.add_task("copying", total=size)
        unsaid = make(
            folder,
            out,
            authors=author or [],
            licence=licence,
            citation=citation,
            title=title,
            release=release,
            url=url,
            rai=said,
            advance=lambda n: bar.advance(task, n),
        )
    OUT.print(f"{out} is ready; check it anywhere with: sha256sum -c SHA256SUMS", soft_wrap=True, highlight=False)
    if unsaid:
        OUT.print(
            f"NeurIPS also asks for {', '.join(unsaid)}; say it with --rai FILE.", soft_wrap=True, highlight=False
        )
