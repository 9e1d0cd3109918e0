"""The search spaces of the paper: Zimmer, Lindauer and Hutter (2021), Tables 1 and 2, and that of the released data."""

from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer


def mlp() -> ConfigurationSpace:
    """Search Space 1 of the paper (Table 1): a shaped MLP and SGD."""
    return _search_space_1("mlp", max_units=512, log_momentum=False)


def mlp_released() -> ConfigurationSpace:
    """Search Space 1 as the released LCBench data has it: up to 1024 units, momentum on a log scale."""
    return _search_space_1("mlp-released", max_units=1024, log_momentum=True)


def _search_space_1(name: str, max_units: int, log_momentum: bool) -> ConfigurationSpace:
    return ConfigurationSpace(
        name=name,
        space=[
            Integer("num_layers", (1, 5)),
            Integer("max_units", (64, max_units), log=True),
            Integer("batch_size", (16, 512), log=True),
            Float("learning_rate", (1e-4, 1e-1), log=True),
            Float("weight_decay", (1e-5, 1e-1)),
            Float("momentum", (0.1, 0.99), log=log_momentum),
            Float("max_dropout", (0.0, 1.0)),
        ],
    )


RESNET, MLP = "resnet", "mlp"
SGD, ADAM = "sgd", "adam"
STANDARD, MIXUP = "standard", "mixup"
NONE, TRUNCATED_SVD = "none", "truncated_svd"

CONDITIONS: dict[tuple[str, object], tuple[str, ...]] = {
    ("network_type", MLP): ("mlp_num_layers", "mlp_max_units", "mlp_max_dropout"),
    ("network_type", RESNET): (
        "resnet_num_groups",
        "resnet_blocks_per_group",
        "resnet_max_units",
        "use_dropout",
        "use_shake_drop",
        "use_shake_shake",
    ),
    ("use_dropout", True): ("resnet_max_dropout",),
    ("use_shake_drop", True): ("max_shake_drop",),
    ("optimizer", SGD): ("sgd_learning_rate", "sgd_weight_decay", "momentum"),
    ("optimizer", ADAM): ("adam_learning_rate", "adam_weight_decay"),
    ("training_technique", MIXUP): ("mixup_alpha",),
    ("preprocessor", TRUNCATED_SVD): ("svd_target_dim",),
}
"""Hyperparameters that are active only where another one has a value."""


def full() -> ConfigurationSpace:
    """Search Space 2 of the paper (Table 2), with its conditions.

    Yes and no are a category of two booleans, as the table has them: they stay booleans in JSON and Parquet.
    """
    space = ConfigurationSpace(
        name="full",
        space=[
            Categorical("network_type", [RESNET, MLP]),
            Integer("mlp_num_layers", (1, 6)),
            Integer("mlp_max_units", (64, 1024), log=True),
            Float("mlp_max_dropout", (0.0, 1.0)),
            Integer("resnet_num_groups", (1, 5)),
            Integer("resnet_blocks_per_group", (1, 3)),
            Integer("resnet_max_units", (32, 512), log=True),
            Categorical("use_dropout", [False, True]),
            Categorical("use_shake_drop", [False, True]),
            Categorical("use_shake_shake", [False, True]),
            Float("resnet_max_dropout", (0.0, 1.0)),
            Float("max_shake_drop", (0.0, 1.0)),
            Integer("batch_size", (16, 512), log=True),
            Categorical("optimizer", [SGD, ADAM]),
            Float("sgd_learning_rate", (1e-4, 1e-1), log=True),
            Float("sgd_weight_decay", (1e-5, 1e-1)),
            Float("momentum", (0.1, 0.999)),
            Float("adam_learning_rate", (1e-4, 1e-1), log=True),
            Float("adam_weight_decay", (1e-5, 1e-1)),
            Categorical("training_technique", [STANDARD, MIXUP]),
            Float("mixup_alpha", (0.0, 1.0)),
            Categorical("preprocessor", [NONE, TRUNCATED_SVD]),
            Integer("svd_target_dim", (10, 256)),
        ],
    )
    for (parent, value), children in CONDITIONS.items():
        space.add(*[EqualsCondition(space[child], space[parent], value) for child in children])
    return space
