"""What the published names mean here: tags, their units, and settings that are the same for every run."""

from typing import Any

from lcbench.table import format1
from lcbench.table.manifest import DOUBLE_SOFTMAX

TAGS: dict[str, str] = {
    "train_loss": "Train/loss",
    "train_accuracy": "Train/train_accuracy",
    "valid_accuracy": "Train/val_accuracy",
    "train_cross_entropy": "Train/train_cross_entropy",
    "valid_cross_entropy": "Train/val_cross_entropy",
    "train_balanced_accuracy": "Train/train_balanced_accuracy",
    "valid_balanced_accuracy": "Train/val_balanced_accuracy",
    "test_accuracy": "Train/test_result",
    "test_cross_entropy": "Train/test_cross_entropy_single_softmax",  # ours; the published data lacks it
    DOUBLE_SOFTMAX: "Train/test_cross_entropy",
    "test_balanced_accuracy": "Train/test_balanced_accuracy",
    "learning_rate": "Train/lr",
    "seconds": "time",
}
"""The published tag of each series, in the published order (``epoch`` is counted, not stored)."""

OPTIONAL = ("test_cross_entropy", DOUBLE_SOFTMAX)
"""Series that an entry may lack."""

PERCENT = ("train_accuracy", "valid_accuracy", "test_accuracy")
"""Series that are published as 0 to 100; the balanced accuracies are published as fractions."""

SETTINGS: dict[str, Any] = {
    "imputation_strategy": "mean",
    "learning_rate_scheduler": "cosine_annealing",
    "loss": "cross_entropy_weighted",
    "network": "shapedmlpnet",
    "normalization_strategy": "standardize",
    "optimizer": "sgd",
    "cosine_annealing_eta_min": 1e-08,
    "activation": "relu",
    "mlp_shape": "funnel",
}
"""The settings of every run, as published in ``config`` beside the hyperparameters and ``cosine_annealing_T_max``."""

_MEASURES = ("cross_entropy", "accuracy", "balanced_accuracy")

FINAL: dict[str, str] = {
    f"final_{published}_{metric}": f"{part}_{metric}"
    for part, published in (("train", "train"), ("valid", "val"), ("test", "test"))
    for metric in _MEASURES
}
FINAL["final_train_cross_entropy"] = "train_loss"  # weighted by class; so in all 2000 runs of blood-transfusion
"""The series whose last value a published result is."""

RECORD = format1.record(
    ["train_loss", *(f"{part}_{name}" for part in ("train", "valid", "test") for name in sorted(_MEASURES))],
    "as published",
)
"""What a table of the published runs records."""

SPACE = "mlp-released"
"""Name of the search space of the published configurations."""

HYPERPARAMETERS = (
    "batch_size",
    "max_dropout",
    "max_units",
    "num_layers",
    "learning_rate",
    "momentum",
    "weight_decay",
)
"""Search Space 1, in the published order."""

T_MAX = "cosine_annealing_T_max"
"""The setting that is the budget."""
