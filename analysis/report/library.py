"""The plotting library that goes into the page."""

import re

from lcbench.errors import InputError

_HEAD = 1000
"""Characters in which the function that holds the library begins."""

_LAZY = ("this, () => {", "\n}));")
_EAGER = ("this, (() => {", "\n})));")
_EVERY_KIND = re.compile(r"\.register\(\[(?:[\w$]+\(\),?){20,}\]\)")


def plotly_js() -> str:
    """The source of plotly.js as the package ``plotly`` ships it, made to start quickly.

    Raises:
        InputError: If that package is not installed.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError as error:
        raise InputError(
            "the report needs the package 'plotly', which is not installed; "
            "install it with: pip install 'lcbench[report]'."
        ) from error
    return parsed_at_once(scatter_only(str(get_plotlyjs())))


def scatter_only(source: str) -> str:
    """The library with the kinds of charts that are in its core, which is scatter; no other is parsed or started.

    Registering fewer kinds is what plotly.js's own smaller bundles do, which that package lacks. In a source that is
    written otherwise than we know, all are left.
    """
    return _EVERY_KIND.sub(".register([])", source) if len(_EVERY_KIND.findall(source)) == 1 else source


def parsed_at_once(source: str) -> str:
    """The library with parentheses around the function that holds all of it; another one's source is left alone.

    A browser that meets a function without them reads it twice: to find its end, and when it is called.
    """
    (head, tail), (new_head, new_tail) = _LAZY, _EAGER
    place = source.find(head)
    if not 0 <= place < _HEAD or not source.endswith(tail):
        return source
    return source[:place] + new_head + source[place + len(head) : -len(tail)] + new_tail
