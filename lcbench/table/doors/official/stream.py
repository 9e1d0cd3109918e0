"""The published JSON as a stream: one run at a time, in bounded memory, however large the file."""

import codecs
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lcbench.errors import InputError

_BLOCK = 1 << 22
_LONGEST = 1 << 26
"""Characters of one value; a run of the published full file has about 10^5."""

_NEAR = 1000
"""What ends too early is noticed this near the end; nothing of the layout is a longer string."""

_decode = json.JSONDecoder().raw_decode


def entries(path: Path, advance: Callable[[int], None] | None = None) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Read the runs of a file in the published layout, one after the other.

    Args:
        path: The JSON file.
        advance: Told the number of bytes of each block that was read.

    Yields:
        Name of the data set, number of the configuration, and ``{"log": ..., "results": ..., "config": ...}``.

    Raises:
        InputError: If the file is not JSON, ends too early, or has another layout.
    """
    with path.open("rb") as file:
        text = _Text(path, lambda: file.read(_BLOCK), advance or (lambda _: None))
        for dataset in text.members():
            for key in text.members():
                if not (key.isascii() and key.isdecimal() and str(int(key[:10])) == key):
                    raise InputError(f"{path} must number its configurations, got {key[:40]!r} on data set {dataset}.")
                entry = text.value()
                if not isinstance(entry, dict):
                    raise text.unlike("every run must be an object")
                yield dataset, int(key), entry
        text.end()


class _Text:
    """The part of the text that is being looked at: grows at the end, and is dropped at the start."""

    def __init__(self, path: Path, read: Callable[[], bytes], advance: Callable[[int], None]) -> None:
        self._path, self._read, self._advance = path, read, advance
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._text, self._at, self._ended, self._dropped = "", 0, False, 0

    def members(self) -> Iterator[str]:
        """Iterate over an object's keys; the caller must read a key's value before it asks for the next key."""
        self._expect("{")
        if self._peek() == "}":
            self._at += 1
            return
        while True:
            if self._peek() != '"':
                raise self.unlike("a name in quotation marks must stand there")
            key = self.value()
            self._expect(":")
            yield key
            if self._expect(",}") == "}":
                return

    def value(self) -> Any:
        """Read any value that ends with a bracket or a quotation mark."""
        self._peek()
        while True:
            try:
                found, self._at = _decode(self._text, self._at)
                return found
            except json.JSONDecodeError as error:
                if len(self._text) - error.pos > _NEAR or len(self._text) - self._at > _LONGEST:
                    self._at = error.pos
                    raise self.unlike(error.msg) from None
                self._grow()
            except RecursionError:
                raise self.unlike("it is nested too deeply") from None
            except ValueError:
                raise self.unlike("a number has too many digits") from None

    def end(self) -> None:
        """Check that nothing but white space follows."""
        while self._skip() and not self._ended:
            self._grow(needed=False)
        if self._at < len(self._text):
            raise self.unlike("the text must end there")

    def unlike(self, reason: str) -> InputError:
        """The error for a text that is not in the published layout."""
        return InputError(
            f"{self._path} must be JSON in the published LCBench layout, got something else at character "
            f"{self._dropped + self._at} ({reason})."
        )

    def _expect(self, characters: str) -> str:
        found = self._peek()
        if found not in characters:
            raise self.unlike(f"{' or '.join(characters)} must stand there")
        self._at += 1
        return found

    def _peek(self) -> str:
        """The next character that is not white space."""
        while self._skip():
            self._grow()
        return self._text[self._at]

    def _skip(self) -> bool:
        """Pass over white space; whether the text at hand ends there."""
        while self._at < len(self._text) and self._text[self._at] in " \t\n\r":
            self._at += 1
        return self._at == len(self._text)

    def _grow(self, *, needed: bool = True) -> None:
        """Drop what has been read, and read on."""
        block = self._read()
        if not block and needed:
            raise InputError(
                f"{self._path} must be whole, got only {self._dropped + len(self._text)} characters of JSON; "
                "it is truncated, download it again."
            )
        self._ended = not block
        self._advance(len(block))
        self._dropped += self._at
        try:
            self._text = self._text[self._at :] + self._utf8.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise self.unlike(f"it is not UTF-8 text, {error.reason}") from None
        self._at = 0
