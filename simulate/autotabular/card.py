"""What a classifier's folder says of itself."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lcbench.collection.models import Problem


def card(parameters: Mapping[str, Any], problem: "Problem", target: str) -> dict[str, Any]:
    """Describe a classifier in plain types.

    Args:
        parameters: Of the estimator; those that are no plain values (functions, splitters) are told in words.
        problem: What it learns.
        target: Name of the target.
    """
    plain = {name: value for name, value in parameters.items() if _is_plain(value)}
    told = {name: repr(value) for name, value in parameters.items() if not _is_plain(value)}
    return {
        "parameters": plain,
        "parameters in words": told,
        "metric": problem.scorer.name,
        "target": target,
        "columns": list(problem.columns.names),
        "classes": [str(value) for value in problem.labels.values.tolist()],
        "rows": len(problem.y),
        "version": version("lcbench"),
    }


def parameters_of(known: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The parameters that a folder knows."""
    kept = known.get("parameters", {})
    return {name: _frozen(kept[name]) for name in names if name in kept}


def _is_plain(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_plain(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or type(value) in (str, int, float, bool)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) and all(type(each) is int for each in value) else value
