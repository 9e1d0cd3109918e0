"""A study of systems as tables for people."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from rich.table import Table

from lcbench.console import table
from lcbench.simulate.ablation.scores import after
from lcbench.simulate.ablation.systems import NAMES, SYSTEMS, title_of

FRACTIONS = (0.25, 1.0)
"""At which shares of the time limit systems are told: early, and at the end."""


def main_view(system: str) -> str:
    """What a system predicts with: networks by the best of them, the full system by its ensemble, a peer by itself."""
    if system not in SYSTEMS:
        return "single"
    return "all" if SYSTEMS[system].baselines else "network"


def tables(systems: pd.DataFrame) -> Iterator[Table]:
    """Test accuracy of every system on every data set, early and at the end."""
    limit = float(systems["time_limit"].iloc[0])
    for fraction in FRACTIONS:
        found = own_views(after(systems, fraction * limit))
        yield _table(found, f"Test accuracy after {fraction * limit:g} s in per cent, mean ± deviation over seeds")


def own_views(systems: pd.DataFrame) -> pd.DataFrame:
    """Of each system only what it predicts with."""
    return systems[systems["view"] == systems["system"].map(main_view)]


def _table(found: pd.DataFrame, title: str) -> Table:
    columns = sorted(set(zip(found["system"], found["workers"], strict=True)), key=lambda column: _place(*column))
    several = len(found["workers"].unique()) > 1
    names = [title_of(system) + (f", {workers} workers" if several else "") for system, workers in columns]
    groups = {key: runs["test"].to_numpy() for key, runs in found.groupby(["dataset", "system", "workers"])}
    rows = [
        [dataset, *(percent(groups.get((dataset, *column), np.empty(0))) for column in columns)]
        for dataset in found["dataset"].unique()
    ]
    return table(title, ["data set", *names], rows)


def _place(system: str, workers: int) -> tuple[int, str, int]:
    """Our systems in their order, then the others by name."""
    return (NAMES.index(system) if system in NAMES else len(NAMES), system, workers)


def percent(values: np.ndarray) -> str:
    """Mean and standard deviation (ddof=1) of accuracies, in per cent; a single value has no deviation."""
    if not len(values):
        return "-"
    mean = f"{100 * values.mean():.2f}"
    return mean if len(values) < 2 else f"{mean} ± {100 * values.std(ddof=1):.2f}"
