"""Problems, which can be collected, and their registry.

A problem knows its search space, its metrics, what is spent step by step, and how a configuration is trained. All that
collects, trains live or fits models asks the problem and knows nothing of what it trains.

To add one: subclass :class:`Problem` and give it a line in :data:`PROBLEMS`. Importing a problem's module and making
the problem must be cheap (no torch): plans and command lines do both.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lcbench.collection.tasks import NO_EXTRAS, Extras
from lcbench.registry import Registry
from lcbench.space import Config
from lcbench.space.rules import completed
from lcbench.table.record import Record

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace

    from lcbench.collection.data.prepared import Prepared
    from lcbench.collection.networks.cost import CostModel
    from lcbench.collection.networks.recorder import Run


class Problem(ABC):
    """A problem: a search space, metrics, a fidelity, and training.

    Attributes:
        name: Name in the registry, in plans and in manifests.
        encoding: How the categories of its data sets become numbers, unless somebody asks for another encoding.
        schedule: How runs of different budgets relate to each other; a sentence for the manifest.
    """

    name: str
    encoding: str = "ordinal"
    schedule: str

    @property
    @abstractmethod
    def space(self) -> "ConfigurationSpace":
        """The search space. Its default values are the problem's defaults."""

    @property
    @abstractmethod
    def record(self) -> Record:
        """What is recorded of every run: metrics, their objective, what is spent step by step, and seconds."""

    def completed(self, config: Config) -> dict[str, Any]:
        """Give a configuration the defaults of the active hyperparameters that it lacks.

        So a configuration that was stored before the space had a hyperparameter stays usable; the default of a new
        hyperparameter is to be what training did before there was a choice.
        """
        return completed(self.space, config)

    @abstractmethod
    def load(self, data: "Prepared", device: str = "cpu") -> Any:
        """Load a prepared data set onto a device; the result is the ``data`` of :meth:`train_all`."""

    @abstractmethod
    def train_all(
        self,
        data: Any,
        configs: Sequence[Config],
        budgets: Sequence[int],
        seeds: Sequence[int],
        plan_seed: int,
        clock: Callable[[], float],
        step_seconds: Sequence[float] | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> "list[list[Run]]":
        """Train configurations, each at every budget and seed.

        A run depends on (plan seed, data set, configuration, seed, budget), not on what it is trained beside.

        Args:
            data: From :meth:`load`.
            configs: Active hyperparameters of configurations in plain types (see
                :func:`lcbench.space.spaces.records`); a single one, or a group of :meth:`groups`.
            budgets: Increasing.
            seeds: What a seed changes is never part of a configuration.
            plan_seed: Seed of the whole collection.
            clock: Gives seconds.
            step_seconds: For each configuration what to record for each step in place of the clock's seconds, from
                :meth:`step_seconds`; None to record the clock's.
            extras: What is logged beside the curves.

        Returns:
            For each configuration a run for each budget and seed, budgets in the outer loop.

        Raises:
            InputError: If extras are asked for that these configurations cannot have.
        """

    def groups(
        self,
        configs: Sequence[Config],
        dataset: Mapping[str, Any],  # noqa: ARG002
        copies: int,  # noqa: ARG002
        device: str,  # noqa: ARG002
        extras: Extras,  # noqa: ARG002
    ) -> list[list[int]]:
        """Decide which configurations of a data set are trained together; by default each by itself.

        Args:
            configs: The configurations.
            dataset: Row of the data set in ``lcbench.table.manifest.DATASET_SCHEMA``.
            copies: Runs of a configuration: budgets x seeds.
            device: Where they train.
            extras: What is logged beside the curves.

        Returns:
            Indices of the configurations of each group, each index once.
        """
        return [[i] for i in range(len(configs))]

    @abstractmethod
    def calibrate(self, data: "Sequence[Prepared]", configs: Sequence[Config], device: str) -> "CostModel":
        """Time some steps on this machine.

        Args:
            data: The data sets to be collected.
            configs: The configurations to be trained.
            device: Where they train.

        Returns:
            The cost model that :meth:`step_seconds` takes.
        """

    @abstractmethod
    def step_seconds(self, cost: "CostModel", data: Any, config: Config) -> float:
        """Seconds that one step of a single run of a configuration takes on one worker.

        Args:
            cost: From :meth:`calibrate`.
            data: A prepared data set, or what :meth:`load` made of it.
            config: The configuration.
        """


_NETWORKS = "lcbench.collection.networks.problems"

PROBLEMS: Registry[type[Problem]] = Registry(
    "problem",
    {"mlp": f"{_NETWORKS}:MLP", "mlp-released": f"{_NETWORKS}:ReleasedMLP", "full": f"{_NETWORKS}:Full"},
)
"""Problems by name."""


def get_problem(name: str) -> Problem:
    """Make the problem of a name.

    Raises:
        UnknownNameError: If there is no such problem.
    """
    return PROBLEMS[name]()
