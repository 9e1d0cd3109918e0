"""Torch's device and threads, and a prepared data set as tensors on the device."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import Tensor

from lcbench.collection.data.prepared import Prepared
from lcbench.collection.networks.measures import class_weights


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch and numpy use one thread, and flush denormal numbers to zero; restore both afterwards.

    Weight decay drives unused weights towards zero, where arithmetic would get slow.
    """
    threads, flushes = torch.get_num_threads(), torch.tensor(1e-310, dtype=torch.float64).add(0).item() == 0
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(threads)
        torch.set_flush_denormal(flushes)


class Tensors:
    """A prepared data set on a device, with its class weights."""

    def __init__(self, data: Prepared, device: str = "cpu") -> None:
        def move(array: NDArray[Any]) -> Tensor:
            return torch.tensor(array, device=device)  # a copy, aligned the same each time: so are the sums

        self.name = data.name
        self.x_train, self.y_train = move(data.x_train), move(data.y_train)
        self.x_valid, self.y_valid = move(data.x_valid), move(data.y_valid)
        self.x_test, self.y_test = move(data.x_test), move(data.y_test)
        self.n_features, self.n_classes = data.n_features, data.n_classes
        self.weights = move(class_weights(data.y_train, self.n_classes))

    @cached_property
    def directions(self) -> Tensor:
        """Right singular vectors of the training inputs, see :func:`lcbench.collection.networks.tensors.directions`."""
        return directions(self.x_train)


def directions(x: Tensor) -> Tensor:
    """Find the right singular vectors of a matrix, of which a truncated SVD keeps the first.

    As in scikit-learn's ``TruncatedSVD``, columns are not centred.

    They are the eigenvectors of ``x.T @ x``, in double precision; the largest entry of each is positive, so that they
    are the same whatever the library's choice of signs.

    Args:
        x: ``(rows, columns)``.

    Returns:
        ``(columns, columns)``, in columns, those of the largest singular values first, float32.
    """
    wide = x.double().cpu().numpy()
    _, vectors = np.linalg.eigh(wide.T @ wide)
    return torch.from_numpy(_signed(vectors[:, ::-1]).astype(np.float32)).to(x.device)


def _signed(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    largest = np.abs(vectors).argmax(axis=0)
    return vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
