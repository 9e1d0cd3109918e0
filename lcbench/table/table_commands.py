"""Commands on finished tables."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.terminal import say

if TYPE_CHECKING:
    from lcbench.table.benchmark import Benchmark

DAMAGED = 1

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")]
AnyFolder = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="A benchmark folder; by default the one that comes along.")
]
"""The argument of commands that read a table."""

At = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE", help="Value of a further fidelity, such as data_fraction=0.5; by default the largest."
    ),
]
Along = Annotated[
    str | None,
    typer.Option("--fidelity", metavar="NAME", help="A further fidelity to take as the budget, at the axis's largest."),
]
"""Options of commands that replay or show a table, see :func:`opened`."""


def opened(folder: Path | None, at: list[str] | None, along: str | None) -> "Benchmark":
    """The benchmark that a command is given, with the runs that :data:`At` and :data:`Along` ask for.

    Raises:
        InputError: If the table has no such fidelity or value.
        FolderError: If there is no benchmark or it is damaged.
    """
    from lcbench.table.benchmark import load
    from lcbench.table.view import parse_at

    return load(folder, at=parse_at(at or ()), along=along)


def status(folder: Folder) -> None:
    """Say what an unfinished collection holds, who is at it, and how long it will take.

    Exit codes: 0 said; 2 there is no collection.
    """
    from lcbench.console import OUT, facts
    from lcbench.table.status import status_of

    OUT.print(facts(status_of(folder)))


def verify(folder: AnyFolder = None) -> None:
    """Read every file of a benchmark folder and say what is wrong with it, file by file.

    Checked are the manifest, checksums, rows, columns, lengths of the curves, missing runs, and values outside their
    metric's range. Exit codes: 0 all is well; 1 something is wrong; 2 there is no benchmark to check.
    """
    from lcbench.errors import DamagedFileError
    from lcbench.table import store
    from lcbench.table import verify as integrity
    from lcbench.table.benchmark import folder_of

    folder = folder_of(folder)
    try:
        problems = integrity.verify(folder)
    except DamagedFileError as error:  # the manifest itself
        problems = [str(error)]
    for problem in problems:
        say(" ".join(problem.split()))  # one problem a line, for other programs too: a console would break lines
    if problems:
        raise typer.Exit(DAMAGED)
    manifest = store.read_manifest(folder)
    missing = f"; {manifest.missing} of {manifest.planned} runs are missing on purpose" if manifest.missing else ""
    say(f"{folder}: all {len(manifest.files) + 1} files are whole{missing or ' and complete'}")


def migrate(folder: Folder) -> None:
    """Bring a benchmark folder to today's format, in place; a current one is left as it is."""
    from lcbench.table.migrate import migrate as bring_up

    say(f"{folder}: {bring_up(folder)}")


def merge(
    first: Annotated[Path, typer.Argument(metavar="A", help="A benchmark folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another, of the same space and metrics.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Where the joined one goes; it must not exist yet.")],
    seconds: Annotated[str, typer.Option(help="Whose seconds a run of both keeps: first, second or mean.")] = "first",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Join two benchmark folders along configurations, seeds, budgets and data sets; runs of both must agree.

    Configurations are recognized by their values. Runs that neither has are missing in the joined table.
    """
    from lcbench.console import OUT, facts, progress
    from lcbench.table.merge import merge as join
    from lcbench.table.summary import summary

    with progress(quiet=quiet) as bar:
        task = bar.add_task("merge", total=None, note="")
        joined = join(
            first,
            second,
            out,
            seconds,  # type: ignore[arg-type]  # any string: checked where it is used
            lambda name, count: bar.update(task, total=count, advance=1, note=name),
        )
    OUT.print(facts(summary(joined)))
