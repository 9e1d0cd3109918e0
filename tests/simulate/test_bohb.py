import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, simulate
from lcbench.simulate.domain import ConfigTable, TableDomain
from lcbench.simulate.optimizers.bohb import BOHB, KDESettings, split
from lcbench.space.spaces import sample
from lcbench.table.curve import Curve


class SmoothTable:
    """500 random points of a bowl in five dimensions; 10 s an epoch; short budgets rank as long ones do, nearly."""

    metric, budgets, resumes = METRICS["valid_cross_entropy"], (12, 25, 50), False
    target = np.array([0.2, 0.35, 0.5, 0.65, 0.8])
    space = ConfigurationSpace({f"x{i}": (0.0, 1.0) for i in range(5)})

    def __init__(self):
        self.table = ConfigTable(self.space, sample(self.space, 500, np.random.default_rng(0)))

    def domain(self):
        return TableDomain(self.table)

    def curve(self, config, budget):
        epochs = np.arange(budget + 1.0)
        x = np.array(list(config.values()))
        loss = ((x - self.target) ** 2).sum() + (1 + x[0]) * (1 / (1 + epochs) - 1 / 51)
        return Curve(loss, 10.0 * epochs)


def test_bohb_and_kde_beat_random_search_and_hyperband_on_a_smooth_table():
    backend = SmoothTable()

    def mean_best(name):
        found = []
        for seed in range(20):
            optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(seed))
            found.append(simulate(optimizer, backend, workers=4, seconds=500.0 * 15).incumbent(np.inf).loss)
        return np.mean(found)

    bohb, kde, hyperband, random = map(mean_best, ("bohb", "kde", "hyperband", "random"))
    assert bohb < 0.8 * hyperband
    assert bohb < 0.8 * random
    assert kde < 0.8 * random


@pytest.mark.parametrize(
    ("n", "good", "bad"),
    [
        (4, None, None),  # N_min + 2 = 5 are needed
        (5, 3, 3),  # they share one
        (6, 3, 3),
        (10, 3, 7),
        (40, 6, 34),  # 15 %
    ],
)
def test_sizes_of_the_good_and_the_bad(n, good, bad):
    losses = np.random.default_rng(0).permutation(n).astype(float)
    found = split(losses, top=0.15, min_points=3)
    if good is None:
        assert found is None
        return
    assert losses[found[0]].tolist() == list(range(good))
    assert losses[found[1]].tolist() == list(range(n - bad, n))


def test_diverged_runs_are_never_good():
    losses = np.array([np.inf, 0.3, np.inf, 0.1, np.inf, np.inf, 0.2])
    good, bad = split(losses, top=0.9, min_points=3)
    assert good.tolist() == [3, 6, 1]
    assert set(bad) >= {0, 2, 4} or np.isinf(losses[bad]).all()
    assert split(np.full(20, np.inf), top=0.15, min_points=3) is None


def test_without_random_fraction_and_with_a_model_bohb_looks_near_the_best(bowl):
    settings = KDESettings(random_fraction=0.0)
    optimizer = BOHB(bowl.domain(), bowl.budgets, np.random.default_rng(1), settings=settings)
    trace = simulate(optimizer, bowl, evaluations=150)
    configs = np.array([[r.job.config["x"], r.job.config["y"]] for r in trace.results[-40:]])
    assert np.abs(np.median(configs, axis=0) - [0.3, 0.8]).max() < 0.1


def test_all_random_is_hyperband(bowl):
    settings = KDESettings(random_fraction=1.0)
    bohb = BOHB(bowl.domain(), bowl.budgets, np.random.default_rng(1), settings=settings)
    hyperband = OPTIMIZERS["hyperband"](bowl.domain(), bowl.budgets, np.random.default_rng(1))
    budgets = [[r.job.budget for r in simulate(o, bowl, evaluations=60).results] for o in (bohb, hyperband)]
    assert budgets[0] == budgets[1]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"top": 1.5}, r"top must be in \(0, 1\), got 1.5"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"random_fraction": -0.1}, "random_fraction must be in"),
        ({"bandwidth_factor": 0.0}, "bandwidth_factor must be more than 0"),
        ({"min_bandwidth": 0.0}, "min_bandwidth must be more than 0"),
        ({"min_points": 1}, "min_points must be at least 2"),
    ],
)
def test_settings_that_cannot_be(setting, message):
    with pytest.raises(InputError, match=message):
        KDESettings(**setting)
