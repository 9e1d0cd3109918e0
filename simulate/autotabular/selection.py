"""Selection of the ensemble after every model, and of the rows that select it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models import LearningTask, Scorer
from lcbench.simulate.autotabular import journal
from lcbench.simulate.autotabular.baselines_first import baseline_of
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.journal import NETWORK, Entry
from lcbench.simulate.autotabular.settings import SearchSettings
from lcbench.simulate.ensembles import Loss, combine, greedy_ensemble
from lcbench.simulate.realtime.result import LiveResult

MOST_NUMBERS = 2**27
"""Probabilities of all candidates together; a selection holds them several times, at most in some 3 GB.

30 candidates of 10 classes may have 447,000 rows each; of the 355 classes of dionis 12,600, enough to tell an accuracy
within half a point.
"""


@dataclass(frozen=True, slots=True, eq=False)
class SelectionRows:
    """The validation rows that select an ensemble: all, or a sample if there are too many probabilities.

    Make it with :meth:`of`.

    Attributes:
        places: Which of the problem's validation rows they are, increasing.
        scorer: The problem's scorer, on these rows.
    """

    places: NDArray[np.intp]
    scorer: Scorer

    @classmethod
    def of(cls, problem: LearningTask, candidates: int, most: int | None = None) -> Self:
        """Take all validation rows, or as many as there is room for, each class by its share.

        Args:
            problem: What is learnt.
            candidates: How many models there are to choose from.
            most: Probabilities that all of them may have together; :data:`MOST_NUMBERS` by default.
        """
        labels, scorer = problem.valid_labels, problem.scorer
        room = max(1, (MOST_NUMBERS if most is None else most) // (candidates * len(scorer.classes)))
        if len(labels) <= room:
            return cls(np.arange(len(labels)), scorer)
        by_class = np.argsort(labels, kind="stable")
        places = np.sort(by_class[np.linspace(0, len(labels), room, endpoint=False).astype(np.intp)])
        return cls(places, scorer.on(places))

    def take(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take the probabilities ``(rows, classes)`` of these rows from those of all validation rows."""
        return probabilities if len(probabilities) == len(self.places) else probabilities[self.places]


# A model that is not among the best of its pool can never come back: others only get ahead of it. So the models of the
# ensemble and the best of the pool are kept, and the rest is removed (its predictions stay). On the disk there are
# never more models than candidates, plus the one that was just fitted.

NOT_KEPT = "its predictions are missing or damaged"

_FAST = {"accuracy": "accuracy", "balanced_accuracy": "balanced_accuracy", "neg_log_loss": "cross_entropy"}
"""Scorers for which :mod:`lcbench.simulate.ensembles` has sums that make a selection quick."""

_DECIMALS = 6
"""Scores of networks have the precision of float32; rounded, equal ones are equal."""

_SHARE = 0.05
"""Part of the time that selections by other scorers may take; where they have taken it the next model waits for it."""

_LEAST = 1.0
"""Seconds that such a selection may take in any case."""


@dataclass(slots=True, eq=False)
class Selection:
    """Select the ensemble after every result of a search (see :data:`lcbench.simulate.realtime.state.Watch`).

    Attributes:
        problem: What is learnt; its scorer selects, on all its validation rows or on a sample (:class:`SelectionRows`).
        folder: Storage of models, predictions and results.
        settings: Pool, candidates and size of the ensemble.
        clock: Gives seconds, to know what selections cost.
        entries: What was tried, by number, in the order in which it was done.
    """

    problem: LearningTask
    folder: Folder
    settings: SearchSettings
    clock: Callable[[], float]
    entries: dict[int, Entry] = field(default_factory=dict)
    _chances: dict[int, NDArray[Any]] = field(default_factory=dict)
    _weights: dict[int, float] = field(default_factory=dict)
    _score: float = math.nan
    _spent: float = 0.0
    _stale: bool = False
    _rows: SelectionRows = field(init=False)

    def __post_init__(self) -> None:
        self._rows = SelectionRows.of(self.problem, self.settings.candidates)

    def recall(self) -> None:
        """Resume from what the folder holds."""
        for entry in journal.read(self.folder.results):
            self._note(entry)

    def __call__(self, number: int, result: LiveResult) -> str:
        """Take a result; one that the journal has is known already."""
        if number not in self.entries:
            self._add(_entry(number, result))
        return self.words()

    def finish(self) -> None:
        """Select once more if there was no time to consider the last models."""
        if self._stale:
            last = next(reversed(self.entries.values()))
            self._select(self._best(), last.finished)
            self._write(replace(last, ensemble_score=self._score, weights=self._weights))

    def words(self) -> str:
        """Describe the best model and the ensemble so far, for people."""
        usable = [entry for entry in self.entries.values() if entry.usable]
        if not usable:
            return "no model yet"
        best = max(usable, key=lambda entry: entry.score)
        name = self.problem.scorer.name
        alone = f"best model {name} {best.score:.4f} ({best.kind})"
        return alone if not self._weights else f"ensemble of {len(self._weights)} {name} {self._score:.4f}, {alone}"

    def _add(self, entry: Entry) -> None:
        """Add a new model."""
        if entry.usable and self._probabilities(entry.number) is None:
            entry = replace(entry, score=math.nan, reason=NOT_KEPT)
        self.entries[entry.number] = entry
        best = self._best()
        self._chances = {number: self._chances[number] for number in self._chances if number in best}
        if entry.number in best:
            self._stale = True
            if self._affordable(entry.finished):
                self._select(best, entry.finished)
        self._write(replace(entry, ensemble_score=self._score, weights=dict(self._weights)))
        self.folder.remove_models(self.entries.keys() - {*best, *self._weights})  # not those whose result is to come

    def _write(self, entry: Entry) -> None:
        journal.append(self.folder.results, entry)
        self._note(entry)

    def _note(self, entry: Entry) -> None:
        self.entries[entry.number] = entry
        self._score, self._weights = entry.ensemble_score, dict(entry.weights)

    def _affordable(self, elapsed: float) -> bool:
        return self.problem.scorer.name in _FAST or self._spent <= _SHARE * elapsed

    def _best(self) -> list[int]:
        return best_of(self.entries.values(), self.settings.pool, self.settings.candidates)

    def _select(self, best: list[int], elapsed: float) -> None:
        """Select the ensemble among the candidates, or among as many as there is time for."""
        begun = self.clock()
        there = [number for number in best if self._probabilities(number) is not None]
        if there:
            chances = np.stack([self._chances[number] for number in there])
            count, size = self._extent(chances, elapsed)
            weights, self._score = select(self._rows.scorer, chances[:count], size)
            there = there[:count]
            self._weights = {n: float(w) for n, w in zip(there, weights, strict=True) if w > 0}
        self._stale = False
        self._spent += self.clock() - begun

    def _extent(self, chances: NDArray[Any], elapsed: float) -> tuple[int, int]:
        """How many models to select from, and how often to add one: fewer if the scorer is slow."""
        size = self.settings.ensemble_size
        if self.problem.scorer.name in _FAST:
            return len(chances), size
        begun = self.clock()
        self._rows.scorer.loss(chances[0])
        calls = int(max(_LEAST, _SHARE * elapsed) / max(self.clock() - begun, 1e-9))
        return (len(chances), min(size, calls // len(chances))) if calls >= len(chances) else (1, 1)

    def _probabilities(self, number: int) -> NDArray[Any] | None:
        """A model's probabilities on the rows that select, from memory or from its file."""
        if number not in self._chances:
            found = self.folder.predictions(number)
            if found is None:
                return None
            self._chances[number] = self._rows.take(found.valid)
        return self._chances[number]


def best_of(entries: Iterable[Entry], pool: str, candidates: int) -> list[int]:
    """Numbers of the best models of a pool, best first; of equal ones the earlier.

    Args:
        entries: What was tried.
        pool: A name of :data:`lcbench.simulate.autotabular.settings.POOLS`.
        candidates: How many at most.
    """
    own = [e for e in entries if e.usable and (pool == "all" or (e.kind == NETWORK) == (pool == "networks"))]
    ranked = sorted(own, key=lambda entry: (-entry.score, entry.finished, entry.number))
    return [entry.number for entry in ranked[:candidates]]


def select(scorer: Scorer, chances: NDArray[Any], size: int) -> tuple[NDArray[np.float64], float]:
    """Select an ensemble of all these models: the largest of the best ones on the way.

    On few validation rows many ensembles have the same accuracy. The first of them is of two or three models, the last
    the mean of many (docs/decisions/0042-what-selects-an-ensemble.md).

    Args:
        scorer: What counts, on the rows that select.
        chances: ``(models, rows, classes)`` on these rows, at least one model.
        size: How many times a model is added.

    Returns:
        Shares ``(models,)``, and the ensemble's score.
    """
    name = scorer.name
    loss: str | Loss = _FAST[name] if name in _FAST else lambda probabilities, _: scorer.loss(probabilities)
    found = greedy_ensemble(chances, scorer.y, size, len(chances), loss)
    steps = size - int(found.losses[::-1].argmin())
    weights = np.bincount(found.picks[:steps], minlength=len(chances)) / steps
    return weights, scorer.score(combine(weights, chances))


def _entry(number: int, result: LiveResult) -> Entry:
    name = baseline_of(result.job.config)
    return Entry(
        number=number,
        trial=result.job.trial,
        kind=name or NETWORK,
        config=None if name else dict(result.job.config),
        budget=result.job.budget,
        score=round(float(result.curve.values[-1]), _DECIMALS),
        started=result.started,
        finished=result.finished,
        worker=result.worker,
        reason=result.reason,
    )
