"""Other ensembles of a search, as they would have been over time: nothing is trained, kept predictions are replayed.

So one search answers for its baselines alone, its networks alone, both together and the best model alone (paper,
section 5.3.3), on the validation rows and on the test rows that ``fit`` was given.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models import Problem, Scorer
from lcbench.simulate.autotabular import journal
from lcbench.simulate.autotabular.folder import Folder, Predictions
from lcbench.simulate.autotabular.jury import Jury
from lcbench.simulate.autotabular.selection import best_of, select
from lcbench.simulate.ensembles import CANDIDATES, SIZE, combine


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """An ensemble from one moment on.

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
    folder: Path | str, problem: Problem, *, pool: str = "all", size: int = SIZE, candidates: int = CANDIDATES
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
    jury = Jury.of(problem, candidates)
    for count, entry in enumerate(entries, start=1):
        best = best_of(entries[:count], pool, candidates)
        if entry.number not in best:
            continue
        for number in best:
            if number not in known and (found := place.predictions(number)) is not None:
                known[number] = replace(found, valid=jury.hear(found.valid))
        there = [number for number in best if number in known]
        if there:
            stages.append(_stage(entry.finished, jury.scorer, {number: known[number] for number in there}, size))
    return stages


def _stage(time: float, scorer: Scorer, models: dict[int, Predictions], size: int) -> Stage:
    weights, score = select(scorer, np.stack([model.valid for model in models.values()]), size)
    tests = [model.test for model in models.values() if model.test is not None]
    test = combine(weights, np.stack(tests)) if len(tests) == len(models) else None
    shares = {number: float(weight) for number, weight in zip(models, weights, strict=True) if weight > 0}
    return Stage(time, score, shares, test)
