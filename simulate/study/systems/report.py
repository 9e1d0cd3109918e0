"""Accuracy of systems after a given time: mean and deviation over seeds, and which are not significantly worse."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from rich.table import Table
from scipy.stats import ttest_ind_from_stats

from lcbench.console import table
from lcbench.simulate.study.systems.file import KEY
from lcbench.simulate.study.systems.systems import NAMES, SYSTEMS, title_of

LEVEL = 0.05
"""Of the t-test (paper, Table 4)."""


def after(systems: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """The line of every view of every run at a time.

    Args:
        systems: A study, see :mod:`lcbench.simulate.study.systems.file`.
        seconds: Since the beginning of each run.

    Returns:
        The last row of each view of each run that was there by then, in the order of runs; a view without one is left
        out.
    """
    there = systems[systems["time"] <= seconds]
    last = there.sort_values("time", kind="stable").groupby([*KEY, "view"]).tail(1)
    return last.sort_values([*KEY, "view"], kind="stable", ignore_index=True)


def welch(one: ArrayLike, other: ArrayLike) -> float:
    """Two-sided p value of Welch's t-test that two means are equal.

    Welch (1947), *The generalization of 'Student's' problem when several different population variances are involved*.

    Args:
        one: ``(n,)`` values.
        other: ``(m,)`` values.

    Returns:
        NaN if one has fewer than two values. Where neither varies: 1 if they are equal, else 0.
    """
    a, b = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if min(len(a), len(b)) < 2:
        return float("nan")
    if np.ptp(a) == np.ptp(b) == 0:
        return float(a[0] == b[0])
    one_and_other = (a.mean(), a.std(ddof=1), len(a), b.mean(), b.std(ddof=1), len(b))
    return float(ttest_ind_from_stats(*one_and_other, equal_var=False).pvalue)


def not_worse(samples: Mapping[str, ArrayLike], level: float = LEVEL) -> set[str]:
    """Names of the best mean, of those equal to it, and of those without sufficient evidence of being worse.

    The paper prints these in bold in Table 4. Where a name has a single value there is no test, and so no mark unless
    its mean is the best.

    Args:
        samples: ``(seeds,)`` values by name, larger is better, at least one each.
        level: Below this p value a difference counts.
    """
    means = {name: float(np.mean(np.asarray(values))) for name, values in samples.items()}
    if not means:
        return set()
    best = max(means, key=lambda name: means[name])
    return {name for name in samples if means[name] == means[best] or welch(samples[name], samples[best]) >= level}


# Tables for people.

FRACTIONS = (0.25, 1.0)
"""At which shares of the time limit systems are told: early, and at the end."""


def main_view(system: str) -> str:
    """The main view of a system: networks by the best of them, the full system by its ensemble, a peer by itself."""
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
    """Keep only the main view of each system."""
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
