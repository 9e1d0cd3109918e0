"""The command ``lcbench compare``."""

from pathlib import Path
from typing import Annotated

import typer

_TEXT = "text"
_ENDINGS = {".csv": "csv", ".md": "md", ".tex": "latex"}


def compare(
    study: Annotated[Path, typer.Argument(metavar="STUDY", help="Traces of a study, from 'lcbench simulate --out'.")],
    control: Annotated[
        str | None,
        typer.Option(help="The optimizer that all others are tested against; by default the one of the best rank."),
    ] = None,
    format_: Annotated[
        str | None,
        typer.Option("--format", help="text, csv, md or latex; by default what the name of --out ends in."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write it to this file: .csv, .md or .tex.")] = None,
    difference: Annotated[
        float,
        typer.Option(help="The difference of normalized regret for which numbers of seeds and data sets are given."),
    ] = 0.01,
) -> None:
    """Compare a study's optimizers with one of them: regret, intervals, ranks, tests and effect sizes.

    Three tables: how good each optimizer is; how it differs from the control, by Wilcoxon's test over data sets and by
    a linear mixed-effects model over data sets and seeds, corrected by Holm; and how many seeds or data sets it takes
    to see a difference.
    """
    import numpy as np

    from lcbench.console import OUT
    from lcbench.errors import InputError
    from lcbench.output import writable_file
    from lcbench.simulate.study import by_variant, comparison_text, read
    from lcbench.simulate.study.comparison import compare as compared
    from lcbench.simulate.study.file import STUDY
    from lcbench.writing import write_text

    chosen = _format(format_, out)
    if study.is_dir():
        raise InputError(STUDY.refusal(study, "a folder", "for a benchmark beside the paper use 'lcbench paper'"))
    out = None if out is None else writable_file(out)
    found = compared(by_variant(read(study)), control, np.random.default_rng(0), seen=difference)
    if out is not None:
        write_text(out, comparison_text.FORMATS[chosen](found))
        OUT.print(f"comparison written to {out}", soft_wrap=True)
    elif chosen != _TEXT:
        OUT.print(comparison_text.FORMATS[chosen](found), soft_wrap=True, highlight=False, end="")
    else:
        for each in comparison_text.tables(found):
            OUT.print(each)


def _format(name: str | None, out: Path | None) -> str:
    """The format asked for, or that of the file's name.

    Raises:
        UnknownNameError: If there is no such format.
    """
    from lcbench.errors import UnknownNameError
    from lcbench.simulate.study.comparison_text import FORMATS

    if name is None:
        name = _TEXT if out is None else _ENDINGS.get(out.suffix)
        if name is None:
            raise UnknownNameError("format", out.suffix or out.name, _ENDINGS)  # type: ignore[union-attr]  # it has a name
    known = (*FORMATS, _TEXT) if out is None else tuple(FORMATS)
    if name not in known:
        raise UnknownNameError("format", name, known)
    return name
