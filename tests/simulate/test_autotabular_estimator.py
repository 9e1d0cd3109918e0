"""The classifier keeps scikit-learn's contract: its own suite, with the smallest search there is."""

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from lcbench.simulate.autotabular import AutoTabularClassifier

NEIGHBOURS = AutoTabularClassifier(
    time_limit=None, trials=1, workers=0, baselines=("knn",), portfolio=None, space="mlp", budgets=(1,)
)
"""One baseline, fitted in this process."""

EXCEPTIONS = {
    "check_fit2d_1feature": "it has 10 rows of 3 classes; we ask for 5 rows of each class at least, to have some that "
    "validate, and say so"
}


@parametrize_with_checks([NEIGHBOURS], expected_failed_checks=lambda estimator: EXCEPTIONS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_every_exception_is_a_check_that_exists():
    names = {getattr(check, "func", check).__name__ for _, check in estimator_checks_generator(NEIGHBOURS)}
    assert set(EXCEPTIONS) <= names


def test_what_is_not_fitted_says_so():
    for method in ("leaderboard", "trajectory"):
        with pytest.raises(NotFittedError):
            getattr(AutoTabularClassifier(), method)()
