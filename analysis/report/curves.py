"""Learning curves as small text: rounded to 2048 levels, as differences, deflated, in base64.

A block is every curve of one data set, metric and budget. Its values become whole numbers, evenly spaced between the
least and the greatest of the block; if the greatest is far away from the most (a loss that nearly diverged), evenly
spaced in ``log(1 + (value - least) / bend)``. Along a curve only differences are kept, low bytes and high bytes apart,
which is what makes them small. The page decodes a block when it is first shown (``decode.js``), in the same steps as
:func:`unpack`.
"""

import zlib
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

LEVELS = 2048
_FAR = 100.0


@dataclass(frozen=True, slots=True)
class Block:
    """What it takes to read a block.

    Attributes:
        shape: ``(configs, seeds, epochs + 1)``.
        least: Value of level 0.
        step: From one level to the next.
        bend: 0 if levels are evenly spaced values; else the distance from ``least`` where the logarithm takes over.
        error: Largest distance of a decoded value from its own.
        text: The levels.
    """

    shape: tuple[int, int, int]
    least: float
    step: float
    bend: float
    error: float
    text: str

    def described(self) -> dict[str, object]:
        """All but the text."""
        found = asdict(self)
        del found["text"]
        return found


def pack(curves: NDArray[np.float32]) -> Block:
    """Pack the curves of a block.

    Args:
        curves: ``(configs, seeds, epochs + 1)``; what is not finite becomes NaN.
    """
    configs, seeds, epochs = curves.shape
    values = np.where(np.isfinite(curves), curves, np.nan).astype(np.float64)
    there = values[~np.isnan(values)]
    least = float(there.min()) if len(there) else 0.0
    bend = _bend(there - least)
    bent = np.log1p((values - least) / bend) if bend else values - least
    greatest = float(np.nanmax(bent)) if len(there) else 0.0
    step = greatest / (LEVELS - 1) or 1.0
    levels = np.where(np.isnan(bent), LEVELS, np.rint(bent / step)).astype(np.int32)
    error = np.abs(_values(levels, least, step, bend) - values)
    worst = float(np.nanmax(error)) if len(there) else 0.0
    return Block((configs, seeds, epochs), least, step, bend, worst, _text(levels))


def unpack(block: Block) -> NDArray[np.float64]:
    """The curves of a block as the page shows them, each within ``block.error`` of its own."""
    configs, seeds, epochs = block.shape
    planes = np.frombuffer(zlib.decompress(b64decode(block.text)), np.uint8).reshape(2, -1).astype(np.int32)
    folded = planes[0] | planes[1] << 8
    differences = (folded >> 1) ^ -(folded & 1)
    levels = differences.reshape(epochs, configs, seeds).cumsum(axis=0).transpose(1, 2, 0)
    return _values(levels, block.least, block.step, block.bend)


def _bend(distances: NDArray[np.float64]) -> float:
    """The median distance from the least if the greatest is far beyond it, else 0."""
    middle = float(np.median(distances[distances > 0])) if np.any(distances > 0) else 0.0
    return middle if middle and distances.max() > _FAR * middle else 0.0


def _values(levels: NDArray[np.int32], least: float, step: float, bend: float) -> NDArray[np.float64]:
    """What levels stand for."""
    bent = np.where(levels == LEVELS, np.nan, levels * step)
    return np.asarray(least + (bend * np.expm1(bent) if bend else bent))


def _text(levels: NDArray[np.int32]) -> str:
    """Levels as differences along each curve, epoch by epoch, folded so that small ones of either sign are small."""
    differences = np.diff(levels, axis=2, prepend=0).transpose(2, 0, 1).ravel()
    folded = differences << 1 ^ differences >> 31
    planes = np.concatenate([folded & 0xFF, folded >> 8]).astype(np.uint8)
    return b64encode(zlib.compress(planes.tobytes(), 6)).decode("ascii")
