"""Studies: optimizers x data sets x seeds, each simulated by itself.

:func:`study` plays all simulations, in this process or in several, and resumes where an interrupted one stopped. Its
traces, one row per result, are what :mod:`lcbench.simulate.study.regret` and the figures of :mod:`analysis` start from;
:func:`write` and :func:`read` keep them as one Parquet file. Names are imported when they are first used.

It may use the optimizers, the replay, :mod:`lcbench.table` and :mod:`lcbench.work`.
"""

from typing import TYPE_CHECKING

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "file": ["COLUMNS", "by_variant", "is_empty", "optimized", "read", "results", "write"],
        "keeping": ["Keep"],
        "limit": ["Limit", "parse_budget"],
        "plan": ["SimulationTask", "StudyPlan"],
        "player": ["cell_rng"],
        "running": ["study"],
        "tested": ["overtuning", "test_regrets"],
    },
)

if TYPE_CHECKING:
    from lcbench.simulate.study.file import COLUMNS as COLUMNS
    from lcbench.simulate.study.file import by_variant as by_variant
    from lcbench.simulate.study.file import is_empty as is_empty
    from lcbench.simulate.study.file import optimized as optimized
    from lcbench.simulate.study.file import read as read
    from lcbench.simulate.study.file import results as results
    from lcbench.simulate.study.file import write as write
    from lcbench.simulate.study.keeping import Keep as Keep
    from lcbench.simulate.study.limit import Limit as Limit
    from lcbench.simulate.study.limit import parse_budget as parse_budget
    from lcbench.simulate.study.plan import SimulationTask as SimulationTask
    from lcbench.simulate.study.plan import StudyPlan as StudyPlan
    from lcbench.simulate.study.player import cell_rng as cell_rng
    from lcbench.simulate.study.running import study as study
    from lcbench.simulate.study.tested import overtuning as overtuning
    from lcbench.simulate.study.tested import test_regrets as test_regrets
