"""Anybody's optimizer as a text, and as an object: one way for all places that take optimizers.

======================================  ================================================================
``bohb``, ``optuna-tpe``                a name in :data:`OPTIMIZERS` or in :data:`ADAPTERS`
``bohb(eta=3,min_points=20)``           with arguments: Python literals, by name
``./mine.py:Mine``                      a class (or another factory) in a file
``package.module:Class``                in a module that can be imported
``mine=./mine.py:Mine(alpha=0.1)``      under a label
======================================  ================================================================

The label names it in traces, tables and figures. By default it is the text without the place of an import string:
``Mine(alpha=0.1)``. Texts are parsed; nothing of them is executed but the import of what they name.
"""

import ast
import hashlib
import inspect
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from reprlib import repr as short
from typing import Any

from lcbench.errors import InputError, LcbenchError, UnknownNameError
from lcbench.plugins import absolute, is_import_string, portable, source_digest
from lcbench.simulate.contract import OptimizerFactory
from lcbench.simulate.optimizers.arguments import bound
from lcbench.work.packed import Packed, pack
from lcbench.work.task import describe

SOURCE = "optimizer "
"""What the settings of a study begin with that say what a label stands for."""

_LABEL = re.compile(r"([^\W\d_][\w .+-]*)=(?!=)(.+)", re.DOTALL)
_OPEN, _CLOSE = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Spec:
    """An optimizer that can be made anew for every run, in any process.

    Attributes:
        label: Its name in traces, tables and figures.
        place: The name or the import string that finds it everywhere; "" for an object.
        arguments: Names and values.
        given: The factory itself where no text finds it: an object of the caller's, or one that was put in the registry
            while the program ran.
    """

    label: str
    place: str = ""
    arguments: tuple[tuple[str, Any], ...] = field(default=(), hash=False)
    given: Any = field(default=None, hash=False)

    def __str__(self) -> str:
        return self.label

    @property
    def factory(self) -> OptimizerFactory:
        """Makes the optimizer from a domain, budgets and a generator.

        Raises:
            UnknownNameError: If there is no optimizer of that name.
            InputError: If it cannot be imported, or an argument is refused.
        """
        return bound(self.label, self.found, dict(self.arguments))

    @property
    def found(self) -> OptimizerFactory:
        """The same without its arguments."""
        found = self.given.unpack() if isinstance(self.given, Packed) else self.given
        return looked_up(self.place) if found is None else found

    @property
    def text(self) -> str:
        """How it is written, without its label and the folder of its file; what is kept of it."""
        return _written(portable(self.place), self.arguments)

    def is_ours(self) -> bool:
        """Whether it is an optimizer or an adapter of this package."""
        return self.given is None and not is_import_string(self.place) and _module(self.factory).startswith("lcbench.")

    def packed(self) -> "Spec":
        """The same optimizer, ready to be sent to other processes.

        Raises:
            InputError: If it cannot be.
        """
        return self if self.given is None else replace(self, given=pack(f"optimizer {self.label}", self.given))

    def travels(self) -> bool:
        """Whether it can be sent to other processes."""
        try:
            self.packed()
        except InputError:
            return False
        return True


def parse(text: str) -> Spec:
    """Read the text of one optimizer, and look it up.

    Raises:
        UnknownNameError: If there is no optimizer of that name, or no argument of that name.
        InputError: If the text cannot be read, or leads nowhere.
    """
    text = text.strip()
    labelled = _LABEL.fullmatch(text)
    if labelled and "(" not in labelled[1]:
        label, text = labelled[1].strip(), labelled[2].strip()
    else:
        label = ""
    place, arguments = _call(text)
    spec = Spec(label or _written(place.rpartition(":")[2], arguments), absolute(place), arguments, _put_in(place))
    spec.factory  # noqa: B018  # what is wrong with it is said now
    return spec


def specs_of(optimizers: Any) -> tuple[Spec, ...]:
    """The optimizers of whatever a caller has.

    Args:
        optimizers: A comma-separated text, texts and factories in any order, or a mapping of labels to them. A factory
            is a class, a function, a :func:`functools.partial` or a callable object that makes an optimizer from a
            domain, budgets and a generator.

    Raises:
        InputError: If one cannot be used, there is none, or two have one label.
    """
    if isinstance(optimizers, Mapping):
        found = [replace(_spec_of(each, str(label)), label=str(label)) for label, each in optimizers.items()]
    elif isinstance(optimizers, str):
        found = [parse(each) for each in split(optimizers)]
    elif isinstance(optimizers, Iterable) and not inspect.isclass(optimizers):
        found = [_spec_of(each) for each in optimizers]
    else:
        raise InputError(f"optimizers must be a list, a mapping or a text, got {short(optimizers)}.")
    labels = [each.label for each in found]
    if not labels:
        raise InputError("optimizers must be at least one, got none.")
    twice = next((label for label in labels if labels.count(label) > 1), None)
    if twice is not None:
        raise InputError(
            f"optimizers must be at least one, each named once, got {twice} twice; give one another label: "
            f"another={twice}."
        )
    return tuple(found)


def split(text: str) -> list[str]:
    """Split a comma-separated list; commas in brackets, and in quotes within them, separate nothing."""
    parts, depth, quote = [""], 0, ""
    for place, letter in enumerate(text):
        if letter == "," and not depth:
            parts.append("")
            continue
        parts[-1] += letter
        if quote:
            quote = "" if letter == quote and text[place - 1] != "\\" else quote
        elif depth and letter in "\"'":
            quote = letter
        else:
            depth = max(depth + (letter in _OPEN) - (letter in _CLOSE), 0)
    return [part.strip() for part in parts if part.strip()]


def source_digests(specs: Iterable[Spec]) -> dict[str, str]:
    """What must stay as it is for a study to grow: what each label stands for.

    Returns:
        By ``"optimizer LABEL"`` its text, and a digest of its source where that is not ours.
    """
    return {
        f"{SOURCE}{spec.label}": " ".join(filter(None, (spec.text, digest_of(spec.found)))) or "an object"
        for spec in specs
    }


@contextmanager
def blamed(spec: Spec, where: str) -> Iterator[None]:
    """Say of an error in somebody's own optimizer that it is there, and in which line.

    Args:
        spec: The optimizer that runs in the block.
        where: On what, for the message.

    Raises:
        InputError: In place of any error of an optimizer that is not ours; it is its cause.
    """
    try:
        yield
    except LcbenchError:
        raise
    except Exception as error:
        if spec.is_ours() and not spec.arguments:
            raise
        raise InputError(f"optimizer {spec} failed {where}: {describe(error)} ({place_of(error)}).") from error


def place_of(error: Exception) -> str:
    """The line where an error came from: the last one that is neither ours nor of an installed package."""
    frames = traceback.extract_tb(error.__traceback__)
    others = (str(Path(__file__).parents[1]), "site-packages")
    own = [frame for frame in frames if not any(other in frame.filename for other in others)]
    frame = own[-1] if own else frames[-1]
    return f"{Path(frame.filename).name}, line {frame.lineno}"


def looked_up(name: str) -> OptimizerFactory:
    """The optimizer of a name, without arguments.

    Raises:
        UnknownNameError: If there is none.
        InputError: If it cannot be imported, or is nothing that makes an optimizer, or has a class or label missing.
    """
    from lcbench.simulate.adapters.named import ADAPTERS  # adapters are made of ours
    from lcbench.simulate.optimizers import OPTIMIZERS

    for registry in (OPTIMIZERS, ADAPTERS):
        if name in registry:
            return _checked(name, registry[name])
    if name.endswith(".py"):
        raise InputError(f"an optimizer in a file must be named with its class, got {name}; write {name}:Class.")
    if "=" in name:
        raise InputError(
            f"a label must be LABEL=OPTIMIZER, of letters, digits, spaces and . _ + -, a letter first, got {name!r}."
        )
    raise UnknownNameError("optimizer", name, (*OPTIMIZERS, *ADAPTERS))


def is_multi_fidelity(factory: Any) -> bool:
    """Whether an optimizer says that it trains at smaller budgets than the largest, where there are any.

    Its factory has an attribute ``multi_fidelity``; a partial has that of what it calls.
    """
    return bool(trait(factory, "multi_fidelity", default=False))


def said_without_prior(specs: Iterable[Spec]) -> str:
    """What becomes of optimizers that use a prior where there is none, in one line; nothing if there are none.

    Their factory has an attribute ``without_prior``, which says it.
    """
    found = [(spec.label, trait(spec.found, "without_prior", None)) for spec in specs]
    said = ", ".join(f"{label} is {instead}" for label, instead in found if instead is not None)
    return said and f"no prior is given: {said}"


def trait(factory: Any, name: str, default: Any) -> Any:
    """An attribute of a factory, through partials."""
    return trait(factory.func, name, default) if isinstance(factory, partial) else getattr(factory, name, default)


def _spec_of(found: Any, label: str = "") -> Spec:
    if isinstance(found, Spec):
        return found
    if isinstance(found, str):
        return parse(found)
    factory = _checked(label or short(found), found)
    bound(label or short(found), factory, {})
    return Spec(label or _name(factory), given=factory)


def _checked(label: str, found: Any) -> OptimizerFactory:
    """Refuse what makes no optimizer."""
    if not inspect.isclass(found) and hasattr(found, "ask") and hasattr(found, "tell"):
        kind = type(found).__name__
        raise InputError(
            f"optimizers must be made anew for every run, got {label}, an object of {kind} that its first run would "
            f"use up; pass the class, {kind}, or functools.partial({kind}, ...) with its arguments."
        )
    if not callable(found) or (inspect.isclass(found) and not (hasattr(found, "ask") and hasattr(found, "tell"))):
        wanted = "a class with ask and tell, or a function that makes an optimizer"
        raise InputError(f"optimizer must be {wanted}, got {label}.")
    return found


def _name(factory: Any) -> str:
    """The label of a factory: its name, with the arguments of a partial."""
    if isinstance(factory, partial):
        return _written(_name(factory.func), tuple(factory.keywords.items()))
    name = getattr(factory, "__name__", type(factory).__name__)
    if name == "<lambda>":
        raise InputError("a lambda must have a label among optimizers, got none; pass {'label': lambda ...: ...}.")
    return str(name)


def _call(text: str) -> tuple[str, tuple[tuple[str, Any], ...]]:
    """Divide a text into the place and the arguments."""
    for place, letter in enumerate(text):
        if letter != "(":
            continue
        try:
            call = ast.parse(f"f{text[place:]}", mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            return text[:place].strip(), _keywords(text[:place].strip(), call)
    if not text or "(" in text.rpartition(":")[2]:
        raise InputError(f"optimizer must be written name or name(argument=value, ...), got {text!r}.")
    return text, ()


def _keywords(name: str, call: ast.Call) -> tuple[tuple[str, Any], ...]:
    """The arguments of a call, each a literal with a name."""
    if call.args or any(each.arg is None for each in call.keywords):
        given = ast.unparse(call.args[0]) if call.args else "**"
        raise InputError(f"arguments of {name} must be given by name, got {given}; write argument={given}.")
    found: dict[str, Any] = {}
    for each in call.keywords:
        assert each.arg is not None  # noqa: S101  # checked above
        if each.arg in found:
            raise InputError(f"arguments of {name} must be given once, got {each.arg} twice.")
        try:
            found[each.arg] = ast.literal_eval(each.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            said = ast.unparse(each.value)
            raise InputError(
                f"{each.arg} of {name} must be a number, a quoted text, True, False, None or a list of them, "
                f"got {said}; write {each.arg}={said!r} for a text."
            ) from None
    return tuple(found.items())


def _written(name: str, arguments: tuple[tuple[str, Any], ...]) -> str:
    said = ",".join(f"{each}={value!r}" for each, value in arguments)
    return f"{name}({said})" if said else name


def _put_in(name: str) -> OptimizerFactory | None:
    """An object that was put in the registry while the program ran, which another process would not find there."""
    from lcbench.simulate.optimizers import OPTIMIZERS

    found = None if is_import_string(name) else OPTIMIZERS.given(name)
    return None if found is None or _module(found).startswith("lcbench.") else found


def _module(factory: Any) -> str:
    """Where a factory was written."""
    if isinstance(factory, partial):
        return _module(factory.func)
    return str(getattr(factory, "__module__", "") or "")


def digest_of(factory: Any) -> str | None:
    """A digest of a factory's file (of its own lines, if it is in the script that runs) and of what it holds."""
    if isinstance(factory, partial):
        inner, held = digest_of(factory.func), repr(sorted(factory.keywords.items()))
    else:
        inner, held = _source(factory), "" if inspect.isclass(factory) or inspect.isroutine(factory) else repr(factory)
    held = "" if " at 0x" in held else held  # an address is another one every time
    return inner if not held else f"{inner or ''}+{hashlib.sha256(held.encode()).hexdigest()[:8]}"


def _source(factory: Any) -> str | None:
    if _module(factory).startswith("lcbench."):
        return None
    if _module(factory) != "__main__":
        return source_digest(factory)
    try:
        lines = inspect.getsource(factory if hasattr(factory, "__name__") else type(factory))
    except (OSError, TypeError):  # typed at a prompt
        return None
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()[:16]}"
