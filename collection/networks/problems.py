"""The paper's networks as problems: Search Space 1 (``mlp``, ``mlp-released``) and Search Space 2 (``full``).

What a configuration asks for is its :class:`Recipe`. Search Space 1 trains in stacks, all budgets and seeds of a
configuration at once; Search Space 2 run by run. Importing this module imports no torch.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from lcbench.collection.networks.cost import CostModel, Extent
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.networks.randomness import streams
from lcbench.collection.networks.recipe import Candidate, Recipe, ResNetShape, Shape, shaped_mlp, shaped_resnet
from lcbench.collection.problem import Problem, get_problem
from lcbench.collection.tasks import NO_EXTRAS, Extras
from lcbench.errors import InputError
from lcbench.space import Config, paper
from lcbench.table.metric import Fidelity

if TYPE_CHECKING:
    from lcbench.collection.data.prepared import Prepared
    from lcbench.collection.networks.loop.fitting import FittedNetwork, Score, Stopping
    from lcbench.collection.networks.loop.modules import Network
    from lcbench.collection.networks.tensors import Tensors
    from lcbench.collection.run import Run

Engine = Callable[..., "list[list[Run]]"]
"""Trains candidates at every budget and seed, see :func:`lcbench.collection.networks.stack.engine.train`."""


class NetworkProblem(Problem):
    """Networks that learn to classify the rows of prepared data sets, with PyTorch."""

    metrics = RECORD.metrics
    fidelity = Fidelity("epochs", budgets=(12, 25, 50))
    record = RECORD
    schedule = "adaptive: a cosine of its own for each budget"
    preload = "lcbench.collection.networks.tensors"

    @abstractmethod
    def recipe(self, config: Config, n_inputs: int, n_classes: int) -> Recipe:
        """Read what a configuration asks for.

        Args:
            config: Its active hyperparameters.
            n_inputs: Columns of the prepared data.
            n_classes: Classes.
        """

    @abstractmethod
    def work(self, extent: Extent, config: Config) -> dict[str, float]:
        """The work of one epoch of a single run, by kind, for the cost model."""

    @abstractmethod
    def _engine(self, device: str) -> Engine:
        """The engine for a kind of device (``"cpu"`` or ``"cuda"``)."""

    def check_ready(self) -> None:  # noqa: D102
        if find_spec("torch") is None:
            raise InputError("this needs the package 'torch'; install it with: pip install 'lcbench[collect]'.")

    def load(self, data: "str | Prepared", device: str = "cpu") -> "Tensors":  # noqa: D102
        if isinstance(data, str):
            raise InputError(f"data set must be SCHEME:NAME for networks, got {data!r}; try 'sklearn:wine'.")
        from lcbench.collection.networks.tensors import Tensors

        return Tensors(data, device)

    def train_all(  # noqa: D102
        self,
        data: "Tensors",
        configs: Sequence[Config],
        budgets: Sequence[int],
        seeds: Sequence[int],
        plan_seed: int,
        clock: Callable[[], float],
        step_seconds: Sequence[float] | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> "list[list[Run]]":
        from lcbench.collection.networks.tensors import one_thread

        candidates = [self._candidate(data, config, plan_seed) for config in configs]
        train = self._engine(data.weights.device.type)
        with one_thread():
            return train(data, candidates, budgets, seeds, clock, step_seconds, extras)

    def fit(
        self,
        data: "Tensors",
        config: Config,
        budget: int,
        seed: int,
        plan_seed: int,
        clock: Callable[[], float],
        *,
        stopping: "Stopping | None" = None,
        score: "Score | None" = None,
    ) -> "FittedNetwork":
        """Train one run and keep its network; see :func:`lcbench.collection.networks.loop.fitting.fit`."""
        from lcbench.collection.networks.loop.fitting import fit

        return fit(data, self._candidate(data, config, plan_seed), budget, seed, clock, stopping=stopping, score=score)

    def network(self, config: Config, n_inputs: int, n_classes: int) -> "Network":
        """The network of a configuration, all weights 0: load the state of a fitted one into it."""
        from lcbench.collection.networks.loop.modules import empty_network

        return empty_network(self.recipe(self.completed(config), n_inputs, n_classes), n_inputs)

    def calibrate(self, data: "Sequence[Prepared]", configs: Sequence[Config], device: str) -> CostModel:  # noqa: D102
        import numpy as np

        from lcbench.collection.networks.calibration import calibrated

        return calibrated(self, [Extent.of(each) for each in data], configs, np.random.default_rng(0), device)

    def step_seconds(self, cost: CostModel, data: "Prepared | Tensors", config: Config) -> float:  # noqa: D102
        return cost.seconds_of(self.work(Extent.of(data), config))

    def _candidate(self, data: "Tensors", config: Config, plan_seed: int) -> Candidate:
        recipe = self.recipe(config, data.n_features, data.n_classes)
        return Candidate(recipe, partial(streams, plan_seed, data.name, config))


class MLP(NetworkProblem):
    """Search Space 1 of the paper: shaped MLPs and SGD."""

    name = "mlp"

    space = paper.mlp()

    def recipe(self, config: Config, n_inputs: int, n_classes: int) -> Recipe:  # noqa: D102
        layers, units, dropout = config["num_layers"], config["max_units"], config["max_dropout"]
        return Recipe(
            svd_dim=None,
            shape=shaped_mlp(n_inputs, n_classes, int(layers), int(units), float(dropout)),
            batch_size=int(config["batch_size"]),
            learning_rate=float(config["learning_rate"]),
            weight_decay=float(config["weight_decay"]),
            momentum=float(config["momentum"]),
            mixup_alpha=0.0,
        )

    def work(self, extent: Extent, config: Config) -> dict[str, float]:  # noqa: D102
        from lcbench.collection.networks.stack.work import epoch_work

        return epoch_work(self.recipe(config, extent.features, extent.classes), extent)

    def groups(  # noqa: D102
        self, configs: Sequence[Config], dataset: Mapping[str, Any], copies: int, device: str, extras: Extras
    ) -> list[list[int]]:
        if device == "cpu" or extras.gradients:
            return super().groups(configs, dataset, copies, device, extras)
        from lcbench.collection.networks.stack import gpu

        recipes = [self.recipe(config, dataset["features"], dataset["classes"]) for config in configs]
        return gpu.groups(recipes, dataset["train_instances"], copies)

    def _engine(self, device: str) -> Engine:
        from lcbench.collection.networks.stack import engine

        if device == "cpu":
            return engine.train
        from lcbench.collection.networks.stack import gpu

        return gpu.train


class ReleasedMLP(MLP):
    """Search Space 1 with the ranges of the released data."""

    name = "mlp-released"

    space = paper.mlp_released()


class Full(NetworkProblem):
    """Search Space 2 of the paper: MLPs and ResNets, SGD and Adam, and the training techniques."""

    name = "full"
    encoding = "onehot"

    space = paper.full()

    def recipe(self, config: Config, n_inputs: int, n_classes: int) -> Recipe:  # noqa: D102
        reduces, mixes = config["preprocessor"] == paper.TRUNCATED_SVD, config["training_technique"] == paper.MIXUP
        svd_dim = min(int(config["svd_target_dim"]), n_inputs) if reduces else None
        optimizer = config["optimizer"]
        return Recipe(
            svd_dim=svd_dim,
            shape=_shape(config, n_inputs if svd_dim is None else svd_dim, n_classes),
            batch_size=int(config["batch_size"]),
            learning_rate=float(config[f"{optimizer}_learning_rate"]),
            weight_decay=float(config[f"{optimizer}_weight_decay"]),
            momentum=None if optimizer == paper.ADAM else float(config["momentum"]),
            mixup_alpha=float(config["mixup_alpha"]) if mixes else 0.0,
        )

    def work(self, extent: Extent, config: Config) -> dict[str, float]:  # noqa: D102
        from lcbench.collection.networks.loop.work import epoch_work

        return epoch_work(self.recipe(config, extent.features, extent.classes), extent)

    def _engine(self, device: str) -> Engine:  # noqa: ARG002
        from lcbench.collection.networks.loop.fitting import train

        return train


def network_problem(name: str) -> NetworkProblem:
    """Make a problem by name; it must be one of networks, since only networks can be fitted and kept.

    Raises:
        UnknownNameError: If there is no such problem.
        InputError: If it is none of networks.
    """
    problem = get_problem(name)
    if not isinstance(problem, NetworkProblem):
        raise InputError(f"problem must be one of networks to keep a fitted model, got {name!r}; try 'full'.")
    return problem


def _shape(config: Config, n_inputs: int, n_classes: int) -> Shape | ResNetShape:
    if config["network_type"] == paper.MLP:
        layers, units, dropout = config["mlp_num_layers"], config["mlp_max_units"], config["mlp_max_dropout"]
        return shaped_mlp(n_inputs, n_classes, int(layers), int(units), float(dropout))
    shape = shaped_resnet(
        n_inputs,
        n_classes,
        int(config["resnet_num_groups"]),
        int(config["resnet_blocks_per_group"]),
        int(config["resnet_max_units"]),
        float(config["resnet_max_dropout"]) if config["use_dropout"] else 0.0,
    )
    max_shake_drop = float(config["max_shake_drop"]) if config["use_shake_drop"] else None
    return replace(shape, max_shake_drop=max_shake_drop, shake_shake=bool(config["use_shake_shake"]))
