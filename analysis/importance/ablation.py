"""Ablation: which changes of the default configuration make the incumbent good, one hyperparameter at a time.

C. Fawcett, H. Hoos: Analysing differences between algorithm configurations through ablation (J. Heuristics 2016), with
the forest's predictions in place of runs as in A. Biedenkapp et al.: Efficient Parameter Importance Analysis via
Ablation with Surrogates (AAAI 2017). From the default on, the change to the incumbent's value that lowers the predicted
loss most (or raises it least) is made first, then the best of the rest, until the incumbent is reached.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from lcbench.analysis.importance.model import ForestSettings, Model
from lcbench.analysis.importance.task import FIGURE_FOREST, fit_task, longest_tasks, usable_tasks
from lcbench.space.encoding import Encoding
from lcbench.table.benchmark import Benchmark


def ablation_path(model: Model, source: ArrayLike, target: ArrayLike) -> pd.DataFrame:
    """The path between two configurations.

    Args:
        model: The model.
        source: ``(dimensions,)`` coordinates of the configuration to start from.
        target: ``(dimensions,)`` coordinates of the configuration to reach. Where a hyperparameter is inactive (NaN) in
            the target it stays as in the source; where it is inactive in the source only, it is averaged over until it
            is changed.

    Returns:
        ``step`` (0 is the source), ``hyperparameter`` (changed in this step, empty for the source), ``loss``
        (predicted, after it) and ``gain`` (how much it lowered the loss), in the order of the path. Hyperparameters
        that do not differ are left out.
    """
    here, there = model.membership(source), model.membership(target)
    left = _different(np.asarray(source, dtype=np.float64), np.asarray(target, dtype=np.float64))
    near = ((here > 0) | (there > 0)).all(axis=0)  # leaves that some configuration on the way lies in
    here, there, value = here[:, near], there[:, near], model.boxes.value[near] / model.boxes.trees
    loss = float((here.prod(axis=0) * value).sum())
    rows: list[dict[str, object]] = [{"step": 0, "hyperparameter": "", "loss": loss, "gain": 0.0}]
    while left:
        losses = {j: float((np.delete(here, j, axis=0).prod(axis=0) * there[j] * value).sum()) for j in left}
        best = min(losses, key=lambda j: losses[j])
        here[best] = there[best]
        left.remove(best)
        rows.append(
            {"step": len(rows), "hyperparameter": model.names[best], "loss": losses[best], "gain": loss - losses[best]}
        )
        loss = losses[best]
    return pd.DataFrame(rows)


def ablation_paths(
    bench: Benchmark,
    metric: str | None = None,
    budget: int | None = None,
    *,
    seed: int = 0,
    settings: ForestSettings = FIGURE_FOREST,
) -> pd.DataFrame:
    """The path from the space's default to the best configuration of every data set.

    Args:
        bench: The table.
        metric: Name of a metric; by default the table's objective.
        budget: Epochs; the largest by default.
        seed: Of the forests.
        settings: Of the forests.

    Returns:
        The columns of :func:`ablation_path` after ``dataset``; data sets without enough configurations, or whose
        configurations are all alike, are left out.
    """
    from lcbench.space.spaces import to_frame  # ConfigSpace is slow to import

    middle = to_frame(bench.space, [dict(bench.space.get_default_configuration())])
    default = Encoding(bench.space).vectors(middle)[0]
    found = [pd.DataFrame(columns=["dataset", "step", "hyperparameter", "loss", "gain"])]
    for task in longest_tasks(bench, metric) if budget is None else usable_tasks(bench, metric, [budget]):
        model = fit_task(task, seed=seed, settings=settings)
        path = ablation_path(model, default, task.incumbent)
        found.append(path.assign(dataset=task.dataset)[found[0].columns])
    return pd.concat(found[1:] or found, ignore_index=True)


def _different(source: NDArray[np.float64], target: NDArray[np.float64]) -> list[int]:
    """The hyperparameters that the path changes."""
    return np.flatnonzero(~np.isnan(target) & (source != target)).tolist()
