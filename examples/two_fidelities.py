"""Gradient-boosted trees that classify, on a fraction of the rows: two fidelities.

lcbench collect trees --problem examples/two_fidelities.py:Trees --configs 20 --seeds 2 --jobs 2
lcbench simulate trees --optimizers random,bohb --at data_fraction=0.25 --out quarter.parquet
lcbench simulate trees --optimizers random,hyperband --fidelity data_fraction --out fractions.parquet
"""

import numpy as np
from ConfigSpace import ConfigurationSpace, Float, Integer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import balanced_accuracy_score

from lcbench import Fidelity, Metric
from lcbench.collection import Problem

PARTS = ("valid", "test")


class Trees(Problem):
    """Histogram-based gradient boosting: rounds of boosting, and the fraction of the training rows."""

    space = ConfigurationSpace(
        space=[
            Float("learning_rate", (1e-2, 1.0), log=True),
            Integer("max_leaf_nodes", (2, 64), log=True),
            Float("l2_regularization", (1e-6, 10.0), log=True),
            Integer("min_samples_leaf", (1, 40)),
        ]
    )
    metrics = tuple(
        Metric(f"{part}_balanced_accuracy", unit="fraction", goal="maximize", low=0.0, high=1.0) for part in PARTS
    )
    fidelities = (Fidelity("rounds", budgets=(2, 6, 18)), Fidelity("data_fraction", budgets=(0.25, 0.5, 1.0)))
    tasks = ("sklearn:wine", "sklearn:breast_cancer")
    schedule = "non-adaptive: one course for all rounds"

    def train(self, task, config, budget, seed, data_fraction):
        """Yield the balanced accuracies after each round."""
        order = np.random.default_rng(seed).permutation(len(task.y_train))
        rows = order[: max(20, round(data_fraction * len(order)))]
        model = HistGradientBoostingClassifier(**config, warm_start=True, early_stopping=False, random_state=seed)
        yield {}
        for rounds in range(1, budget + 1):
            model.set_params(max_iter=rounds).fit(task.x_train[rows], task.y_train[rows])
            yield {
                f"{part}_balanced_accuracy": balanced_accuracy_score(
                    getattr(task, f"y_{part}"), model.predict(getattr(task, f"x_{part}"))
                )
                for part in PARTS
            }
