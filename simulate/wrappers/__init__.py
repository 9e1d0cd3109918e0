"""Backends made of other backends: each changes one thing, and they can be put around each other.

>>> backend = Noise(Subset(ReplayBackend(bench, "wine"), (12, 50)), 0.01)

Every wrapper keeps the contract of :class:`lcbench.simulate.contract.Backend`: same arguments, same curve.
"""

from lcbench.simulate.wrappers.folded import Folded
from lcbench.simulate.wrappers.negated import Negated
from lcbench.simulate.wrappers.noise import Noise
from lcbench.simulate.wrappers.scaled_cost import ScaledCost
from lcbench.simulate.wrappers.subset import Subset
from lcbench.simulate.wrappers.wrapper import Wrapper

WRAPPERS: dict[str, type[Wrapper]] = {
    "folded": Folded,
    "negated": Negated,
    "noise": Noise,
    "scaled-cost": ScaledCost,
    "subset": Subset,
}
"""Wrappers by name; the contract tests find them here."""
