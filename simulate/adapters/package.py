"""What all adapters share: finding a package, and what was told of jobs that nobody asked for."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, TypeVar

from lcbench.errors import InputError
from lcbench.simulate.contract import Result

T = TypeVar("T")


def require(module: str, extra: str) -> Any:
    """Import a module of another package.

    Args:
        module: Its dotted name.
        extra: The extra of ours that installs the package.

    Raises:
        InputError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise InputError(
            f"{package} must be installed for this optimizer, got none ({error}); pip install 'lcbench[{extra}]'."
        ) from error


def asked(running: Mapping[int, T], result: Result) -> T:
    """What an adapter keeps of the trial of a result.

    Raises:
        InputError: If the trial has no job running.
    """
    found = running.get(result.job.trial)
    if found is None:
        raise InputError(f"a result must be of a job that is running, got one of trial {result.job.trial}.")
    return found
