"""Backend from fitted models: any configuration of the space, whole curves and seconds."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.errors import UnknownNameError
from lcbench.simulate.budgets import offered
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.function import WithObjective
from lcbench.simulate.replay import ReplayBackend, Schedule
from lcbench.simulate.surrogate import folder as folders
from lcbench.simulate.surrogate.card import Card
from lcbench.simulate.surrogate.course import Residuals, find_residuals
from lcbench.simulate.surrogate.features import features
from lcbench.simulate.surrogate.fitting import Surrogate, carry_out, plan
from lcbench.simulate.surrogate.models import ModelName
from lcbench.simulate.surrogate.recorded import Recorded, record
from lcbench.space import Config
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import records
from lcbench.table.benchmark import Benchmark
from lcbench.table.curve import Curve
from lcbench.whole import whole

Noise = Literal["none", "residual"]
NOISES: tuple[Noise, ...] = ("none", "residual")

_BLOCK = 4096  # rows predicted at once, so that what is at work stays in the processor's cache


class SurrogateBackend(WithObjective):
    """One data set of a benchmark, beyond its table.

    >>> backend = SurrogateBackend.fit(bench, "wine", noise="residual", exact_on_table=True)
    >>> backend.save("surrogates/wine")

    Args:
        surrogate: The fitted models; see :meth:`fit` and :meth:`load`.
        noise: ``"none"``: the mean over the recorded seeds, as predicted. ``"residual"``: to this a recorded deviation
            of a single run from such a mean is added, see :class:`lcbench.simulate.surrogate.course.Residuals`.
        exact_on_table: Whether configurations of the table get what was recorded: the mean over the seeds, with noise
            one of the seeds, as :class:`lcbench.simulate.replay.ReplayBackend` gives them for ``"mean"`` and
            ``"draw"``.
        draw_seed: Source of the noise: what is drawn depends on this, the configuration and the run's budget only,
            never on what was asked before.

    Raises:
        UnknownNameError: If the noise is unknown.
        InputError: If the noise needs more seeds than there are, or runs are missing that must be replayed exactly.
    """

    def __init__(
        self, surrogate: Surrogate, *, noise: Noise = "none", exact_on_table: bool = False, draw_seed: int = 0
    ) -> None:
        self._residuals, self._replay = _recorded_parts(surrogate.recorded, noise, exact_on_table, draw_seed)
        self.surrogate, self.noise, self.exact_on_table = surrogate, noise, exact_on_table
        self.metric, self.budgets, self.resumes = surrogate.metric, surrogate.recorded.budgets, surrogate.resumes
        self.dataset = surrogate.recorded.dataset
        self._draw_seed = int(draw_seed)
        self._encoding = Encoding(surrogate.recorded.space)

    @classmethod
    def fit(
        cls,
        bench: Benchmark,
        dataset: str,
        metric: str | None = None,
        *,
        model: ModelName = "best",
        schedule: Schedule = "adaptive",
        noise: Noise = "none",
        exact_on_table: bool = False,
        draw_seed: int = 0,
        folds: int = 5,
        seed: int = 0,
        done: Callable[[str], None] | None = None,
    ) -> "SurrogateBackend":
        """Cross-validate and fit.

        Args:
            bench: The table.
            dataset: As the next five, see :func:`lcbench.simulate.surrogate.fitting.plan`.
            metric: Name of a metric; by default the table's objective.
            model: Name of a model, or ``"best"``.
            schedule: ``"adaptive"`` or ``"non-adaptive"``.
            noise: As the next two, see this class.
            exact_on_table: Whether to replay the table's own configurations.
            draw_seed: Of the noise.
            folds: Folds of the cross-validation.
            seed: Of the folds and the models.
            done: Called after each step with what was done, to show progress.

        Raises:
            UnknownNameError: If a name is unknown.
            InputError: If a package is missing, or there is too little to fit to.
        """
        asked = plan(bench, dataset, metric, model=model, schedule=schedule, folds=folds, seed=seed)
        recorded = record(bench, dataset, metric, resumes=schedule == "non-adaptive")
        _recorded_parts(recorded, noise, exact_on_table, draw_seed)  # whatever is wrong is said before a long fit
        surrogate = carry_out(bench, asked, done)
        return cls(surrogate, noise=noise, exact_on_table=exact_on_table, draw_seed=draw_seed)

    @classmethod
    def load(
        cls, folder: str | Path, *, noise: Noise = "none", exact_on_table: bool = False, draw_seed: int = 0
    ) -> "SurrogateBackend":
        """Read what :meth:`save` wrote; neither the table nor the packages of the models are needed.

        Raises:
            FolderError: If there is no surrogate, or it is damaged.
        """
        return cls(folders.load(Path(folder)), noise=noise, exact_on_table=exact_on_table, draw_seed=draw_seed)

    def save(self, folder: str | Path) -> None:
        """Write the models in their own text formats, what they were fitted to, and the card."""
        folders.save(Path(folder), self.surrogate)

    @property
    def card(self) -> Card:
        """The cross-validated quality of the models."""
        return self.surrogate.card

    def domain(self) -> SpaceDomain:
        """The whole space."""
        return SpaceDomain(self.surrogate.recorded.space)

    def curve(self, config: Config, budget: int) -> Curve:
        """The predicted curve over ``budget`` steps.

        Values are NaN once the run has diverged, and at steps at which the table has measured nothing.

        Raises:
            InputError: If the configuration is not of the space.
            UnknownNameError: If the table lacks the budget.
        """
        budget = offered(budget, self.budgets)
        if self._replay is not None and self._replay.table.row(config) is not None:
            return self._replay.curve(config, budget)
        point = features(self._encoding, self._encoding.encode(config)[None])
        values, seconds = self._predict(point, budget)
        return Curve(values[0], seconds[0])

    def curves(self, configs: pd.DataFrame, budget: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Many curves at once: the same numbers as :meth:`curve`.

        Args:
            configs: One row per configuration, one column per hyperparameter; missing where inactive.
            budget: Epochs.

        Returns:
            Values and cumulative seconds, each ``(n, budget + 1)``.

        Raises:
            InputError: If a configuration is not of the space.
            UnknownNameError: If the table lacks the budget.
        """
        budget = offered(budget, self.budgets)
        points = features(self._encoding, self._encoding.cube(configs))
        values, seconds = self._predict(points, budget)
        if self._replay is not None:
            self._overwrite(self._replay, configs, values, seconds)
        return values, seconds

    def losses(self, configs: pd.DataFrame, budget: int) -> NDArray[np.float64]:
        """``(n,)`` losses at a budget; infinite where a run diverges."""
        return self.metric.loss(self.curves(configs, budget)[0][:, -1])

    @cached_property
    def mean_seconds(self) -> float:
        """What one run at the largest budget costs on average over the table."""
        return float(np.nanmean(self.surrogate.recorded.seconds[self.budgets[-1]][:, :, -1], dtype=np.float64))

    def _predict(self, points: NDArray[np.float32], budget: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        run = self.surrogate.run(budget)
        course, residuals = self.surrogate.courses[run], self._residuals.get(run)
        values, seconds = np.empty((2, len(points), budget + 1))
        for start in range(0, len(points), _BLOCK):
            rows = slice(start, start + _BLOCK)
            noise = None if residuals is None else residuals.draw(points[rows], self._draw_seed)
            for series, found in zip((values, seconds), course.curves(points[rows], noise), strict=True):
                series[rows] = found[:, : budget + 1]
        values[:, ~self.surrogate.recorded.measured(run)[: budget + 1]] = np.nan
        return values, seconds

    def _overwrite(
        self, replay: ReplayBackend, configs: pd.DataFrame, values: NDArray[np.float64], seconds: NDArray[np.float64]
    ) -> None:
        """Put recorded curves in the place of predicted ones."""
        for place, config in enumerate(records(self._encoding.space, configs)):
            if replay.table.row(config) is not None:
                curve = replay.curve(config, values.shape[1] - 1)
                values[place], seconds[place] = curve.values, curve.seconds  # noqa: PD011  # no DataFrame


def _recorded_parts(
    recorded: Recorded, noise: str, exact: bool, draw_seed: int
) -> tuple[dict[int, Residuals], ReplayBackend | None]:
    """What of a backend comes from the table itself: the noise of each run, and the replay."""
    if noise not in NOISES:
        raise UnknownNameError("noise", noise, NOISES)
    draw_seed = whole("draw_seed", draw_seed, least=0)
    points, runs = recorded.features(), recorded.runs if noise == "residual" else ()
    residuals = {run: find_residuals(recorded, points, run) for run in runs}
    replay = (
        ReplayBackend(
            cast(Any, recorded),  # has what is replayed of a benchmark
            recorded.dataset,
            seed="draw" if noise == "residual" else "mean",
            schedule="adaptive" if recorded.runs == recorded.budgets else "non-adaptive",
            draw_seed=draw_seed,
        )
        if exact
        else None
    )
    return residuals, replay
