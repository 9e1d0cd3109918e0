"""Networks as models: fitted by a problem's training, kept in one safetensors file of tensors and nothing else."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.models.learning_task import LearningTask
from lcbench.collection.models.models import Clock, FittedFold
from lcbench.collection.networks.metrics import METRICS
from lcbench.collection.networks.problems import network_problem
from lcbench.errors import DamagedFileError
from lcbench.files import understood
from lcbench.space.spaces import check_configs, to_frame
from lcbench.writing import replacing

if TYPE_CHECKING:
    import torch

    from lcbench.collection.run import Run

_ROWS = 4096  # of an evaluation at once

_RECORDED = {
    "accuracy": "valid_accuracy",
    "balanced_accuracy": "valid_balanced_accuracy",
    "neg_log_loss": "valid_cross_entropy",
}
"""Scorers whose value every run records anyway."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A network in evaluation mode.

    Attributes:
        module: From ``(rows, inputs)`` float32 to ``(rows, classes)`` logits.
    """

    module: "torch.nn.Module"

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """``(rows, classes)`` probabilities of ``(rows, inputs)``."""
        import torch

        with torch.inference_mode():
            parts = [self.module(part) for part in torch.tensor(x).split(_ROWS)]
            return torch.softmax(torch.cat(parts).double(), 1).numpy()

    def write(self, path: Path) -> None:
        """Write weights and buffers as safetensors."""
        from safetensors.torch import save_file

        with replacing(path) as temporary:
            save_file({name: value.contiguous() for name, value in self.module.state_dict().items()}, str(temporary))

    @classmethod
    def read(cls, path: Path, module: "torch.nn.Module") -> Self:
        """Read what :meth:`write` wrote into a network of the same kind.

        Raises:
            DamagedFileError: If it is not the state of such a network.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            module.load_state_dict(load_file(str(path)))
        except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            said = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise DamagedFileError(f"{path} cannot be read as this network's weights ({said}).") from error
        return cls(module.eval())


@dataclass(frozen=True, slots=True, eq=False)
class NetworkEstimator:
    """A configuration of a problem of networks.

    Attributes:
        problem: Name of the problem.
        config: Active hyperparameters in plain types; what it lacks takes the problem's defaults.
        budget: Epochs of its schedule; it does not matter to read a network.
        patience: Epochs without a better score of the fold's validation rows after which training stops and the best
            epoch's weights return; None to train to the end.
    """

    problem: str
    config: Mapping[str, Any]
    budget: int = 0
    patience: int | None = None

    suffix = "safetensors"

    def threads(self) -> AbstractContextManager[None]:
        """Settings of the libraries under which folds are fitted and predict."""
        from lcbench.collection.networks.tensors import one_thread

        return one_thread()

    def fit_fold(self, task: LearningTask, number: int, seed: int, clock: Clock) -> FittedFold:
        """Train it on one fold."""
        from lcbench.collection.networks.loop.fitting import Stopping

        fold, problem = task.folds[number], network_problem(self.problem)
        encoder, data = task.prepared(fold)
        scorer = task.fold_scorer(fold)
        metric = _RECORDED.get(scorer.name)
        found = problem.fit(
            problem.load(replace(data, name=f"{task.name} {number}")),
            problem.completed(self.config),
            self.budget,
            seed,
            0,
            clock,
            stopping=None if self.patience is None else Stopping(metric or "valid_accuracy", self.patience),
            score=None if metric else scorer.score,
        )
        model = Network(found.network)
        scores = np.asarray(found.scores, np.float64) if metric is None else _recorded(found.run, metric)
        seconds = found.run.series["seconds"].astype(np.float64)
        return FittedFold(encoder, model, model(data.x_valid), scores, seconds)

    def read(self, path: Path, inputs: int, classes: int) -> Network:
        """Read a network of this configuration.

        Raises:
            DamagedFileError: If the file is anything else, or the configuration is none of the problem.
        """
        with understood(path):
            problem = network_problem(self.problem)
            check_configs(problem.space, to_frame(problem.space, [problem.completed(self.config)]))
            module = problem.network(self.config, inputs, classes)
        return Network.read(path, module)


def _recorded(run: "Run", metric: str) -> NDArray[np.float64]:
    """The score by epoch, from what a run has recorded."""
    values = run.series[metric].astype(np.float64)
    return -METRICS[metric].sign * values
