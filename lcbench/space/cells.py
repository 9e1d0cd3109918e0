"""The cell space of NAS-Bench-201: four nodes, six edges, an operation on each, and which cells compute the same.

Dong and Yang (2020), *NAS-Bench-201: Extending the scope of reproducible neural architecture search*, ICLR, section
2.1: a node is the sum of what its edges bring, an edge applies its operation to an earlier node. Of the 5^6 = 15,625
cells 6,466 differ by the authors' count (:func:`published_form`), and 4,930 compute different things
(:func:`canonical`).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, product
from typing import TYPE_CHECKING

from lcbench.errors import InputError
from lcbench.space import Config

if TYPE_CHECKING:
    import numpy as np
    from ConfigSpace import ConfigurationSpace

NONE, SKIP, CONV_1X1, CONV_3X3, POOL_3X3 = "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"

OPERATIONS = (NONE, SKIP, CONV_1X1, CONV_3X3, POOL_3X3)
"""What an edge may do, by the names of NAS-Bench-201."""

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""Edges between the four nodes, in the order of their hyperparameters ``Op0`` ... ``Op5``."""

NAMES = tuple(f"Op{edge}" for edge in range(len(EDGES)))
"""A hyperparameter for each edge, named as in published tables."""

OUTPUT = 3
"""The last node, which the cell gives."""


def cell_space() -> "ConfigurationSpace":
    """The search space: a category for each edge, whose default is a 3x3 convolution."""
    from ConfigSpace import CategoricalHyperparameter, ConfigurationSpace

    return ConfigurationSpace(
        name="cells", space=[CategoricalHyperparameter(name, OPERATIONS, default_value=CONV_3X3) for name in NAMES]
    )


def is_cell_space(space: "ConfigurationSpace") -> bool:
    """Whether a space is this one, whatever the order of its operations."""
    return list(space) == list(NAMES) and all({*getattr(space[name], "choices", ())} == {*OPERATIONS} for name in NAMES)


def operations_of(cell: Config | Sequence[str]) -> tuple[str, ...]:
    """The operations of a cell by edge, from a configuration or from the operations themselves."""
    return tuple(cell) if isinstance(cell, Sequence) else tuple(str(cell[name]) for name in NAMES)


def canonical(cell: Config | Sequence[str]) -> str:
    """What a cell computes, as a text: cells with equal texts compute the same, but for the draw of their weights.

    A node is the sorted sum of what its edges bring. An edge that brings nothing (``none``, or any edge from a node
    that nothing reaches) is left out, and a skip brings what its node has. 4,930 texts are left.

    Args:
        cell: A configuration, or its six operations.

    Returns:
        The text of the output; empty if nothing reaches it.
    """
    nodes: list[tuple[str, ...]] = [("x",)]
    for node in range(1, OUTPUT + 1):
        terms = [_brought(nodes[start], operation) for operation, start in _incoming(cell, node)]
        nodes.append(tuple(sorted(chain.from_iterable(terms))))
    return "+".join(nodes[OUTPUT])


def _brought(source: tuple[str, ...], operation: str) -> tuple[str, ...]:
    if operation == NONE or not source:
        return ()
    return source if operation == SKIP else (f"({'+'.join(source)})@{operation}",)


def published_form(cell: Config | Sequence[str]) -> str:
    """The text by which Dong and Yang count 6,466 different cells.

    It keeps a sign where an edge brings nothing, and does not open the sums that skips bring, so it tells some cells
    apart that compute the same: :func:`canonical` does not.
    """
    nodes = ["x"]
    for node in range(1, OUTPUT + 1):
        terms = [_published_term(nodes[start], operation) for operation, start in _incoming(cell, node)]
        nodes.append("+".join(sorted(terms)))
    return nodes[OUTPUT]


def _published_term(source: str, operation: str) -> str:
    if operation == NONE or source == _NOTHING:
        return _NOTHING
    return source if operation == SKIP else f"({source})@{operation}"


_NOTHING = "#"


def _incoming(cell: Config | Sequence[str], node: int) -> list[tuple[str, int]]:
    """For each edge into a node its operation, and where it comes from."""
    operations = operations_of(cell)
    return [(operations[edge], start) for edge, (start, end) in enumerate(EDGES) if end == node]


def live_edges(cell: Config | Sequence[str]) -> tuple[int, ...]:
    """Edges on a way from the input to the output on which nothing is ``none``; all others change nothing.

    Args:
        cell: A configuration, or its six operations.

    Returns:
        Their numbers, increasing; none if the cell gives nothing.
    """
    used = [edge for edge, operation in enumerate(operations_of(cell)) if operation != NONE]
    reached, leading = {0}, {OUTPUT}
    for start, end in sorted(EDGES[edge] for edge in used):
        reached |= {end} if start in reached else set()
    for start, end in sorted((EDGES[edge] for edge in used), key=lambda ends: ends[::-1], reverse=True):
        leading |= {start} if end in leading else set()
    return tuple(edge for edge in used if EDGES[edge][0] in reached and EDGES[edge][1] in leading)


def every_cell() -> Iterator[tuple[str, ...]]:
    """All 15,625 cells, as their operations."""
    return product(OPERATIONS, repeat=len(EDGES))


def distinct(cells: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Of cells that compute the same the first, in the order in which they come."""
    seen: dict[str, tuple[str, ...]] = {}
    for cell in cells:
        seen.setdefault(canonical(cell), cell)
    return list(seen.values())


def draw(number: int, rng: "np.random.Generator") -> list[dict[str, str]]:
    """Cells drawn at random, of which no two compute the same.

    Args:
        number: How many; the first ones are the same for every number.
        rng: Source of randomness.

    Returns:
        Configurations.

    Raises:
        InputError: If there are not so many.
    """
    found = distinct(rng.permutation(list(every_cell())).tolist())
    if not 1 <= number <= len(found):
        raise InputError(f"number of different cells must be between 1 and {len(found)}, got {number}.")
    return [dict(zip(NAMES, cell, strict=True)) for cell in found[:number]]
