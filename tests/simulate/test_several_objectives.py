"""Several objectives: backends, optimizers and studies."""

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench import cli
from lcbench.errors import InputError, PlanConflictError, UnknownNameError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, Job, ReplayBackend, Result, simulate
from lcbench.simulate.optimizers.mo_asha import FrontRung, net_order
from lcbench.simulate.optimizers.nsga import NSGA2, crossed, mutated
from lcbench.simulate.optimizers.parego import simplex
from lcbench.simulate.pareto import hypervolume
from lcbench.simulate.study import Keep, read, study
from lcbench.simulate.study.comparison import compare
from lcbench.simulate.study.objectives import differences, judged, measure_of, names_of
from lcbench.simulate.study.regret import areas, normalized_regrets, run_regrets
from lcbench.simulate.study.tested import is_tested
from lcbench.simulate.wrappers import ScaledCost
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric

BOTH = "valid_accuracy,seconds"


@pytest.fixture(scope="module")
def traces(bench) -> pd.DataFrame:
    return study(bench, optimizers=["random", "mo-asha"], seeds=range(3), budget="6x", metric=BOTH)


def run(factory, backend, evaluations=60, seed=0, workers=3):
    optimizer = factory(backend.domain(), backend.budgets, np.random.default_rng(seed))
    return simulate(optimizer, backend, workers=workers, evaluations=evaluations).results


def opposed(budgets=(1, 3, 9)) -> FunctionBackend:
    """Two losses, x ** 2 + y and (1 - x) ** 2 + y: the front is y = 0; more epochs are better in both."""

    def losses(config, budget):
        x, y = config["x"], config["y"] + 1 / budget
        return x**2 + y, (1 - x) ** 2 + y

    return FunctionBackend(
        ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}),
        budgets,
        lambda c, b: Curve(np.array([2.0, *(losses(c, e)[0] for e in range(1, b + 1))]), np.arange(b + 1.0)),
        further=lambda c, b: losses(c, b)[1:],
    )


# Backends ------------------------------------------------------------------------------------------------------------


def test_a_replay_gives_the_recorded_losses_of_all_objectives(bench):
    backend = ReplayBackend(bench, "alpha", f"{BOTH},test_cross_entropy", seed=1)
    assert [metric.name for metric in backend.metrics] == ["valid_accuracy", "seconds", "test_cross_entropy"]
    assert backend.metric == bench.metric("valid_accuracy")
    for result in run(OPTIMIZERS["hyperband"], backend, evaluations=12):
        row, budget = backend.bench.configs.index.get_loc(backend.config_id(result.job.config)), result.job.budget
        values = [bench.array("alpha", metric.name, budget)[row, 1, budget] for metric in backend.metrics]
        assert result.objectives == pytest.approx([1 - values[0], values[1], values[2]])
        assert result.objectives[0] == result.loss


def test_points_on_the_longest_run_have_its_seconds_up_to_there(bench):
    backend = ReplayBackend(bench, "alpha", BOTH, schedule="non-adaptive", budgets=range(1, 51))
    config = backend.domain().sample(np.random.default_rng(0))
    assert backend.further_losses(config, 7) == (backend.curve(config, 50).seconds[7],)


def test_one_objective_is_as_before(bench):
    one, both = ReplayBackend(bench, "alpha"), ReplayBackend(bench, "alpha", BOTH)
    assert one.metrics == (one.metric,)
    for name in ("random", "bohb", "gp-ei", "asha", "de"):
        told, again = run(OPTIMIZERS[name], one), run(OPTIMIZERS[name], both)
        assert [r.objectives for r in told] == [(r.loss,) for r in told]
        assert [(r.job, r.loss, r.finished) for r in told] == [(r.job, r.loss, r.finished) for r in again], (
            "optimizers of one objective optimize the first"
        )


def test_wrappers_pass_objectives_on(bench):
    backend = ReplayBackend(bench, "alpha", BOTH)
    config = backend.domain().sample(np.random.default_rng(0))
    assert ScaledCost(backend, 2.0).further_losses(config, 50) == backend.further_losses(config, 50)
    assert ScaledCost(ReplayBackend(bench, "alpha"), 2.0).further_losses(config, 50) == ()


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("valid_accuracy,nonsense", UnknownNameError, "unknown metric 'nonsense'"),
        ("valid_accuracy,valid_accuracy", InputError, "named once each"),
        ("valid_accuracy,seconds,seconds", InputError, "named once each"),
        ("seconds,valid_accuracy", InputError, "the first of several objectives must be a metric"),
        ("valid_accuracy,", UnknownNameError, "unknown metric ''"),
    ],
)
def test_bad_objectives_are_refused(bench, tmp_path, capsys, text, error, said):
    with pytest.raises(error, match=said):
        ReplayBackend(bench, "alpha", text)
    assert cli.run(["simulate", str(bench.folder), "--metric", text, "--out", str(tmp_path / "s.parquet")]) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_live_and_serve_refuse_several_objectives(bench, tmp_path, capsys):
    live = ["live", "sklearn:wine", "--trials", "2", "--metric", BOTH, "--out", str(tmp_path / "live")]
    assert cli.run(live) == 2
    assert "metric must be one metric, got valid_accuracy,seconds" in " ".join(capsys.readouterr().err.split())
    assert cli.run(["serve", str(bench.folder), "--dataset", "alpha", "--metric", BOTH]) == 2
    assert "metric must be one metric, got valid_accuracy,seconds" in " ".join(capsys.readouterr().err.split())


# Optimizers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "evaluations", "seeds"), [("nsga-ii", 200, 3), ("parego", 24, 3)])
def test_more_is_dominated_than_by_random_search(name, evaluations, seeds):
    backend = opposed()
    for seed in range(seeds):
        volumes = {}
        for each in ("random", name):
            results = run(OPTIMIZERS[each], backend, evaluations, seed)
            volumes[each] = hypervolume([r.objectives for r in results], (3, 3))
        assert volumes[name] > volumes["random"]
    best = sorted(results, key=lambda r: r.job.config["y"])[:8]
    assert np.ptp([r.job.config["x"] for r in best]) > 0.3, "not one end of the front alone"


def test_early_stopping_with_several_objectives():
    """The best third of the lowest rung goes on, by both losses: in the same time more is dominated."""
    backend, volumes = opposed(), {}
    for name in ("random", "mo-asha"):
        made = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
        results = simulate(made, backend, workers=2, seconds=200).results
        volumes[name] = hypervolume([r.objectives for r in results if r.job.budget == 9], (3, 3))
    assert volumes["mo-asha"] > volumes["random"]
    lengths = np.bincount([r.job.budget for r in results])
    assert lengths[1] > lengths[3] > lengths[9] > 0


@pytest.mark.parametrize("name", ["nsga-ii", "mo-asha", "parego"])
def test_three_objectives(bench, name):
    backend = ReplayBackend(bench, "alpha", f"{BOTH},test_accuracy")
    results = run(OPTIMIZERS[name], backend, 25)
    assert len(results) == 25
    assert len(results[0].objectives) == 3


def test_mo_asha_of_one_objective_is_asha(bench):
    backend = ReplayBackend(bench, "beta")
    steps = [[(r.job, r.finished) for r in run(OPTIMIZERS[name], backend, 80)] for name in ("asha", "mo-asha")]
    assert steps[0] == steps[1]


def test_parego_of_one_objective_is_gp_ei(bench):
    backend = ReplayBackend(bench, "beta")
    steps = [[r.job for r in run(OPTIMIZERS[name], backend, 20)] for name in ("gp-ei", "parego")]
    assert steps[0] == steps[1]


def test_a_rung_promotes_front_by_front():
    rung = FrontRung()
    metric = Metric("loss", "units", "minimize", 0.0)
    losses = [(1, 4), (2, 4), (2, 2), (np.inf, 0), (4, 1), (3, 3), (9, 9), (9, 9), (9, 9)]
    for trial, (loss, further) in enumerate(losses):
        job = Job(trial, {}, 1)
        rung.wait(Result(job, Curve([1.0, 1.0], [0.0, 1.0]), loss, 0.0, 1.0, 0, metric, further=(further,)))
    # of nine results three: the first front, from the best in the first objective to the farthest from it, and so on
    assert [rung.promote(3).trial for _ in range(3)] == [0, 4, 2]
    assert rung.promote(3) is None


def test_a_net_covers_a_front():
    front = np.array([[0, 1], [0.1, 0.9], [0.5, 0.5], [0.9, 0.1], [1, 0]])
    assert net_order(front) == [0, 4, 2, 1, 3]
    assert net_order(front * [1, 1000]) == [0, 4, 2, 1, 3], "whatever the units"
    assert net_order(np.ones((3, 2))) == [0, 1, 2]


def test_variation_stays_in_the_cube_and_keeps_the_mean():
    rng = np.random.default_rng(0)
    first, second = np.full(20_000, 0.4), np.full(20_000, 0.6)
    children = crossed(first, second, 15.0, rng)
    assert children.mean() == pytest.approx(0.5, abs=0.005)
    assert 0.05 < np.std(children) < 0.2
    for eta, place in ((20.0, 0.5), (5.0, 0.02), (5.0, 1.0)):
        moved = mutated(np.full(20_000, place), eta, rng)
        assert moved.min() >= 0
        assert moved.max() <= 1
        assert np.median(np.abs(moved - place)) < 1.5 / (eta + 1)
    assert np.array_equal(crossed(first[:5], first[:5], 15.0, rng), first[:5]), "equal parents have no other child"


def test_weights_are_all_that_sum_to_one():
    assert sorted(map(tuple, simplex(2, 4).tolist())) == [(0, 1), (0.25, 0.75), (0.5, 0.5), (0.75, 0.25), (1, 0)]
    assert simplex(3, 10).shape == (66, 3)
    np.testing.assert_allclose(simplex(3, 10).sum(axis=1), 1)
    assert simplex(1, 10).tolist() == [[1.0]]


@pytest.mark.parametrize("settings", [{"population": 1}, {"crossover": 1.5}, {"mutation": -0.1}, {"mutation_eta": -1}])
def test_nsga_refuses_bad_settings(settings):
    backend = opposed()
    with pytest.raises(InputError, match="must be"):
        NSGA2(backend.domain(), backend.budgets, np.random.default_rng(0), **settings)


# Studies -------------------------------------------------------------------------------------------------------------


def test_differences_by_hand(bench):
    """Losses that are the table's ends, its whole front, and what diverged."""
    backend = ReplayBackend(bench, "alpha", BOTH)
    every = backend.objective_losses.reshape(-1, 2)
    finite = every[np.isfinite(every).all(axis=1)]
    best, worst = finite.min(axis=0), np.array([every[np.isfinite(every[:, i]), i].max() for i in (0, 1)])
    middle = (best + worst) / 2
    found = differences(np.array([[np.inf, best[1]], worst, middle, [*best]]), backend)
    assert found[0] == np.inf
    assert found[1] == 1.0
    assert found[2] == pytest.approx(1 - 0.25 / backend.hypervolume)
    assert found[3] == 0.0
    assert differences(finite, backend)[-1] == pytest.approx(0.0, abs=1e-12)
    assert (np.diff(differences(finite, backend)) <= 0).all()


def test_traces_of_several_objectives_are_judged_by_hypervolume(bench, traces):
    assert names_of(traces) == ("valid_accuracy", "seconds")
    assert measure_of(traces) == "hypervolume difference"
    np.testing.assert_allclose([each[0] for each in traces["losses"]], traces["loss"])
    found = run_regrets(traces, (0.2, 0.5, 1.0))
    backend = ReplayBackend(bench, "alpha", BOTH, seed="mean")
    rows = traces.query("optimizer == 'random' and dataset == 'alpha' and seed == 1")
    for share in (0.2, 0.5, 1.0):
        some = rows[rows["finished"] <= share * rows["limit"]]
        volume = hypervolume(backend.scaled(np.stack(some["losses"].tolist())), np.ones(2))
        assert found.loc[("random", "alpha", 1), share] == pytest.approx(1 - volume / backend.hypervolume, abs=1e-9)
    assert (found.diff(axis=1).iloc[:, 1:] <= 0).all(axis=None), "it never rises"
    pd.testing.assert_frame_equal(normalized_regrets(traces), normalized_regrets(judged(judged(traces))))
    assert areas(traces).between(0, 1).all()
    assert not is_tested(traces), "validation chooses no single one"
    assert compare(traces, "random", np.random.default_rng(0)).measure == "hypervolume difference"


def test_traces_of_one_objective_have_no_more(bench):
    one = study(bench, ["alpha"], ["random"], [0], budget="3x")
    assert one[["objectives", "losses", "hypervolume_difference"]].isna().all(axis=None)
    assert judged(one) is one


def test_a_study_is_kept_grows_and_refuses_other_objectives(bench, tmp_path):
    keep = Keep(tmp_path / "s.parquet")
    first = study(bench, ["alpha"], ["random"], [0], budget="3x", metric=BOTH, keep=keep)
    grown = study(bench, ["alpha"], ["random", "nsga-ii"], [0], budget="3x", metric=BOTH, keep=keep)
    pd.testing.assert_frame_equal(grown[grown["optimizer"] == "random"].reset_index(drop=True), first)
    pd.testing.assert_frame_equal(read(keep.path), grown)
    for other in (None, "valid_accuracy,test_accuracy"):
        with pytest.raises(PlanConflictError, match="metric"):
            study(bench, ["alpha"], ["random"], [0], budget="3x", metric=other, keep=keep)


def test_a_run_in_which_nothing_finished_has_found_nothing(bench):
    some = study(bench, ["alpha"], ["random", "mo-asha"], range(2), budget="0.2x", metric=BOTH)
    empty = some["budget"] == 0
    assert empty.any()
    assert (normalized_regrets(some).to_numpy() <= 1).all()
    lost = some[empty].set_index(["optimizer", "dataset", "seed"]).index
    assert (normalized_regrets(some).loc[lost] == 1).all(axis=None)


def test_the_commands_print_hypervolumes(bench, tmp_path, capsys):
    out = tmp_path / "s.parquet"
    line = ["simulate", str(bench.folder), "--optimizers", "random,nsga-ii,mo-asha", "--metric", BOTH]
    assert cli.run([*line, "--seeds", "2", "--budget", "4x", "--out", str(out)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Hypervolume difference of valid_accuracy and seconds" in printed
    assert "regret" not in printed
    assert "--only hypervolume,pareto_front,rank," in printed
    assert cli.run(["compare", str(out), "--control", "random"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Hypervolume difference in %" in printed
    assert "regret" not in printed
    assert cli.run(["info", str(out)]) == 0
    assert BOTH in capsys.readouterr().out
