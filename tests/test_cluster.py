"""Live runs, the tool and studies of systems on Dask workers: the same results as on this machine."""

from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.datasets import load_wine

from lcbench.collection.data.sources import load_dataset
from lcbench.collection.problem import get_problem
from lcbench.errors import StoppedError
from lcbench.simulate import FunctionBackend, TrainingBackend, live
from lcbench.simulate.autotabular import AutoTabularClassifier
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.study.systems.plan import SystemsPlan
from lcbench.simulate.study.systems.running import study
from lcbench.space import Config
from lcbench.table.curve import Curve

pytestmark = pytest.mark.slow
distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler():
    with distributed.LocalCluster(1, threads_per_worker=2, processes=False, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def told(backend, scheduler):
    """Jobs and values of a live run on one worker."""
    optimizer = get_optimizer("hyperband")(backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = live(optimizer, backend, trials=4, quiet=True, scheduler=scheduler)
    return [(dict(result.job.config), result.job.budget, result.curve.values.tolist()) for result in trace.results]


def bowl(config: Config, budget: int) -> Curve:
    steps = np.arange(budget + 1.0)
    return Curve(config["learning_rate"] / (1 + steps), steps)


@pytest.mark.parametrize(
    "backend",
    [
        lambda: FunctionBackend(get_problem("mlp").space, (1, 3), bowl),
        lambda: TrainingBackend(load_dataset("sklearn:iris"), budgets=(1, 3)),
    ],
    ids=["function", "training"],
)
def test_a_live_run_has_the_results_of_this_machine(backend, scheduler):
    here, there = told(backend(), None), told(backend(), scheduler)
    assert len(there) == 4
    assert there == here


def fitted(folder, scheduler=None, **more):
    rows, classes = load_wine(return_X_y=True)
    tool = AutoTabularClassifier(
        None,
        1,
        trials=2,
        baselines=["knn"],
        portfolio=None,
        budgets=(2,),
        splitter=None,
        scheduler=scheduler,
        **more,
    )
    return tool.fit(rows, classes, folder=folder)


def test_the_tool_finds_the_models_of_this_machine(scheduler, tmp_path):
    here, there = fitted(tmp_path / "here"), fitted(tmp_path / "there", scheduler)
    names = ["kind", "budget", "score", "status"]
    assert there.leaderboard()[names].equals(here.leaderboard()[names])


def test_a_model_over_its_limits_is_ended_on_a_worker(scheduler, tmp_path):
    with pytest.raises(StoppedError, match=r"all 2 failed or diverged.*more than its 1 MiB of memory and was ended"):
        fitted(tmp_path / "there", scheduler, memory_limit=1)


def test_a_study_of_systems_has_the_runs_of_this_machine(scheduler, tmp_path):
    plan = SystemsPlan(
        ("sklearn:wine",), ("bohb", "hist-gradient-boosting"), (0,), (1,), time_limit=600, budgets=(2,), trials=2
    )
    now = lambda: datetime.now(UTC)  # noqa: E731
    here, there = study(plan, tmp_path / "here", now), study(plan, tmp_path / "there", now, scheduler=scheduler)
    names = ["dataset", "system", "view", "valid", "test", "models", "members", "tried"]
    assert len(there) > 1
    assert there[names].equals(here[names])
