"""Linear algebra in one thread.

The matrices of an optimizer are small. Several threads gain little on them, can change a last digit, and on a busy
machine wait for each other: 60 evaluations took 25 s in place of 1 s.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext


def one_thread() -> Callable[[], AbstractContextManager[object]]:
    """What makes contexts in which linear algebra uses one thread.

    Where threadpoolctl (which scikit-learn brings) is missing, it has as many threads as it likes.
    """
    try:
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped,unused-ignore]
    except ModuleNotFoundError:
        return nullcontext
    controller = ThreadpoolController()
    return lambda: controller.limit(limits=1)  # type: ignore[no-any-return,unused-ignore]
