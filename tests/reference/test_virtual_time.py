"""Time lines worked out by hand."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.simulate import FunctionBackend, Job, simulate
from lcbench.simulate.optimizers import OPTIMIZERS
from lcbench.simulate.optimizers.hyperband import SuccessiveHalving
from lcbench.table.curve import Curve

SPACE = ConfigurationSpace({"x": (0.0, 1.0)})


def ten_seconds_an_epoch(config, budget):
    return Curve(np.full(budget + 1, config["x"]), 10.0 * np.arange(budget + 1))


def backend(budgets, *, resumes, function=ten_seconds_an_epoch):
    return FunctionBackend(SPACE, budgets, function, resumes=resumes)


class Script:
    """An optimizer that asks for given jobs, whatever comes of them."""

    def __init__(self, jobs):
        self.jobs, self.log = list(jobs), []

    def ask(self):
        job = self.jobs.pop(0) if self.jobs else None
        self.log.append(("ask", job and job.trial))
        return job

    def tell(self, result):
        self.log.append(("tell", result.job.trial))


@pytest.mark.parametrize(
    ("resumes", "ends"),
    [
        (True, [10, 30, 90]),  # pays 1, then 2, then 6 epochs
        (False, [10, 40, 130]),  # pays 1, then 3, then 9 epochs
    ],
)
def test_one_trial_of_1_3_9_epochs_at_10_seconds(resumes, ends):
    b = backend((1, 3, 9), resumes=resumes)
    optimizer = SuccessiveHalving(b.domain(), b.budgets, np.random.default_rng(0), n=1)
    trace = simulate(optimizer, b, evaluations=3)
    assert [r.job.budget for r in trace.results] == [1, 3, 9]
    assert [r.finished for r in trace.results] == ends


def seconds_of(config, budget):
    return Curve(np.zeros(budget + 1), config["s"] * np.arange(budget + 1.0))


def test_two_workers_share_a_list_of_jobs():
    """Jobs of 30, 10, 10, 20 and 10 s: each goes to the worker that is free first.

    ::

        worker 0  |0          |4  |
        worker 1  |1  |2  |3      |
                  0   10  20  30  40
    """
    space = ConfigurationSpace({"s": (1.0, 100.0)})
    b = FunctionBackend(space, (1,), seconds_of)
    trace = simulate(
        Script([Job(i, {"s": s}, 1) for i, s in enumerate((30.0, 10.0, 10.0, 20.0, 10.0))]), b, workers=2, evaluations=5
    )
    assert [(r.job.trial, r.worker, r.started, r.finished) for r in trace.results] == [
        (1, 1, 0, 10), (2, 1, 10, 20), (0, 0, 0, 30), (3, 1, 20, 40), (4, 0, 30, 40),
    ]  # fmt: skip


def bracket_by_worker(resumes, seconds):
    b = backend((1, 2, 4), resumes=resumes)
    optimizer = OPTIMIZERS["successive-halving"](b.domain(), b.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, b, workers=2, seconds=seconds)
    lines = {0: [], 1: []}
    for r in trace.results:
        lines[r.worker].append((r.job.budget, r.started, r.finished))
    return lines


def test_successive_halving_from_scratch_on_two_workers():
    """Four trials at 1 epoch, two at 2, one at 4; worker 1 begins the next bracket rather than wait.

    ::

        worker 0  |1  |1  |2      |4              |
        worker 1  |1  |1  |2      |1  |1  |1  |1  |
                  0   10  20      40  50  60  70  80
    """
    lines = bracket_by_worker(resumes=False, seconds=80)
    assert lines[0] == [(1, 0, 10), (1, 10, 20), (2, 20, 40), (4, 40, 80)]
    assert lines[1] == [(1, 0, 10), (1, 10, 20), (2, 20, 40), (1, 40, 50), (1, 50, 60), (1, 60, 70), (1, 70, 80)]


def test_successive_halving_that_resumes_on_two_workers():
    """The same bracket, where a promoted trial pays only its new epochs.

    ::

        worker 0  |1  |1  |2  |4      |1  |
        worker 1  |1  |1  |2  |1  |1  |1  |
                  0   10  20  30  40  50  60
    """
    lines = bracket_by_worker(resumes=True, seconds=60)
    assert lines[0] == [(1, 0, 10), (1, 10, 20), (2, 20, 30), (4, 30, 50), (1, 50, 60)]
    assert lines[1] == [(1, 0, 10), (1, 10, 20), (2, 20, 30), (1, 30, 40), (1, 40, 50), (1, 50, 60)]


def test_all_results_of_an_instant_are_told_before_the_next_ask():
    b = backend((1,), resumes=False)
    script = Script([Job(i, {"x": 0.5}, 1) for i in range(4)])
    simulate(script, b, workers=2, evaluations=4)
    assert script.log == [("ask", 0), ("ask", 1), ("tell", 0), ("tell", 1), ("ask", 2), ("ask", 3), ("tell", 2),
                          ("tell", 3)]  # fmt: skip


def test_an_optimizer_that_thinks_for_4_seconds_keeps_everybody_waiting():
    """Asks take 4 s one after another; a result that comes while the optimizer thinks is told when it has done.

    ::

        optimizer |0 |1 |     |2 |3 |
        worker 0     |0     |    |2    |
        worker 1        |1     |    |3     |
                  0  4  8   14 18 22   28  32
    """
    b = backend((1,), resumes=False)
    script = Script([Job(i, {"x": 0.5}, 1) for i in range(4)])
    trace = simulate(script, b, workers=2, evaluations=4, overhead=lambda told: 4.0)
    assert [(r.worker, r.started, r.finished) for r in trace.results] == [
        (0, 4, 14), (1, 8, 18), (0, 18, 28), (1, 22, 32),
    ]  # fmt: skip
    assert script.log == [("ask", 0), ("ask", 1), ("tell", 0), ("ask", 2), ("tell", 1), ("ask", 3), ("tell", 2),
                          ("tell", 3)]  # fmt: skip


def test_what_ends_exactly_at_the_limit_counts():
    b = backend((1,), resumes=False)
    jobs = [Job(i, {"x": 0.5}, 1) for i in range(9)]
    assert len(simulate(Script(jobs), b, seconds=30)) == 3
    assert len(simulate(Script(jobs), b, seconds=29.9)) == 2
