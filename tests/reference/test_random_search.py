"""Random search against its exact expectation on a table.

The best of k rows drawn without replacement out of N has a closed form. With the losses sorted, l_1 <= ... <= l_N, the
best is l_i if row i is drawn and the other k - 1 come from the N - i rows behind it:

    P(best = l_i) = C(N - i, k - 1) / C(N, k),    E = sum_i l_i P(best = l_i).
"""

from itertools import combinations
from math import comb

import numpy as np
import pytest

from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate


def weights(n, k):
    """``(n,)`` probability of each rank to be the best of ``k`` drawn."""
    return np.array([comb(n - i, k - 1) for i in range(1, n + 1)]) / comb(n, k)


def test_the_closed_form_is_that_of_all_subsets():
    losses = np.array([0.1, 0.4, 0.5, 0.9, 1.3])
    for k in range(1, 6):
        every = [min(chosen) for chosen in combinations(losses, k)]
        assert losses @ weights(5, k) == pytest.approx(np.mean(every))
    assert weights(5, 5).tolist() == [1, 0, 0, 0, 0]


@pytest.mark.parametrize("k", [1, 3, 10])
def test_the_mean_best_of_random_search_is_the_closed_form(bench, k):
    """Within 4.5 standard errors of the expectation, which are known from the closed form as well."""
    backend, runs = ReplayBackend(bench, "alpha"), 400
    losses = np.sort(backend.losses[:, -1])
    expected = losses @ weights(len(losses), k)
    deviation = np.sqrt((losses**2) @ weights(len(losses), k) - expected**2)
    found = []
    for seed in range(runs):
        optimizer = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(seed))
        found.append(simulate(optimizer, backend, evaluations=k).incumbent(np.inf).loss)
    assert abs(np.mean(found) - expected) < 4.5 * deviation / np.sqrt(runs)


def test_each_rank_is_the_best_as_often_as_the_closed_form_says(bench):
    """Of 600 searches of 5 draws: each of the first 8 ranks within 4.5 binomial standard deviations."""
    backend, runs, k = ReplayBackend(bench, "beta"), 600, 5
    losses = np.sort(backend.losses[:, -1])
    chances = weights(len(losses), k)
    counts = np.zeros(len(losses))
    for seed in range(runs):
        optimizer = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(seed))
        counts[np.searchsorted(losses, simulate(optimizer, backend, evaluations=k).incumbent(np.inf).loss)] += 1
    spread = np.sqrt(runs * chances * (1 - chances))
    assert (np.abs(counts - runs * chances)[:8] < 4.5 * spread[:8]).all()


def test_the_whole_table_holds_the_best(bench):
    backend = ReplayBackend(bench, "alpha")
    optimizer = OPTIMIZERS["random"](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, evaluations=len(bench.configs))
    assert trace.incumbent(np.inf).loss == backend.losses[:, -1].min()
