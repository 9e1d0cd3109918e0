"""Priors of studies, and the optimizers that use them."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float, Normal

import lcbench
from lcbench import cli
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, ReplayBackend, WarmStart, simulate
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers.priorband import PriorBand, incumbent_share, step
from lcbench.simulate.priors import of_rule, parse_prior, prior_of
from lcbench.simulate.study import study
from lcbench.space.prior import Prior

NEAR = Prior.around(np.array([0.3, 0.8]), (0, 0), 0.1)  # where the bowl has its optimum
FAR = Prior.around(np.array([0.95, 0.1]), (0, 0), 0.1)
FLAT = Prior.uniform((0, 0))


def play(name, backend, prior, evaluations, seed=0, **settings):
    domain = SpaceDomain(backend.space, prior)
    optimizer = OPTIMIZERS[name](domain, backend.budgets, np.random.default_rng(seed), **settings)
    return simulate(optimizer, backend, evaluations=evaluations)


def jobs(trace):
    return [r.job for r in trace.results]


def places(trace):
    return np.array([[r.job.config["x"], r.job.config["y"]] for r in trace.results])


def test_rules_draw_from_the_ends_and_the_middle():
    losses = np.append(np.random.default_rng(0).permutation(np.arange(300.0)), [np.inf] * 5)
    assert sorted(losses[of_rule("good", losses)]) == [0, 1, 2]
    assert sorted(losses[of_rule("medium", losses)]) == [148, 149, 150]
    assert sorted(losses[of_rule("bad", losses)]) == [297, 298, 299]
    assert of_rule("good", np.array([np.inf, 3.0])).tolist() == [1]
    with pytest.raises(InputError, match="a prior must be made from runs that did not diverge, got none"):
        of_rule("bad", np.array([np.inf]))


@pytest.mark.parametrize("dataset", ["phoneme", "vehicle"])
def test_good_is_better_than_medium_and_that_than_bad(dataset):
    """Mean loss of the rows under each prior, over ten seeds."""
    backend = ReplayBackend(lcbench.load(), dataset, seed="mean")

    def mean_loss(rule):
        weights = np.mean(
            [np.exp(prior_of(rule, backend, seed).log_density(backend.table.cube)) for seed in range(10)], axis=0
        )
        return np.average(backend.losses[:, -1], weights=weights)

    assert mean_loss("good") < mean_loss("medium") < mean_loss("bad")


def test_a_prior_of_a_rule_depends_on_seed_and_data_set(bench):
    backends = [ReplayBackend(bench, name) for name in ("alpha", "beta")]
    modes = {tuple(prior_of("bad", backend, seed).mode) for backend in backends for seed in (0, 0, 1)}
    assert modes == {tuple(prior_of("bad", backend, seed).mode) for backend in backends for seed in (1, 0)}
    assert len(modes) >= 2


def test_pibo_with_a_flat_prior_is_expected_improvement(bowl):
    plain, flat = (play(name, bowl, prior, 14) for name, prior in (("gp-ei", None), ("pibo", FLAT)))
    assert jobs(plain) == jobs(flat)
    assert jobs(play("pibo", bowl, None, 14)) == jobs(plain)
    assert jobs(play("pibo", bowl, NEAR, 14)) != jobs(plain)


def test_pibo_looks_first_where_it_is_told_and_forgets_a_wrong_prior(bowl):
    def distances(prior, evaluations, **settings):
        return np.linalg.norm(places(play("pibo", bowl, prior, evaluations, **settings)) - (0.3, 0.8), axis=1)

    assert distances(NEAR, 6).max() < 0.4
    led_astray = distances(FAR, 24, beta=3.0)
    assert led_astray[:4].min() > 0.5
    assert led_astray.min() < 0.1


def test_random_search_draws_from_the_prior(bowl):
    drawn = places(play("prior-random", bowl, NEAR, 200))
    np.testing.assert_allclose(drawn.mean(axis=0), [0.3, 0.79], atol=0.03)
    assert jobs(play("prior-random", bowl, FLAT, 20)) == jobs(play("random", bowl, None, 20))


def test_on_a_table_rows_under_the_prior_are_drawn_first(bench):
    backend = ReplayBackend(bench, "alpha")
    prior = Prior.around(backend.table.cube[3], backend.table.encoding.levels, 0.01)
    optimizer = OPTIMIZERS["prior-random"](backend.domain(prior), backend.budgets, np.random.default_rng(0))
    assert optimizer.ask().config == backend.table.configs[3]


def test_priorband_draws_half_from_the_prior_on_the_lowest_rung_and_more_on_higher_ones(bowl):
    """Before the first full run: eta 3, so 1/2 on rung 0."""
    narrow = Prior.around(np.array([0.3, 0.8]), (0, 0), 0.001)
    shares = {}
    for rung in (0, 1, 2):
        optimizer = PriorBand(SpaceDomain(bowl.space, narrow), bowl.budgets, np.random.default_rng(1))
        optimizer._brackets.rung = rung
        drawn = np.array([[c["x"], c["y"]] for c in (optimizer._propose() for _ in range(400))])
        shares[rung] = (np.linalg.norm(drawn - (0.3, 0.8), axis=1) < 0.01).mean()
    assert shares == pytest.approx({0: 1 / 2, 1: 3 / 4, 2: 9 / 10}, abs=0.06)


def test_incumbent_and_prior_share_by_where_the_good_ones_are():
    """Densities of equal parts; the best of two good ones weighs twice."""
    left, right = np.repeat([1.5, 0.5], 500) / 1000, np.repeat([0.5, 1.5], 500) / 1000
    prior, near = Prior((left,), (0,)), Prior((right,), (0,))
    assert incumbent_share(np.array([[0.9]]), prior, near) == pytest.approx(1.5 / 2)
    assert incumbent_share(np.array([[0.9], [0.1]]), prior, near) == pytest.approx((2 * 1.5 + 0.5) / (3 * 2))
    assert incumbent_share(np.array([[0.4]]), prior, prior) == 0.5


def test_a_step_changes_some_hyperparameters():
    rng, point = np.random.default_rng(0), np.array([0.5, 2.0, np.nan])
    moved = np.array([step(rng, point, (0, 4, 0), 0.5, 0.1) for _ in range(2000)])
    assert (moved[:, 0] == 0.5).mean() == pytest.approx(0.5, abs=0.05)
    assert moved[moved[:, 0] != 0.5, 0].std() == pytest.approx(0.1, rel=0.1)
    assert np.bincount(moved[:, 1].astype(int)) / 2000 == pytest.approx([1 / 6, 1 / 6, 1 / 2, 1 / 6], abs=0.05)
    assert ((moved[:, 2] >= 0) & (moved[:, 2] <= 1)).all()


def test_priorband_uses_a_good_prior_and_recovers_from_a_bad_one(bowl):
    def best(name, prior):
        return np.mean([play(name, bowl, prior, 60, seed).incumbent(np.inf).loss for seed in range(8)])

    plain = best("hyperband", None)
    assert best("priorband", NEAR) < plain
    assert best("priorband", FAR) < 2 * plain


def test_without_a_prior_or_with_a_uniform_one_priorband_is_the_same(bowl):
    assert jobs(play("priorband", bowl, None, 40)) == jobs(play("priorband", bowl, FLAT, 40))


def test_a_warm_start_passes_the_prior_on(bowl):
    first = {"x": 0.5, "y": 0.5}
    make = WarmStart(OPTIMIZERS["prior-random"], [first])
    narrow = Prior.around(np.array([0.3, 0.8]), (0, 0), 0.001)
    optimizer = make(SpaceDomain(bowl.space, narrow), bowl.budgets, np.random.default_rng(0))
    assert optimizer.ask().config == first
    assert optimizer.ask().config["x"] == pytest.approx(0.3, abs=0.01)


def test_a_study_with_a_prior(bench, tmp_path):
    believed = ConfigurationSpace(space=[Float("max_dropout", (0.0, 1.0), distribution=Normal(0.9, 0.05))])
    believed.to_json(tmp_path / "prior.json")
    settings = {"datasets": ["alpha"], "optimizers": ["prior-random", "random"], "seeds": [0, 1], "budget": "6evals"}
    plain = study(bench, **settings)
    from_file = study(bench, prior=tmp_path / "prior.json", **settings)
    assert from_file.equals(study(bench, prior=believed, **settings))
    assert not from_file.equals(plain)
    assert from_file.query("optimizer == 'random'").equals(plain.query("optimizer == 'random'"))
    dropout = bench.configs["max_dropout"].loc[from_file.query("optimizer == 'prior-random'")["config_id"]]
    assert dropout.mean() > 0.7


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("excellent", r"prior excellent must be good, medium, bad or a JSON file of a ConfigSpace with distributions"),
        (ConfigurationSpace({"other": (0.0, 1.0)}), "prior must have hyperparameters of the space only, got other"),
    ],
)
def test_priors_that_cannot_be(bench, given, message):
    with pytest.raises(InputError, match=message):
        study(bench, ["alpha"], ["random"], [0], budget="2evals", prior=given)


def test_what_becomes_of_optimizers_without_a_prior_is_said_once(bench, tmp_path, capsys):
    line = ["simulate", str(bench.folder), "--dataset", "alpha", "--seeds", "1", "--budget", "2evals"]
    names = ["--optimizers", "random,pibo(beta=5),priorband,prior-random"]
    assert cli.run([*line, *names, "--out", str(tmp_path / "without.parquet")]) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("no prior is given") == 1
    assert "pibo(beta=5) is gp-ei, priorband is hyperband with local search around the best, prior-random is" in said
    for more in (["--prior", "good", *names], ["--optimizers", "random,gp-ei"]):
        assert cli.run([*line, *more, "--out", str(tmp_path / f"{more[1]}.parquet")]) == 0
        assert "no prior" not in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name, made in OPTIMIZERS.items() if hasattr(made, "without_prior")])
def test_without_a_prior_they_are_what_they_say(bench, name):
    instead = OPTIMIZERS[name].without_prior
    if instead in OPTIMIZERS:  # the same seed, since a study seeds by the name
        found = []
        for each in (name, instead):
            backend = ReplayBackend(bench, "alpha")
            optimizer = OPTIMIZERS[each](backend.domain(), backend.budgets, np.random.default_rng(3))
            found.append([result.job for result in simulate(optimizer, backend, evaluations=12).results])
        assert found[0] == found[1]
    else:
        assert instead.partition(" ")[0] in OPTIMIZERS


def test_the_prior_is_a_setting(bench):
    from lcbench.simulate.study import StudyPlan, parse_budget

    def settings(prior):
        limit = parse_budget("2x")
        plan = StudyPlan(
            ("alpha",),
            ("random",),
            (0,),
            (1,),
            limit,
            "valid_accuracy",
            0,
            "adaptive",
            "exact",
            prior=parse_prior(prior),
        )
        return plan.settings(bench)

    assert settings("good")["prior"] == "good"
    assert settings(None) == settings("bad") | {"prior": "none"}
    assert settings(bench.space)["prior"].startswith("distributions ")
