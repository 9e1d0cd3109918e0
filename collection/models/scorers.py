"""What counts as good: any scikit-learn scorer or function, on stored probabilities."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """A scorer of probabilities."""
