"""Lengths of time as people write them."""

import re

from lcbench.errors import InputError

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}


def seconds_of(text: str) -> float:
    """Seconds of ``"90s"``, ``"10m"``, ``"1.5h"`` or ``"600"``.

    Raises:
        InputError: If it is no length of time, or none at all.
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(s|m|min|h|)\s*", text)
    seconds = float(found[1]) * _SECONDS[found[2]] if found else 0.0
    if not seconds > 0:
        raise InputError(f"time must be a length of time more than 0, such as 90s, 10m or 2h, got {text!r}.")
    return seconds
