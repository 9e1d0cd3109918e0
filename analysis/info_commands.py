"""The command ``lcbench info``."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.wanted import PARQUET, Wanted

if TYPE_CHECKING:
    from lcbench.table.benchmark import Benchmark

DESCRIBED = Wanted(
    "a benchmark folder, or a study as 'lcbench simulate --out', 'lcbench study' or 'lcbench one-shot' writes it",
    folder=True,
    begins=PARQUET,
)


def info(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="A benchmark folder or a study; by default the table that comes along."),
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read every file and check it against its checksum.")
    ] = False,
) -> None:
    """Say what a benchmark folder holds and check that its files are whole, or what a study is and how it was made."""
    from lcbench.console import OUT, facts
    from lcbench.table.benchmark import folder_of, load

    place = DESCRIBED.check(folder_of(folder))
    if (study := _study_of(place)) is not None:
        OUT.print(facts(study))
        return
    bench = load(place)
    OUT.print(facts(bench.summary()))
    _check(bench, thorough=verify)


def _study_of(path: Path) -> Iterator[tuple[str, str]] | None:
    """What a study says of itself, or if it says nothing, what it holds; None if there is no study."""
    from lcbench.errors import InputError
    from lcbench.files import read_schema
    from lcbench.simulate.study import file, one_shot, systems
    from lcbench.simulate.study.description import Description, read_description
    from lcbench.simulate.study.systems.file import NAME

    place = path / NAME if path.is_dir() else path
    if not place.is_file():
        return None
    kinds = {"system": systems.read, "method": one_shot.read, "optimizer": file.read}
    names = set(read_schema(place).names)
    compared = next((kind for kind in kinds if kind in names), None)
    if compared is None:
        raise InputError(DESCRIBED.refusal(path, "a table of something else"))
    rows = kinds[compared](place)
    held = {f"{name}s": rows[name].unique().tolist() for name in (compared, "dataset", "seed")}
    held |= {"workers": rows["workers"].unique().tolist()} if "workers" in rows else {}
    held |= {"portfolios": rows["portfolio"].unique().tolist()} if "portfolio" in rows else {}
    said = read_description(place) or Description("something that its file does not say", {}, held)
    results = ("results", f"{len(file.results(rows))}") if compared == "optimizer" else ("rows", f"{len(rows)}")
    return iter([*said.facts(), results])


def _check(bench: "Benchmark", *, thorough: bool) -> None:
    """Check the files of a benchmark.

    Raises:
        DamagedFileError: If one is damaged.
    """
    from lcbench.console import OUT
    from lcbench.errors import DamagedFileError

    problems = bench.problems(thorough=thorough)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise DamagedFileError(f"{bench.folder} is damaged: {problems[0]}{more}.\nRestore its files, or collect again.")
    if thorough:
        OUT.print(f"all {len(bench.manifest.files)} files are as they were written")
