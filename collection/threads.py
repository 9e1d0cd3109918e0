"""One thread a process: that many processes share a machine, and what a step takes is what it takes one worker."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Let libraries use one thread, those that are loaded and those that will be, unless somebody set another number.

    Training may still ask its library for more.
    """
    for name in _VARIABLES:
        os.environ.setdefault(name, "1")
    with threadpool_limits(1):
        yield
