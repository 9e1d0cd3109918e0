"""Where a run's randomness comes from: what identifies the run, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """A seed's sources of randomness, independent of each other."""

    parameters: np.random.Generator
    order: np.random.Generator
    dropout: np.random.Generator
    techniques: np.random.Generator


def streams(plan_seed: int, dataset: str, config: Mapping[str, Any], seed: int) -> Streams:
    """Derive a seed's randomness from (plan seed, data set, configuration, seed).

    The configuration enters by the values of its active hyperparameters, not by its number, so that the same
    configuration gives the same curves in another plan. The budget does not enter: see
    :mod:`lcbench.collection.networks.train`.
    """
    plain = {name: value.item() if isinstance(value, np.generic) else value for name, value in config.items()}
    identity = json.dumps([plan_seed, dataset, plain, seed], sort_keys=True, allow_nan=False)
    digest = hashlib.sha256(identity.encode()).digest()
    children = np.random.SeedSequence(int.from_bytes(digest, "big")).spawn(4)
    return Streams(*[np.random.Generator(np.random.SFC64(child)) for child in children])
