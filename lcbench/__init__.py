"""Learning-curve benchmarks for hyperparameter optimization.

This package holds the table (:mod:`lcbench.table`), search spaces (:mod:`lcbench.space`), long work in processes
(:mod:`lcbench.work`) and the command line, and uses none of the others. Each of these may use those before it:
:mod:`lcbench.collection` makes tables, :mod:`lcbench.simulate` runs optimizers on them, :mod:`lcbench.analysis`
analyses the results. :mod:`lcbench.data` holds the embedded benchmark and the portfolio.

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
        "_version": ["__version__"],
        "errors": ["LcbenchError"],
        "table.benchmark": ["Benchmark", "load"],
        "table.curve": ["Curve"],
        "table.metric": ["Fidelity", "Metric"],
        "table.write": ["write"],
    },
)

if TYPE_CHECKING:
    from lcbench._version import __version__ as __version__
    from lcbench.errors import LcbenchError as LcbenchError
    from lcbench.table.benchmark import Benchmark as Benchmark
    from lcbench.table.benchmark import load as load
    from lcbench.table.curve import Curve as Curve
    from lcbench.table.metric import Fidelity as Fidelity
    from lcbench.table.metric import Metric as Metric
    from lcbench.table.write import write as write
