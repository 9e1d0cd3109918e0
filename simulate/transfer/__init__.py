"""What other data sets teach: portfolios of configurations to begin a search with, and what a table knows.

:mod:`lcbench.simulate.transfer.greedy` has the rules, :mod:`lcbench.simulate.transfer.building` makes portfolios by
training, and :func:`load_portfolio` reads them, for :class:`lcbench.simulate.warm_start.WarmStart`. Building may use
:mod:`lcbench.collection`; reading uses :mod:`lcbench.space` and :mod:`lcbench.table` only.

:func:`knowledge_of` gives the losses of a table's configurations on all its data sets, for optimizers that transfer:

>>> others = knowledge_of(bench).without("wine")
>>> optimizer = OPTIMIZERS["rgpe"](backend.domain(None, others), backend.budgets, rng)
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.simulate.transfer.knowledge import knowledge_of as knowledge_of
    from lcbench.simulate.transfer.shipped import load_portfolio as load_portfolio

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "knowledge": ["knowledge_of"],
        "shipped": ["load_portfolio"],
    },
)
