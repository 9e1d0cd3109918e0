"""The problem ``cells``: networks of a cell of NAS-Bench-201's space, trained to tell small images apart."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lcbench.collection.problem import Problem
from lcbench.errors import InputError
from lcbench.space import Config
from lcbench.space.cells import cell_space
from lcbench.table.metric import Fidelity, Metric

if TYPE_CHECKING:
    from lcbench.collection.data.prepared import Prepared

PARTS = ("train", "valid", "test")


class Cells(Problem):
    """A network of small cells; its epochs are the fidelity, with a cosine of its own for each budget.

    Training is that of Dong and Yang (2020), section 2.2, on smaller images: SGD with Nesterov's momentum of 0.9,
    weight decay 0.0005, a learning rate that falls from 0.1 to 0 along a cosine. As there, what is measured on the
    training part is measured while it trains. A run depends on its configuration and seed; ``latency`` and seconds are
    measured, in processor time, so that they do not depend on what else the machine does.
    """

    name = "cells"
    space = cell_space()
    metrics = (
        *(Metric(f"{part}_accuracy", unit="fraction", goal="maximize", low=0.0, high=1.0) for part in PARTS),
        *(Metric(f"{part}_cross_entropy", unit="nats", goal="minimize", low=0.0) for part in PARTS),
        Metric("parameters", unit="weights", goal="minimize", low=0.0),
        Metric("flops", unit="operations an image", goal="minimize", low=0.0),
        Metric("latency", unit="seconds an image", goal="minimize", low=0.0),
    )
    objective = "valid_accuracy"
    fidelity = Fidelity("epochs", budgets=(6, 12, 24))
    schedule = "adaptive: a cosine of its own for each budget"
    tasks = ("sklearn:digits",)
    preload = "lcbench.collection.cells.training"

    def check_ready(self) -> None:  # noqa: D102
        if find_spec("torch") is None:
            raise InputError("this needs the package 'torch'; install it with: pip install 'lcbench[collect]'.")

    def train(self, task: "str | Prepared", config: Config, budget: int, seed: int) -> Iterator[Mapping[str, float]]:  # type: ignore[override]
        """Train the network of one cell.

        Yields:
            Nothing before the first epoch, then a value for each metric after each.
        """
        from lcbench.collection.cells.training import train

        if isinstance(task, str):
            raise InputError(f"data set must be SCHEME:NAME for cells, got {task!r}; try 'sklearn:digits'.")
        yield {}
        yield from train(task, config, budget, seed)
