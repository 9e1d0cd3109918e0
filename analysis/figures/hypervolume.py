"""Anytime hypervolume difference: what the results so far lack of all that the table's best results dominate.

For studies of several objectives. Each objective is brought to [0, 1] by the best and the worst of the table; the
hypervolume is what results dominate up to the worst of all objectives, and the difference is 1 minus its share of the
hypervolume of the whole table. Lines: mean over data sets and seeds, against the share of each data set's limit that
was used. Bands: 95 % bootstrap interval of the mean over the seeds. More than eight optimizers have a panel each. A
line begins when every run of the optimizer has a result that did not diverge; one that leaves at the bottom has found
the whole front of the table on every data set and seed.
"""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.anytime import anytime_regret
from lcbench.analysis.figures import _lines as lines
from lcbench.analysis.figures.contract import labelled
from lcbench.analysis.figures.optimizers import SIZE, named, with_results
from lcbench.analysis.provenance import check_same_table
from lcbench.table.benchmark import Benchmark

_Y = "hypervolume_difference"


def frame(bench: Benchmark, metric: str | None, traces: pd.DataFrame) -> pd.DataFrame:
    """The differences.

    Args:
        bench: The table on which the study was run.
        metric: Name of the first objective; by default the table's.
        traces: From :func:`lcbench.simulate.study.study`, one row per result.

    Returns:
        The columns of :func:`lcbench.analysis.anytime.anytime_regret` with ``hypervolume_difference`` in place of
        ``regret``, ``unit`` (of the limit), ``objectives`` and :data:`lcbench.analysis.figures.contract.LABELS`.

    Raises:
        NothingToDrawError: If the study has one objective, or no optimizer a finite result on every data set and seed.
        InputError: If the study was run on another table or metric.
    """
    check_same_table(traces, bench, metric)
    names = lines.need_several_objectives(traces)
    found = with_results(anytime_regret(traces).assign(**lines.limited(traces), objectives=",".join(names)))
    return labelled(found.rename(columns={"regret": _Y}), bench, metric)


def draw(frame: pd.DataFrame) -> Figure:
    """One line and band per optimizer; both axes logarithmic (the difference linear if it is nowhere above zero)."""
    known = frame.rename(columns={_Y: "regret"})
    drawn = known[known["regret"].notna()]
    names = " and ".join(str(frame["objectives"].iloc[0]).replace("_", " ").split(","))

    def axes(panel: Axes, narrow: bool) -> None:
        lines.share_axis(panel, frame, float(drawn["time"].min()), narrow=narrow)
        lines.regret_axis(panel, drawn)
        panel.set_ylabel(f"mean hypervolume difference\n({names})")

    with style.look():
        return lines.over_time(named(known), "time", "regret", SIZE, axes)
