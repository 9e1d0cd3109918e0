"""Learning-curve benchmarks for hyperparameter optimization: the table, its format and its API.

>>> import lcbench
>>> bench = lcbench.load("DIR")
>>> bench.curve(bench.datasets[0], config_id=0, metric="valid_accuracy", budget=50, seed=0)

Names are imported when they are first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "errors": ["LcbenchError"],
        "table.benchmark": ["Benchmark", "load"],
        "table.curve": ["Curve"],
        "table.metric": ["Fidelity", "Metric"],
    },
)

if TYPE_CHECKING:
    from lcbench.errors import LcbenchError as LcbenchError
    from lcbench.table.benchmark import Benchmark as Benchmark
    from lcbench.table.benchmark import load as load
    from lcbench.table.curve import Curve as Curve
    from lcbench.table.metric import Fidelity as Fidelity
    from lcbench.table.metric import Metric as Metric
