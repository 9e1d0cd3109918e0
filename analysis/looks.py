"""The look of each optimizer in figures: a colour, a dash and a marker that go with its name.

The same name has the same look in every figure of a study, and as far as possible in every study: the usual optimizers
have fixed colours; others have one that follows from their name, or the next that is free among those drawn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from lcbench.analysis import style

_USUAL = ("bohb", "hyperband", "gp-ei", "tpe", "dehb", "asha", "random", "regularized-evolution")
"""Names with the colours of :data:`lcbench.analysis.style.PALETTE`, in its order."""


@dataclass(frozen=True, slots=True)
class Look:
    """How the line of an optimizer is drawn: colour, dash and marker, each a value of matplotlib's."""

    colour: str
    dash: Any
    marker: str

    @property
    def line(self) -> Mapping[str, Any]:
        """Arguments of a line without markers."""
        return {"color": self.colour, "linestyle": self.dash}


def looks(names: Iterable[str]) -> dict[str, Look]:
    """Looks of the optimizers that are drawn together, no two alike (of up to 32).

    Args:
        names: Their names, in any order: it changes nothing.
    """
    names = list(names)
    colours, dashes = len(style.MARKERS), len(style.DASHES)
    taken: dict[tuple[int, int], str] = {}
    for name in sorted(set(names), key=lambda name: (name not in _USUAL, name)):
        start = _USUAL.index(name) if name in _USUAL else crc32(name.encode()) % colours
        slots = [((start + i) % colours, turn) for turn in range(dashes) for i in range(colours)]
        taken[next((slot for slot in slots if slot not in taken), slots[0])] = name
    return {name: look_at(*slot) for slot, name in taken.items()}


def look_at(colour: int, turn: int = 0) -> Look:
    """The look with a colour of the palette, for what has fixed ones; ``turn`` sets apart those of one colour."""
    return Look(
        style.colour(colour),
        style.DASHES[(colour + turn) % len(style.DASHES)],
        style.MARKERS[(colour + 3 * turn) % len(style.MARKERS)],
    )
