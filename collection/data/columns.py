"""The columns of a table, learnt once and read alike from every later table, whatever its format and its other rows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lcbench.collection.data import dates
from lcbench.collection.data.containers import frame_of
from lcbench.collection.data.kinds import (
    CATEGORY,
    DATE,
    DECLARED,
    EMPTY,
    INDEX_NAMES,
    INDEX_NOTE,
    NUMBER,
    READERS,
    ROW_NUMBERS,
    Notes,
    kind_of,
)
from lcbench.errors import DamagedFileError, DataError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a raw table.

    Attributes:
        names: As text, in the order of training.
        kinds: Of each: ``"number"`` (booleans too), ``"category"`` (text), ``"date"``, ``"empty"`` (without a single
            value) or ``"row numbers"`` (an index that was written into a file); the last two are never read.
        named: Whether they came with names; those of an array are told by their places.
        formats: Of each, where it is not the plain one: decimal sign and unit of numbers (``","``, ``".%"``), the order
            of day and month in dates, or whether categories were declared.
        decimal: The decimal sign that was given for the file they were learnt from; empty if none was.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    named: bool
    formats: tuple[str, ...] = ()
    decimal: str = ""

    def __post_init__(self) -> None:
        if not self.formats:
            object.__setattr__(self, "formats", ("",) * len(self.names))

    @classmethod
    def learn(cls, features: pd.DataFrame | ArrayLike, *, on_dates: str = dates.REFUSE) -> tuple[Self, pd.DataFrame]:
        """Read the first table.

        Args:
            features: ``(rows, columns)`` frame of pandas, polars or Arrow, or anything that numpy makes an array of.
            on_dates: What becomes of dates, one of ``lcbench.collection.data.dates.CHOICES``.

        Returns:
            What its columns are, and the tidy frame: float64 numbers and categories, empty columns left out, rows
            numbered from 0.

        Raises:
            DataError: If a column holds dates, lists, infinite values or the like, or there is nothing to learn from.
        """
        check_dates(on_dates)
        frame, named = frame_of(features)
        if frame.shape[1] == 0:
            raise DataError(
                "a data set must have at least one feature column beside its target, got none; "
                "give columns to learn from."
            )
        names = distinct_names(frame)
        notes = Notes()
        kinds = [kind_of(name, frame.iloc[:, j], on_dates, notes) for j, name in enumerate(names)]
        if not {NUMBER, CATEGORY, DATE} & {kind for kind, _ in kinds}:
            raise DataError(
                f"a data set must have at least one column with a value, got none in all {frame.shape[1]}; "
                "give columns to learn from."
            )
        notes.say()
        decimal = str(frame.attrs.get("decimal", ""))
        made = cls(tuple(names), tuple(k for k, _ in kinds), named, tuple(f for _, f in kinds), decimal)
        return made, made._read(frame.set_axis(names, axis=1))

    @property
    def empty(self) -> tuple[str, ...]:
        """Names of the columns without a value, which are left out."""
        return tuple(name for name, kind in zip(self.names, self.kinds, strict=True) if kind == EMPTY)

    @property
    def tidy(self) -> dict[str, str]:
        """Names of the columns of tidy frames, and whether each is a number or a category."""
        kinds: dict[str, str] = {}
        for name, kind in zip(self.names, self.kinds, strict=True):
            made = [f"{name}: {part}" for part in dates.PART_NAMES] if kind == DATE else [name]
            kinds |= dict.fromkeys(made, NUMBER if kind == DATE else kind) if kind in READERS else {}
        return kinds

    def read_as_text(self, *, styled: bool = True) -> tuple[str, ...]:
        """Names of the columns that a file must give as they are written there.

        Args:
            styled: Whether numbers in a style of their own are among them.
        """
        kinds = {CATEGORY, DATE} | ({NUMBER} if styled else set())
        known = zip(self.names, self.kinds, self.formats, strict=True)
        return tuple(name for name, kind, form in known if kind in kinds and (kind != NUMBER or form))

    def align(self, features: pd.DataFrame | ArrayLike) -> pd.DataFrame:
        """Read a table as the first one was read.

        Args:
            features: The same columns in any order; those that were left out may be missing. An array's columns are
                taken in the order of training, as are a frame's if training had an array.

        Returns:
            Tidy frame with the columns of training in their order.

        Raises:
            DataError: If a column is missing, unknown, twice there, or holds something else than in training.
        """
        frame, named = frame_of(features)
        if not self.named or not named:
            self._check_count(frame)
            frame = frame.set_axis(list(self.names), axis=1)
        frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
        index = [name for name in INDEX_NAMES if name in frame.columns and name not in self.names]
        if index:
            Notes({INDEX_NOTE: list(map(repr, index))}).say()
        frame = frame.drop(columns=index)
        self._check_names(list(frame.columns))
        return self._read(frame)

    def _read(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Read a frame with the names of training."""
        notes, read = Notes(), dict[str, Any]()
        for name, kind, form in zip(self.names, self.kinds, self.formats, strict=True):
            if kind in READERS:
                read |= READERS[kind](name, frame[name], form, notes)
        tidy = pd.DataFrame(read, index=pd.RangeIndex(len(frame)))
        notes.say()
        check_finite(tidy)
        return tidy

    def to_json(self) -> dict[str, Any]:
        """In plain types."""
        return {
            "names": list(self.names),
            "kinds": list(self.kinds),
            "named": self.named,
            "formats": list(self.formats),
            "decimal": self.decimal,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_json` wrote, also by an lcbench that knew no formats.

        Raises:
            DamagedFileError: If it is anything else.
        """
        try:
            names, kinds = (tuple(map(str, document[key])) for key in ("names", "kinds"))
            older = (DECLARED if kind == CATEGORY else "" for kind in kinds)  # no text was a gap
            formats = tuple(map(str, document.get("formats", older)))
            named, decimal = bool(document["named"]), str(document.get("decimal", ""))
        except (KeyError, TypeError, AttributeError) as error:
            raise DamagedFileError(f"the columns cannot be understood ({type(error).__name__}: {error}).") from error
        known = {NUMBER, CATEGORY, DATE, EMPTY, ROW_NUMBERS}
        fit = len(names) == len(kinds) == len(formats) and set(kinds) <= known and decimal in ("", ".", ",")
        styled = all(form[:1] in (".", ",", "") for kind, form in zip(kinds, formats, strict=False) if kind == NUMBER)
        if not fit or not styled:
            raise DamagedFileError("the columns must have a name, a kind and a format each, got others.")
        return cls(names, kinds, named, formats, decimal)

    def _check_count(self, frame: pd.DataFrame) -> None:
        if frame.shape[1] != len(self.names):
            raise DataError(f"rows must have {len(self.names)} values as in training, got {frame.shape[1]}.")

    def _check_names(self, given: Sequence[str]) -> None:
        needed = [name for name, kind in zip(self.names, self.kinds, strict=True) if kind in READERS]
        known, there = set(self.names), set(given)
        found = {
            "missing": [name for name in needed if name not in there],
            "unknown": [name for name in given if name not in known],
            "twice": sorted(name for name, count in Counter(given).items() if count > 1),
        }
        parts = [f"{word} {listed(names)}" for word, names in found.items() if names]
        if parts:
            raise DataError(f"columns must be those of training, got {'; '.join(parts)}; rename, add or remove them.")


def distinct_names(features: pd.DataFrame) -> list[str]:
    """Names of the columns as text.

    Raises:
        DataError: If two have one name.
    """
    names = [str(name) for name in features.columns]
    check_distinct(names)
    return names


def check_distinct(names: Sequence[str]) -> None:
    """Refuse names of columns that are there twice.

    Raises:
        DataError: If there are any.
    """
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise DataError(f"names of columns must differ, got {listed(twice)} twice; rename one.")


def check_dates(asked: str) -> None:
    """Refuse a choice for dates that is none.

    Raises:
        UnknownNameError: If it is none of ``dates.CHOICES``.
    """
    if asked not in dates.CHOICES:
        raise UnknownNameError("treatment of dates", asked, dates.CHOICES)


def check_finite(features: pd.DataFrame) -> None:
    """Refuse infinite values, and those too large for float32.

    Raises:
        DataError: If there are any.
    """
    largest = np.finfo(np.float32).max
    for name, column in features.select_dtypes("number").items():
        if column.abs().max() > largest:
            raise DataError(f"column {name!r} must be finite, got {column.abs().max()}; mend or empty those cells.")


def listed(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(repr, names[:5])) + more
