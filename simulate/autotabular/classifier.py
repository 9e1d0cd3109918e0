"""The classifier: a scikit-learn estimator that searches for a given time."""

import shutil
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from lcbench.collection.data.columns import distinct_names
from lcbench.collection.data.containers import array_of, column_of, named_frame
from lcbench.collection.data.dates import REFUSE
from lcbench.collection.data.labels import Labels, check_values
from lcbench.collection.models import LearningTask
from lcbench.errors import DataError, InputError
from lcbench.simulate.autotabular import journal, tables
from lcbench.simulate.autotabular.ensemble import FittedEnsemble, load_ensemble
from lcbench.simulate.autotabular.folder import Folder, card, parameters_of
from lcbench.simulate.autotabular.search import check_sent, search
from lcbench.simulate.autotabular.settings import PATIENCE, SearchSettings, choose_baselines, choose_portfolio, chosen
from lcbench.simulate.ensembles import CANDIDATES, SIZE
from lcbench.simulate.realtime.result import LiveInterrupted


class AutoTabularClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Classify rows of any table by an ensemble that is found in a given time.

    Auto-PyTorch Tabular (Zimmer, Lindauer and Hutter 2021, IEEE TPAMI, section 3): baselines first, the quick ones
    ahead; then networks of search space 2, proposed by BOHB from a portfolio; after every model a greedy ensemble of
    the best. Columns may hold numbers, booleans, text and categories, with gaps.

    A model depends on the data, its configuration, its epochs and ``seed`` alone. Which models there are depends on the
    time: with ``trials`` in place of ``time_limit`` and one worker (or none) the whole result is determined; with a
    time limit the number of models is the machine's, and with several workers the order in which they end.

    Args:
        time_limit: Seconds that ``fit`` may take, a few seconds more at most; None for no limit. A slow metric makes
            the ensemble's selection shorter.
        workers: Processes, each on one core; 0 to fit in this process, where nothing ends a model that takes too long.
        metric: What counts on the validation rows: name of a scikit-learn scorer, a scorer, or a function
            ``(y_true, y_pred)`` of which larger is better (one that can be imported by its name, if there are workers).
        seed: Source of all randomness.
        scheduler: Address of a Dask scheduler; its workers, started with ``--no-nanny``, fit in place of processes of
            this machine, ``workers`` models at once. ``folder`` must be one that all machines share.
        trials: How many models are fitted at most; None for no limit.
        baselines: ``"all"``, names of :data:`lcbench.collection.models.baselines.BASELINES`, or None for networks
            alone.
        portfolio: ``"greedy"`` or ``"simple"``, the shipped ones; configurations; or None.
        optimizer: Name of an optimizer, see :data:`lcbench.simulate.optimizers.OPTIMIZERS`.
        space: Name of the problem of networks: their search space and their training.
        budgets: Epochs of the optimizer's rungs.
        patience: Epochs without progress after which a network stops; None for all its epochs.
        ensemble_size: How many times a model is added to the ensemble; 1 for the best model alone.
        candidates: From how many of the best models the ensemble is selected.
        ensemble_of: ``"all"`` models (the paper's diverse ensembles), ``"networks"`` or ``"baselines"``.
        share: Share of the rows that validates, where it is one share.
        splitter: ``"auto"`` for :data:`lcbench.simulate.autotabular.settings.FOLDS` stratified folds where there are
            few rows, every model fitted to each fold, and a share of the rows held out where there are many; None for
            a share, as in the paper; a number of folds, or any scikit-learn splitter.
        dates: What becomes of columns of dates: ``"refuse"`` them, take their ``"parts"`` (year, month, day of week and
            days elapsed), or ``"text"``, where they are text, for categories.
        memory_limit: MiB that a process may have; a model that needs more is ended. None for no limit.
        trial_time_limit: Seconds that one model may take; None for half of the time limit.
        verbose: Whether to show progress on standard error.

    Attributes:
        classes_: ``(classes,)`` sorted.
        n_features_in_: Columns.
        feature_names_in_: Their names, if they have any.
        ensemble_: What predicts.
        target_name_: Name of the target.
    """

    def __init__(
        self,
        time_limit: float | None = 600,
        workers: int = 2,
        metric: str | Callable[..., Any] = "accuracy",
        seed: int = 0,
        *,
        trials: int | None = None,
        baselines: str | Sequence[str] | None = "all",
        portfolio: str | Sequence[Mapping[str, Any]] | None = "greedy",
        optimizer: str = "bohb",
        space: str = "full",
        budgets: Sequence[int] = (12, 25, 50),
        patience: int | None = PATIENCE,
        ensemble_size: int = SIZE,
        candidates: int = CANDIDATES,
        ensemble_of: str = "all",
        share: float = 0.33,
        splitter: Any = "auto",
        dates: str = REFUSE,
        memory_limit: float | None = 4096,
        trial_time_limit: float | None = None,
        verbose: bool = False,
        scheduler: str | None = None,
    ) -> None:
        self.time_limit = time_limit
        self.workers = workers
        self.metric = metric
        self.seed = seed
        self.trials = trials
        self.baselines = baselines
        self.portfolio = portfolio
        self.optimizer = optimizer
        self.space = space
        self.budgets = budgets
        self.patience = patience
        self.ensemble_size = ensemble_size
        self.candidates = candidates
        self.ensemble_of = ensemble_of
        self.share = share
        self.splitter = splitter
        self.dates = dates
        self.memory_limit = memory_limit
        self.trial_time_limit = trial_time_limit
        self.verbose = verbose
        self.scheduler = scheduler

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,  # noqa: N803  # scikit-learn's name
        y: pd.Series | ArrayLike,
        *,
        groups: ArrayLike | None = None,
        validation: Any = None,
        test: pd.DataFrame | ArrayLike | None = None,
        folder: Path | str | None = None,
        resume: Path | str | None = None,
    ) -> Self:
        """Search.

        Args:
            X: ``(rows, columns)`` frame of pandas, polars or Arrow, array or list.
            y: ``(rows,)`` classes.
            groups: ``(rows,)`` for splitters that need them; an error with any other.
            validation: The caller's own validation part: positions of rows, a mask of rows, or ``(X, y)`` of others.
            test: Rows whose probabilities every model keeps in the folder, to look at ensembles over time.
            folder: New or empty folder in which everything is kept as it happens; it can be loaded at any time. None
                for a temporary one.
            resume: Folder of a search to resume with the same rows and settings; the time that it took counts.

        Raises:
            DataError: If the rows cannot be learnt from; one sentence says why.
            InputError: If an argument cannot be used, or no model was done in time.
            PlanConflictError: If ``resume`` is of another search.
            LiveInterrupted: On Ctrl-C; if there was a model by then, the classifier is fitted nevertheless.
        """
        begun = time.monotonic()
        settings = self._settings()
        features, target = self._checked(X, y)
        task = LearningTask.of(
            features,
            target,
            metric=self.metric,
            share=self.share,
            validation=validation,
            splitter=chosen(self.splitter, target, validation),
            groups=groups,
            test=test,
            seed=self.seed,
            dates=self.dates,
        )
        if settings.workers:
            check_sent(task)
        place, owner = _place(folder, resume)
        place.begin(card(self.get_params(deep=False), task, str(getattr(y, "name", None) or "target")))
        try:
            search(task, settings, place, since=begun, quiet=not self.verbose)
        except LiveInterrupted:
            self._take(place, owner, task.labels.values)
            raise
        self._take(place, owner, task.labels.values)
        return self

    def predict_proba(self, X: pd.DataFrame | ArrayLike) -> NDArray[np.float64]:  # noqa: N803
        """Class probabilities ``(rows, classes)`` of raw rows; a category that training did not have counts as missing.

        Raises:
            DataError: If the columns are not those of training, or there are no rows.
        """
        check_is_fitted(self)
        return self.ensemble_.predict_proba(self._seen(X))

    def predict(self, X: pd.DataFrame | ArrayLike) -> NDArray[Any]:  # noqa: N803
        """Classes ``(rows,)`` of the largest probability."""
        chances = self.predict_proba(X)
        return self.classes_[chances.argmax(axis=1)]

    def score(self, X: Any, y: Any, sample_weight: ArrayLike | None = None) -> float:  # noqa: N803
        """Accuracy on rows ``X`` of classes ``y``, as of every classifier; also where classes are real numbers."""
        if not Labels(self.classes_).real:
            return float(super().score(X, column_of(y), sample_weight))
        weights = None if sample_weight is None else np.asarray(sample_weight)
        return float(np.average(self.predict(X) == column_of(y).to_numpy(), weights=weights))

    def leaderboard(self) -> pd.DataFrame:
        """List the tried models, the best first, see :func:`lcbench.simulate.autotabular.tables.leaderboard`."""
        check_is_fitted(self)
        return tables.leaderboard(self._entries)

    def trajectory(self) -> pd.DataFrame:
        """Scores over time, see :func:`lcbench.simulate.autotabular.tables.trajectory`."""
        check_is_fitted(self)
        return tables.trajectory(self._entries)

    def save(self, folder: Path | str) -> None:
        """Write everything that predicts, and what was tried, into a new or empty folder; no pickle.

        Raises:
            InputError: If there is something in the folder.
        """
        check_is_fitted(self)
        place = Folder(Path(folder))
        if place.path.exists() and (not place.path.is_dir() or any(place.path.iterdir())):
            raise InputError(
                f"{folder} must be a new or an empty folder, got one with something in it; choose another."
            )
        self.ensemble_.copy_to(place)
        for entry in self._entries:
            journal.append(place.results, entry)
        place.write_card(self._card)

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read a saved classifier, or the folder of a search, also of one that was killed: its best ensemble so far.

        Raises:
            NotABenchmarkError: If there is no classifier.
            FolderError: If it is damaged, or of a newer format.
            InputError: If the search had not a single model yet.
        """
        place = Folder(Path(folder))
        known = place.read_card()
        entries = journal.read(place.results)
        if not entries or not entries[-1].weights:
            raise InputError(f"{folder} must hold a model, got a search that has none yet; resume it.")
        ensemble = load_ensemble(place.path, entries[-1].weights)
        made = cls(**parameters_of(known, cls._get_param_names()))
        columns, labels = ensemble.models[0].columns, ensemble.models[0].labels
        made.n_features_in_ = len(columns.names)
        if columns.named:
            made.feature_names_in_ = np.array(columns.names, dtype=object)
        made._adopt(ensemble, entries, known, labels.values)
        return made

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _settings(self) -> SearchSettings:
        return SearchSettings(
            time_limit=self.time_limit,
            trials=self.trials,
            workers=self.workers,
            seed=self.seed,
            baselines=choose_baselines(self.baselines),
            portfolio=choose_portfolio(self.portfolio, self.space),
            optimizer=self.optimizer,
            space=self.space,
            budgets=tuple(self.budgets),
            patience=self.patience,
            ensemble_size=self.ensemble_size,
            candidates=self.candidates,
            pool=self.ensemble_of,
            memory_limit=self.memory_limit,
            trial_time_limit=self.trial_time_limit,
            scheduler=self.scheduler,
        )

    def _checked(self, features: Any, target: Any) -> tuple[Any, Any]:
        """Check the data as scikit-learn asks of an estimator; frames stay as they are."""
        if target is None:
            raise InputError(
                "a classifier requires y to be passed, but the target y is None; give the classes of the rows."
            )
        frame = named_frame(features)
        if frame is not None:
            distinct_names(frame)
            validate_data(self, frame, skip_check_array=True)
        else:
            frame = validate_data(
                self, array_of(features), dtype=None, ensure_all_finite="allow-nan", ensure_min_samples=2
            )
        if isinstance(target, np.ndarray | list | tuple):
            target = column_or_1d(array_of(target), warn=True)
        check_values(column_of(target))
        return frame, target

    def _seen(self, features: Any) -> Any:
        frame = named_frame(features)
        if frame is None:
            return validate_data(self, array_of(features), dtype=None, ensure_all_finite="allow-nan", reset=False)
        return self._seen_frame(frame)

    def _seen_frame(self, features: pd.DataFrame) -> pd.DataFrame:
        if features.empty and features.shape[1]:
            raise DataError("there must be at least one row to predict, got none; give rows.")
        if not hasattr(self, "feature_names_in_"):  # else the models say best what is missing
            validate_data(self, features, skip_check_array=True, reset=False)
        return features

    def _take(self, place: Folder, owner: object, classes: NDArray[Any]) -> None:
        """Take what a search left in its folder, if there is a model."""
        entries = journal.read(place.results)
        if entries and entries[-1].weights:
            self._adopt(FittedEnsemble(place, entries[-1].weights, owner), entries, place.read_card(), classes)

    def _adopt(
        self, ensemble: FittedEnsemble, entries: Sequence[journal.Entry], known: dict[str, Any], classes: NDArray[Any]
    ) -> None:
        self.ensemble_, self.classes_ = ensemble, np.asarray(classes)
        self._entries, self._card = list(entries), known
        self.target_name_ = str(known.get("target", "target"))


def _place(folder: Path | str | None, resume: Path | str | None) -> tuple[Folder, object]:
    """Choose the folder of a search, and what keeps it there."""
    if folder is not None and resume is not None:
        raise InputError("folder and resume must not be given both; resume is the folder of a search to resume.")
    if resume is not None:
        place = Folder(Path(resume))
        place.read_card()
        return place, None
    if folder is not None:
        return Folder(Path(folder)), None
    temporary = _Temporary()
    return Folder(temporary.path / "model"), temporary


class _Temporary:
    """A folder that is there as long as this object; unlike tempfile's it goes without a warning."""

    def __init__(self) -> None:
        self.path = Path(mkdtemp(prefix="lcbench-fit-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)
