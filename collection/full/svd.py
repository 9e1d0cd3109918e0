"""Truncated SVD of the training rows, as scikit-learn's ``TruncatedSVD`` has it: columns are not centred."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def directions(x: Tensor) -> Tensor:
    """Find the right singular vectors of a matrix.

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
