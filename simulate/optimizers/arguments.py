"""The arguments of an optimizer: what its factory takes beside a domain, budgets and a generator."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import partial
from typing import Any

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.contract import OptimizerFactory

_GIVEN = 3  # a domain, budgets and a generator, which every optimizer is made from


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument that a user can give.

    Attributes:
        name: Its name.
        default: What it is if nobody gives it; ``inspect.Parameter.empty`` if somebody must.
        group: The parameter of the factory that it is a field of, where that is a dataclass of settings; else "".
        holder: That dataclass.
    """

    name: str
    default: Any
    group: str = ""
    holder: Callable[..., Any] | None = None


def arguments_of(factory: OptimizerFactory) -> dict[str, Argument]:
    """What a factory takes, by name: its own parameters, and the fields of those that are dataclasses of settings.

    So ``bohb(min_points=20)`` reaches :class:`lcbench.simulate.optimizers.bohb.KDESettings`. A class that passes
    ``**settings`` on has the arguments of its base class as well. What is given to a :func:`functools.partial` is the
    new default.
    """
    found: dict[str, Argument] = {}
    grouped: dict[str, Argument] = {}
    for parameter, hint in _parameters(factory):
        found.setdefault(parameter.name, Argument(parameter.name, parameter.default))
        holder = _settings(hint)
        if holder is not None:
            base = holder() if parameter.default in (None, inspect.Parameter.empty) else parameter.default
            for field in fields(typing.cast(Any, holder)):
                each = Argument(field.name, getattr(base, field.name), parameter.name, type(base))
                grouped.setdefault(field.name, each)
    bound = factory.keywords if isinstance(factory, partial) else {}
    own = {name: Argument(name, bound.get(name, each.default)) for name, each in found.items()}
    return own | {name: each for name, each in grouped.items() if name not in own}


def bound(label: str, factory: OptimizerFactory, given: Mapping[str, Any]) -> OptimizerFactory:
    """The factory with arguments; itself if there are none.

    Args:
        label: Its name, for messages.
        factory: Makes the optimizer from a domain, budgets and a generator.
        given: Values by the names of :func:`arguments_of`.

    Raises:
        InputError: If there is no such argument, a value is refused, or the factory does not take what it is given.
    """
    known = arguments_of(factory)
    own: dict[str, Any] = {}
    settings: dict[str, dict[str, Any]] = {}
    for name, value in given.items():
        if name not in known:
            if not known:
                raise InputError(f"optimizer {label} takes no arguments, got {name!r}.")
            raise UnknownNameError(f"argument of {label}", name, known)
        into = settings.setdefault(known[name].group, {}) if known[name].group else own
        into[name] = value
    for group, values in settings.items():
        if group in own:
            raise InputError(f"optimizer {label} must get {group} whole or in parts ({', '.join(values)}), got both.")
        siblings = {name: each for name, each in known.items() if each.group == group}
        holder = siblings[next(iter(values))].holder
        assert holder is not None  # noqa: S101  # whatever has a group has one
        own[group] = holder(**({name: each.default for name, each in siblings.items()} | values))
    _check_call(label, factory, own)
    return partial(factory, **own) if own else factory


def _check_call(label: str, factory: OptimizerFactory, given: Mapping[str, Any]) -> None:
    """Check that it can be called as it will be."""
    try:
        signature = inspect.signature(factory)
    except (TypeError, ValueError):  # it was built in another language and does not say
        return
    try:
        signature.bind(*(None,) * _GIVEN, **given)
    except TypeError as error:
        raise InputError(
            f"optimizer {label} must be made from a domain, budgets and a generator, but takes {signature} ({error})."
        ) from error


def _parameters(factory: OptimizerFactory) -> Iterator[tuple[inspect.Parameter, Any]]:
    """Parameters that are arguments, with their types where these can be known; base classes last."""
    for function in _functions(factory):
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            return
        try:
            hints = typing.get_type_hints(function)
        except Exception:  # names that exist for type checkers only
            hints = {}
        skipped = _GIVEN + (parameters[:1] != [] and parameters[0].name == "self")
        placed = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
        for each in parameters:
            if each.kind is each.KEYWORD_ONLY or each in placed[skipped:]:
                yield each, hints.get(each.name)
        if not any(each.kind is each.VAR_KEYWORD for each in parameters):
            return


def _functions(factory: Any) -> Iterator[Callable[..., Any]]:
    """The functions that see the arguments, one after the other."""
    if isinstance(factory, partial):
        yield from _functions(factory.func)
    elif inspect.isclass(factory):
        yield from (
            vars(each)["__init__"] for each in factory.__mro__ if "__init__" in vars(each) and each is not object
        )
    elif inspect.isroutine(factory):
        yield factory
    else:
        yield type(factory).__call__


def _settings(hint: Any) -> type | None:
    """The dataclass of settings in ``Settings`` or ``Settings | None``, if every field of it has a default."""
    choices = [each for each in typing.get_args(hint) or (hint,) if each is not type(None)]
    if len(choices) != 1 or not (isinstance(choices[0], type) and is_dataclass(choices[0])):
        return None
    whole = all(each.default is not MISSING or each.default_factory is not MISSING for each in fields(choices[0]))
    return choices[0] if whole else None
