"""One-shot architecture search: all cells share the weights of one network, which is trained once.

Its methods train, so they are no optimizers of the contract: what they find is a cell, to be looked up in a table. It
may use :mod:`lcbench.collection.data`, :mod:`lcbench.space` and :mod:`lcbench.table`.
"""

from typing import TYPE_CHECKING

from lcbench.registry import Registry

if TYPE_CHECKING:
    from lcbench.collection.cells.one_shot.search import OneShot

__all__ = ["METHODS"]

_HERE = "lcbench.collection.cells.one_shot"

METHODS: "Registry[type[OneShot]]" = Registry(
    "one-shot method",
    {
        "darts": f"{_HERE}.darts:Darts",
        "darts-2nd": f"{_HERE}.darts:DartsSecond",
        "gdas": f"{_HERE}.gdas:Gdas",
        "random-sharing": f"{_HERE}.random_sharing:RandomSharing",
    },
)
"""The methods by name, each a subclass of :class:`lcbench.collection.cells.one_shot.search.OneShot`."""
