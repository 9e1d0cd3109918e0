"""The command ``lcbench leaderboard``."""

from pathlib import Path
from typing import Annotated

import typer


def leaderboard(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of studies, files of 'lcbench simulate --out'.")
    ],
    out: Annotated[Path, typer.Option(help="The page, an .html file.")] = Path("leaderboard.html"),
    title: Annotated[str, typer.Option(help="Its heading.")] = "Optimizers compared",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print nothing.")] = False,
) -> None:
    """Write one static page from many studies: who is ahead under which conditions.

    Studies with the same table, metric, budget and settings make one ranking. Everything is inside the file; it opens
    in any browser, without a network.
    """
    import numpy as np

    from lcbench.analysis.figures.contract import chosen
    from lcbench.analysis.leaderboard.contests import STUDIES, contests, studies_in
    from lcbench.analysis.leaderboard.page import page
    from lcbench.console import OUT
    from lcbench.errors import InputError
    from lcbench.output import writable_file
    from lcbench.writing import write_text

    chosen("format", out.suffix.lower() or out.name, (".html",))
    STUDIES.check(folder)
    out = writable_file(out)
    left_out: list[str] = []
    studies = list(studies_in(folder, left_out))
    if not studies:
        raise InputError(STUDIES.refusal(folder, "a folder without any"))
    found = contests(studies, np.random.default_rng(0))
    write_text(out, page(title, found, left_out))
    if quiet:
        return
    for contest in found:
        words = f"{' and '.join(contest.objectives) or contest.metric.name} within {contest.conditions['budget']}"
        first = f", {contest.ranked.index[0]} ahead" if len(contest.ranked) else ""
        OUT.print(
            f"{words}: {len(contest.ranked)} optimizers on {len(contest.datasets)} data sets{first}", soft_wrap=True
        )
    for line in left_out:
        OUT.print(f"left out: {line}", soft_wrap=True, highlight=False)
    OUT.print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, opens in any browser", soft_wrap=True, highlight=False)
