"""What the columns of a frame hold, learnt once and asked of every frame after."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a raw frame."""
