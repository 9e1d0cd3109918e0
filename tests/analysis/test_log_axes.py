"""Logarithmic axes of every figure are labelled in plain numbers that a person reads, at least two on each."""

import re
from collections.abc import Iterator

import pandas as pd
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.figures import FIGURES, NothingToDrawError

PLAIN = re.compile(r"[-\u2212]?\d[\d,.]*(e[-+\u2212]?\d+)?( ?(%|[a-z]{1,4}))?")
"""``0.001``, ``10,000``, ``1e-07``, ``10 %``, ``30 min``."""

LOGARITHMIC = ("portfolio_size", "dataset_sizes", "regret", "regret_evaluations", "time_to_target", "multi_fidelity")
"""Some figures that have such an axis: they keep the law from being about nothing."""


def logarithmic(figure: Figure) -> Iterator[Axis]:
    """The logarithmic axes of a figure and of the figures within it."""
    for axes in figure.axes:
        yield from (axis for axis in (axes.xaxis, axes.yaxis) if axis.get_scale() == "log")


def shown(axis: Axis) -> list[str]:
    """The labels that stand beside an axis, within its ends."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    inside = [tick for tick in ticks if low * (1 - 1e-9) <= tick.get_loc() <= high * (1 + 1e-9)]
    return [text for tick in inside if tick.label1.get_visible() and (text := tick.label1.get_text())]


def check(figure: Figure) -> int:
    """Hold the law against a figure as it is saved; how many of its axes are logarithmic."""
    axes = list(logarithmic(figure))
    if not axes:
        return 0
    style.saved(figure, "png", 60)
    labels = [shown(axis) for axis in axes]
    for texts in filter(None, labels):  # inner panels leave them to the outer ones
        assert len(texts) >= 2, texts
        assert not [text for text in texts if not PLAIN.fullmatch(text)], texts
    assert any(labels)
    return len(labels)


FORESTS = ("importance", "importance_ranking", "marginals", "pair", "ablation")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in FORESTS else name for name in FIGURES]
)
def test_labels_are_plain_numbers(name, furnished, make_traces, make_systems):
    try:
        frame = FIGURES[name].frame(furnished, None, make_traces(furnished), make_systems())
    except NothingToDrawError:
        assert name not in LOGARITHMIC
        return
    assert check(FIGURES[name].load().draw(frame)) > 0 or name not in LOGARITHMIC


@pytest.mark.parametrize("ends", [(0.3, 400.0), (20.0, 60.0), (20.0, 20.0)])
def test_labels_of_one_shot_searches(ends):
    line = {"dataset": "d", "optimizer": "gdas", "seconds": ends, "regret": (0.02, 0.01), "low": 0.01, "high": 0.03}
    labels = {"metric": "valid_accuracy", "metric_unit": "fraction", "goal": "maximize", "fidelity": "epochs"}
    assert check(FIGURES["one_shot"].load().draw(pd.DataFrame(line | labels))) == 2


@pytest.mark.parametrize("ends", [(0.02, 0.5), (0.97, 1.4), (3.0, 4.0), (1e-9, 1e6), (1, 10), (20_000, 90_000)])
def test_labels_wherever_an_axis_begins_and_ends(ends):
    with style.look():
        figure = Figure(figsize=(2, 2))
        panel = figure.subplots()
        panel.plot(ends, ends)
        panel.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    assert check(figure) == 2


def test_labels_are_written_out():
    with style.look():
        figure = Figure(figsize=(2, 2))
        panel = figure.subplots()
        panel.plot([0.01, 1], [1e4, 1e5])
        panel.set(xscale="log", yscale="log", xlim=(0.01, 1), ylim=(1e4, 1e5))
    style.saved(figure, "png", 60)
    assert {"0.01", "0.1", "1"} <= set(shown(panel.xaxis))
    assert {"10,000", "100,000"} <= set(shown(panel.yaxis))
