"""Settings of a one-shot search; this file imports no torch."""

from dataclasses import dataclass
from math import ceil, isfinite

from lcbench.errors import InputError
from lcbench.whole import whole

PATH_LENGTH = 0.0003 * 50 * 391
"""How far Adam can move a weight of the architecture in NAS-Bench-201: its rate, 50 epochs of 391 batches."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a search, as Dong and Yang (2020), *NAS-Bench-201*, appendix, have them where nothing is said.

    Attributes:
        epochs: Passes over the training part.
        batch: Images of a batch.
        architecture_rate: Learning rate of Adam for the architecture (betas 0.5 and 0.999, weight decay 0.001). None
            for what lets a weight move as far as there (:data:`PATH_LENGTH`), however few batches a search has: at
            their rate, 0.0003, fifty epochs of a thousand images leave the architecture where it was drawn.
    """

    epochs: int = 50
    batch: int = 64
    architecture_rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("epochs", "batch"):
            object.__setattr__(self, name, whole(name, getattr(self, name), least=1))
        rate = self.architecture_rate
        if rate is not None and not (isfinite(rate) and rate > 0):
            raise InputError(f"architecture_rate must be a positive number, got {rate}.")

    def rate(self, images: int) -> float:
        """Learning rate of Adam for the architecture.

        Args:
            images: How many the training part has.
        """
        steps = self.epochs * ceil(images / self.batch)
        return self.architecture_rate or PATH_LENGTH / steps

    def describe(self) -> dict[str, int | float | str]:
        """The settings by name, for people."""
        rate = self.architecture_rate or f"{PATH_LENGTH:.3g} / batches"
        return {"epochs": self.epochs, "batch": self.batch, "architecture rate": rate}


DEFAULT = Settings()
"""The settings of a search of which nothing is said."""
