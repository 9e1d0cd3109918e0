"""Each adapter with its real package, in one version: the laws of the contract, and what a package's words become."""

import os
import subprocess
import sys
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from ConfigSpace import Configuration, ConfigurationSpace, EqualsCondition, ForbiddenEqualsClause
from ConfigSpace.hyperparameters import (
    CategoricalHyperparameter,
    Constant,
    OrdinalHyperparameter,
    UniformFloatHyperparameter,
    UniformIntegerHyperparameter,
)
from playing import SPACE, assert_nothing_known_early, curve, play, steps

from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError
from lcbench.simulate import FunctionBackend, Job, ReplayBackend, simulate
from lcbench.simulate.adapters import (
    ADAPTERS,
    NePSOptimizer,
    OptunaOptimizer,
    SMACOptimizer,
    SyneTuneOptimizer,
    _shared,
)
from lcbench.simulate.adapters._shared import Contained, active
from lcbench.simulate.contract import Result
from lcbench.simulate.domain import SpaceDomain
from lcbench.space.encoding import Encoding
from lcbench.space.prior import Prior
from lcbench.table.curve import Curve

LOSS = METRICS["valid_cross_entropy"]
PACKAGES = {"optuna": "optuna", "smac": "smac", "syne-tune": "syne_tune", "neps": "neps"}
MANY = {"smac-multi-fidelity": 20, "smac-forest": 8, "syne-tune-tpe": 20, "syne-tune-bohb": 30, "neps-gp": 8}
CLIMBING = (
    *("optuna-tpe-median", "optuna-tpe-hyperband", "smac-multi-fidelity"),
    *("syne-tune-asha", "syne-tune-bohb", "neps-asha", "neps-hyperband", "neps-priorband"),
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:After 0.17 or January 2028:FutureWarning"),  # statsmodels, under Syne Tune
    pytest.mark.filterwarnings("ignore::DeprecationWarning:(smac|dask|distributed|syne_tune|optuna|torch|neps).*"),
]


def need(name):
    found = next(each for prefix, each in PACKAGES.items() if name.startswith(prefix))
    pytest.importorskip(found, reason=f"{found} is an extra that is not installed here")


@pytest.fixture(params=list(ADAPTERS))
def name(request):
    need(request.param)
    return request.param


def assert_lawful(trace, spy, backend, workers):
    assert {r.job.budget for r in trace.results} <= set(backend.budgets)
    assert {r.worker for r in trace.results} == set(range(workers))
    assert_nothing_known_early(spy, trace)
    for number in {r.job.trial for r in trace.results}:
        jobs = [r for r in trace.results if r.job.trial == number]
        assert all(a.finished <= b.started and a.job.budget < b.job.budget for a, b in pairwise(jobs))
        assert len({tuple(r.job.config.items()) for r in jobs}) == 1


def test_laws_of_the_contract_with_parallel_workers(name):
    """The event loop checks the jobs themselves: budgets that are offered and increase, one configuration a trial."""
    backend = FunctionBackend(SPACE, (1, 3, 9), curve, resumes=True)
    evaluations = MANY.get(name, 50)
    trace, spy = play(ADAPTERS[name], backend, workers=3, evaluations=evaluations)
    assert len(trace) == evaluations
    assert_lawful(trace, spy, backend, 3)
    assert np.isfinite(trace.incumbent(np.inf).loss)
    assert (len({r.job.budget for r in trace.results}) > 1) == (name in CLIMBING)


def test_the_same_seed_gives_the_same_trace_whatever_the_global_state(name):
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    found = []
    for state in (1, 2):
        np.random.seed(state)  # noqa: NPY002  # this is the global state that must not matter
        found.append(steps(play(ADAPTERS[name], backend, 3, workers=2, evaluations=MANY.get(name, 30))[0]))
    assert found[0] == found[1]
    other = steps(play(ADAPTERS[name], backend, 4, workers=2, evaluations=5)[0])
    assert found[0][:5] != other


ACROSS = """
import numpy as np
from ConfigSpace import ConfigurationSpace
from lcbench.table.curve import Curve
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.adapters import ADAPTERS
space = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
backend = FunctionBackend(space, (1,), lambda c, b: Curve(np.full(2, (c["x"] - 0.3) ** 2 + c["y"]), np.arange(2.0)))
trace = simulate(ADAPTERS["smac-forest"](backend.domain(), (1,), np.random.default_rng(0)), backend, evaluations=24)
print([dict(result.job.config) for result in trace.results])
"""


def test_smac_gives_the_same_trace_in_every_process():
    """SMAC orders start points as a set of texts does, which changes with the process."""
    need("smac-forest")
    found = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", ACROSS],
            env=os.environ | {"PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    ]
    assert found[0] == found[1]
    assert found[0].count("'x'") == 24


def test_on_a_table_every_trial_is_a_row_of_its_own(name, bench):
    backend = ReplayBackend(bench, "alpha")
    trace, spy = play(ADAPTERS[name], backend, workers=2, evaluations=MANY.get(name, 45))
    rows = {r.job.trial: backend.config_id(r.job.config) for r in trace.results}
    assert len(set(rows.values())) == len(rows)
    assert_lawful(trace, spy, backend, 2)


def test_a_table_is_used_up(bench):
    """SMAC ends with the rows; what was to be promoted then is lost, so it is not in this list."""
    backend = ReplayBackend(bench, "alpha")
    for name in ("optuna-tpe", "optuna-tpe-median", "syne-tune-random", "syne-tune-asha", "neps-asha"):
        need(name)
        trace, _ = play(ADAPTERS[name], backend, workers=4, evaluations=10**6)
        assert len({r.job.trial for r in trace.results}) == len(bench.configs)


def test_a_space_with_everything_in_it(name):
    """Conditions, an ordinal, a constant, a log scale, and a forbidden value: what is trained is legal."""
    space = conditional_space()
    seen = []

    def known(config, budget):
        Configuration(space, values=dict(config))  # raises if it is not legal
        seen.append(dict(config))
        return Curve(np.full(budget + 1, config["rate"] + 0.1 * config.get("layers", 3)), np.arange(budget + 1.0))

    play(ADAPTERS[name], FunctionBackend(space, (1, 3), known), workers=2, evaluations=MANY.get(name, 40))
    assert {"layers" in config for config in seen} == {True, False}
    assert all(config["kind"] != "never" and config["fixed"] == 7 for config in seen)


def conditional_space():
    space = ConfigurationSpace()
    kind = CategoricalHyperparameter("kind", ["plain", "deep", "never"])
    layers = UniformIntegerHyperparameter("layers", 1, 100, log=True)
    space.add(kind, layers, UniformFloatHyperparameter("rate", 1e-4, 1.0, log=True))
    space.add(OrdinalHyperparameter("size", ["small", "middle", "large"]), Constant("fixed", 7))
    space.add(EqualsCondition(layers, kind, "deep"), ForbiddenEqualsClause(kind, "never"))
    return space


def bowl(config, budget):
    return Curve(np.full(budget + 1, (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2), np.arange(budget + 1.0))


@pytest.mark.parametrize(
    ("name", "make", "evaluations", "seeds"),
    [
        ("optuna-tpe", OptunaOptimizer, 40, 3),
        ("syne-tune-tpe", ADAPTERS["syne-tune-tpe"], 40, 1),
        ("smac-multi-fidelity", partial(SMACOptimizer, evaluations=24), 24, 3),
        ("neps-gp", ADAPTERS["neps-gp"], 20, 1),
    ],
)
def test_a_model_that_learns_comes_nearer_than_uniform_sampling(name, make, evaluations, seeds):
    """P(loss <= r^2) is at most pi r^2, so less than a third of all draws reach 0.1; a model's later ones mostly do."""
    need(name)
    space = ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)})
    backend = FunctionBackend(space, (1,), bowl)
    traces = [play(make, backend, seed, evaluations=evaluations)[0] for seed in range(seeds)]
    later = [result.loss for trace in traces for result in trace.results[evaluations // 2 :]]
    assert np.median(later) < 0.1


def told(optimizer, job, loss):
    values = np.full(job.budget + 1, loss)
    optimizer.tell(Result(job, Curve(values, np.arange(job.budget + 1.0)), loss, 0.0, float(job.budget), 0, LOSS))


def test_optuna_prunes_what_its_pruner_prunes():
    optuna = pytest.importorskip("optuna")
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    pruner = partial(optuna.pruners.ThresholdPruner, upper=0.5)
    optimizer = OptunaOptimizer(backend.domain(), backend.budgets, np.random.default_rng(0), pruner=pruner)
    first, second = optimizer.ask(), optimizer.ask()
    told(optimizer, first, 0.6)  # above the threshold
    told(optimizer, second, 0.4)
    third = optimizer.ask()
    assert (third.trial, third.config, third.budget) == (second.trial, second.config, 3)
    assert optimizer.ask().trial == 2
    told(optimizer, third, 0.3)
    last = optimizer.ask()
    assert (last.trial, last.budget) == (second.trial, 9)
    told(optimizer, last, 0.2)
    states = [trial.state.name for trial in optimizer._study.trials]
    assert states == ["PRUNED", "COMPLETE", "RUNNING"]
    assert optimizer._study.best_value == 0.2
    assert optimizer._study.trials[1].intermediate_values == {1: 0.4, 3: 0.3, 9: 0.2}


def test_optunas_trials_hold_the_rows_that_were_evaluated(bench):
    pytest.importorskip("optuna")
    backend = ReplayBackend(bench, "alpha")
    optimizer = OptunaOptimizer(backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, evaluations=20)
    for result, trial in zip(trace.results, optimizer._study.trials, strict=True):
        assert trial.params == pytest.approx(dict(result.job.config))
        assert trial.value == result.loss


def test_another_sampler_of_optuna():
    optuna = pytest.importorskip("optuna")
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    for sampler in (optuna.samplers.NSGAIISampler, partial(optuna.samplers.TPESampler, multivariate=True)):
        make = partial(OptunaOptimizer, sampler=sampler)
        assert len(play(make, backend, workers=2, evaluations=30)[0]) == 30


class Scripted:
    """A scheduler of given suggestions and decisions, in Syne Tune's words."""

    def __init__(self, suggestions, decisions):
        self.suggestions, self.decisions, self.added, self.complete = list(suggestions), dict(decisions), [], []

    def suggest(self):
        return self.suggestions.pop(0) if self.suggestions else None

    def on_trial_add(self, trial):
        self.added.append(trial.trial_id)

    def on_trial_result(self, trial, result):
        return self.decisions[trial.trial_id, result["epochs"]]

    def on_trial_complete(self, trial, result):
        self.complete.append((trial.trial_id, result["loss"]))


def test_continue_stop_pause_and_resume_of_syne_tune():
    scheduler = pytest.importorskip("syne_tune.optimizer.scheduler")
    start, resume = scheduler.TrialSuggestion.start_suggestion, scheduler.TrialSuggestion.resume_suggestion
    here = {"x": 0.5, "n": 2, "c": "b"}
    scripted = Scripted(
        [start(here), start(here), start(here), resume(1), start(here, checkpoint_trial_id=0)],
        {(0, 1): "CONTINUE", (0, 3): "STOP", (1, 1): "PAUSE", (2, 1): "STOP", (1, 3): "CONTINUE", (1, 9): "CONTINUE"},
    )
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    make = partial(SyneTuneOptimizer, scheduler=lambda config_space: scripted)
    optimizer = make(backend.domain(), backend.budgets, np.random.default_rng(0))
    jobs = [optimizer.ask() for _ in range(3)]
    for job in jobs:
        told(optimizer, job, 0.5)
    going_on = optimizer.ask()
    assert (going_on.trial, going_on.budget) == (0, 3)
    resumed = optimizer.ask()
    assert (resumed.trial, resumed.budget) == (1, 3)
    told(optimizer, going_on, 0.4)
    copy = optimizer.ask()
    assert copy == Job(3, here, 9, parent=0), "from the state after 3 epochs to the next budget"
    told(optimizer, resumed, 0.3)
    told(optimizer, optimizer.ask(), 0.2)
    assert scripted.complete == [(1, 0.2)], "complete at the largest budget"
    assert optimizer.ask() is None
    assert scripted.added == [0, 1, 2, 3]


def test_a_scheduler_that_resumes_what_is_not_paused_is_refused():
    scheduler = pytest.importorskip("syne_tune.optimizer.scheduler")
    scripted = Scripted([scheduler.TrialSuggestion.resume_suggestion(4)], {})
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    optimizer = SyneTuneOptimizer(
        backend.domain(), backend.budgets, np.random.default_rng(0), scheduler=lambda config_space: scripted
    )
    with pytest.raises(InputError, match="must resume a trial that is paused, got trial 4"):
        optimizer.ask()


def test_population_based_training_of_syne_tune_has_parents():
    pbt = pytest.importorskip("syne_tune.optimizer.schedulers.pbt").PopulationBasedTraining
    backend = FunctionBackend(SPACE, (1, 3, 9), curve, resumes=True)
    make = partial(SyneTuneOptimizer, scheduler=partial(pbt, perturbation_interval=1))
    trace, _ = play(make, backend, workers=4, evaluations=60)
    assert any(r.job.parent is not None for r in trace.results)


def test_smac_keeps_a_diverged_run_back_until_it_knows_a_loss():
    pytest.importorskip("smac")
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    optimizer = SMACOptimizer(backend.domain(), backend.budgets, np.random.default_rng(0))
    jobs = [optimizer.ask() for _ in range(3)]
    told(optimizer, jobs[0], np.inf)
    assert optimizer._facade.runhistory.finished == 0
    told(optimizer, jobs[1], 0.7)
    told(optimizer, jobs[2], np.inf)
    costs = [value.cost for value in optimizer._facade.runhistory.values() if value.endtime is not None and value.time]
    assert costs == [0.7, 0.7, 0.7]


def test_neps_keeps_what_was_evaluated_and_a_diverged_run_as_crashed(bench):
    pytest.importorskip("neps")
    backend = ReplayBackend(bench, "alpha")
    optimizer = NePSOptimizer(backend.domain(), backend.budgets, np.random.default_rng(0))
    first, second = optimizer.ask(), optimizer.ask()
    told(optimizer, first, np.inf)
    told(optimizer, second, 0.5)
    kept = list(optimizer._study.trials.values())
    for job, each in zip((first, second), kept, strict=True):
        assert {name: each.config[name] for name in job.config} == pytest.approx(dict(job.config))
    assert [each.report.objective_to_minimize for each in kept] == [None, 0.5]
    assert [each.metadata.state for each in kept] == ["crashed", "success"]


def test_neps_brackets_are_halvings_over_the_backends_budgets():
    """Of eta 3 and three rungs NePS makes brackets of 9, 3, 1 and of 3, 1 and of 3 (Li et al.'s algorithm, floors)."""
    pytest.importorskip("neps")
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    trace, _ = play(ADAPTERS["neps-hyperband"], backend, evaluations=13 + 4 + 3)
    budgets = [r.job.budget for r in trace.results]
    assert budgets == [1] * 9 + [3] * 3 + [9] + [3] * 3 + [9] + [9] * 3
    first = {r.job.trial: r.loss for r in trace.results[:9]}
    assert {r.job.trial for r in trace.results[9:12]} == set(sorted(first, key=first.get)[:3])


def test_neps_is_told_the_prior_where_its_algorithm_uses_one():
    pytest.importorskip("neps")
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    prior = Prior.around(np.array([1.0, 0.5, 0.8]), Encoding(SPACE).levels)  # c, n, x
    optimizer = ADAPTERS["neps-priorband"](SpaceDomain(SPACE, prior), backend.budgets, np.random.default_rng(0))
    drawn = [r.job.config for r in simulate(optimizer, backend, evaluations=60).results if r.job.budget == 1]
    uniform, _ = play(ADAPTERS["neps-priorband"], backend, evaluations=60)
    assert np.mean([config["c"] == "b" for config in drawn]) > 0.45
    assert optimizer._space["x"].prior == pytest.approx(0.8, abs=0.01)
    assert {r.job.config["c"] for r in uniform.results} == {"a", "b", "d"}
    for name in ("neps-random", "neps-hyperband", "neps-gp"):
        assert ADAPTERS[name](SpaceDomain(SPACE, prior), backend.budgets, np.random.default_rng(0)).ask() is not None


def test_neps_needs_two_rungs_for_brackets():
    pytest.importorskip("neps")
    backend = FunctionBackend(SPACE, (9,), curve)
    with pytest.raises(InputError, match="budgets must have at least two rungs"):
        ADAPTERS["neps-hyperband"](backend.domain(), backend.budgets, np.random.default_rng(0))
    assert ADAPTERS["neps-random"](backend.domain(), backend.budgets, np.random.default_rng(0)).ask().budget == 9


@pytest.mark.parametrize("name", ["optuna-tpe", "smac-multi-fidelity", "syne-tune-asha", "neps-asha"])
def test_a_result_that_nobody_asked_for_is_refused(name):
    need(name)
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    optimizer = ADAPTERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
    with pytest.raises(InputError, match="must be of a job that is running, got one of trial 5"):
        told(optimizer, Job(5, {"x": 0.5, "n": 2, "c": "b"}, 1), 0.5)


def test_a_package_that_is_missing_names_its_extra():
    with pytest.raises(InputError, match=r"no_such_package must be installed .* pip install 'lcbench\[optuna\]'"):
        _shared.require("no_such_package.samplers", "optuna")


@pytest.mark.parametrize("name", list(ADAPTERS))
def test_a_named_adapter_names_its_extra_when_its_package_is_missing(name, monkeypatch):
    module = next(each for prefix, each in PACKAGES.items() if name.startswith(prefix))

    def missing(asked):
        raise ModuleNotFoundError(f"No module named {asked!r}")

    monkeypatch.setattr(_shared, "import_module", missing)
    backend = FunctionBackend(SPACE, (1, 3, 9), curve)
    with pytest.raises(InputError, match=rf"{module} must be installed .* 'lcbench\[{module.replace('_', '-')}\]'"):
        ADAPTERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))


@pytest.mark.parametrize("kind", [OptunaOptimizer, SMACOptimizer, SyneTuneOptimizer, NePSOptimizer])
@pytest.mark.parametrize("budgets", [(), (9, 3), (1.5, 3)], ids=str)
def test_budgets_that_cannot_be(kind, budgets):
    """Said before the package is looked for."""
    with pytest.raises(InputError, match="budgets must be increasing positive integers"):
        kind(FunctionBackend(SPACE, (1, 3), curve).domain(), budgets, np.random.default_rng(0))


def test_a_contained_global_state_is_the_same_wherever_it_is_used_and_leaves_no_trace():
    def draws(state):
        np.random.seed(state)  # noqa: NPY002  # the caller's own use of the global state
        contained, found = Contained(5), []
        for _ in range(3):
            with contained.here():
                found.append(np.random.random())  # noqa: NPY002
            found.append(np.random.random())  # noqa: NPY002
        return found[::2], found[1::2]

    inside, outside = draws(1)
    assert inside == draws(2)[0]
    assert len(set(inside)) == 3
    np.random.seed(1)  # noqa: NPY002
    assert outside == [np.random.random() for _ in range(3)]  # noqa: NPY002


def test_inactive_values_are_left_out():
    space = conditional_space()
    everything = {"kind": "plain", "layers": 3, "rate": 0.1, "size": "small", "fixed": 7}
    assert "layers" not in active(space, everything)
    assert active(space, everything | {"kind": "deep"}) == everything | {"kind": "deep"}
