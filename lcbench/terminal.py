"""Text for terminals: names and titles come from folders of others and must not steer the terminal."""

import sys
from typing import TextIO

_KEPT = "\n\t"
_BIDIRECTIONAL = (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_HARMFUL = (*range(0x20), *range(0x7F, 0xA0), *_BIDIRECTIONAL, *range(0xD800, 0xE000))
_REPLACED = dict.fromkeys((code for code in _HARMFUL if chr(code) not in _KEPT), "\N{REPLACEMENT CHARACTER}")


def printable(text: str) -> str:
    """Replace what is no text: control characters but line breaks and tabs, changes of direction, halves of pairs."""
    return text.translate(_REPLACED)


def say(text: str, file: TextIO | None = None) -> None:
    """Print plain text as it is, without breaking its lines, on standard output by default."""
    print(printable(text), file=file or sys.stdout)  # the one place that prints without the console
