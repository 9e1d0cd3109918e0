"""One look for all figures: colours, sizes and how they are saved.

Used as ``with style.look(): ...``; matplotlib's global settings are as before afterwards, and pyplot is never used, so
figures need no display.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.style
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, LogFormatterMathtext

from lcbench.errors import UnknownNameError
from lcbench.terminal import printable
from lcbench.writing import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN = 3.5
"""Width of one column of a two-column paper, in inches."""

PAGE = 7.16
"""Width of both columns, in inches."""

DPI = 200

FORMATS: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
"""Formats of figures, with the metadata that is left out of the file so that the same figure gives the same bytes."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
"""The colours of Okabe and Ito, which people with any kind of colour blindness can tell apart; yellow last."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", "-.", ":")

GREY = "#999999"

_SETTINGS = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same picture everywhere
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E5E5E5",
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "lcbench",  # names inside an SVG are drawn at random otherwise
}


@contextmanager
def look() -> Iterator[None]:
    """The settings, for as long as the block lasts; they start from matplotlib's defaults, not from the user's."""
    with matplotlib.style.context(_SETTINGS, after_reset=True):
        yield


def colour(index: int) -> str:
    """The colour of the ``index``-th thing."""
    return PALETTE[index % len(PALETTE)]


def dashes(index: int) -> str:
    """The line style of the ``index``-th thing: solid until the colours are used up."""
    return DASHES[index // len(PALETTE) % len(DASHES)]


class PlainLogFormatter(LogFormatter):
    """Labels where matplotlib has them, as ``0.01`` and ``20,000`` where matplotlib writes ``1e-02`` and ``2e+04``."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The label of a tick; empty if it has none."""
        return f"{x:,g}" if super().__call__(x, pos) else ""


def plain_logarithms(figure: "Figure") -> None:
    """Label logarithmic axes in plain numbers: text in figures is not read as mathematics."""
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        major, minor = axis.get_major_formatter(), axis.get_minor_formatter()
        if isinstance(major, LogFormatterMathtext):
            axis.set_major_formatter(PlainLogFormatter())
        if isinstance(minor, LogFormatterMathtext):
            axis.set_minor_formatter(PlainLogFormatter(labelOnlyBase=False))


def save(figure: "Figure", path: Path) -> None:
    """Write a figure in the format that the path's suffix names; the same figure gives the same bytes.

    Raises:
        UnknownNameError: If the suffix is none of :data:`FORMATS`.
    """
    kind = path.suffix.removeprefix(".")
    if kind not in FORMATS:
        raise UnknownNameError("format", kind, FORMATS)
    with replacing(path) as temporary:
        temporary.write_bytes(saved(figure, kind, DPI))


def saved(figure: "Figure", kind: str, dpi: int) -> bytes:
    """A figure as a file of one of :data:`FORMATS`; names are shown as they are, not read as mathematics."""
    buffer = BytesIO()
    with look():
        plain_logarithms(figure)
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=dict(FORMATS[kind]))
    content = buffer.getvalue()
    return printable(content.decode("utf-8")).encode("utf-8") if kind == "svg" else content  # names are in comments
