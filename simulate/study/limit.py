"""The limit of an optimizer: in virtual seconds, epochs or evaluations."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from lcbench.errors import InputError
from lcbench.simulate.replay import ReplayBackend
from lcbench.simulate.run import no_time

Kind = Literal["seconds", "runs", "epochs", "evaluations"]
Unit = Literal["seconds", "epochs", "evaluations"]

_KINDS: dict[str, Kind] = {"": "seconds", "x": "runs", "x-epochs": "epochs", "evals": "evaluations"}


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of optimizers on each data set.

    Attributes:
        amount: How much.
        kind: ``"seconds"``: virtual seconds. ``"runs"``: as many times the mean seconds of one run at the largest
            budget, so that quick and slow data sets allow about the same number of evaluations on each worker.
            ``"epochs"``: as many times the epochs of the largest budget, trained in all, by all workers together: quick
            and slow configurations count alike, and more workers do not get more. ``"evaluations"``: jobs, whatever
            their budgets.
    """

    amount: float
    kind: Kind

    def __str__(self) -> str:
        return f"{self.amount:.15g} {self.kind}"

    def lengthens(self, other: str) -> bool:
        """Whether it is more of the same kind than another one, which is written as text."""
        amount, _, kind = other.partition(" ")
        return kind == self.kind and float(amount) < self.amount

    @property
    def unit(self) -> Unit:
        """The unit of the limit."""
        return "seconds" if self.kind == "runs" else self.kind

    def on(self, backend: ReplayBackend) -> float:
        """The limit on a data set, in :attr:`unit`.

        Raises:
            InputError: If it is a time, and runs take none.
        """
        if self.kind == "runs":
            if not backend.mean_seconds:
                raise InputError(no_time(backend))
            return self.amount * backend.mean_seconds
        if self.kind == "epochs":
            return float(int(self.amount * backend.budgets[-1]))
        return self.amount

    def arguments(self, backend: ReplayBackend, speedup: int = 1) -> dict[str, Any]:
        """The limit as :func:`lcbench.simulate.run.simulate` takes it; an evaluation trains at least one epoch.

        Args:
            backend: The data set's.
            speedup: How many evaluations (or epochs) count as one.
        """
        limit = self.on(backend)
        return {"seconds": limit} if self.unit == "seconds" else {"evaluations": int(limit) * speedup}


def parse_budget(text: str) -> Limit:
    """Read a limit.

    Args:
        text: ``"3600"`` (virtual seconds), ``"20x"`` (the time of 20 mean runs at the largest budget), ``"50x-epochs"``
            (the epochs of 50 runs at the largest budget) or ``"500evals"`` (500 evaluations).

    Raises:
        InputError: If it is none of these, or does not reach for one run.
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)(x-epochs|x|evals)?", text.strip())
    if match is None or float(match[1]) == 0:
        raise InputError(
            "budget must be seconds ('3600'), full runs of time ('20x') or of epochs ('50x-epochs'), or evaluations "
            f"('500evals'), got {text!r}."
        )
    limit = Limit(float(match[1]), _KINDS[match[2] or ""])
    if limit.kind == "epochs" and limit.amount < 1:
        raise InputError(f"budget must be at least one full run ('1x-epochs'), got {text!r}.")
    if limit.kind == "evaluations" and limit.amount != int(limit.amount):
        raise InputError(f"budget must be a whole number of evaluations, got {text!r}.")
    return limit
