"""Backends made of other backends: each changes one thing, and they can be put around each other.

>>> backend = Noise(Subset(ReplayBackend(bench, "wine"), (12, 50)), 0.01)

Every wrapper keeps the contract of :class:`lcbench.simulate.contract.Backend`: same arguments, same curve. It may use
the contract, :mod:`lcbench.space` and :mod:`lcbench.table`.
"""

from lcbench.simulate.wrappers._wrapper import Wrapper
from lcbench.simulate.wrappers.changed import Negated, Noise, ScaledCost, Subset
from lcbench.simulate.wrappers.folded import Folded

__all__ = ["WRAPPERS", "Folded", "Negated", "Noise", "ScaledCost", "Subset", "Wrapper"]

WRAPPERS: dict[str, type[Wrapper]] = {
    "folded": Folded,
    "negated": Negated,
    "noise": Noise,
    "scaled-cost": ScaledCost,
    "subset": Subset,
}
"""Wrappers by name; the contract tests find them here."""
