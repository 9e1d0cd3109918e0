"""The page's words and tables: what the folder holds, and the paper's numbers beside its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lcbench.analysis.generality import seed_means
from lcbench.analysis.looks import looks
from lcbench.analysis.paper_comparison import paper_comparison
from lcbench.analysis.report import markup
from lcbench.analysis.report.explorer import Explorer, explorer, incumbents, unit
from lcbench.analysis.report.markup import picture, plotly_js, table, text
from lcbench.analysis.report.study import study
from lcbench.table.benchmark import Benchmark
from lcbench.table.record import SECONDS

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.simulate.study.description import Description
    from lcbench.table.benchmark import Benchmark


def tiles(bench: Benchmark) -> str:
    """The folder in a few large numbers."""
    shown = (bench.array(dataset, SECONDS, budget) for dataset in bench.datasets for budget in bench.budgets)
    runs = sum(int(np.isfinite(seconds[:, :, 0]).sum()) for seconds in shown)
    numbers = {
        "data sets": len(bench.datasets),
        "configurations": len(bench.configs),
        "hyperparameters": len(bench.space),
        f"{'budgets, ' if len(bench.budgets) > 1 else ''}{bench.fidelity.label}": ", ".join(map(str, bench.budgets)),
        "seeds" if len(bench.seeds) > 1 else "seed": len(bench.seeds),
        "curves of each metric": f"{runs:,}",
    }
    return "\n".join(f"<div><b>{text(value)}</b><span>{text(label)}</span></div>" for label, value in numbers.items())


def summary(bench: Benchmark) -> str:
    """Everything that the folder says of itself."""
    pairs = "\n".join(f"<dt>{text(label)}</dt><dd>{text(value)}</dd>" for label, value in bench.summary())
    return f"<dl>{pairs}</dl>"


def datasets(bench: Benchmark, metric: str) -> str:
    """One row per data set: its sizes, and the best configuration that all seeds have, at the largest budget."""
    columns = {"data set": "", "rows": "number", "features": "number", "classes": "number"}
    columns |= {f"best {bench.metric(metric).label}, mean over seeds": "number", "configuration": "number"}
    return table(columns, _dataset_rows(bench, metric), "datasets")


def _dataset_rows(bench: Benchmark, metric: str) -> Iterator[tuple[object, ...]]:
    sizes = bench.dataset_table.reindex(columns=["instances", "features", "classes"]).astype("Int64")
    written = sizes.map(lambda size: "-" if pd.isna(size) else f"{size:,}", na_action=None)
    for name in bench.datasets:
        means = seed_means(bench, name, metric, bench.budgets_of(name)[-1])[:, -1]
        losses = bench.metric(metric).loss(means)
        place, best = int(losses.argmin()), ("-", "-")
        if np.isfinite(losses[place]):
            best = f"{means[place]:.4f}", f"#{bench.configs.index[place]}"
        yield name, *written.loc[name], *best


def comparison(bench: Benchmark, metric: str) -> str:
    """Every number of the paper's section 4 beside the table's own."""
    found = paper_comparison(bench, metric)
    columns = {"section": "", "what": "", "where": "where", "paper": "number", "here": "number", "note": "note"}
    cells = found[["section", "quantity", "source", "paper", "here", "note"]]
    return table(columns, cells.itertuples(index=False, name=None), "comparison")


# The page: everything gathered and put into one file.

_HERE = "lcbench.analysis.report"

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
        described: What the study's file says of itself, None if it says nothing.
    """

    bench: "Benchmark"
    metric: str | None = None
    figures: tuple[str, ...] = ()
    traces: "pd.DataFrame | None" = None
    metrics: tuple[str, ...] | None = None
    described: "Description | None" = None


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
    bench, library = contents.bench, plotly_js()
    metric = bench.metric(contents.metric).name
    say("explorer")
    shown = explorer(bench, metric, contents.metrics)
    described = shown.described | _study(contents.traces)
    say("comparison")
    parts = {
        "tiles": tiles(bench),
        "summary": summary(bench),
        "datasets": datasets(bench, metric),
        "study": study(contents.traces, contents.described),
        "comparison": comparison(bench, metric),
        "figures": _pictures(contents, say),
        "data": markup.data("explorer-data", described) + _blocks(shown),
        "library": markup.packed("library", library),
        "code": markup.code("\n".join(["(() => {", '"use strict";', *map(_own, SCRIPTS), "})();"])),
    }
    return markup.document(_HERE, bench.manifest.title, parts, "script-src 'unsafe-inline'; img-src data: blob:")


def _own(name: str) -> str:
    """A file that lies beside this one."""
    return markup.beside(_HERE, name)


def _study(traces: "pd.DataFrame | None") -> dict[str, object]:
    """What the explorer shows of a study."""
    if traces is None:
        return {"traces": None}
    colours = {name: look.colour for name, look in looks(map(str, traces["optimizer"].unique())).items()}
    return {"traces": incumbents(traces), "unit": unit(traces), "colours": colours}


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
