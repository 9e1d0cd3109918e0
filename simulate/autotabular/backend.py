"""The backend of a search: fits baselines and networks to one learning task."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pandas as pd

from lcbench.collection.models import LearningTask
from lcbench.collection.problem import get_problem
from lcbench.simulate.autotabular.baselines_first import EPOCHS, WithBaselines
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.settings import SearchSettings
from lcbench.simulate.autotabular.work import FitModel
from lcbench.simulate.contract import Domain
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.realtime.job import JobTask
from lcbench.space import Config
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.work import Executor, InlineExecutor
from lcbench.work.processes import LocalExecutor, OwnProcess

_PRELOAD = "lcbench.collection.models.warm"


class ModelBackend:
    """Baselines and the configurations of a space, fitted to a learning task and kept in a folder.

    Attributes:
        metric: The task's score; its loss is counted from the best score.
        budgets: Those of the networks, and that of a baseline.

    Args:
        fit: Fits a model.
        settings: Space, budgets, baselines, processes and limits.
    """

    resumes = False

    def __init__(self, fit: FitModel, settings: SearchSettings) -> None:
        self._fit, self._settings = fit, settings
        self._space = get_problem(settings.space).space
        self.metric = Metric(fit.problem.scorer.name, "score", "maximize", float("-inf"), fit.problem.scorer.best)
        self.budgets = tuple(sorted({*settings.budgets, *([EPOCHS] if settings.baselines else [])}))

    def networks(self) -> Domain:
        """A fresh domain of the networks, for one optimizer."""
        return SpaceDomain(self._space)

    def domain(self) -> Domain:
        """Networks and baselines."""
        return WithBaselines(self.networks(), self._settings.baselines)

    def curve(self, config: Config, budget: int) -> Curve:
        """Fit in this process; the model is kept as number -1."""
        return self._fit(JobTask(-1, config, budget))

    def executor(self, workers: int) -> AbstractContextManager[Executor[JobTask]]:
        """Processes under limits, or this process."""
        settings = self._settings
        if not settings.workers:
            return InlineExecutor(self._fit)
        seconds, memory = settings.trial_seconds, settings.trial_bytes
        return LocalExecutor(workers, self._fit, _PRELOAD, seconds=seconds, memory=memory)

    def cluster_function(self) -> OwnProcess[JobTask]:
        """What a worker of a cluster does: fits in a process under limits."""
        fit = replace(self._fit, folder=Folder(self._fit.folder.path.resolve()))
        return OwnProcess(fit, _PRELOAD, self._settings.trial_seconds, self._settings.trial_bytes)

    def describe(self) -> dict[str, Any]:
        """Everything that decides which models come, in plain types."""
        return {"metric": self.metric.name, **self._settings.describe(), "data": digest(self._fit.problem)}


def digest(task: LearningTask) -> str:
    """SHA-256 of a task's rows, classes and folds: the same data give the same on every machine."""
    found = hashlib.sha256()
    for frame in (task.frame, task.test):
        if frame is not None:
            found.update(repr([*frame.columns]).encode())
            found.update(pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes())
    found.update(task.y.tobytes())
    for fold in task.folds:
        found.update(fold.train.tobytes() + b"|" + fold.valid.tobytes())
    return found.hexdigest()
