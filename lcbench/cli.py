"""The program ``lcbench``: finds each package's commands and turns errors into one clear line.

Commands are registered as entry points of the group ``lcbench.commands`` (see pyproject.toml); the functions they name
import what they need when they run, so that ``lcbench --help`` answers at once.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Annotated, Any

import typer

from lcbench.errors import DataWarning, LcbenchError
from lcbench.terminal import say

GROUP = "lcbench.commands"
USAGE_ERROR, INTERNAL_ERROR, INTERRUPTED = 2, 70, 130
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer does not export it, old ones take it from click
_EXTRAS = dict.fromkeys(("torch", "openml", "sklearn", "arff"), "collect")
_EXTRAS |= dict.fromkeys(("safetensors", "psutil"), "automl")  # packages by the extra that brings them
_ORDER = (
    *(
        "demo",
        "plan",
        "collect",
        "status",
        "info",
        "baselines",
        "meta-features",
        "import",
        "export",
        "publish",
        "verify",
        "merge",
    ),
    *(
        "migrate",
        "fit",
        "predict",
        "simulate",
        "optimizers",
        "serve",
        "study",
        "live",
        "portfolio",
        "surrogate",
        "figures",
        "compare",
    ),
    "report",
)


def app() -> typer.Typer:
    """Build the program from the installed packages' commands."""
    program = typer.Typer(
        name="lcbench",
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    rank = {name: i for i, name in enumerate(_ORDER)}
    program.callback()(_options)
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (rank.get(e.name, len(rank)), e.name)):
        command = entry.load()
        if isinstance(command, typer.Typer):  # a group of commands
            program.add_typer(command, name=entry.name)
        else:
            program.command(entry.name)(command)
    return program


def _say_version(asked: bool) -> None:
    if asked:
        from lcbench import __version__

        typer.echo(f"lcbench {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[  # its callback answers
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Make, replay and analyse learning-curve benchmarks for hyperparameter optimization."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code.

    0: done. 2: the arguments, the data or a file cannot be used, said in a line or two on standard error. 130:
    interrupted. A command may end with another code, which its help then names.

    Raises:
        Exception: Whatever else goes wrong, which is a fault of the program.
    """
    try:
        with _notes_printed():
            given = list(arguments)  # a command that writes down how it was called finds it as its context's object
            return app()(args=given or ["--help"], standalone_mode=False, prog_name="lcbench", obj=given) or 0
    except LcbenchError as error:
        return _complain(str(error))
    except _UsageError as error:
        return _complain(f"{error.format_message().rstrip('.')}. See: lcbench --help.")  # type: ignore[attr-defined]
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        if package not in _EXTRAS:
            raise
        extra = _EXTRAS[package]
        return _complain(f"this needs the package {package!r}; install it with: pip install 'lcbench[{extra}]'.")
    except OSError as error:  # no permission, no such place, no room: whoever runs this can mend it, we cannot
        return _complain(_blame(error))
    except typer.Abort as error:
        if isinstance(
            error.__context__, EOFError
        ):  # a library's, at the end of a damaged file; typer takes it for Ctrl-D
            raise error.__context__ from None
        return INTERRUPTED
    except KeyboardInterrupt:
        return INTERRUPTED


@contextmanager
def _notes_printed() -> Iterator[None]:
    """What is to be said of data is a line on standard error, without the place in the code that says it."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", DataWarning)
        others = warnings.showwarning

        def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, DataWarning):
                say(f"lcbench: {message}", sys.stderr)
            else:
                others(message, category, *place, **more)

        warnings.showwarning = show
        yield


def _blame(error: OSError) -> str:
    """Say which file or folder could not be used."""
    if error.filename is None:
        return f"something cannot be read or written ({str(error).strip().splitlines()[0]})."
    return f"{error.filename} cannot be read or written ({error.strerror}); choose another place or make room there."


def _complain(message: str) -> int:
    say(f"lcbench: {message}", sys.stderr)
    return USAGE_ERROR


def main() -> None:
    """Entry point of the console script; a fault of the program ends with its traceback and exit code 70."""
    try:
        code = run(sys.argv[1:])
    except Exception:
        traceback.print_exc()
        _complain("this is a fault of lcbench itself; please report it with the lines above.")
        code = INTERNAL_ERROR
    if code == INTERRUPTED:  # libraries take a second or more to be taken down in order; who pressed Ctrl-C waits
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
