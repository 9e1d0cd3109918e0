"""The steps of a study's incumbents: what the explorer draws of optimizer traces."""

from typing import Any

import numpy as np
import pandas as pd

from lcbench.simulate.regret import RUN, check_traces

_DIGITS = 5
_DECIMALS = 6
"""What a regret differs from another by less comes from the rounding of float32."""


def incumbents(traces: pd.DataFrame) -> list[dict[str, Any]]:
    """When each run found something better, and how good it was.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.

    Returns:
        For each run of the study: ``optimizer``, ``dataset``, ``seed``; ``share``, the shares of the limit that were
        used when the incumbent changed; ``regret``, its distance from the best of the table, and ``config``, its id.
        A run whose results all diverged has no steps.

    Raises:
        InputError: If there are no results or columns are lacking.
    """
    check_traces(traces)
    return [_steps(dict(zip(RUN, names, strict=True)), rows) for names, rows in traces.groupby(RUN, sort=False)]


def unit(traces: pd.DataFrame) -> str:
    """What the limit counts: ``seconds``, ``epochs`` or ``evaluations``."""
    return str(traces["unit"].iloc[0]) if "unit" in traces else "seconds"


def _steps(run: dict[str, Any], rows: pd.DataFrame) -> dict[str, Any]:
    """One run; of results that came at the same time the best."""
    used = rows["finished" if unit(rows) == "seconds" else "used"] / rows["limit"]
    ordered = rows.assign(share=used).sort_values(["share", "loss"], kind="stable")
    ordered = ordered[np.isfinite(ordered["loss"])]
    best = (ordered["loss"] - ordered["best_loss"]).clip(lower=0.0).round(_DECIMALS).cummin()
    changes = best.diff().fillna(-1.0) < 0
    better = ordered[changes]
    steps = {"share": _short(better["share"]), "regret": _short(best[changes]), "config": better["config_id"].tolist()}
    return {**run, "seed": int(run["seed"])} | steps


def _short(values: "pd.Series[float]") -> list[float]:
    return [float(f"{value:.{_DIGITS}g}") for value in values]
