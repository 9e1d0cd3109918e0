"""The rows that select an ensemble where there are too many probabilities."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
from autotab_helpers import Guessed, model_of, result_of
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import get_scorer

from lcbench.collection.models import Scorer
from lcbench.simulate.autotabular import selection
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.selection import Selection, SelectionRows, select
from lcbench.simulate.autotabular.settings import SearchSettings
from lcbench.simulate.autotabular.tables import ensembles_over_time


def scorer_of(labels) -> Scorer:
    rows = pd.DataFrame({"place": np.arange(len(labels))})
    return Scorer("accuracy", get_scorer("accuracy"), 1.0, rows, labels, np.arange(labels.max() + 1))


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=6), st.integers(1, 8), st.integers(1, 400))
def test_it_has_room_for_its_candidates_and_each_class_by_its_share(counts, candidates, most):
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(counts)), counts))
    own = SelectionRows.of(SimpleNamespace(valid_labels=labels, scorer=scorer_of(labels)), candidates, most)
    rows, room = len(own.places), most // (candidates * len(counts))
    assert rows == min(len(labels), max(1, room))
    assert (np.diff(own.places) > 0).all()
    np.testing.assert_array_equal(own.scorer.y, labels[own.places])
    assert own.scorer.rows.index.tolist() == list(range(rows))
    assert own.scorer.rows["place"].tolist() == own.places.tolist()
    shares = np.array(counts) / len(labels)
    assert np.abs(np.bincount(labels[own.places], minlength=len(counts)) - rows * shares).max() <= 1


def test_where_there_is_no_room_a_sample_selects(tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "MOST_NUMBERS", 2 * 2 * 40)  # 2 candidates, 2 classes, 40 of 80 rows
    problem, folder = Guessed(np.random.default_rng(0).integers(2, size=80)), Folder(tmp_path)
    models = [model_of(problem, np.random.default_rng(seed), 0.7) for seed in range(2)]
    asked = SearchSettings(None, 5, 1, 0, (), (), candidates=2, ensemble_size=5)
    chosen = Selection(problem, folder, asked, lambda: 0.0)
    for number, model in enumerate(models):
        folder.keep(number, model)
        chosen(number, result_of(number, model.score))
    places = SelectionRows.of(problem, 2).places
    assert len(places) == 40
    chances = np.stack([model.valid_probabilities[places] for model in models])
    weights, score = select(problem.scorer.on(places), chances, 5)
    last = list(chosen.entries.values())[-1]
    assert last.ensemble_score == score
    assert [last.weights.get(number, 0) for number in range(2)] == weights.tolist()
    replayed = ensembles_over_time(tmp_path, problem, size=5, candidates=2)[-1]
    assert (replayed.weights, replayed.score) == (last.weights, score)
