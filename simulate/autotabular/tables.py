"""Tables of a search: the leaderboard, the trajectory, and other ensembles over time."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.collection.models import LearningTask, Scorer
from lcbench.simulate.autotabular import journal
from lcbench.simulate.autotabular.folder import Folder, Predictions
from lcbench.simulate.autotabular.journal import Entry
from lcbench.simulate.autotabular.selection import SelectionRows, best_of, select
from lcbench.simulate.ensembles import CANDIDATES, SIZE, combine


def leaderboard(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per model that was tried, the best first, failed ones last.

    Args:
        entries: In the order in which they were done.

    Returns:
        DataFrame with ``model`` (its number), ``kind`` (``network`` or a baseline's name), ``budget`` (epochs),
        ``score`` (on the validation rows, larger is better), ``weight`` (share of the ensemble), ``seconds``,
        ``status`` (``success``, ``diverged``, or why there is no model) and ``config``.
    """
    weights = entries[-1].weights if entries else {}
    rows = [
        {
            "model": entry.number,
            "kind": entry.kind,
            "budget": entry.budget,
            "score": entry.score if entry.usable else np.nan,
            "weight": weights.get(entry.number, 0.0),
            "seconds": entry.finished - entry.started,
            "status": entry.status,
            "config": None if entry.config is None else dict(entry.config),
        }
        for entry in entries
    ]
    columns = ["model", "kind", "budget", "score", "weight", "seconds", "status", "config"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["score", "model"], ascending=[False, True], kind="stable", ignore_index=True)


def trajectory(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per model that was tried, by time.

    Args:
        entries: In the order in which they were done.

    Returns:
        DataFrame with ``time`` (seconds since the beginning), ``model``, ``incumbent`` (score of the best model so far)
        and ``ensemble`` (score of the ensemble so far), both on the validation rows and NaN until there is one.
    """
    scores = np.array([entry.score if entry.usable else -np.inf for entry in entries], np.float64)
    best = np.maximum.accumulate(scores) if len(scores) else scores
    return pd.DataFrame(
        {
            "time": np.array([entry.finished for entry in entries], np.float64),
            "model": np.array([entry.number for entry in entries], np.int64),
            "incumbent": np.where(np.isfinite(best), best, np.nan),
            "ensemble": np.array([entry.ensemble_score for entry in entries], np.float64),
        }
    )


# Other ensembles over time are replayed from stored predictions; nothing is trained. So one search answers for its
# baselines alone, its networks alone, both together and the best model alone (section 5.3.3 of the paper), on the
# validation rows and on the test rows that ``fit`` was given.


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """An ensemble from one time on.

    Attributes:
        time: Seconds since the beginning of the search.
        score: On the validation rows, larger is better.
        weights: Shares of the models in it by their numbers.
        test: ``(test rows, classes)`` probabilities; None if the search had no test rows.
    """

    time: float
    score: float
    weights: dict[int, float]
    test: NDArray[np.float64] | None


def ensembles_over_time(
    folder: Path | str, problem: LearningTask, *, pool: str = "all", size: int = SIZE, candidates: int = CANDIDATES
) -> list[Stage]:
    """The ensembles of a pool after each model that changes them.

    Args:
        folder: Folder of a search.
        problem: What it learnt, the same rows and folds.
        pool: A name of :data:`lcbench.simulate.autotabular.settings.POOLS`.
        size: How many times a model is added; 1 for the best model alone.
        candidates: From how many of the best models.
    """
    place, stages = Folder(Path(folder)), list[Stage]()
    entries = journal.read(place.results)
    known: dict[int, Predictions] = {}
    rows = SelectionRows.of(problem, candidates)
    for count, entry in enumerate(entries, start=1):
        best = best_of(entries[:count], pool, candidates)
        if entry.number not in best:
            continue
        for number in best:
            if number not in known and (found := place.predictions(number)) is not None:
                known[number] = replace(found, valid=rows.take(found.valid))
        there = [number for number in best if number in known]
        if there:
            stages.append(_stage(entry.finished, rows.scorer, {number: known[number] for number in there}, size))
    return stages


def _stage(time: float, scorer: Scorer, models: dict[int, Predictions], size: int) -> Stage:
    weights, score = select(scorer, np.stack([model.valid for model in models.values()]), size)
    tests = [model.test for model in models.values() if model.test is not None]
    test = combine(weights, np.stack(tests)) if len(tests) == len(models) else None
    shares = {number: float(weight) for number, weight in zip(models, weights, strict=True) if weight > 0}
    return Stage(time, score, shares, test)
