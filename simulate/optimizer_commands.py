"""The command ``lcbench optimizers``."""

import inspect
import re
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lcbench.simulate.optimizers.spec import Spec


def optimizers(
    name: Annotated[
        str | None, typer.Argument(metavar="[OPTIMIZER]", help="One of them, or your own: ./mine.py:Class.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Try the laws of the contract on it.")] = False,
) -> None:
    """List the optimizers, or describe one and its arguments.

    Exit codes: 0 done; 2 there is no such optimizer, or it breaks a law.
    """
    from lcbench.console import OUT
    from lcbench.errors import InputError
    from lcbench.simulate.optimizers.spec import parse

    if name is None:
        if check:
            raise InputError("--check must have an optimizer to check, got none; name one: lcbench optimizers NAME.")
        OUT.print(listing())
        OUT.print("describe one: lcbench optimizers NAME; with arguments: 'NAME(argument=value)'", highlight=False)
        OUT.print("your own: ./mine.py:Class, package.module:Class", highlight=False)
    elif check:
        _check(parse(name))
    else:
        for part in described(parse(name)):
            OUT.print(part, highlight=False, soft_wrap=isinstance(part, str))


def listing() -> Any:
    """A table of all optimizers: ours, installed ones, and those of other packages."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from lcbench.simulate.adapters.named import ADAPTERS, Adapter
    from lcbench.simulate.optimizers import OPTIMIZERS
    from lcbench.simulate.optimizers.spec import is_multi_fidelity, looked_up

    rows = []
    for each in (*OPTIMIZERS, *ADAPTERS):
        try:
            found = looked_up(each)
        except Exception as error:  # one that cannot be imported must not hide the others
            rows.append((each, "", f"cannot be used: {str(error).splitlines()[0]}"))
            continue
        more = ""
        if isinstance(found, Adapter) and not found.is_installed():
            more = f" Not installed: pip install 'lcbench[{found.extra}]'."
        rows.append((each, "several" if is_multi_fidelity(found) else "largest", f"{_first_line(found)}{more}"))
    made = Table("name", "budgets", "what it is", title="Optimizers", title_justify="left", box=SIMPLE_HEAD)
    for column in made.columns[:-1]:
        column.no_wrap = True
    for row in rows:
        made.add_row(*row)
    return made


def described(spec: "Spec") -> Iterator[Any]:
    """What an optimizer is, and its arguments."""
    from lcbench.console import table
    from lcbench.simulate.optimizers.arguments import arguments_of

    found = spec.factory
    yield f"{spec}: {_first_line(found)}\n"
    body = _plain(inspect.cleandoc(_documentation(found)).partition("\n")[2]).strip("\n")
    if body:
        yield f"{body}\n"
    known = arguments_of(found)
    groups = {each.group for each in known.values()}
    arguments = [each for name, each in known.items() if name not in groups]
    if not arguments:
        yield "It takes no arguments."
        return
    rows = [(each.name, "" if each.default is inspect.Parameter.empty else repr(each.default)) for each in arguments]
    shown = table("Arguments", ("name", "default"), rows)
    shown.columns[1].justify = "left"
    yield shown
    for holder in dict.fromkeys(each.holder for each in arguments):
        if inspect.isclass(holder) and holder.__doc__:
            yield f"{holder.__name__}: {_plain(inspect.cleandoc(holder.__doc__))}\n"


def _documentation(found: Any) -> str:
    """The docstring that a factory brings of its own."""
    from lcbench.simulate.adapters.named import Adapter

    if isinstance(found, partial):
        return _documentation(found.func)
    if isinstance(found, Adapter):
        return found.says
    return str(getattr(found, "__doc__", None) or "")


def _first_line(found: Any) -> str:
    """The first line of its docstring."""
    return (_plain(inspect.cleandoc(_documentation(found))).splitlines() or ["(it has no docstring)"])[0]


def _plain(text: str) -> str:
    """Text without the marks of reStructuredText."""
    return re.sub(r":\w+:`~?([^`]+)`", r"\1", text).replace("``", "")


def _check(spec: "Spec") -> None:
    """Print for every law whether it is kept."""
    from lcbench.console import OUT
    from lcbench.simulate.testing import LAWS, BrokenLawError, laws_of

    broken = []
    for law, error in laws_of(spec):
        OUT.print(f"{'broken' if error else 'kept':7} {law}", highlight=False)
        broken += [error] if error else []
    if broken:
        more = "" if len(broken) == 1 else f" ({len(broken)} of {len(LAWS)} laws are broken.)"
        raise BrokenLawError(f"{broken[0]}{more}")
