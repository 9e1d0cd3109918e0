"""Speed of training on Search Space 2: milliseconds of a step and of an epoch, for a few networks.

    python benchmarks/full_speed.py

One thread, processor time, data of random numbers; an epoch has its evaluation. The last lines give the time of a
random configuration for 12, 25 and 50 epochs together, mean and quantiles over a sample.
"""

import argparse
import math
from typing import Any

import numpy as np

from lcbench.collection.networks.calibration import time_epoch
from lcbench.collection.networks.cost import Extent, Sizes
from lcbench.collection.networks.problems import Full
from lcbench.space.spaces import records, sample

COMMON = {"optimizer": "sgd", "sgd_learning_rate": 0.01, "sgd_weight_decay": 1e-4, "momentum": 0.9}
COMMON |= {"batch_size": 128, "training_technique": "standard", "preprocessor": "none"}
MLP = COMMON | {"network_type": "mlp", "mlp_num_layers": 4, "mlp_max_units": 256, "mlp_max_dropout": 0.3}
RESNET = COMMON | {"network_type": "resnet", "resnet_num_groups": 2, "resnet_blocks_per_group": 2}
RESNET |= {"resnet_max_units": 128, "use_dropout": False, "use_shake_drop": False, "use_shake_shake": False}
SHAKEN = RESNET | {"use_shake_shake": True, "use_shake_drop": True, "max_shake_drop": 0.5}
DEEP = SHAKEN | {"resnet_num_groups": 5, "resnet_blocks_per_group": 3}
DEEP |= {"resnet_max_units": 512, "use_dropout": True, "resnet_max_dropout": 0.5}

NETWORKS: dict[str, dict[str, Any]] = {
    "MLP, 4 layers, 256 units": MLP,
    "the same with mixup": MLP | {"training_technique": "mixup", "mixup_alpha": 0.4},
    "ResNet, 2 x 2 blocks, 128 units": RESNET,
    "the same shaken": SHAKEN,
    "ResNet, 5 x 3 blocks, 512 units, shaken": DEEP,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="+", default=[450, 3150], help="training rows: 45 %% of a data set")
    parser.add_argument("--sample", type=int, default=40)
    arguments = parser.parse_args()
    for rows in arguments.rows:
        extent = Extent(30, 3, Sizes(rows, rows // 2, 3 * rows // 4))
        for name, config in NETWORKS.items():
            seconds = time_epoch(Full(), extent, config)
            steps = math.ceil(rows / config["batch_size"])
            print(f"{rows:6} rows  {name:40} {1000 * seconds / steps:7.2f} ms/step {1000 * seconds:8.1f} ms/epoch")
        space = Full().space
        drawn = records(space, sample(space, arguments.sample, np.random.default_rng(0)))
        costs = np.array([87 * time_epoch(Full(), extent, config) for config in drawn])
        quantiles = ", ".join(f"{q:.0%} {np.quantile(costs, q):.1f} s" for q in (0.1, 0.5, 0.9))
        print(f"{rows:6} rows  a random configuration, 87 epochs: mean {costs.mean():.1f} s, {quantiles}")


if __name__ == "__main__":
    main()
