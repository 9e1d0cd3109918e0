"""Gradient boosting for regression: its trees are the fidelity.

lcbench collect boosting --problem examples/boosting.py:Boosting --configs 20 --seeds 2 --jobs 2
"""

from ConfigSpace import ConfigurationSpace, Float, Integer
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import root_mean_squared_error

from lcbench import Fidelity, Metric
from lcbench.collection import Problem


class Boosting(Problem):
    """Regression with gradient boosting, one tree a step."""

    space = ConfigurationSpace(
        space=[
            Float("learning_rate", (1e-3, 1.0), log=True),
            Integer("max_depth", (1, 8)),
            Float("subsample", (0.3, 1.0)),
        ]
    )
    metrics = (
        Metric("valid_rmse", unit="target", goal="minimize", low=0.0),
        Metric("test_rmse", unit="target", goal="minimize", low=0.0),
    )
    fidelity = Fidelity("trees", budgets=(10, 30, 90))
    tasks = ("sklearn:diabetes",)
    target = "real"
    schedule = "non-adaptive: one ensemble for all budgets"

    def train(self, task, config, budget, seed):
        """Yield the errors of the mean, then those after each tree."""
        model = GradientBoostingRegressor(**config, n_estimators=1, random_state=seed, warm_start=True, init="zero")
        yield {}
        for trees in range(1, budget + 1):
            model.set_params(n_estimators=trees).fit(task.x_train, task.y_train)
            yield {
                "valid_rmse": root_mean_squared_error(task.y_valid, model.predict(task.x_valid)),
                "test_rmse": root_mean_squared_error(task.y_test, model.predict(task.x_test)),
            }
