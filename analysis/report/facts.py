"""The page's words and tables: what the folder holds, and the paper's numbers beside its own."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lcbench.analysis.comparison import compare
from lcbench.analysis.report.markup import table, text
from lcbench.benchmark import Benchmark
from lcbench.metric import get_metric


def tiles(bench: Benchmark) -> str:
    """The folder in a few large numbers."""
    runs = len(bench.datasets) * len(bench.configs) * len(bench.budgets) * len(bench.seeds)
    numbers = {
        "data sets": len(bench.datasets),
        "configurations": len(bench.configs),
        "hyperparameters": len(bench.space),
        "epoch budgets" if len(bench.budgets) > 1 else "epochs": ", ".join(map(str, bench.budgets)),
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
    unit = get_metric(metric).unit
    columns = {"data set": "", "rows": "number", "features": "number", "classes": "number"}
    columns |= {f"best {metric.replace('_', ' ')} ({unit}), mean over seeds": "number", "configuration": "number"}
    return table(columns, _dataset_rows(bench, metric), "datasets")


def _dataset_rows(bench: Benchmark, metric: str) -> Iterator[tuple[object, ...]]:
    sizes = bench.dataset_table[["instances", "features", "classes"]].astype("Int64")
    written = sizes.map(lambda size: "-" if pd.isna(size) else f"{size:,}", na_action=None)
    for name in bench.datasets:
        losses = get_metric(metric).loss(bench.array(name, metric)[:, :, -1].mean(axis=1, dtype=np.float64))
        place, best = int(losses.argmin()), ("-", "-")
        if np.isfinite(losses[place]):
            value = bench.array(name, metric)[place, :, -1].mean(dtype=np.float64)
            best = f"{value:.4f}", f"#{bench.configs.index[place]}"
        yield name, *written.loc[name], *best


def comparison(bench: Benchmark, metric: str) -> str:
    """Every number of the paper's section 4 beside the table's own."""
    found = compare(bench, metric)
    columns = {"section": "", "what": "", "where": "where", "paper": "number", "here": "number", "note": "note"}
    cells = found[["section", "quantity", "source", "paper", "here", "note"]]
    return table(columns, cells.itertuples(index=False, name=None), "comparison")
