"""The data sets that scikit-learn brings along: no network, no file."""

from collections.abc import Callable

import pandas as pd

from lcbench.collection.data.dataset import Dataset
from lcbench.errors import InputError, UnknownNameError

BUNDLED = ("breast_cancer", "digits", "iris", "wine")
"""Classification sets. Each is a copy of one in the UCI Machine Learning Repository (CC BY 4.0)."""


def load_bundled(name: str) -> Dataset:
    """Load one of scikit-learn's bundled data sets; classes have their names, not scikit-learn's numbers.

    Raises:
        UnknownNameError: If there is no such set.
    """
    if name not in BUNDLED:
        raise UnknownNameError("bundled data set", name, BUNDLED)
    from sklearn import datasets  # slow to import

    bunch = getattr(datasets, f"load_{name}")(as_frame=True)
    return Dataset(
        name=name,
        source=f"sklearn:{name}",
        features=bunch.data,
        target=pd.Series(bunch.target_names[bunch.target], name="target"),
        licence="CC BY 4.0",
    )


# Where data sets come from: ``sklearn:wine``, ``openml:167161``, ``file:train.csv?target=class``.

__all__ = ["SOURCES", "Dataset", "load_dataset", "split_sources"]


def _sklearn(name: str) -> Dataset:
    pass

    return load_bundled(name)


def _openml(task_id: str) -> Dataset:
    from lcbench.collection.data.openml_task import load_openml

    return load_openml(task_id)


def _file(text: str) -> Dataset:
    from lcbench.collection.data.table_file import load_file

    return load_file(text)


SOURCES: dict[str, Callable[[str], Dataset]] = {"sklearn": _sklearn, "openml": _openml, "file": _file}
"""Sources by scheme: each takes what stands after the colon."""


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
    if scheme not in SOURCES:
        raise UnknownNameError("source of data sets", scheme, SOURCES)
    return SOURCES[scheme](rest)


def split_sources(text: str) -> list[str]:
    """Split a list of sources at its commas (a comma within a source is written ``%2C``).

    Raises:
        InputError: If there is none, or one comes twice.
    """
    sources = [part.strip() for part in text.split(",") if part.strip()]
    if not sources:
        raise InputError("data sets must be a list such as 'sklearn:wine,sklearn:digits', got none.")
    twice = sorted({source for source in sources if sources.count(source) > 1})
    if twice:
        raise InputError(f"each data set must be given once, got {', '.join(twice)} twice; remove one.")
    return sources
