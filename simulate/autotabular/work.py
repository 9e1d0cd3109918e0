"""What a process of a search does: fit one model to all folds of the problem, and keep it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lcbench.collection.attempt import describe
from lcbench.collection.models import Fitted, LearningTask, fit_baseline, fit_network
from lcbench.simulate.autotabular.baselines_first import baseline_of
from lcbench.simulate.autotabular.folder import Folder
from lcbench.table.curve import Curve

OUT_OF_MEMORY = "there was not enough memory for it"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fitted.

    Attributes:
        number: Number of the job.
        config: A network's configuration, or ``{"baseline": name}``.
        budget: Epochs.
    """

    number: int
    config: Mapping[str, Any]
    budget: int


@dataclass(frozen=True, slots=True, eq=False)
class Done:
    """What came of an order.

    Attributes:
        curve: Score by epoch; None if it failed.
        reason: None, or why it failed.
        again: Whether another attempt may go better.
    """

    curve: Curve | None = None
    reason: str | None = None
    again: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """Fits models on one thread. A model that is there already, from before a search was killed, is not fitted again.

    Attributes:
        problem: What is to be learnt.
        folder: Where models are kept.
        seed: Source of the models' randomness.
        space: Name of the problem of the networks.
        patience: Epochs without progress after which a network stops.
    """

    problem: LearningTask
    folder: Folder
    seed: int
    space: str
    patience: int | None

    def __call__(self, order: Order) -> Done:
        """Do an order; whatever goes wrong in it is a reason."""
        try:
            kept = self.folder.predictions(order.number)
            return Done(self._fit(order).curve if kept is None else kept.curve)
        except MemoryError:
            return Done(reason=OUT_OF_MEMORY, again=False)
        except Exception as error:
            return Done(reason=describe(error))

    def _fit(self, order: Order) -> Fitted:
        name, clock = baseline_of(order.config), time.perf_counter
        if name is not None:
            fitted = fit_baseline(self.problem, name, self.seed, clock=clock)
        else:
            fitted = fit_network(
                self.problem,
                order.config,
                order.budget,
                self.seed,
                problem=self.space,
                patience=self.patience,
                clock=clock,
            )
        self.folder.keep(order.number, fitted)
        return fitted
