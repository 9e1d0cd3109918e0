"""Ensembles of the models that a search had found, by time.

Value on the test part of: the network that is best on the validation part so far; the ensemble that greedy selection
makes of the 30 best networks so far (Caruana et al. 2004; section 3.5 of the paper); and, where baselines are recorded,
the same with them among the candidates, and the best baseline alone. Baselines are trained first, and the search of
that line begins when they are done. Means over data sets and up to three seeds of the study's first optimizer, against
the share of each data set's limit; a line begins where every run has a result and ends at its mark. Nothing is chosen
by the test part.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.ensemble_replay import (
    BASELINE,
    ENSEMBLE,
    SINGLE,
    WITH_BASELINES,
    ensembles_over_time,
    need_predictions,
)
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import NothingToDrawError, label_of, labelled
from lcbench.analysis.looks import look_at
from lcbench.analysis.provenance import check_same_table
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark

_SEEDS = 3
_TIMES = 13
_LEAST = 0.01


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """Values of single models and ensembles over time.

    Args:
        bench: A table with predictions.
        metric: The metric of the validation part that the study optimized; by default the table's objective.
        traces: From :func:`lcbench.simulate.study.study`; shown are its first optimizer and three seeds.

    Returns:
        The columns of :func:`lcbench.analysis.ensemble_replay.ensembles_over_time`, ``unit`` (of the limit) and
        :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If the table has no predictions, the metric cannot be computed from them, or no pool has a
            result in every run.
        InputError: If the study was run on another table or metric.
    """
    try:
        need_predictions(bench, bench.datasets)
    except InputError as error:
        raise NothingToDrawError(str(error)) from None
    check_same_table(traces, bench, metric)
    first = traces[traces["optimizer"] == traces["optimizer"].iloc[0]]
    seeds = sorted(first["seed"].unique())[:_SEEDS]
    times = np.geomspace(_LEAST, 1.0, _TIMES)
    found = ensembles_over_time(bench, first[first["seed"].isin(seeds)], times, metric)
    found = labelled(found.assign(**lines.limited(traces)), bench, metric)
    if found.empty or means(found).empty:
        raise NothingToDrawError("the networks of this study have no predictions; simulate for longer, or another one.")
    return found


def means(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean test value by pool and time, where every run that the pool has at the end has a result.

    Returns:
        The columns ``pool, time, test``.
    """
    runs = frame.groupby("pool").apply(lambda own: len(own[["dataset", "seed"]].drop_duplicates()))
    found = frame.groupby(["pool", "time"], as_index=False).agg(test=("test", "mean"), runs=("test", "size"))
    return found[found["runs"] == found["pool"].map(runs)].drop(columns="runs")


def draw(frame: pd.DataFrame) -> Figure:
    """One line for each kind of model."""
    shown = means(frame)
    with style.look():
        figure = style.figure(style.COLUMN * 1.3, 2.7)
        panel = figure.subplots()
        for i, pool in enumerate((SINGLE, ENSEMBLE, WITH_BASELINES, BASELINE)):
            rows = shown[shown["pool"] == pool]
            if len(rows):  # lines often coincide
                lines.step_line(panel, look_at(i), pool, rows["time"], rows["test"], i / 4, clip_on=False)
        lines.share_axis(panel, frame, float(shown["time"].min()))
        name = label_of(frame).partition(" ")[2]
        panel.set_ylabel(f"{name} on the test part ({label_of(frame, 'metric_unit')})")
        lines.seconds_axis(panel, frame)
        figure.legend(loc="outside upper center", ncols=2)
    return figure
