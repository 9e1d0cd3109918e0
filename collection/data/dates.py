"""Dates: text that is one, in whatever spelling, and the numbers that are made of them."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd

REFUSE, PARTS, TEXT = "refuse", "parts", "text"
PART_NAMES = ("year", "month", "day of week", "days")
"""Names of the numbers that are made of a date."""

CHOICES = (REFUSE, PARTS, TEXT)
"""What becomes of columns of dates: an error, numbers, or (of dates that are text) categories."""

_BEGINNINGS = (
    *("jan gen ene", "feb fev fév fevr", "mar mär mrz", "apr avr abr", "may mai maj mag mei", "jun juin giu"),
    *("jul juil lug", "aug aou aoû ago", "sep set", "oct okt ott out", "nov", "dec dez déc dic"),
)
_MONTHS = {beginning: i for i, names in enumerate(_BEGINNINGS, start=1) for beginning in names.split()}
"""Months by the first letters of their names in English, German, French, Italian, Spanish, Portuguese and Dutch."""
_NAME = rf"(?P<name>(?:{'|'.join(_MONTHS)})[^\W\d_]{{0,9}})\.?"
_YEAR = r"(?P<y>\d{4}|\d\d)"
_DAY = r"(?P<d>\d{1,2})(?:st|nd|rd|th|\.)?"
_TIME = (
    r"(?:[T ,:]+(?P<h>\d{1,2}):(?P<min>\d\d)(?::(?P<s>\d\d)(?P<f>[.,]\d+)?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?P<zone>Z|[A-Za-z]{3,5}|[+-]\d\d(?::?\d\d)?))?(?: \(\w+\))?)?"
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,? )?"
_SPELLINGS = [
    re.compile(_WEEKDAY + day + _TIME, re.IGNORECASE)
    for day in (
        r"(?P<y>\d{4})(?P<sign>[-/.])(?P<m>\d{1,2})(?P=sign)(?P<d>\d{1,2})",
        r"(?P<a>\d{1,2})(?P<sign>[-/])(?P<b>\d{1,2})(?P=sign)" + _YEAR,
        r"(?P<a>\d\d?)(?P<sign>\.) ?(?P<b>\d\d?)\. ?(?P<y>\d{4})",
        r"(?P<a>\d\d)(?P<sign>\.)(?P<b>\d\d)\.(?P<y>\d\d)",
        _DAY + "(?: de)?[-/ ]" + _NAME + "(?: de)?[-/, ]+" + _YEAR,
        _NAME + "[- ]" + _DAY + ",? (?P<y>\\d{4})",
        r"(?P<y>\d{4})[- ]" + _NAME + r"[- ](?P<d>\d{1,2})",
        r"(?P<y>\d{4})年 ?(?P<m>\d{1,2})月 ?(?P<d>\d{1,2})日",
        r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)(?=T\d)",
    )
] + [
    re.compile(
        _WEEKDAY + _NAME + r" +(?P<d>\d{1,2})" + _TIME.removesuffix("?") + r" (?P<y>\d{4})", re.IGNORECASE
    ),  # C's ctime
    re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)T(?P<h>\d\d)(?P<min>\d\d)(?P<s>\d\d)(?P<zone>Z)?"),
    re.compile(r"(?P<y>1[89]\d\d|2[01]\d\d)[-/](?P<m>\d\d)"),
    re.compile(r"(?P<m>\d\d)[-/](?P<y>1[89]\d\d|2[01]\d\d)"),
    re.compile(r"(?P<y>\d{4})-?W(?P<week>[0-5]\d)(?:-?(?P<weekday>[1-7]))?"),
    re.compile(r"(?P<y>\d{4})[- /]?Q(?P<quarter>[1-4])"),
    re.compile(r"Q(?P<quarter>[1-4])[- /]?(?P<y>\d{4})"),
    re.compile(_NAME + "[- /]" + _YEAR, re.IGNORECASE),
]


def is_date(word: str) -> bool:
    """Whether text is a date, or a date with a time, in any spelling."""
    return _fields(word) is not None


def order_of(words: Iterable[str]) -> str | None:
    """Whether the day (``dmy``) or the month (``mdy``) comes first in 3/4/2020 and the like; None if none says so."""
    days, months = False, False
    for word in words:
        found = _fields(word) or {}
        if "a" in found:
            days |= int(found["a"]) > 12 or found["sign"] == "."
            months |= int(found["b"]) > 12
    return None if days == months and (days or _swappable(words)) else "mdy" if months else "dmy"


def moment(word: str, order: str) -> datetime | None:
    """The moment that text names, in UTC; None if it is no date, or one that cannot be understood (such as Januar)."""
    found = _fields(word)
    if found is None:
        return None
    try:
        return _moment(found, order)
    except (ValueError, KeyError, OverflowError):
        return None


def parts(moments: pd.Series) -> dict[str, np.ndarray]:
    """Year, month, day of week (0 is Monday) and days since 1970-01-01 of ``(rows,)`` moments, NaN where none is."""
    days = (moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=1)
    found = (moments.dt.year, moments.dt.month, moments.dt.day_of_week, days)
    return {name: values.to_numpy(np.float64, na_value=np.nan) for name, values in zip(PART_NAMES, found, strict=True)}


def _swappable(words: Iterable[str]) -> bool:
    return any("a" in (found := _fields(word) or {}) and found["a"] != found["b"] for word in words)


def _fields(word: str) -> dict[str, str] | None:
    """The parts of a date by their names; None if text is none."""
    word = word.strip()
    if not 6 <= len(word) <= 60 or not any(letter.isdigit() for letter in word):
        return None
    for spelling in _SPELLINGS:
        found = spelling.fullmatch(word)
        if found:
            fields = {name: text for name, text in found.groupdict().items() if text is not None}
            if _plausible(fields):
                return fields
    return None


def _plausible(fields: dict[str, str]) -> bool:
    day, month = int(fields.get("d", 1)), int(fields.get("m", 1))
    if "a" in fields:
        day, month = sorted((int(fields["a"]), int(fields["b"])), reverse=True)
    hour, minute, second = (int(fields.get(name, 0)) for name in ("h", "min", "s"))
    return 1 <= day <= 31 and 1 <= month <= 12 and hour <= 24 and minute < 60 and second <= 60


def _moment(fields: dict[str, str], order: str) -> datetime:
    day, month = int(fields.get("d", 1)), int(fields.get("m", 1))
    if "a" in fields:
        day, month = (int(fields[name]) for name in ("ba" if order == "mdy" else "ab"))
    if name := fields.get("name", "").lower():
        month = _MONTHS[name[:4] if name[:4] in _MONTHS else name[:3]]
    if "quarter" in fields:
        month = 3 * int(fields["quarter"]) - 2
    year = int(fields["y"])
    if "week" in fields:
        return datetime.fromisocalendar(year, int(fields["week"]), int(fields.get("weekday", 1))).replace(tzinfo=UTC)
    if len(fields["y"]) == 2:
        year += 1900 if year >= 69 else 2000  # as POSIX reads them
    hour = int(fields.get("h", 0))
    if half := fields.get("half"):
        hour = hour % 12 + (12 if half in "pP" else 0)
    seconds = int(fields.get("s", 0)) + float("0" + fields.get("f", "").replace(",", "."))
    at = datetime(year, month, day, tzinfo=_zone(fields.get("zone", "Z")))
    return (at + timedelta(hours=hour, minutes=int(fields.get("min", 0)), seconds=seconds)).astimezone(UTC)


def _zone(text: str) -> timezone:
    if text.upper() in ("Z", "UTC", "GMT"):
        return UTC
    found = re.fullmatch(r"[+-](\d\d):?(\d\d)?", text)
    if found is None:
        raise ValueError(text)  # a local one, such as EST, which may be several
    hours, minutes = found.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
    return timezone(-offset if text[0] == "-" else offset)


def typed_moments(column: pd.Series) -> pd.Series:
    """Moments in UTC of a column of dates of pandas, numpy or Python; those without a zone are taken for UTC."""
    if isinstance(column.dtype, pd.PeriodDtype):
        column = column.dt.to_timestamp()
    return pd.to_datetime(column, utc=True)


def written_moments(words: Sequence[str | None], order: str) -> pd.Series:
    """Moments in UTC of text; NaT of None."""
    return pd.to_datetime(
        pd.Series([None if word is None else moment(word, order) for word in words], dtype=object), utc=True
    )
