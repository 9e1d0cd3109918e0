"""Studies of one-shot searches: each method on each data set with every seed, and its cells looked up in a table.

A search (:mod:`lcbench.collection.cells.one_shot`) trains one super-network and stands for a cell after each epoch. A
study keeps these cells with what the search had cost by then; :func:`look_up` says what they are worth.

It may use :mod:`lcbench.collection`, the replay, :mod:`lcbench.table` and the studies of optimizers.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.simulate.study.one_shot.file import COLUMNS as COLUMNS
    from lcbench.simulate.study.one_shot.file import read as read
    from lcbench.simulate.study.one_shot.look_up import look_up as look_up
    from lcbench.simulate.study.one_shot.look_up import missing_cells as missing_cells

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "file": ["COLUMNS", "read"],
        "look_up": ["look_up", "missing_cells"],
    },
)
