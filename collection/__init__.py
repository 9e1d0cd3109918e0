"""Makes a table: samples configurations, trains them for real and logs their learning curves.

::

    data/          data sets: sources, reading, preparation, splits
    networks/      networks of both search spaces, and how they are trained
    models/        networks and baselines for one table of data, fitted, saved, read back

It may use :mod:`lcbench`, and nothing of :mod:`lcbench.simulate` or :mod:`lcbench.analysis`. Names are imported when
they are first used, so that the command line answers at once.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules={"models"},
    submod_attrs={
        "collecting": ["Collection"],
        "problem": ["Problem"],
        "data.dataset": ["Dataset"],
        "data.preparation": ["prepare"],
        "data.prepared": ["Prepared"],
        "data.sources": ["SOURCES", "load_dataset"],
        "plan": ["Plan"],
    },
)

if TYPE_CHECKING:
    from lcbench.collection import models as models
    from lcbench.collection.collecting import Collection as Collection
    from lcbench.collection.data.dataset import Dataset as Dataset
    from lcbench.collection.data.preparation import prepare as prepare
    from lcbench.collection.data.prepared import Prepared as Prepared
    from lcbench.collection.data.sources import SOURCES as SOURCES
    from lcbench.collection.data.sources import load_dataset as load_dataset
    from lcbench.collection.plan import Plan as Plan
    from lcbench.collection.problem import Problem as Problem
