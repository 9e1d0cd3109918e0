"""The work of a process of a search: fit one model to all folds of the problem, and store it."""

import time
from dataclasses import dataclass

from lcbench.collection.models import Fitted, LearningTask, fit_baseline, fit_network
from lcbench.errors import InputError
from lcbench.simulate.autotabular.baselines_first import baseline_of
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.realtime.job import JobTask
from lcbench.table.curve import Curve
from lcbench.work import GiveUpError


@dataclass(frozen=True, slots=True, eq=False)
class FitModel:
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

    def __call__(self, task: JobTask) -> Curve:
        """Fit a model, and give its score by epoch.

        Raises:
            GiveUpError: If there is not enough memory for it.
            InputError: If the folder is not to be seen from this machine.
        """
        if not self.folder.card.is_file():
            raise InputError(f"{self.folder.path} must be a folder that all machines share, got one without a search.")
        kept = self.folder.predictions(task.number)
        if kept is not None:
            return kept.curve
        try:
            fitted = self._fitted(task)
        except MemoryError:
            raise GiveUpError("there was not enough memory for it") from None
        self.folder.keep(task.number, fitted)
        return fitted.curve

    def _fitted(self, task: JobTask) -> Fitted:
        name, clock = baseline_of(task.config), time.perf_counter
        if name is not None:
            return fit_baseline(self.problem, name, self.seed, clock=clock)
        return fit_network(
            self.problem,
            task.config,
            task.budget,
            self.seed,
            problem=self.space,
            patience=self.patience,
            clock=clock,
        )
