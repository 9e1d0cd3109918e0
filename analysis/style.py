"""One look for all figures: colours, sizes and how they are saved.

Used as ``with style.look(): ...``; matplotlib's global settings are as before afterwards, and pyplot is never used, so
figures need no display. On top of the settings of this module come those of the user's ``matplotlibrc``, then those of
the style file of :func:`chosen`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.style
from cycler import cycler
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import Formatter, LogFormatter, LogFormatterMathtext

from lcbench.errors import InputError, UnknownNameError
from lcbench.terminal import printable
from lcbench.wanted import Wanted
from lcbench.writing import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN = 3.5
"""Width of one column of a two-column paper, in inches."""

PAGE = 7.16
"""Width of both columns, in inches."""

PANEL = 2.2
"""Width that a panel with labels of its own needs, in inches."""

DPI = 200

FORMATS: Mapping[str, Mapping[str, None]] = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "pgf": {},
}
"""Formats of figures, with the metadata that is left out of the file so that the same figure gives the same bytes."""

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#882255")
"""The colours of Okabe and Ito, which people with any kind of colour blindness can tell apart; Tol's wine stands in for
their yellow, which is almost invisible on white."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (4, 1.2, 1, 1.2)), (0, (1, 1)))
"""Solid, dashed, dash-dotted, dotted: different in grey, too."""

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
    "svg.fonttype": "none",  # text that can be selected, searched and edited
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
    "pgf.rcfonts": False,  # the fonts of the paper that it is put into
    "axes.prop_cycle": cycler(color=PALETTE),
}
_NOT_A_LOOK = ("backend", "interactive", "toolbar", "timezone")


@dataclass(frozen=True, slots=True)
class Style:
    """The user's choices for figures.

    Attributes:
        width: Of every figure in inches; None for each figure's own.
        file: A style file of matplotlib; None for none.

    Raises:
        InputError: If the width cannot be used, or the file is no style file.
    """

    width: float | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        if self.width is not None and not _NARROWEST <= self.width <= _WIDEST:
            raise InputError(f"width must be {_NARROWEST:g} to {_WIDEST:g} inches, got {self.width:g}.")
        if self.file is not None:
            _check_names(self.file)  # before matplotlib warns of them
            _settings_in(self.file)


_NARROWEST, _WIDEST = 1.5, 40.0
_OWN = Style()
_STYLE: ContextVar[Style] = ContextVar("style", default=_OWN)  # it is frozen
_COLOURS: ContextVar[tuple[str, ...]] = ContextVar("colours", default=PALETTE)


@contextmanager
def chosen(style: Style) -> Iterator[None]:
    """Draw in a style, for as long as the block lasts."""
    token = _STYLE.set(style)
    try:
        yield
    finally:
        _STYLE.reset(token)


_UNITS = {"in": 1.0, "": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72.27}  # points are those of TeX


def inches(text: str) -> float:
    """Read a width: ``"3.25in"``, ``"8.25cm"``, ``"82.5mm"`` or TeX's ``"234.9pt"``; a number alone is inches.

    Raises:
        InputError: If it is none of these.
    """
    found = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*(in|cm|mm|pt|)", text.strip())
    if found is None:
        raise InputError(f"width must be such as 3.25in, 8.25cm, 82.5mm or 234.9pt, got {text!r}.")
    return float(found[1]) * _UNITS[found[2]]


def width_of(own: float) -> float:
    """The width in inches that a figure has: its own, or that which the user wants."""
    return _STYLE.get().width or own


def across(most: int, own: float, each: float) -> int:
    """How many panels stand in a row, up to ``most``, so that each has so many inches.

    Args:
        most: At the most.
        own: The figure's own width in inches.
        each: Inches that a panel needs with its labels.
    """
    return max(1, min(most, int(width_of(own) / each)))


def figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, or as wide as the user wants all figures to be."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_of(width), height), layout="constrained")


@contextmanager
def look() -> Iterator[None]:
    """The settings, for as long as the block lasts; they start from matplotlib's defaults."""
    own = [found for found in (_users(), _STYLE.get().file) if found]
    layers = [_SETTINGS, *(each if isinstance(each, dict) else _settings_in(each) for each in own)]
    with matplotlib.style.context(layers, after_reset=True):
        token = _COLOURS.set(tuple(mpl.rcParams["axes.prop_cycle"].by_key().get("color", PALETTE)))
        try:
            yield
        finally:
            _COLOURS.reset(token)


def _users() -> dict[str, Any]:
    """The settings in the user's ``matplotlibrc``; none if matplotlib reads its own."""
    path = Path(mpl.matplotlib_fname())
    return {} if path.is_relative_to(mpl.get_data_path()) else _settings_in(path)


STYLE = Wanted("a style file of matplotlib")


def _settings_in(path: Path) -> dict[str, Any]:
    """The settings in a style file.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    from matplotlib import rc_params_from_file

    STYLE.check(path)
    try:
        path.read_text(encoding="utf-8")  # matplotlib would log its own line
        found = rc_params_from_file(path, fail_on_error=True, use_default_template=False)
    except (OSError, UnicodeError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise InputError(STYLE.refusal(path, f"a file that cannot be read ({reason})")) from error
    return {name: value for name, value in found.items() if name not in _NOT_A_LOOK}


def _check_names(path: Path) -> None:
    """Check that a style file sets nothing that matplotlib does not know, of which it only logs a warning.

    Raises:
        InputError: If it does.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError):
        return  # said where the settings are read
    for line in lines:
        name = line.partition("#")[0].partition(":")[0].strip()
        if name and name not in mpl.rcParams:
            raise InputError(STYLE.refusal(path, f"a file with the unknown setting {name!r}"))


def colour(index: int) -> str:
    """The colour of the ``index``-th thing."""
    colours = _COLOURS.get()
    return colours[index % len(colours)]


def shade(index: int, of: int) -> Any:
    """The colour of the ``index``-th of so many things in order, from light to dark, which grey keeps apart."""
    from matplotlib import colormaps

    return colormaps["cividis_r"](0.25 + 0.7 * index / max(1, of - 1))


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
    """A figure as a file of one of :data:`FORMATS`; names are shown as they are, not read as mathematics.

    Raises:
        InputError: If it is PGF, and there is no TeX to measure its text.
    """
    buffer = BytesIO()
    with look():
        plain_logarithms(figure)
        for text in figure.findobj(Text):
            text.set_parse_math(False)
        if kind == "pgf":
            return _pgf(figure)
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=dict(FORMATS[kind]))
    content = buffer.getvalue()
    return printable(content.decode("utf-8")).encode("utf-8") if kind == "svg" else content  # names are in comments


def _pgf(figure: "Figure") -> bytes:
    """A figure as commands of TeX's package pgf."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder, _for_tex(figure):
        path = Path(folder) / "figure.pgf"
        try:
            figure.savefig(path, format="pgf")
        except (FileNotFoundError, RuntimeError) as error:
            program = mpl.rcParams["pgf.texsystem"]
            raise InputError(
                f"pgf needs {program}, which measures the text, and it could not be run; install TeX with the package "
                "pgf, name another program in a style file (pgf.texsystem: pdflatex), or save as pdf."
            ) from error
        return path.read_bytes()


_TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        **{sign: f"\\{sign}" for sign in "{}$&#_%"},
        "±": r"\ensuremath{\pm}",
        "≤": r"\ensuremath{\leq}",
        "…": r"\ldots{}",
    }
)
"""Characters that mean something to TeX, or that only some of its programs have, as commands."""


class _TexFormatter(Formatter):
    """Labels of ticks for TeX, which reads them as commands otherwise."""

    def __init__(self, plain: Formatter) -> None:
        self._plain = plain

    def set_axis(self, axis: Any) -> None:
        self._plain.set_axis(axis)

    def set_locs(self, locs: Any) -> None:
        self._plain.set_locs(locs)

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self._plain(x, pos).translate(_TEX)

    def format_ticks(self, values: Any) -> list[str]:
        return [label.translate(_TEX) for label in self._plain.format_ticks(values)]

    def get_offset(self) -> str:
        return self._plain.get_offset().translate(_TEX)


@contextmanager
def _for_tex(figure: "Figure") -> Iterator[None]:
    """All text of a figure as TeX wants it, for as long as the block lasts."""
    texts = {text: text.get_text() for text in figure.findobj(Text)}
    kept = [(axis, axis.get_major_formatter(), axis.get_minor_formatter()) for axis in figure.findobj(Axis)]
    for text, said in texts.items():
        text.set_text(said.translate(_TEX))
    for axis, major, minor in kept:
        axis.set_major_formatter(_TexFormatter(major))
        axis.set_minor_formatter(_TexFormatter(minor))
    try:
        yield
    finally:
        for axis, major, minor in kept:
            axis.set_major_formatter(major)
            axis.set_minor_formatter(minor)
        for text, said in texts.items():
            text.set_text(said)
