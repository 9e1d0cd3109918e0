"""Classes in the type of the target that they came from."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The classes of a target.

    Attributes:
        values: ``(classes,)`` in the target's own type, sorted as by ``numpy.unique``: class number i is entry i.
    """

    values: NDArray[Any]
