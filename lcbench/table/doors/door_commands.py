"""The commands ``lcbench import KIND`` and ``lcbench export KIND``: the tables of the field, in and out."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]


import_ = typer.Typer(help="Bring a table of the field into a benchmark folder.", no_args_is_help=True)
export = typer.Typer(help="Write a benchmark folder in a layout of the field.", no_args_is_help=True)


@import_.command("lcbench")
def import_lcbench(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The published JSON, e.g. data_2k_lw.json.")],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; a new or empty folder.")],
    quiet: Quiet = False,
) -> None:
    """Import the published LCBench, or a file in its layout, into a benchmark folder."""
    from lcbench.console import OUT, bytes_progress
    from lcbench.table.doors.official.importing import import_json

    size = source.stat().st_size if source.is_file() else 0
    with bytes_progress(quiet=quiet) as bar:
        task = bar.add_task("importing", total=size)
        manifest = import_json(source, folder, lambda n: bar.advance(task, n))
    runs = sum(record.rows for path, record in manifest.files.items() if path.startswith("runs/"))
    count = sum(path.startswith("runs/") for path in manifest.files)
    OUT.print(
        f"{runs} runs on {count} data sets are in {folder}; a sample was read back and is as in {source.name}.",
        soft_wrap=True,
        highlight=False,
    )


@import_.command("lcbench-lite")
def import_lcbench_lite(
    source: Annotated[
        Path,
        typer.Argument(metavar="SOURCE", help="A folder as LCBenchLite has it, or a Parquet file of final values."),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; a new or empty folder.")],
    curves: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Curves of a data set beside a file of final values; give it again."),
    ] = None,
    datasets: Annotated[str | None, typer.Option(help="Data sets, comma-separated; all by default.")] = None,
    quiet: Quiet = False,
) -> None:
    """Import LCBenchLite, the published LCBench as Parquet files: curves, or final values as a table of one step."""
    from lcbench.console import OUT, progress
    from lcbench.errors import InputError
    from lcbench.table.doors.official.lite import import_lite

    files = {name: Path(path) for name, _, path in (each.partition("=") for each in curves or ())}
    if not all(name and str(path) != "." for name, path in files.items()):
        raise InputError(f"curves must be NAME=FILE, got {', '.join(curves or ())}.")
    names = None if datasets is None else [name.strip() for name in datasets.split(",")]
    with progress(quiet=quiet) as bar:
        task = bar.add_task("importing", total=None, note="data sets")
        manifest = import_lite(source, folder, files, names, lambda n: bar.advance(task, n))
    runs = sum(record.rows for path, record in manifest.files.items() if path.startswith("runs/"))
    alone = ", final values alone" if manifest.record.seconds == "none" else ""
    said = f"{runs} runs on {len(manifest.datasets)} data sets are in {folder}{alone}."
    OUT.print(said, soft_wrap=True, highlight=False)


@export.command("lcbench")
def export_lcbench(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The JSON file to write.")],
    budget: Annotated[int | None, typer.Option(help="Epochs; the largest budget by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed; the first by default.")] = None,
    quiet: Quiet = False,
) -> None:
    """Write a benchmark folder as JSON in the published layout (one budget, one seed)."""
    from lcbench.console import OUT, progress
    from lcbench.table.benchmark import load
    from lcbench.table.doors.official.exporting import export_json

    with progress(quiet=quiet) as bar:
        task = bar.add_task("exporting", total=len(load(folder).datasets), note="data sets")
        runs = export_json(folder, out, budget, seed, lambda n: bar.advance(task, n))
    OUT.print(f"{runs} runs are in {out}.", soft_wrap=True, highlight=False)
