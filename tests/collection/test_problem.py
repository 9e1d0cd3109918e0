"""Problems: laws of those in the registry, and that collecting trains one that it has never heard of."""

import subprocess
import sys

import numpy as np
import pytest
from collecting_helpers import collect
from ConfigSpace import ConfigurationSpace, Float

import lcbench
from lcbench.collection.networks.cost import CostModel
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.problems import network_problem
from lcbench.collection.plan import given_configs, sampled_configs
from lcbench.collection.problem import PROBLEMS, Problem, get_problem
from lcbench.collection.run import Run
from lcbench.errors import InputError, UnknownNameError
from lcbench.space.rules import completed
from lcbench.space.spaces import check_configs, to_frame

names = pytest.mark.parametrize("name", PROBLEMS)


@names
def test_a_problem_is_found_by_the_name_that_it_has(name):
    problem = get_problem(name)
    assert problem.name == problem.space.name == name
    assert problem.record.metric().name in problem.record.names


@names
def test_its_defaults_are_a_configuration(name):
    problem = get_problem(name)
    config = problem.completed({})
    checked = check_configs(problem.space, to_frame(problem.space, [config]))
    assert checked.iloc[0].dropna().to_dict() == config


@names
def test_a_whole_configuration_stays_as_it_is_and_one_that_lacks_a_value_gets_the_default(name):
    problem = get_problem(name)
    row = sampled_configs(problem.space, 1, 0).iloc[0]
    whole = {key: value for key, value in row.items() if value == value}
    assert problem.completed(whole) == whole
    for key in whole:
        found = problem.completed({other: value for other, value in whole.items() if other != key})
        assert found[key] == problem.space[key].default_value


def test_what_a_space_does_not_know_stays_for_those_who_refuse_it():
    space = ConfigurationSpace(space=[Float("x", (0.0, 1.0), default=0.25)])
    assert completed(space, {"y": 2}) == {"x": 0.25, "y": 2}


def test_naming_problems_and_their_spaces_needs_no_torch():
    asked = (
        "from lcbench.collection.problem import PROBLEMS, get_problem; [get_problem(name).space for name in PROBLEMS]"
    )
    check = "import sys; print([name for name in ('torch', 'sklearn', 'openml') if name in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", f"{asked}; {check}"], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


class Slopes(Problem):
    """Every metric is the configuration's slope times the epoch, clipped to [0, 1]; nothing is learnt."""

    name, schedule = "slopes", "non-adaptive: one course for all budgets"
    metrics, fidelity, record = RECORD.metrics, RECORD.fidelity, RECORD
    space = ConfigurationSpace(name="slopes", space=[Float("slope", (0.0, 0.5))])

    def load(self, data, device="cpu"):
        return data

    def train_all(self, data, configs, budgets, seeds, plan_seed, clock, step_seconds=None, extras=None):
        return [
            [self.run(config["slope"], budget, seed, each) for budget in budgets for seed in seeds]
            for config, each in zip(configs, step_seconds, strict=True)
        ]

    def run(self, slope, budget, seed, each):
        values = np.clip(slope * np.arange(budget + 1), 0, 1).astype(np.float32)
        series = dict.fromkeys(RECORD.names, values) | {"seconds": (each * np.arange(budget + 1)).astype(np.float32)}
        return Run(budget, seed, {"status": "success", "epochs": budget, "n_parameters": 1}, series)

    def calibrate(self, data, configs, device):
        return CostModel((0.5,), ("step",))

    def step_seconds(self, cost, data, config):
        return cost.seconds_of({"step": 1 + config["slope"]})


def test_collecting_trains_a_problem_that_it_has_never_heard_of(tmp_path, monkeypatch):
    monkeypatch.setitem(PROBLEMS, "slopes", Slopes)
    frame = to_frame(Slopes().space, [{"slope": 0.25}, {"slope": 0.5}])
    collect(tmp_path, inline=True, problem_name="slopes", configs=given_configs(Slopes().space, frame))
    bench = lcbench.load(tmp_path)
    assert bench.manifest.problem == "slopes"
    assert bench.manifest.schedule == Slopes.schedule
    assert bench.array("wine", "valid_accuracy", 4)[:, 0].tolist() == [[0, 0.25, 0.5, 0.75, 1], [0, 0.5, 1, 1, 1]]
    assert bench.array("iris", "seconds", 2)[1, 0] == pytest.approx([0, 0.75, 1.5])


def test_only_networks_can_be_fitted_and_kept(monkeypatch):
    monkeypatch.setitem(PROBLEMS, "slopes", Slopes)
    with pytest.raises(InputError, match=r"problem must be one of networks .* got 'slopes'"):
        network_problem("slopes")
    with pytest.raises(UnknownNameError, match="unknown problem 'mpl'; nearest: mlp"):
        network_problem("mpl")
