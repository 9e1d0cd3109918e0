"""The plan of a study of one-shot searches."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from typing import Any

from lcbench.collection.cells.one_shot import METHODS
from lcbench.collection.cells.one_shot.settings import DEFAULT, Settings
from lcbench.errors import InputError, UnknownNameError
from lcbench.whole import whole
from lcbench.work import Task

NAMED = ("methods", "datasets", "seeds")
"""What the searches of a study are named by, in the order of the key."""


@dataclass(frozen=True, slots=True, order=True)
class SearchTask(Task):
    """One search."""

    method: str
    dataset: str
    seed: int

    def __str__(self) -> str:
        return f"{self.method} on {self.dataset}, seed {self.seed}"

    @property
    def key(self) -> tuple[str, str, int]:
        """Its values in the columns :data:`lcbench.simulate.study.one_shot.file.KEY`."""
        return self.method, self.dataset, self.seed


@dataclass(frozen=True, slots=True)
class OneShotPlan:
    """A study of one-shot searches.

    Attributes:
        sources: Data sets of images, as ``lcbench collect`` takes them.
        methods: Names of :data:`lcbench.collection.cells.one_shot.METHODS`.
        seeds: Seeds of the searches; splits do not depend on them.
        search: The settings of each search.
    """

    sources: tuple[str, ...]
    methods: tuple[str, ...] = tuple(METHODS)
    seeds: tuple[int, ...] = (0,)
    search: Settings = DEFAULT

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", tuple(whole("seeds", seed, least=0) for seed in self.seeds))
        named = {"data sets": self.sources, "methods": self.methods, "seeds": self.seeds}
        for kind, names in named.items():
            if not names or len(set(names)) < len(names):
                told = ", ".join(map(str, names)) or "none"
                raise InputError(f"{kind} must be at least one, each named once, got {told}.")
        for name in self.methods:
            if name not in [*METHODS]:
                raise UnknownNameError(METHODS.kind, name, METHODS)

    def settings(self) -> dict[str, Any]:
        """What the searches depend on beside their names and data."""
        return {"lcbench": version("lcbench"), **self.search.describe()}


def searches(names: Mapping[str, Sequence[Any]]) -> Iterator[SearchTask]:
    """Every search of some names (:data:`NAMED`), seed by seed: whenever it is stopped, methods have had as many."""
    for seed, dataset, method in product(names["seeds"], names["datasets"], names["methods"]):
        yield SearchTask(method, dataset, seed)
