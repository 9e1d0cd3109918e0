"""Files of tables: CSV and its like, Parquet and ARFF, read alike; and data sets from them."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa

from lcbench.collection.data import dates
from lcbench.collection.data.arff_file import read_arff
from lcbench.collection.data.columns import Columns, check_dates
from lcbench.collection.data.dataset import Dataset
from lcbench.collection.data.delimited import read_delimited
from lcbench.collection.data.labels import written_classes
from lcbench.collection.data.layout import COMPRESSED, Options
from lcbench.errors import DataError, InputError, UnknownNameError
from lcbench.table.manifest import check_dataset_name
from lcbench.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Reading(Options):
    """What a caller says of a file.

    Attributes:
        dates: What becomes of dates, one of ``lcbench.collection.data.dates.CHOICES``.
    """

    dates: str = dates.REFUSE

    def __post_init__(self) -> None:
        Options.__post_init__(self)
        check_dates(self.dates)


def _parquet(path: Path, reading: Reading, _: Collection[str]) -> pd.DataFrame:
    _refuse_options(path, reading, ("separator", "decimal", "encoding"))
    return pd.read_parquet(path)


def _arff(path: Path, reading: Reading, _: Collection[str]) -> pd.DataFrame:
    _refuse_options(path, reading, ("separator", "decimal"))
    return read_arff(path, encoding=reading.encoding, on_dates=reading.dates)


READERS: Mapping[str, Callable[[Path, Reading, Collection[str]], pd.DataFrame]] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), read_delimited),
    **dict.fromkeys((".parquet", ".pq"), _parquet),
    ".arff": _arff,
}
"""Readers of files, by suffix."""


_PACKED = tuple(f"{ending}{packed}" for ending in READERS if READERS[ending] is read_delimited for packed in COMPRESSED)

TABLE = Wanted(f"a file of a table ({', '.join(READERS)})", ends=(*READERS, *_PACKED))
"""What :func:`read_table` reads."""


def suffix_of(path: Path) -> str:
    """The suffix that says how a file is read, without that of its compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if len(suffixes) > 1 and suffixes[-1] in COMPRESSED and READERS.get(suffixes[-2]) is read_delimited:
        return suffixes[-2]
    return path.suffix.lower()


def read_table(path: Path, reading: Reading = Reading(), *, as_text: Collection[str] = ()) -> pd.DataFrame:  # frozen
    """Read a file of a table: CSV and its like, also compressed, Parquet or ARFF.

    Args:
        path: The file.
        reading: What is said of it; the rest is recognised.
        as_text: Columns that a file of text must give as they are written.

    Raises:
        DataError: If there is no such file, its name does not say its type, or it cannot be read.
    """
    TABLE.check(path, DataError)
    suffix = suffix_of(path)
    try:
        return READERS[suffix](path, reading, as_text)
    except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError, pa.ArrowException) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise DataError(f"{path} must be a readable {suffix[1:]} file, got an error: {reason}.") from error


def read_rows(path: Path, target: str, reading: Reading = Reading()) -> tuple[pd.DataFrame, pd.Series]:
    """Read the features and the classes of a file.

    Args:
        path: The file.
        target: Name of the column with the classes. Those of a file of text stay as they are written.
        reading: What is said of the file.

    Raises:
        DataError: If the file cannot be read, or has no rows.
        UnknownNameError: If there is no such column.
    """
    frame = read_table(path, reading, as_text=(target,))
    frame.columns = frame.columns.astype(str)
    named = list(frame.columns).count(target)
    if named > 1:
        raise DataError(f"names of columns must differ, got {target!r} twice in {path.name}; rename one.")
    if not named:
        raise UnknownNameError(f"target column of {path.name}", target, frame.columns)
    if frame.empty:
        raise DataError(f"{path} must have at least one row, got none.")
    classes = frame[target].reset_index(drop=True)
    if READERS[suffix_of(path)] is read_delimited:
        classes = written_classes(classes)
    return frame.drop(columns=target), classes


_OPTIONS = ("target", "name", "separator", "decimal", "encoding", "dates")


def load_file(text: str) -> Dataset:
    """Read a data set from a file on this machine.

    Args:
        text: ``PATH?target=COLUMN``, and after ``&`` any of ``name=``, ``separator=``, ``decimal=``, ``encoding=`` and
            ``dates=``. Without a name the data set is called like the file, other characters than letters, digits and
            ``_ . + -`` replaced by ``_``. A comma, ``&``, ``?`` or ``%`` within a part is written ``%2C``, ``%26``,
            ``%3F``, ``%25``.

    Raises:
        DataError: If there is no such file, it cannot be read, or a column is wholly missing.
        UnknownNameError: If an option, the file's type or the target's name is not known.
    """
    place, options = parse_source(text, "a file", _OPTIONS)
    path = Path(place).expanduser()
    if not options.get("target"):
        raise DataError(
            f"a file source must name its target column, got 'file:{text}'; "
            f"write 'file:{text.partition('?')[0]}?target=...'"
        )
    reading = Reading(**{name: value for name, value in options.items() if name not in ("target", "name")})
    features, target = read_rows(path, options["target"], reading)
    columns, tidy = Columns.learn(features, on_dates=reading.dates)
    if columns.empty:
        raise DataError(
            f"every column must have at least one value, got none in {', '.join(map(repr, columns.empty))}; "
            "remove it from the file."
        )
    return Dataset(
        name=_name(path, options),
        source=f"file:{text}",
        features=tidy,
        target=target,
    )


def parse_source(text: str, scheme: str, known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Split the text of a source at ``?`` and ``&`` into a place and its options; ``scheme`` is for messages.

    Raises:
        UnknownNameError: If an option is not known.
        InputError: If one comes twice.
    """
    place, _, query = text.partition("?")
    options: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        if key not in known:
            raise UnknownNameError(f"option of {scheme} source", key, known)
        if key in options:
            raise InputError(f"each option of {scheme} source must be given once, got {key!r} twice.")
        options[key] = unquote(value)
    return unquote(place), options


def legal_name(text: str) -> str:
    """A name of a data set that is made of any text: other characters than a name may have become ``_``."""
    return check_dataset_name(re.sub(r"[^A-Za-z0-9_.+-]", "_", text).lstrip(".+-")[:100] or "unnamed")


def _refuse_options(path: Path, reading: Reading, names: Collection[str]) -> None:
    given = [name for name in names if getattr(reading, name)]
    if given:
        raise InputError(f"{given[0]} must be given for files of text only, got {path.name}; leave it out.")


def _name(path: Path, options: Mapping[str, str]) -> str:
    """The name that was given, checked, or the file's made legal."""
    return check_dataset_name(options["name"]) if "name" in options else legal_name(path.stem)
