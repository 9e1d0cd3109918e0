"""The systems that a study compares: each differs from the one before it in one component."""

from collections.abc import Mapping
from dataclasses import dataclass

from lcbench.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class System:
    """A search.

    Attributes:
        title: Its name in figures, as the paper writes it.
        optimizer: Name of the optimizer.
        portfolio: ``"greedy"``, ``"simple"``, or None for none.
        baselines: Whether baselines are fitted before the networks.
    """

    title: str
    optimizer: str
    portfolio: str | None = None
    baselines: bool = False


SYSTEMS: Mapping[str, System] = {
    "bo": System("BO", "kde"),
    "bohb": System("BOHB", "bohb"),
    "bohb-simple": System("BOHB + simple PF", "bohb", "simple"),
    "bohb-greedy": System("BOHB + greedy PF", "bohb", "greedy"),
    "full": System("BOHB + greedy PF + Ens. (div.)", "bohb", "greedy", baselines=True),
}
"""The searches of section 5.3. BO is BOHB's model without its budgets, as in the paper (section 5.1.2)."""

PEERS: Mapping[str, str] = {"hist-gradient-boosting": "HistGradientBoosting"}
"""Other classifiers by name, with their titles; the file ``peers.py`` says how they are fitted."""

NAMES: tuple[str, ...] = (*SYSTEMS, *PEERS)


def check_system(name: str) -> None:
    """Check that there is such a system.

    Raises:
        UnknownNameError: If not.
    """
    if name not in NAMES:
        raise UnknownNameError("system", name, NAMES)


def title_of(name: str) -> str:
    """A system's name in figures; that of a system from elsewhere is its name."""
    return SYSTEMS[name].title if name in SYSTEMS else PEERS.get(name, name)
