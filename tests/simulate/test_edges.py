"""Replay at its edges: what has no freedom, equal rows, values and curves that are none, runs that took no time."""

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import (
    Categorical,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    Integer,
    OrdinalHyperparameter,
)
from own_tables import BUDGETS, own_table

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, ReplayBackend, SurrogateBackend, WarmStart, live, simulate
from lcbench.simulate.contract import Job
from lcbench.simulate.optimizers.bohb import KDEModel
from lcbench.simulate.study import study
from lcbench.simulate.study.regret import regrets
from lcbench.space import encoding
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric


class Script:
    """Asks for these configurations."""

    def __init__(self, *configs, budget=BUDGETS[-1]) -> None:
        self.jobs = [Job(trial, config, budget) for trial, config in enumerate(configs)]

    def ask(self):
        return self.jobs.pop(0) if self.jobs else None

    def tell(self, result) -> None:
        pass


def make(name, backend, seed=0):
    return OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(seed))


def small_space(*fixed) -> ConfigurationSpace:
    """Three free hyperparameters, and fixed ones, of which those numbered 1 exist for one level only."""
    space = ConfigurationSpace(
        space=[Float("x", (0, 1)), Integer("n", (1, 9)), Categorical("c", ["a", "b", "d"]), *fixed]
    )
    space.add([EqualsCondition(space[part.name], space["c"], "a") for part in fixed if part.name.endswith("1")])
    return space


def loss(config, *_) -> float:
    return 0.2 * (config["x"] - 0.3) ** 2 + 0.1 * (config["c"] == "a") + 0.01 * config["n"]


FIXED = (
    *(Constant("constant1", "yes"), Constant("constant2", 3), Constant("constant3", 0.5)),
    *(Categorical("category1", ["yes"]), Categorical("category2", [True]), Categorical("category3", ["007"])),
    *(OrdinalHyperparameter("ordinal1", ["yes"]), OrdinalHyperparameter("ordinal2", [1])),
)


class TestWhatHasNoFreedom:
    """A hyperparameter of one value, conditional or not, decides nothing."""

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_an_optimizer_asks_for_the_same_jobs_with_and_without(self, name):
        assert self.jobs(name) == self.jobs(name, *FIXED)

    @staticmethod
    def jobs(name, *fixed):
        """What an optimizer asks for, with hyperparameters of one value or without."""

        def curve(config, budget):
            return Curve(np.linspace(1, loss(config), budget + 1), np.arange(budget + 1.0))

        backend = FunctionBackend(small_space(*fixed), (1, 3, 9), curve)
        results = simulate(make(name, backend), backend, evaluations=18).results
        for result in results:
            backend.domain().encode(result.job.config)
        free = ("x", "n", "c")
        return [({key: r.job.config[key] for key in free}, r.job.budget, r.job.trial) for r in results]

    @pytest.mark.parametrize("name", ["random", "bohb", "gp-ei", "dehb", "forest"])
    @pytest.mark.parametrize("match", ["exact", "nearest"])
    def test_nor_does_it_on_a_table(self, tmp_path, name, match):
        def rows(folder, *fixed):
            bench = own_table(folder, small_space(*fixed), loss)
            backend = ReplayBackend(bench, "own", match=match)
            results = simulate(make(name, backend), backend, evaluations=25).results
            return [(backend.config_id(r.job.config), r.job.budget) for r in results]

        assert rows(tmp_path / "a") == rows(tmp_path / "b", *FIXED)

    @pytest.mark.parametrize("fixed", [0, 5, 40])
    def test_a_kernel_density_needs_no_points_for_it(self, fixed):
        space = ConfigurationSpace(space=[Float("x", (0, 1)), *(Constant(f"k{i}", i) for i in range(fixed))])
        backend = FunctionBackend(space, (1,), lambda c, b: Curve(np.full(2, c["x"]), np.arange(2.0)))
        model = KDEModel(backend.domain(), (1,), np.random.default_rng(0))
        for result in simulate(make("random", backend), backend, evaluations=4).results:
            model.propose()
            assert model._model is None
            model.tell(result)
        model.propose()
        assert model._model is not None, "after N_min + 2 = 4 results"

    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_space_of_such_alone_can_be_run(self, name):
        space = ConfigurationSpace(space=[Constant("a", 1), Categorical("b", ["u"])])
        backend = FunctionBackend(space, (1, 3), lambda c, b: Curve(np.ones(b + 1), np.arange(b + 1.0)))
        for result in simulate(make(name, backend), backend, evaluations=9).results:
            assert result.job.config == {"a": 1, "b": "u"}


class TestEqualRows:
    """A configuration that is in a table several times is one, and has the mean of their curves."""

    @pytest.fixture
    def twice(self, tmp_path):
        space = ConfigurationSpace(
            space=[Integer("n", (1, 4)), Categorical("act", ["relu", "tanh"]), Float("r", (0, 1))]
        )
        space.add(EqualsCondition(space["r"], space["act"], "tanh"))
        once = [
            {"act": act, "n": n} | ({"r": 0.5} if act == "tanh" else {})
            for act in ("relu", "tanh")
            for n in range(1, 5)
        ]
        frame = pd.DataFrame(once + once[::-1], columns=list(space))
        return own_table(
            tmp_path / "t",
            space,
            lambda c, row, seed: 0.5 - 0.05 * c["n"] - 0.1 * (row >= 8) + 0.01 * seed,
            configs=frame,
            seconds=lambda c: c["n"],
        )

    @pytest.mark.parametrize("seed", [0, "mean"])
    @pytest.mark.parametrize("match", ["exact", "nearest"])
    def test_its_curve_is_the_mean_of_theirs(self, twice, match, seed):
        backend = ReplayBackend(twice, "own", match=match, seed=seed)
        for row, config in enumerate(backend.table.configs):
            other = 15 - row
            wanted = [
                twice.curve("own", each, budget=3, seed=s) for each in (row, other) for s in (0, 1)[: 1 + (seed != 0)]
            ]
            np.testing.assert_allclose(backend.curve(config, 3).values, np.mean(wanted, axis=0), rtol=1e-6)
            assert backend.config_id(config) == min(row, other)

    @pytest.mark.parametrize("seed", [0, 1, "mean", "draw"])
    @pytest.mark.parametrize("match", ["exact", "nearest"])
    def test_the_best_and_the_worst_can_be_had(self, twice, match, seed):
        backend = ReplayBackend(twice, "own", match=match, seed=seed)
        had = [backend.objective(budget)(config) for config in backend.table.configs for budget in backend.budgets]
        assert backend.best_loss == min(had)
        assert backend.worst_loss == max(had)

    @pytest.mark.parametrize("name", ["random", "grid", "gp-ei", "bohb"])
    def test_who_has_evaluated_everything_has_no_regret(self, twice, name):
        backend = ReplayBackend(twice, "own")
        trace = simulate(make(name, backend), backend, evaluations=99)
        assert len({backend.config_id(result.job.config) for result in trace.results}) == 8
        if name != "bohb":
            assert trace.incumbent(1e9).loss == backend.best_loss

    def test_a_study_ends_without_regret(self, twice):
        traces = study(twice, ["own"], ["random"], range(2), budget="50evals", jobs=1)
        assert regrets(traces)["regret"].iloc[-1] == 0

    def test_one_that_diverged_is_one_that_diverged(self, tmp_path):
        space = ConfigurationSpace({"n": (1, 2)})
        frame = pd.DataFrame({"n": [1, 2, 1]})
        bench = own_table(tmp_path / "t", space, lambda c, row, s: np.nan if row == 2 else 0.1 * c["n"], configs=frame)
        backend = ReplayBackend(bench, "own")
        assert backend.objective()({"n": 1}) == np.inf
        assert backend.best_loss == backend.objective()({"n": 2})

    def test_a_surrogate_that_is_exact_says_the_same(self, tmp_path):
        space = ConfigurationSpace({"x": (0.0, 1.0)})
        xs = np.linspace(0, 1, 12)
        frame = pd.DataFrame({"x": [*xs, *xs]})
        bench = own_table(tmp_path / "t", space, lambda c, row, s: 0.2 * c["x"] + 0.1 * (row >= 12), configs=frame)
        backend = SurrogateBackend.fit(bench, "own", model="forest", folds=2, exact_on_table=True)
        replayed = ReplayBackend(bench, "own", seed="mean")
        values = backend.curves(bench.configs, 3)[0]
        for row, x in enumerate(bench.configs["x"]):
            losses = {each.objective(3)({"x": x}) for each in (backend, replayed)}
            assert losses == {values[row, -1]}


@pytest.fixture(scope="module")
def backends(tmp_path_factory):
    space = ConfigurationSpace(space=[Float("x", (0, 1)), Categorical("opt", ["sgd", "adam"]), Float("mom", (0, 1))])
    space.add(EqualsCondition(space["mom"], space["opt"], "sgd"))
    bench = own_table(tmp_path_factory.mktemp("legal") / "t", space, lambda c, *_: 0.2 * c["x"])
    return [
        FunctionBackend(space, BUDGETS, lambda c, b: Curve(np.full(b + 1, c["x"]), np.arange(b + 1.0))),
        ReplayBackend(bench, "own"),
        ReplayBackend(bench, "own", match="nearest"),
        SurrogateBackend.fit(bench, "own", model="forest", folds=2),
        SurrogateBackend.fit(bench, "own", model="forest", folds=2, exact_on_table=True),
    ]


class TestIllegalConfigurations:
    """Refused in every way in."""

    @pytest.mark.parametrize(
        "config",
        [
            {"x": 0.5, "opt": "sgd"},
            {"x": 0.5, "opt": "adam", "mom": 0.5},
            {"x": 0.5, "opt": "sgd", "mom": None},
            {"x": 0.5, "opt": "sgd", "mom": np.nan},
            {"x": np.inf, "opt": "adam"},
            {"x": "0.5", "opt": "adam"},
            {"x": 10**400, "opt": "adam"},
            {"x": [0.5], "opt": "adam"},
            {"x": 0.5, "opt": ("adam",)},
            {"x": 0.5, "opt": None},
            {"x": 0.5, "opt": "adam", "y": 1},
            {},
        ],
    )
    def test_by_every_backend_whoever_asks(self, backends, config):
        for backend in backends:
            for way in (
                lambda b=backend: b.objective()(config),
                lambda b=backend: b.curve(config, 3),
                lambda b=backend: simulate(Script(config), b, evaluations=1),
                lambda b=backend: live(Script(config), b, trials=1, quiet=True),
                lambda b=backend: WarmStart(OPTIMIZERS["random"], [config])(
                    b.domain(), b.budgets, np.random.default_rng(0)
                ).ask(),
                lambda b=backend: b.domain().encode(config),
            ):
                if isinstance(backend, ReplayBackend) and backend.match == "exact" and "x" not in config:
                    continue
                with pytest.raises(InputError):
                    way()
        frame = pd.DataFrame([config], columns=["x", "opt", "mom"])
        if "y" not in config:
            with pytest.raises(InputError):
                backends[3].curves(frame, 3)

    def test_a_row_of_the_table_is_taken_as_it_stands(self, backends):
        table = backends[1].bench
        for backend in backends:
            for number, row in list(table.configs.iterrows())[:6]:
                config = backends[1].table.configs[number]
                for given in (row, row.to_dict()):
                    assert backend.objective(3)(given) == backend.objective(3)(config)
                (result,) = simulate(Script(row.to_dict()), backend, evaluations=1).results
                assert result.loss == backend.objective()(config)


def test_a_live_run_of_rows_with_gaps_resumes(backends, tmp_path):
    rows = backends[1].bench.configs.head(4).to_dict("records")
    assert any(pd.isna(row["mom"]) for row in rows)
    for trials in (2, 4):
        trace = live(Script(*rows), backends[1], trials=trials, quiet=True, record=tmp_path / "run")
        assert [encoding.given(result.job.config) for result in trace.results] == backends[1].table.configs[:trials]


class TestValuesThatAreNone:
    @pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
    @pytest.mark.parametrize(
        "metric", [Metric("a", "fraction", "maximize", 0.0, 1.0), Metric("l", "nats", "minimize", 0.0, np.inf)]
    )
    def test_a_value_that_is_not_finite_is_the_worst_at_either_end(self, metric, value):
        assert metric.loss(value) == np.inf
        space = ConfigurationSpace({"x": (0.0, 1.0)})

        def curve(config, budget):
            return Curve(np.full(budget + 1, 0.5 if config["x"] < 0.5 else value), np.arange(budget + 1.0))

        backend = FunctionBackend(space, (1, 3, 9), curve, metric=metric)
        for name in ("random", "bohb", "gp-ei"):
            assert simulate(make(name, backend), backend, evaluations=20).incumbent(1e9).loss == 0.5

    @pytest.mark.parametrize("goal", ["maximize", "minimize"])
    def test_a_metric_without_its_best_end_is_refused(self, goal):
        with pytest.raises(InputError, match="range of metric 'own' must have its best end"):
            Metric("own", "points", goal, -np.inf, np.inf)


class TestOwnFunctions:
    """What a training function must return is said; its mistakes are never told as diverged runs."""

    SPACE = ConfigurationSpace({"x": (0.0, 1.0)})

    @pytest.mark.parametrize(
        "function",
        [
            lambda c, b: None,
            lambda c, b: 0.5,
            lambda c, b: (np.ones(b + 1), np.arange(b + 1.0)),
            lambda c, b: "0.5",
            lambda c, b: {"loss": 0.5},
            lambda c, b: np.ones(b + 1),
            lambda c, b: Curve(["0.5"] * (b + 1), list(range(b + 1))),
            lambda c, b: Curve([0.5] * (b + 1), ["a"] * (b + 1)),
            lambda c, b: Curve([[0.5]] * (b + 1), list(range(b + 1))),
            lambda c, b: Curve(0.5, 1.0),
            lambda c, b: Curve(np.ones(b), np.arange(b * 1.0)),
        ],
    )
    def test_what_is_no_curve_is_named(self, function):
        backend = FunctionBackend(self.SPACE, (1, 3, 9), function)
        for way in (
            lambda: simulate(make("random", backend), backend, evaluations=3),
            lambda: live(make("random", backend), backend, trials=3, quiet=True),
            lambda: backend.objective()({"x": 0.5}),
        ):
            with pytest.raises(
                InputError, match=r"must (return Curve\(values, seconds\)|be numbers|be 1-d|have 9 steps)"
            ):
                way()

    def test_whoever_the_backend_is(self):
        class Mine(FunctionBackend):
            def curve(self, config, budget):
                self.function(config, budget)

        backend = Mine(self.SPACE, (1,), lambda c, b: Curve(np.ones(2), np.arange(2.0)))
        for way in (
            lambda: simulate(make("random", backend), backend, evaluations=3),
            lambda: live(make("random", backend), backend, trials=3, quiet=True),
        ):
            with pytest.raises(InputError, match=r"got None; did it forget its return\?"):
                way()

    @pytest.mark.parametrize(
        "numbers", [list, tuple, pd.Series, lambda v: np.array(v, np.float32), lambda v: np.array(v)]
    )
    def test_a_curve_of_any_numbers_is_one(self, numbers):
        backend = FunctionBackend(self.SPACE, (1, 3), lambda c, b: Curve(numbers([1] * (b + 1)), numbers(range(b + 1))))
        for trace in (
            simulate(make("random", backend), backend, evaluations=3),
            live(make("random", backend), backend, trials=3, quiet=True),
        ):
            assert {result.loss for result in trace.results} == {1.0}

    @pytest.mark.parametrize(
        "function",
        [lambda c, b: c["y"], lambda c, b: undefined, lambda c: None, lambda c, b: Curve(1), lambda c, b: c.x],  # noqa: F821
    )
    def test_a_mistake_in_it_stops_a_live_run_and_is_not_recorded(self, function, tmp_path):
        backend = FunctionBackend(self.SPACE, (1, 3), function)
        with pytest.raises(
            InputError, match=r"the training function must not be wrong itself, got \w+Error: .* in line"
        ):
            live(make("random", backend), backend, trials=3, quiet=True, record=tmp_path / "run")
        assert '"tell"' not in (tmp_path / "run" / "events.jsonl").read_text()

        def mended(config, budget):
            return Curve(np.full(budget + 1, config["x"]), np.arange(budget + 1.0))

        again = FunctionBackend(self.SPACE, (1, 3), mended)
        trace = live(make("random", again), again, trials=3, quiet=True, record=tmp_path / "run")
        assert np.isfinite([result.loss for result in trace.results]).all()

    def test_an_error_of_training_is_a_diverged_run(self):
        def curve(config, budget):
            raise {True: ValueError("singular"), False: MemoryError()}[config["x"] > 0.5]

        backend = FunctionBackend(self.SPACE, (1,), curve)
        trace = live(make("random", backend), backend, trials=6, quiet=True)
        assert {result.reason for result in trace.results} == {"ValueError: singular", "MemoryError"}

    def test_so_is_any_error_once_the_function_has_been_right(self):
        def curve(config, budget):
            if config["n"] > 1:
                return {}["n"]
            return Curve(np.ones(budget + 1), np.arange(budget + 1.0))

        backend = FunctionBackend(ConfigurationSpace({"n": (1, 3)}), (1,), curve)
        trace = live(Script({"n": 1}, {"n": 2}, {"n": 1}, budget=1), backend, trials=3, quiet=True)
        assert [result.reason for result in trace.results] == [None, "KeyError: 'n'", None]


@pytest.fixture(scope="module")
def timeless(tmp_path_factory):
    space = ConfigurationSpace({"x": (0.0, 1.0)})
    return own_table(
        tmp_path_factory.mktemp("timeless") / "t", space, lambda c, *_: 0.2 * c["x"], seconds=lambda _: 0.0
    )


class TestNoTime:
    @pytest.mark.parametrize("budget", ["12evals", "4x-epochs"])
    @pytest.mark.parametrize("name", ["random", "bohb", "asha"])
    def test_a_replay_that_is_not_limited_by_time_goes_on(self, timeless, budget, name):
        traces = study(timeless, ["own"], [name], range(2), budget=budget, jobs=1)
        assert (traces["finished"] == 0).all()
        assert np.isfinite(regrets(traces)["regret"]).all()

    @pytest.mark.parametrize("budget", ["5x", "3600"])
    def test_one_that_is_says_so_with_the_data_set(self, timeless, budget):
        with pytest.raises(InputError, match=r"runs of data set 'own' must take time .* recorded seconds are 0; limit"):
            study(timeless, ["own"], ["random"], range(1), budget=budget, jobs=1)

    def test_a_search_that_time_would_never_end_is_refused(self):
        space = ConfigurationSpace({"x": (0.0, 1.0)})
        backend = FunctionBackend(space, (1,), lambda c, b: Curve(np.ones(2), np.zeros(2)))
        with pytest.raises(InputError, match="runs must take time to be limited by seconds"):
            simulate(make("random", backend), backend, seconds=10)
        assert len(simulate(make("random", backend), backend, seconds=10, evaluations=5)) == 5


class TestConstantSeries:
    """What is the same for all configurations is predicted as that."""

    @pytest.mark.parametrize(
        ("model", "seconds"), [("forest", 0.0), ("forest", 2.5), ("lightgbm", 2.5), ("catboost", 0.0)]
    )
    def test_constant_seconds(self, tmp_path, model, seconds):
        pytest.importorskip({"forest": "sklearn"}.get(model, model))
        space = ConfigurationSpace({"x": (0.0, 1.0)})
        bench = own_table(tmp_path / "t", space, lambda c, *_: 0.2 * c["x"], seconds=lambda _: seconds)
        backend = SurrogateBackend.fit(bench, "own", model=model, folds=2)
        values, found = backend.curves(pd.DataFrame({"x": np.linspace(0, 1, 20)}), 3)
        np.testing.assert_allclose(found, np.broadcast_to(seconds * np.arange(4), (20, 4)), rtol=1e-6)
        assert np.corrcoef(values[:, -1], np.linspace(0, 1, 20))[0, 1] > 0.9
        backend.save(tmp_path / "saved")
        again = SurrogateBackend.load(tmp_path / "saved").curves(pd.DataFrame({"x": np.linspace(0, 1, 20)}), 3)
        assert (again[0] == values).all() and (again[1] == found).all()

    @pytest.mark.parametrize("metric", [None, Metric("loss", "nats", "minimize", 0.0, np.inf)])
    def test_a_constant_metric(self, tmp_path, metric):
        space = ConfigurationSpace({"x": (0.0, 1.0)})
        given = {} if metric is None else {"metric": metric}
        bench = own_table(tmp_path / "t", space, lambda *_: 0.25, seconds=lambda c: 1 + c["x"], **given)
        backend = SurrogateBackend.fit(bench, "own", model="forest", folds=2)
        values, found = backend.curves(pd.DataFrame({"x": [0.1, 0.9]}), 3)
        np.testing.assert_allclose(values, np.broadcast_to(bench.curve("own", 0), (2, 4)), rtol=1e-6)
        assert found[0, -1] < found[1, -1]

    @pytest.mark.parametrize(
        "metric",
        [
            Metric("accuracy", "fraction", "maximize", 0.0, 1.0),
            Metric("r2", "share", "maximize", -np.inf, 1.0),
            Metric("loss", "nats", "minimize", 0.0, np.inf),
            Metric("energy", "kJ", "minimize", -5.0, np.inf),
        ],
    )
    def test_noise_stays_in_the_range_of_the_metric(self, tmp_path, metric):
        """Recorded values lie at the edge of the range, seeds far apart."""
        low = metric.low if np.isfinite(metric.low) else -2.0
        high = metric.high if np.isfinite(metric.high) else 3.0
        space = ConfigurationSpace({"x": (0.0, 1.0)})

        def at(config, row, seed):
            return [low, high][(row + seed) % 2] if config["x"] < 0.5 else low + (high - low) * config["x"]

        bench = own_table(tmp_path / "t", space, at, metric=metric, seeds=(0, 1, 2))
        backend = SurrogateBackend.fit(bench, "own", model="forest", folds=2, noise="residual")
        values = backend.curves(pd.DataFrame({"x": np.linspace(0, 1, 200)}), 3)[0]
        assert np.isfinite(values).all()
        assert (metric.low <= values).all()
        assert (values <= metric.high).all()
