"""Ensembles of the models that a study had evaluated by a time, from a folder's predictions; nothing is trained.

A result stands for the network that was trained: the run of that configuration and budget, and of the recorded seed
whose value is nearest to the study's (a study that averages the seeds gets one of them). Results of epochs that are no
budget of the table have no predictions and are left out, and so are diverged runs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.analysis.baselines import tested_metrics
from lcbench.errors import InputError
from lcbench.simulate.ensembles import CANDIDATES, SIZE, combine, greedy_ensemble, model_loss
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import BASELINES, PARTS, PREDICTIONS, table_path

SINGLE, ENSEMBLE, WITH_BASELINES, BASELINE = "best network", "ensemble", "ensemble with baselines", "best baseline"
"""What is compared: the network that is best on the validation part, an ensemble of networks, one of networks and
baselines, and the baseline that is best on the validation part."""

Model = tuple[int, int, int] | tuple[str, int]
"""A run (config_id, budget, seed) or a baseline (name, seed)."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Models that one run of a study had found, with their times.

    Attributes:
        ends: ``(models,)`` when each was there, increasing, as shares of the limit.
        losses: ``(models,)`` validation losses, finite.
        models: Which they are.
    """

    ends: NDArray[np.float64]
    losses: NDArray[np.float64]
    models: Sequence[Model]

    def best(self, time: float, count: int) -> list[Model]:
        """The best ``count`` models by a time, best first; a model found twice counts once."""
        there = np.flatnonzero(self.ends <= time)
        order = there[np.argsort(self.losses[there], kind="stable")]
        return list(dict.fromkeys(self.models[i] for i in order))[:count]


def ensembles_over_time(
    bench: Benchmark,
    traces: pd.DataFrame,
    times: NDArray[np.float64],
    metric: str | None = None,
    size: int = SIZE,
    candidates: int = CANDIDATES,
) -> pd.DataFrame:
    """Scores of single models and ensembles, for each run of a study.

    With baselines these are trained first, the quickest first, and the search begins when they are done, as in the
    paper (section 5.3.3); where a study does not count seconds they take none.

    Args:
        bench: A table with predictions; data sets without are left out.
        traces: From :func:`lcbench.simulate.study.study`, on this table and metric.
        times: ``(times,)`` shares of each run's limit.
        metric: The metric of the validation part that was optimized and that ensembles are selected by.
        size: As in :func:`lcbench.simulate.ensembles.greedy_ensemble`.
        candidates: Likewise.

    Returns:
        One row per run of the study, time and ``pool`` (:data:`SINGLE`, :data:`ENSEMBLE` and, where the data set has
        baselines, :data:`WITH_BASELINES` and :data:`BASELINE`), from the first result on: ``optimizer, dataset, seed,
        time, pool, valid, test`` (values of the metric on the two parts) and ``models`` (different ones in it).

    Raises:
        InputError: If the metric is none of the validation part or cannot be computed from predictions.
    """
    metric, _ = tested_metrics(bench, metric)
    rows = []
    for (optimizer, dataset, seed), run in traces.groupby(["optimizer", "dataset", "seed"], sort=False):
        if table_path(PREDICTIONS, str(dataset)) not in bench.manifest.files:
            continue
        number = int(seed)  # type: ignore[call-overload]  # pandas types group keys as objects
        found = _pools(bench, str(dataset), run, number, metric)
        scored = _Scores(bench, str(dataset), metric, size).all(found, times, candidates)
        rows.append(pd.DataFrame(scored).assign(optimizer=str(optimizer), dataset=str(dataset), seed=number))
    columns = ["optimizer", "dataset", "seed", "time", "pool", "valid", "test", "models"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)


def networks_found(bench: Benchmark, dataset: str, run: pd.DataFrame, metric: str) -> Found:
    """The networks of one run of a study, in the order in which they were there."""
    run = run[run["budget"].isin(bench.budgets)].sort_values("used", kind="stable")
    budgets, ids = run["budget"].to_numpy(), run["config_id"].to_numpy()
    values = run["value"].to_numpy(np.float64)
    own = np.stack([bench.values(dataset, metric, ids, budgets, seed) for seed in bench.seeds], axis=1)
    apart = np.abs(own - values[:, None])
    picks = np.where(np.isnan(apart), np.inf, apart).argmin(axis=1)
    losses = bench.metric(metric).loss(own[np.arange(len(run)), picks])
    models: list[Model] = [(int(c), int(b), bench.seeds[k]) for c, b, k in zip(ids, budgets, picks, strict=True)]
    good = np.flatnonzero(np.isfinite(losses))
    ends = (run["used"] / run["limit"]).to_numpy(np.float64)
    return Found(ends[good], losses[good], [models[i] for i in good])


def baselines_found(bench: Benchmark, dataset: str, seed: int, metric: str, limit: float | None) -> Found:
    """The baselines with the study's seed, trained one after the other, the quickest first.

    Args:
        bench: The table.
        dataset: Name of a data set that has baselines.
        seed: The study's; the table's seeds take turns.
        metric: A metric of the validation part.
        limit: Seconds that count as 1; None if time does not count.
    """
    table = bench.baselines(dataset)
    turn = bench.seeds[seed % len(bench.seeds)]
    wanted = table["seed"].eq(turn) | ~table.groupby("baseline")["seed"].transform(lambda own: own.eq(turn).any())
    own = table[wanted].drop_duplicates("baseline").sort_values("seconds", kind="stable")
    seconds = own["seconds"].cumsum().to_numpy(np.float64)
    models: list[Model] = [(str(name), int(s)) for name, s in zip(own["baseline"], own["seed"], strict=True)]
    return Found(
        np.zeros(len(own)) if limit is None else seconds / limit, bench.metric(metric).loss(own[metric]), models
    )


def _pools(bench: Benchmark, dataset: str, run: pd.DataFrame, seed: int, metric: str) -> dict[str, tuple[Found, bool]]:
    """For each pool its models with their times, and whether they form an ensemble."""
    networks = networks_found(bench, dataset, run, metric)
    found = {SINGLE: (networks, False), ENSEMBLE: (networks, True)}
    if table_path(BASELINES, dataset) in bench.manifest.files:
        in_seconds = "unit" not in run or run["unit"].iloc[0] == "seconds"
        others = baselines_found(bench, dataset, seed, metric, float(run["limit"].iloc[0]) if in_seconds else None)
        begin = others.ends[-1] if len(others.ends) else 0.0
        both = Found(
            np.concatenate([others.ends, networks.ends + begin]),
            np.concatenate([others.losses, networks.losses]),
            [*others.models, *networks.models],
        )
        found |= {WITH_BASELINES: (both, True), BASELINE: (others, False)}
    return found


class _Scores:
    """Values of models and ensembles on one data set; predictions are read once, and only those that are needed."""

    def __init__(self, bench: Benchmark, dataset: str, metric: str, size: int) -> None:
        self._bench, self._dataset, self._metric, self._size = bench, dataset, bench.metric(metric), size
        self._name = metric.partition("_")[2]
        self._labels = {part: bench.labels(dataset, part) for part in PARTS}
        self._chances: dict[str, dict[Model, NDArray[np.float16]]] = {}
        self._known: dict[tuple[Model, ...], dict[str, float]] = {}

    def all(
        self, pools: Mapping[str, tuple[Found, bool]], times: NDArray[np.float64], candidates: int
    ) -> list[dict[str, object]]:
        """A row for each time and pool in which something was found by then."""
        asked = [
            (time, name, tuple(found.best(time, candidates if together else 1)))
            for time in times
            for name, (found, together) in pools.items()
        ]
        self._read({model for _, _, models in asked for model in models})
        return [{"time": time, "pool": name} | self._values(models) for time, name, models in asked if models]

    def _values(self, models: tuple[Model, ...]) -> dict[str, float]:
        """The ensemble of these models, best first, on both parts."""
        if models not in self._known:
            valid, test = (np.stack([self._chances[part][model] for model in models]) for part in PARTS)
            chosen = greedy_ensemble(valid, self._labels["valid"], self._size, len(models), self._name)
            value: Callable[[float], float] = lambda loss: (  # noqa: E731  # a loss back into the metric's value
                self._metric.high - loss if self._metric.goal == "maximize" else self._metric.low + loss
            )
            tested = model_loss(combine(chosen.weights, test), self._labels["test"], self._name)
            self._known[models] = {
                "valid": value(float(chosen.losses[chosen.steps - 1])),
                "test": value(tested),
                "models": int(np.count_nonzero(chosen.weights)),
            }
        return self._known[models]

    def _read(self, models: set[Model]) -> None:
        runs, others = (sorted(model for model in models if len(model) == length) for length in (3, 2))
        for part in PARTS:
            own = self._bench.predictions_of(self._dataset, runs, part)  # type: ignore[arg-type]  # by their length
            self._chances[part] = dict(zip(runs, own, strict=True))
            if others:
                theirs = self._bench.baseline_predictions(self._dataset, others, part)  # type: ignore[arg-type]
                self._chances[part] |= dict(zip(others, theirs, strict=True))


def need_predictions(bench: Benchmark, datasets: Sequence[str]) -> None:
    """Check that there are predictions to make ensembles of.

    Raises:
        InputError: If none of the data sets has predictions.
    """
    if not any(table_path(PREDICTIONS, dataset) in bench.manifest.files for dataset in datasets):
        raise InputError("ensembles need predictions, this table has none; collect one with --predictions.")
