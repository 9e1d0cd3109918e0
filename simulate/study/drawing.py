"""The command that draws a study's figures: named at the end of a study, and run by ``lcbench simulate --figures``.

The pictures are made in ``analysis``, which this package may not import. The program knows them by their entry point,
so they are asked for as a user would, by a command line: what ``--figures`` does is what the printed line does, and
neither can say what the other does not.
"""

from pathlib import Path

FIGURES = ("regret", "regret_evaluations", "rank", "critical_difference", "time_to_target")
"""The figures of a study; the others of ``lcbench figures`` show a table, or need more of it."""


def command_line(folder: Path | None, traces: Path, out: Path) -> list[str]:
    """What draws a study, word by word, without the program's name.

    Args:
        folder: The table's folder; None for the embedded one.
        traces: File of the study.
        out: Folder for the pictures.
    """
    table = [] if folder is None else [str(folder)]
    return ["figures", *table, "--traces", str(traces), "--only", ",".join(FIGURES), "--out", str(out)]


def draw(line: list[str], *, quiet: bool) -> int:
    """Run such a command line.

    Returns:
        Its exit code; what went wrong is said on standard error.
    """
    from lcbench.cli import run

    return run([*line, *(["--quiet"] if quiet else [])])
