"""A small space with a formula for its curves, where the optimum is known."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.simulate import FunctionBackend
from lcbench.table.curve import Curve


@pytest.fixture
def bowl():
    """Loss (x - 0.3)^2 + (y - 0.8)^2, known up to 1 / epochs; 10 s an epoch; budgets 1, 3, 9."""

    def curve(config, budget):
        epochs = np.arange(budget + 1.0)
        loss = (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2
        return Curve(loss + 0.01 / (1 + epochs), 10.0 * epochs)

    return FunctionBackend(ConfigurationSpace({"x": (0.0, 1.0), "y": (0.0, 1.0)}), (1, 3, 9), curve, resumes=True)
