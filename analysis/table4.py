"""Table 4 of a study of systems: accuracy on the test rows at the end of the runs, beside what the paper prints."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from rich.table import Table
from rich.text import Text

from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.layout import mean_and_spread
from lcbench.analysis.paper import published_accuracy
from lcbench.analysis.systems import FULL, Line, baseline_lines, lacks, peer_lines, usual_workers
from lcbench.console import table
from lcbench.simulate.ablation.scores import after, not_worse

HERE, PAPER = "here", "paper"
COLUMNS = ("dataset", "column", "source", "system", "view", "workers", "seconds", "seeds", "mean", "std", "bold")
MEAN = "mean"

OURS = (Line("full", "full", "all"), Line("networks", "full", "networks"), Line("w/o ens.", "full", "single"))
"""The full system, of the same runs its ensemble of networks alone, and its best model alone."""

PUBLISHED = (("paper: Auto-PyTorch", "Auto-PyTorch Tabular"), ("paper: AutoGluon", "AutoGluon w/ stack."))
"""The paper's columns that stand beside ours, under short names."""


def numbers(systems: pd.DataFrame) -> pd.DataFrame:
    """Mean and deviation over seeds after the time limit, and which are best or not significantly worse.

    Bold as in the paper: the best mean of a data set here, and all without sufficient evidence of being worse (Welch's
    t-test over the seeds, two-sided, 0.05; with a single seed there is no test).

    Args:
        systems: A study, see :mod:`lcbench.simulate.ablation.file`.

    Returns:
        One row for each data set and column, with :data:`COLUMNS`; accuracies in [0, 1]. ``source`` is ``here`` or
        ``paper`` (1 hour on 6 cores, no test against ours). A last data set ``mean`` is the mean over all of them.

    Raises:
        NothingToDrawError: If the study has no runs of the full system.
    """
    workers, limit = usual_workers(systems), float(systems["time_limit"].iloc[0])
    lines = [*OURS, *peer_lines(systems), *baseline_lines()]
    last = after(systems[systems["workers"] == workers], limit)
    if not len(last[last["system"] == FULL.system]):
        raise NothingToDrawError(lacks([FULL]))
    rows = [row for name in systems["dataset"].unique() for row in _dataset(str(name), last, lines)]
    found = pd.DataFrame(rows, columns=list(COLUMNS)).assign(workers=workers)
    found["seconds"] = np.where(found["source"] == HERE, limit, 3600.0)
    return pd.concat([found, _means(found)], ignore_index=True)


def _dataset(dataset: str, last: pd.DataFrame, lines: list[Line]) -> Iterator[dict[str, object]]:
    own = last[last["dataset"] == dataset]
    samples = {line.title: _tests(own, line) for line in lines}
    samples = {title: values for title, values in samples.items() if len(values)}
    bold = not_worse(samples)
    for line in lines:
        if line.title in samples:
            values = samples[line.title]
            spread = values.std(ddof=1) if len(values) > 1 else np.nan
            cell = {"seeds": len(values), "mean": values.mean(), "std": spread, "bold": line.title in bold}
            yield _named(dataset, line.title, HERE) | {"system": line.system, "view": line.view} | cell
    for short, name in PUBLISHED:
        published = published_accuracy(dataset, name)
        if published is not None:
            said = {"seeds": 5, "mean": published.mean / 100, "std": published.std / 100, "bold": False}
            yield _named(dataset, short, PAPER) | {"system": name, "view": ""} | said


def _named(dataset: str, column: str, source: str) -> dict[str, object]:
    return {"dataset": dataset, "column": column, "source": source}


def _tests(own: pd.DataFrame, line: Line) -> np.ndarray:
    """Accuracies of one column by seed."""
    return own.loc[(own["system"] == line.system) & (own["view"] == line.view), "test"].to_numpy(np.float64)


def _means(found: pd.DataFrame) -> pd.DataFrame:
    """The mean over data sets, of the columns here that have all of them."""
    here = found[found["source"] == HERE]
    whole = here.groupby("column", sort=False).filter(lambda rows: len(rows) == here["dataset"].nunique())
    parts = [
        rows.head(1).assign(dataset=MEAN, mean=rows["mean"].mean(), std=np.nan, seeds=rows["seeds"].min(), bold=False)
        for _, rows in whole.groupby("column", sort=False)
    ]
    return pd.concat(parts, ignore_index=True)


def header(found: pd.DataFrame) -> list[str]:
    """The columns' names, those of the paper last."""
    columns = found.drop_duplicates("column")
    return [*columns.loc[columns["source"] == HERE, "column"], *columns.loc[columns["source"] == PAPER, "column"]]


def cells(found: pd.DataFrame) -> list[tuple[str, list[tuple[str, bool]]]]:
    """For each data set, under :func:`header`, what stands in a cell (in per cent) and whether it is bold."""
    names, rows = header(found), []
    for dataset, own in found.groupby("dataset", sort=False):
        known = zip(own["column"], own["mean"], own["std"], own["bold"], strict=True)
        said = {name: (mean_and_spread(100 * mean, 100 * std), bool(bold)) for name, mean, std, bold in known}
        rows.append((str(dataset), [said.get(name, ("-", False)) for name in names]))
    return rows


def title(found: pd.DataFrame) -> str:
    """What the table says, with the time, the workers and the seeds of the runs here."""
    here = found[(found["source"] == HERE) & (found["dataset"] != MEAN)]
    low, high = int(here["seeds"].min()), int(here["seeds"].max())
    seeds = f"{low if low == high else f'{low} to {high}'} seed{'s' * (high > 1)}"
    return (
        f"Table 4. Test accuracy (%) after {here['seconds'].iloc[0]:g} s with {_workers(here)}, "
        f"mean ± deviation over {seeds}; the paper: 1 h, 6 cores, 5 seeds"
    )


def _workers(here: pd.DataFrame) -> str:
    number = int(here["workers"].iloc[0])
    return f"{number} worker{'s' * (number > 1)}"


def rich_table(found: pd.DataFrame) -> Table:
    """The table for a terminal, on its side: terminals are narrow, and systems have long names."""
    rows = cells(found)
    made = table(title(found), ["", *(dataset for dataset, _ in rows)], [])
    for name, *across in zip(header(found), *(row for _, row in rows), strict=True):
        made.add_row(name, *(Text(said, style="bold" if bold else "") for said, bold in across))
    return made


def markdown(found: pd.DataFrame) -> str:
    """The table as Markdown."""
    names = header(found)
    lines = [f"{title(found)}.", "", f"| data set | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for dataset, row in cells(found):
        lines.append(f"| {dataset} | {' | '.join(f'**{said}**' if bold else said for said, bold in row)} |")
    return "\n".join(lines) + "\n"
