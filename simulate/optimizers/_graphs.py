"""Configurations as graphs, and the Weisfeiler-Lehman kernel of graphs.

Shervashidze, Schweitzer, van Leeuwen, Mehlhorn and Borgwardt (2011), *Weisfeiler-Lehman graph kernels*, JMLR 12: the
label of a node is replaced by that of itself and its neighbours, again and again; graphs are alike if they have the
same labels as often. Edges here have a direction: what comes in and what goes out are told apart.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from lcbench.errors import InputError
from lcbench.plugins import find
from lcbench.space import Config
from lcbench.space.cells import EDGES, OUTPUT, is_cell_space, live_edges, operations_of
from lcbench.space.encoding import Encoding

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

Array = NDArray[np.float64]

_BINS = 8  # of a number in a star


@dataclass(frozen=True, slots=True)
class Graph:
    """A directed graph with labelled nodes.

    Attributes:
        labels: Of the nodes.
        edges: Pairs of places of nodes, from and to.

    Raises:
        InputError: If an edge leads nowhere.
    """

    labels: tuple[Hashable, ...]
    edges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        if not self.labels or not all(0 <= end < len(self.labels) for edge in self.edges for end in edge):
            raise InputError(
                f"a graph must have nodes, and edges between them, got {len(self.labels)} nodes and the edges "
                f"{self.edges}."
            )


Drawn = Callable[[Config], Graph]
"""Draws a configuration as a graph."""


def drawing(space: "ConfigurationSpace", graph: str | Callable[[Config], Any] | None) -> Drawn:
    """What draws the configurations of a space as graphs.

    Args:
        space: The search space.
        graph: An import string, or a function that gives labels and edges of a configuration. None: cells of
            NAS-Bench-201 are drawn as :func:`cell`, all others as :func:`star`.

    Raises:
        InputError: If there is no such function.
    """
    if graph is None:
        return cell if is_cell_space(space) else star(space)
    own = find("graph", graph) if isinstance(graph, str) else graph
    if not callable(own):
        raise InputError(f"graph must be a function that gives labels and edges of a configuration, got {graph!r}.")

    def drawn(config: Config) -> Graph:
        found = own(config)
        if isinstance(found, Graph):
            return found
        try:
            labels, edges = tuple(found[0]), tuple((int(first), int(second)) for first, second in found[1])
        except (TypeError, ValueError, LookupError) as error:
            raise InputError(f"graph must give labels and edges of a configuration, got {found!r}.") from error
        return Graph(labels, edges)

    return drawn


def cell(config: Config) -> Graph:
    """A cell of NAS-Bench-201 as a graph of its operations.

    As NAS-BOWL has them (Ru et al. 2021, appendix): each operation is a node, between that of the input and that of the
    output; ``none`` is no operation. What lies on no way from the input to the output does nothing, and is left out.
    """
    operations = operations_of(config)
    used = [(operations[edge], EDGES[edge]) for edge in live_edges(operations)]
    labels = ("input", *(name for name, _ in used), "output")
    edges = [(0, place) for place, (_, ends) in enumerate(used, 1) if ends[0] == 0]
    edges += [(place, len(used) + 1) for place, (_, ends) in enumerate(used, 1) if ends[1] == OUTPUT]
    edges += [
        (first, second)
        for first, (_, before) in enumerate(used, 1)
        for second, (_, after) in enumerate(used, 1)
        if before[1] == after[0]
    ]
    return Graph(labels, tuple(edges))


def star(space: "ConfigurationSpace") -> Drawn:
    """Draws a flat configuration: a node for each active hyperparameter and its level, around one in the middle.

    Numbers are put into eight bins of the unit cube.
    """
    encoding = Encoding(space)

    def drawn(config: Config) -> Graph:
        point = encoding.place(config)
        leaves = [
            (name, int(at) if k else min(int(at * _BINS), _BINS - 1))
            for name, at, k in zip(encoding.names, point, encoding.levels, strict=True)
            if not np.isnan(at)
        ]
        return Graph(("configuration", *leaves), tuple((0, place) for place in range(1, len(leaves) + 1)))

    return drawn


def counts(graph: Graph, depth: int) -> list[Counter[Hashable]]:
    """How often each label occurs in a graph, after 0, 1, ... ``depth`` steps.

    A label after a step is that of the node before it, with the sorted labels of what comes in and of what goes out.
    """
    labels: Sequence[Hashable] = graph.labels
    found = [Counter(labels)]
    for _ in range(depth):
        into: list[list[Hashable]] = [[] for _ in labels]
        out: list[list[Hashable]] = [[] for _ in labels]
        for first, second in graph.edges:
            into[second].append(labels[first])
            out[first].append(labels[second])
        labels = [
            (label, tuple(sorted(into[place], key=repr)), tuple(sorted(out[place], key=repr)))
            for place, label in enumerate(labels)
        ]
        found.append(Counter(labels))
    return found


class Features:
    """Counts of labels as vectors; a label gets its column when it is first seen.

    Args:
        depth: Steps of the kernel at most.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._columns: list[dict[Hashable, int]] = [{} for _ in range(depth + 1)]

    def of(self, graph: Graph) -> tuple[Mapping[int, int], ...]:
        """For each number of steps the counts of a graph, by column."""
        return tuple(
            {columns.setdefault(label, len(columns)): count for label, count in counted.items()}
            for columns, counted in zip(self._columns, counts(graph, self._depth), strict=True)
        )

    def matrices(self, features: Iterable[Sequence[Mapping[int, int]]]) -> list[csr_matrix]:
        """Counts of many graphs, ``(graphs, columns)``, for each number of steps."""
        every = list(features)
        return [_matrix([each[step] for each in every], len(columns)) for step, columns in enumerate(self._columns)]


def _matrix(rows: Sequence[Mapping[int, int]], width: int) -> csr_matrix:
    ends = np.cumsum([0, *map(len, rows)])
    places = np.fromiter((column for row in rows for column in row), np.intp, ends[-1])
    values = np.fromiter((count for row in rows for count in row.values()), np.float64, ends[-1])
    return csr_matrix((values, places, ends), (len(rows), width))


def kernels(first: Sequence[csr_matrix], second: Sequence[csr_matrix]) -> Array:
    """Kernels of graphs with 0, 1, ... steps, each the sum over all steps up to it, scaled to 1 on the diagonal.

    Args:
        first: From :meth:`Features.matrices`, of ``n`` graphs.
        second: The same of ``m``, made of the same features; a column that one lacks counts 0.

    Returns:
        ``(steps + 1, n, m)`` in [0, 1].
    """
    shared = np.cumsum([_product(a, b) for a, b in zip(first, second, strict=True)], axis=0)
    lengths = [np.sqrt(np.cumsum([_squares(each) for each in side], axis=0)) for side in (first, second)]
    return np.asarray(shared / (lengths[0][:, :, None] * lengths[1][:, None, :]))


def _product(first: csr_matrix, second: csr_matrix) -> Array:
    width = max(first.shape[1], second.shape[1])
    widened = [csr_matrix((each.data, each.indices, each.indptr), (each.shape[0], width)) for each in (first, second)]
    return np.asarray((widened[0] @ widened[1].T).toarray())


def _squares(counted: csr_matrix) -> Array:
    return np.asarray(counted.multiply(counted).sum(axis=1), np.float64).ravel()
