"""Portfolios: configurations that together do well on many data sets, to begin a search with.

:mod:`lcbench.simulate.transfer.greedy` has the rules, :mod:`lcbench.simulate.transfer.building` makes portfolios by
training, and :func:`load_portfolio` reads them, for :class:`lcbench.simulate.warm_start.WarmStart`. Building may use
:mod:`lcbench.collection`; reading uses :mod:`lcbench.space` and :mod:`lcbench.table` only.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from lcbench.simulate.transfer.shipped import load_portfolio as load_portfolio

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "shipped": ["load_portfolio"],
    },
)
