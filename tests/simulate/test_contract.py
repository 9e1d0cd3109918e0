import numpy as np
import pytest

from lcbench.errors import InputError
from lcbench.simulate import Job

HERE = {"x": 0.5}


@pytest.mark.parametrize("kind", [int, float, np.int32, np.int64, np.float32, np.float64])
def test_numbers_of_a_job_are_ints_whatever_they_came_as(kind):
    job = Job(kind(4), HERE, kind(12), kind(3))
    assert job == Job(4, HERE, 12, 3)
    assert [type(number) for number in (job.trial, job.budget, job.parent)] == [int] * 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, HERE, 12.5), "budget of a job must be a whole number, got 12.5"),
        ((0, HERE, "12"), "budget of a job must be a whole number, got '12'"),
        ((0, HERE, True), "budget of a job must be a whole number, got True"),
        ((0, HERE, None), "budget of a job must be a whole number, got None"),
        ((0, HERE, float("nan")), "budget of a job must be a whole number, got nan"),
        ((0, HERE, float("inf")), "budget of a job must be a whole number, got inf"),
        ((0, HERE, np.array([1, 3])), "budget of a job must be a whole number, got array"),
        (([0], HERE, 12), r"trial of a job must be a whole number, got \[0\]"),
        (({}, HERE, 12), "trial of a job must be a whole number, got {}"),
        (("a", HERE, 12), "trial of a job must be a whole number, got 'a'"),
        ((None, HERE, 12), "trial of a job must be a whole number, got None"),
        ((0, HERE, 12, 1.5), "parent of a job must be a whole number, got 1.5"),
        ((0, HERE, 12, False), "parent of a job must be a whole number, got False"),
    ],
)
def test_jobs_that_cannot_be(arguments, message):
    with pytest.raises(InputError, match=message):
        Job(*arguments)
