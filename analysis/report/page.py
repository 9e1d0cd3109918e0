"""The page: everything gathered and put into one file."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING

from lcbench.analysis.report import facts, markup
from lcbench.analysis.report.explorer import Explorer, explorer
from lcbench.analysis.report.incumbents import incumbents, unit
from lcbench.analysis.report.library import plotly_js
from lcbench.analysis.report.pictures import picture

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.benchmark import Benchmark

SCRIPTS = ("decode.js", "library.js", "table.js", "scatter.js", "curves.js", "parallel.js", "traces.js", "explorer.js")
"""The explorer's code, in the order in which it stands in the page."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """What the page is made from.

    Attributes:
        bench: The table.
        metric: Name of the metric that configurations are compared by.
        figures: Names of :data:`lcbench.analysis.figures.FIGURES`.
        traces: What a study on this table and metric gave, None without one.
        metrics: Names of the metrics that the explorer can show; None for all.
    """

    bench: "Benchmark"
    metric: str = "valid_accuracy"
    figures: tuple[str, ...] = ()
    traces: "pd.DataFrame | None" = None
    metrics: tuple[str, ...] | None = None


def steps(contents: Contents) -> int:
    """How often :func:`build` says what comes next."""
    return 2 + len(contents.figures)


def build(contents: Contents, say: Say = lambda _: None) -> str:
    """Make the page.

    Args:
        contents: What it is made from.
        say: Called with the name of each part before it is made.

    Returns:
        HTML that needs nothing from elsewhere.

    Raises:
        InputError: If the package ``plotly`` is missing, or the traces lack columns.
    """
    bench, metric, library = contents.bench, contents.metric, plotly_js()
    say("explorer")
    shown = explorer(bench, metric, contents.metrics)
    described = shown.described | _study(contents.traces)
    say("comparison")
    parts = {
        "title": markup.text(bench.manifest.title),
        "style": _own("page.css"),
        "tiles": facts.tiles(bench),
        "summary": facts.summary(bench),
        "datasets": facts.datasets(bench, metric),
        "comparison": facts.comparison(bench, metric),
        "figures": _pictures(contents, say),
        "data": markup.data("explorer-data", described) + _blocks(shown),
        "library": markup.packed("library", library),
        "code": markup.code("\n".join(["(() => {", '"use strict";', *map(_own, SCRIPTS), "})();"])),
    }
    return Template(_own("page.html")).substitute(parts)


def _own(name: str) -> str:
    """A file that lies beside this one."""
    return (files("lcbench.analysis.report") / name).read_text(encoding="utf-8")


def _study(traces: "pd.DataFrame | None") -> dict[str, object]:
    """What the explorer shows of a study."""
    if traces is None:
        return {"traces": None}
    return {"traces": incumbents(traces), "unit": unit(traces)}


def _pictures(contents: Contents, say: Say) -> str:
    """The figures, then the reasons why others are left out."""
    made = []
    for name in contents.figures:
        say(name)
        made.append(picture(name, contents.bench, contents.metric, contents.traces))
    return "\n".join(sorted(made, key=lambda each: each.startswith("<p")))


def _blocks(shown: Explorer) -> str:
    """The curves, one element each, which a browser keeps as text until it is asked for."""
    return "\n".join(
        f'<script type="text/plain" id="block-{number}">{block.text}</script>'
        for number, block in enumerate(shown.blocks)
    )
