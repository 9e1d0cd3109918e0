"""How the learning rate falls with the epochs."""

import math

ETA_MIN = 1e-8


def cosine(epoch: int, budget: int, learning_rate: float) -> float:
    """Learning rate of an epoch, counted from 0, under cosine annealing to 1e-8 over ``budget`` epochs."""
    return ETA_MIN + (learning_rate - ETA_MIN) * (1 + math.cos(math.pi * epoch / budget)) / 2
