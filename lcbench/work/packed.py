"""Objects on their way to other processes, also those that no import finds there.

Python's own pickle sends a class or a function by its name, so what was typed in a notebook, written in the script
that runs, or made inside a function cannot travel. cloudpickle sends such an object with its code. This is for pipes
between processes of one user; nothing of it is ever read from a file.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from lcbench.errors import InputError
from lcbench.work.task import describe


@dataclass(frozen=True, slots=True)
class Packed:
    """An object as it travels; it is unpacked where it is used, so that what goes wrong there can be said.

    Attributes:
        what: What it is, for messages ("optimizer Mine").
        content: The object with its code.
    """

    what: str
    content: bytes

    def unpack(self) -> Any:
        """The object; the same one each time it is asked for in a process.

        Raises:
            InputError: If something that it needs is not there.
        """
        return _unpacked(self)


def pack(what: str, found: object) -> Packed:
    """Make an object ready to travel.

    Raises:
        InputError: If it holds something that cannot, such as an open file.
    """
    import cloudpickle

    if isinstance(found, Packed):
        return found
    try:
        return Packed(what, cloudpickle.dumps(found))
    except Exception as error:
        raise InputError(
            f"{what} must be something that can be sent to other processes, got something that cannot "
            f"({describe(error)}); name it by its file, ./file.py:Object, or use jobs=1."
        ) from error


@lru_cache(maxsize=64)
def _unpacked(packed: Packed) -> Any:
    import cloudpickle

    try:
        return cloudpickle.loads(packed.content)
    except Exception as error:
        raise InputError(
            f"{packed.what} must find in every process what it needs, but it does not ({describe(error)}); name it by "
            "its file, ./file.py:Object, or use jobs=1."
        ) from error
