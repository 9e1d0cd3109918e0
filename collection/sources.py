"""Where data sets come from: ``sklearn:wine``, ``openml:167161``, ``file:train.csv?target=class``."""

from collections.abc import Callable

from lcbench.collection.dataset import Dataset
from lcbench.errors import InputError, UnknownNameError

__all__ = ["SOURCES", "Dataset", "load_dataset", "split_sources"]


def _sklearn(name: str) -> Dataset:
    from lcbench.collection.bundled import (
        load_bundled,
    )  # each library is imported only where its data sets are asked for

    return load_bundled(name)


def _openml(task_id: str) -> Dataset:
    from lcbench.collection.openml_task import load_openml

    return load_openml(task_id)


def _file(text: str) -> Dataset:
    from lcbench.collection.table_file import load_file

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
