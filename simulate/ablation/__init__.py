"""Studies of systems: real searches of one kind and another on data sets, looked at over time (paper, section 5).

::

    systems.py   which systems there are: searches that differ in one component, and peers
    plan.py      data sets x systems x workers x seeds, and what their numbers depend on
    running.py   one run after the other; what is done stays done
    search.py    a run of a search: AutoTabularClassifier with the system's arguments
    peers.py     a run of something else on the same rows
    views.py     what a search would have predicted at any moment, alone and in ensembles: replayed from its journal
    parts.py     where finished runs lie
    file.py      the Parquet file of a study
    scores.py    accuracy after a given time, mean and deviation over seeds, Welch's test
    report.py    these as tables for people

A run keeps every model's probabilities on the validation and on the test rows with the moment at which it was there.
So one run answers for its best network alone, ensembles of networks, its baselines alone, and both together; the test
rows decide nothing. It may use :mod:`lcbench.simulate.autotabular` and :mod:`lcbench.collection`.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "file": ["COLUMNS", "read", "write"],
        "systems": ["PEERS", "SYSTEMS"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate.ablation.file import COLUMNS as COLUMNS
    from lcbench.simulate.ablation.file import read as read
    from lcbench.simulate.ablation.file import write as write
    from lcbench.simulate.ablation.systems import PEERS as PEERS
    from lcbench.simulate.ablation.systems import SYSTEMS as SYSTEMS
