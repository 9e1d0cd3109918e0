"""Backend from a benchmark: every curve and every second is looked up."""

import warnings
from collections.abc import Iterable
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DataWarning, InputError, UnknownNameError
from lcbench.simulate.budgets import checked, offered
from lcbench.simulate.contract import Domain
from lcbench.simulate.domain import ConfigTable, SpaceDomain, TableDomain
from lcbench.simulate.function import WithObjective
from lcbench.simulate.pareto import hypervolume
from lcbench.simulate.sources import Sources
from lcbench.space import Config
from lcbench.space.prior import Prior
from lcbench.table.benchmark import Benchmark
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric
from lcbench.table.record import SECONDS
from lcbench.whole import whole

Schedule = Literal["adaptive", "non-adaptive"]
Match = Literal["exact", "nearest"]
Seed = int | Literal["mean", "draw"]

SCHEDULES: tuple[Schedule, ...] = ("adaptive", "non-adaptive")
MATCHES: tuple[Match, ...] = ("exact", "nearest")


class ReplayBackend(WithObjective):
    """One data set of a benchmark, replayed.

    Rows with equal configurations are one configuration that was measured repeatedly: it is offered once, and its curve
    is the mean of theirs, seed by seed (diverged as soon as one of them is).

    Where runs are missing in the table, the configurations are offered that have a run at every budget needed: of the
    seed that is asked for, or, for ``"mean"`` and ``"draw"``, of at least one seed; these then take the seeds that
    have all the runs. A warning says how many are offered, and regret is 0 at the best of them.

    Args:
        bench: The table.
        dataset: Name of a data set.
        metric: What is optimized; by default the table's objective. Several objectives are separated by commas:
            ``"valid_accuracy,seconds"``. The first one is that of the curves; :attr:`losses` and all that follows from
            them are its.
        seed: Which of the recorded seeds: a number; ``"mean"``, the average of their curves (of the seconds as well;
            diverged as soon as one of them is); or ``"draw"``, one picked at random for each configuration and run.
        schedule: ``"adaptive"``: each budget is a run of its own from scratch, with its own learning-rate schedule.
            ``"non-adaptive"``: all budgets are points on the table's longest run, and a promoted trial resumes where it
            stopped.
        budgets: Epochs that can be asked for, increasing; by default those that the data set has runs at. An adaptive
            replay has these or some of them; a non-adaptive one any epochs of the longest run, such as
            ``range(1, 51)``.
        match: ``"exact"``: optimizers choose among the rows of the table. ``"nearest"``: they choose anywhere in the
            space, and get the row that lies nearest in the unit cube.
        draw_seed: Source of the picks of ``"draw"``: which recorded seed an evaluation gets depends on this, the row
            and the run's budget only, never on what was asked before; at least 0.
        table: The benchmark's configurations, if they are encoded already: replays can share them.

    Raises:
        UnknownNameError: If a name or the seed is unknown.
        InputError: If no configuration has the runs that this replay needs, or it cannot offer the budgets, or
            ``draw_seed`` is none.

    Attributes:
        metrics: All objectives; ``metric`` is the first.
        rows: Which rows of the table's configurations are offered, ``(configs,)``.
    """

    def __init__(
        self,
        bench: Benchmark,
        dataset: str,
        metric: str | None = None,
        *,
        seed: Seed = 0,
        schedule: Schedule = "adaptive",
        match: Match = "exact",
        draw_seed: int = 0,
        budgets: Iterable[int] | None = None,
        table: ConfigTable | None = None,
    ) -> None:
        for kind, name, known in (("schedule", schedule, SCHEDULES), ("match", match, MATCHES)):
            if name not in known:
                raise UnknownNameError(kind, name, known)
        if seed not in (*bench.seeds, "mean", "draw"):
            raise UnknownNameError("seed", seed, (*bench.seeds, "mean", "draw"))
        self.bench, self.dataset, self.match, self.seed = bench, dataset, match, seed
        self.metrics = bench.objectives(metric)
        self.metric = self.metrics[0]
        self.resumes = schedule == "non-adaptive"
        recorded = bench.budgets_of(dataset)
        self.budgets = recorded if budgets is None else _chosen(budgets, dataset, recorded, schedule)
        self._draw_seed = whole("draw_seed", draw_seed, least=0)
        self._runs = recorded[-1:] if self.resumes else self.budgets
        self._whole = ConfigTable(bench.space, bench.configs) if table is None else table
        self._there = self._found()
        self.rows = self._offered()
        self._values = {budget: self._select(self.metric.name, budget) for budget in self._runs}
        self._seconds = {budget: self._select(SECONDS, budget) for budget in self._runs}
        self._further = [
            (each, self._seconds if each.name == SECONDS else {run: self._select(each.name, run) for run in self._runs})
            for each in self.metrics[1:]
        ]
        if self.resumes:
            self._check_recorded(recorded[-1])

    @cached_property
    def table(self) -> ConfigTable:
        """The configurations that are offered; encoded once."""
        return self._whole.take(self.rows)

    def domain(self, prior: Prior | None = None, sources: Sources | None = None) -> Domain:
        """The rows of the table, or the whole space; with a prior and what is known of other tasks, if given."""
        if self.match == "exact":
            return TableDomain(self.table, prior, sources)
        return SpaceDomain(self.bench.space, prior, sources)

    def curve(self, config: Config, budget: int) -> Curve:
        """The recorded curve over ``budget`` epochs.

        Raises:
            InputError: If the configuration is no row of the table and ``match`` is ``"exact"``.
            UnknownNameError: If the budget is not offered.
        """
        budget = offered(budget, self.budgets)
        run, row = self._run(budget), self.row(config)
        return Curve(self._values[run][row, : budget + 1], self._seconds[run][row, : budget + 1])

    def further_losses(self, config: Config, budget: int) -> tuple[float, ...]:
        """The recorded losses of the further objectives at the end of a run; none with one objective."""
        if not self._further:
            return ()
        run, row = self._run(offered(budget, self.budgets)), self.row(config)
        return tuple(float(metric.loss(values[run][row, budget])) for metric, values in self._further)

    def config_id(self, config: Config) -> int:
        """Number of the table's configuration that stands for this one."""
        return int(self.bench.configs.index[self.rows[self.row(config)]])

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """All losses of the replay: ``(offered configs, budgets)``; infinite where a run diverged."""
        last = [self._values[self._run(budget)][:, budget] for budget in self.budgets]
        return self.metric.loss(np.stack(last, axis=1))

    @cached_property
    def objective_losses(self) -> NDArray[np.float64]:
        """The losses of all objectives, ``(offered configs, budgets, objectives)``; infinite where a run diverged."""
        further = [
            metric.loss(np.stack([values[self._run(budget)][:, budget] for budget in self.budgets], axis=1))
            for metric, values in self._further
        ]
        return np.stack([self.losses, *further], axis=2)

    @cached_property
    def hypervolume(self) -> float:
        """The hypervolume of :meth:`scaled` :attr:`objective_losses` below (1, ..., 1): the largest there can be."""
        losses = self.objective_losses.reshape(-1, len(self.metrics))
        return hypervolume(self.scaled(losses), np.ones(len(self.metrics)))

    def scaled(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Bring ``(n, objectives)`` losses to [0, 1] by the lowest and highest finite ones of each in the replay."""
        best, worst = self._ends
        return (losses - best) / np.where(worst > best, worst - best, 1.0)

    @cached_property
    def _ends(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        every = self.objective_losses
        finite = [losses[np.isfinite(losses)] for losses in np.moveaxis(every, 2, 0)]
        return np.array([each.min(initial=np.inf) for each in finite]), np.array(
            [each.max(initial=-np.inf) for each in finite]
        )

    @property
    def best_loss(self) -> float:
        """The lowest loss of the replay, over all configurations and offered budgets: where regret is 0."""
        return float(self.losses.min())

    @property
    def worst_loss(self) -> float:
        """The highest finite loss of the replay (infinite if every run diverged)."""
        finite = self.losses[np.isfinite(self.losses)]
        return float(finite.max()) if finite.size else float("inf")

    @property
    def test_metric(self) -> Metric | None:
        """The metric on the test part that belongs to the optimized one on the validation part; None without one."""
        return self.bench.manifest.record.tested(self.metric)

    @cached_property
    def test_values(self) -> NDArray[np.float64]:
        """Values of :attr:`test_metric` of the same runs at the same steps as :attr:`losses`; NaN without one."""
        if self.test_metric is None:
            return np.full((len(self.rows), len(self.budgets)), np.nan)
        ends = {run: self._select(self.test_metric.name, run) for run in self._runs}
        return np.stack([ends[self._run(budget)][:, budget] for budget in self.budgets], axis=1).astype(np.float64)

    @cached_property
    def test_losses(self) -> NDArray[np.float64]:
        """Losses of :attr:`test_values`: infinite where a run diverged, NaN where nothing was recorded of it.

        No optimizer sees them.
        """
        if self.test_metric is None:
            return self.test_values
        unknown = np.isnan(self.test_values) & np.isfinite(self.losses)
        return np.where(unknown, np.nan, self.test_metric.loss(self.test_values))

    @property
    def mean_seconds(self) -> float:
        """Mean seconds of a run at the largest offered budget."""
        last = self.budgets[-1]
        return float(self._seconds[self._run(last)][:, last].mean(dtype=np.float64))

    def _run(self, budget: int) -> int:
        """The recorded run that a budget is read from."""
        return self._runs[-1] if self.resumes else budget

    def row(self, config: Config) -> int:
        """Place among the offered configurations of the one that stands for this one.

        Raises:
            InputError: If the configuration is no row of the table and ``match`` is ``"exact"``.
        """
        row = self.table.row(config)
        if row is not None:
            return row
        if self.match == "nearest":
            return self.table.nearest(config)
        raise InputError(
            f"config must be a row of the table when match='exact', got {dict(config)}; "
            "use match='nearest' for optimizers that propose any configuration."
        )

    def _select(self, name: str, budget: int) -> NDArray[np.floating]:
        """Bring one series into ``(offered, budget + 1)``: equal rows are averaged, seeds chosen or averaged."""
        array = self.bench.array(self.dataset, name, budget)
        if self._whole.equal:
            array = array.copy()
        for rows in self._whole.equal:
            array[rows] = _mean(array[rows], self._is_there[budget][rows], axis=0)
        if len(self.rows) < len(array):
            array = array[self.rows]
        there = self._there[self.rows]
        if self.seed == "mean":
            return _mean(array, there, axis=1)
        if self.seed == "draw":
            return array[np.arange(len(array)), self._picks(budget, there)]
        return array[:, self.bench.seeds.index(self.seed)]

    def _picks(self, budget: int, there: NDArray[np.bool_]) -> NDArray[np.intp]:
        """For each configuration the place of a seed drawn among those that are there."""
        rng = np.random.default_rng([self._draw_seed, budget])
        drawn = rng.integers(there.shape[1] if there.all() else there.sum(axis=1), size=len(there))
        picks = drawn if there.all() else np.argsort(~there, axis=1, kind="stable")[np.arange(len(there)), drawn]
        place = np.full(len(self._there), -1)
        place[self.rows] = np.arange(len(self.rows))
        for rows in self._whole.equal:
            picks[place[rows]] = picks[place[rows[0]]]
        return picks

    @cached_property
    def _is_there(self) -> dict[int, NDArray[np.bool_]]:
        """For each budget which runs are there, ``(configs, seeds)``: one that diverged has seconds, too."""
        return {run: np.isfinite(self.bench.array(self.dataset, SECONDS, run)[:, :, -1]) for run in self._runs}

    def _found(self) -> NDArray[np.bool_]:
        """Which seeds have a configuration's runs of all budgets, in any of its rows: ``(configs, seeds)``."""
        found = list(self._is_there.values())
        for rows in self._whole.equal:
            found = [_joined(each, rows) for each in found]
        return np.logical_and.reduce(found)

    def _offered(self) -> NDArray[np.intp]:
        """The rows that have what is asked for.

        Raises:
            InputError: If none has.
        """
        seeds = slice(None) if self.seed in ("mean", "draw") else [self.bench.seeds.index(self.seed)]
        counts = self._there[:, seeds].sum(axis=1)
        rows = np.flatnonzero(counts)
        if counts.min() == counts.max() > 0:
            return rows
        budgets = tuple(self._is_there)
        runs = f"runs at budget{'s' if len(budgets) > 1 else ''} {', '.join(map(str, budgets))}"
        runs += "" if self.seed in ("mean", "draw") else f" and seed {self.seed}"
        if not len(rows):
            raise InputError(
                f"data set {self.dataset!r} must have a configuration with its {runs} to be replayed, got none; "
                "collect them, or ask for other budgets or seeds."
            )
        few = int((counts[rows] < counts.max()).sum())
        fewer = f", {few} of them with fewer seeds than others" if few else ""
        note = f"{self.dataset}: {len(rows)} of {len(counts)} configurations have their {runs} and are offered{fewer}."
        warnings.warn(note, DataWarning, stacklevel=3)
        return rows

    def _check_recorded(self, run: int) -> None:
        """A run that records its end alone has nothing to show at smaller budgets."""
        for budget in self.budgets:
            if np.isnan(self._values[run][:, budget]).all() and not np.isnan(self._values[run][:, run]).all():
                raise InputError(
                    f"budgets must be recorded steps when schedule='non-adaptive', got no {self.metric.name} at step "
                    f"{budget} of any run of {self.dataset!r}; use schedule='adaptive' or other budgets."
                )


def _joined(there: NDArray[np.bool_], rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """A mask in which rows that are one configuration have what any of them has."""
    joined = there.copy()
    joined[rows] = there[rows].any(axis=0)
    return joined


def _mean(array: NDArray[np.float32], there: NDArray[np.bool_], axis: int) -> NDArray[np.float64]:
    """The mean of the runs that are there, NaN where none is or one of them diverged."""
    if there.all():
        return array.mean(axis=axis, dtype=np.float64)
    count = there.sum(axis=axis)[..., None]
    total = np.where(there[..., None], array, 0).sum(axis=axis, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _chosen(budgets: Iterable[int], dataset: str, recorded: tuple[int, ...], schedule: Schedule) -> tuple[int, ...]:
    """Check the budgets that a replay is to offer, given those that the data set has runs at."""
    chosen = checked(budgets)
    if schedule == "adaptive":
        lacking = [budget for budget in chosen if budget not in recorded]
        if lacking:
            raise InputError(
                f"budgets must be recorded ones of data set {dataset!r} ({', '.join(map(str, recorded))}) when "
                f"schedule='adaptive', got {lacking[0]}; use schedule='non-adaptive' for any step of its longest run."
            )
    elif chosen[-1] > recorded[-1]:
        raise InputError(
            f"budgets must be at most {recorded[-1]}, the longest run of data set {dataset!r}, got {chosen[-1]}; ask "
            "for smaller ones, or leave the data set out."
        )
    return chosen
