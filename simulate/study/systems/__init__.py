"""Studies of systems: real searches of one kind and another on data sets, looked at over time (paper, section 5).

A run keeps every model's probabilities on the validation and on the test rows with the time at which it was fitted.
So one run answers for its best network alone, ensembles of networks, its baselines alone, and both together; the test
rows decide nothing.

It may use the tool, :mod:`lcbench.collection` and the studies of optimizers.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.simulate.study.systems.file import COLUMNS as COLUMNS
    from lcbench.simulate.study.systems.file import read as read
    from lcbench.simulate.study.systems.file import write as write
    from lcbench.simulate.study.systems.systems import PEERS as PEERS
    from lcbench.simulate.study.systems.systems import SYSTEMS as SYSTEMS

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "file": ["COLUMNS", "read", "write"],
        "systems": ["PEERS", "SYSTEMS"],
    },
)
