"""What a search tried, as tables: the leaderboard, and the trajectory over time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lcbench.simulate.autotabular.journal import Entry


def leaderboard(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per model that was tried, the best first, failed ones last.

    Args:
        entries: In the order in which they were done.

    Returns:
        DataFrame with ``model`` (its number), ``kind`` (``network`` or a baseline's name), ``budget`` (epochs),
        ``score`` (on the validation rows, larger is better), ``weight`` (share of the ensemble), ``seconds``,
        ``status`` (``success``, ``diverged``, or why there is no model) and ``config``.
    """
    weights = entries[-1].weights if entries else {}
    rows = [
        {
            "model": entry.number,
            "kind": entry.kind,
            "budget": entry.budget,
            "score": entry.score if entry.usable else np.nan,
            "weight": weights.get(entry.number, 0.0),
            "seconds": entry.finished - entry.started,
            "status": entry.status,
            "config": None if entry.config is None else dict(entry.config),
        }
        for entry in entries
    ]
    columns = ["model", "kind", "budget", "score", "weight", "seconds", "status", "config"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["score", "model"], ascending=[False, True], kind="stable", ignore_index=True)


def trajectory(entries: Sequence[Entry]) -> pd.DataFrame:
    """One row per model that was tried, by time.

    Args:
        entries: In the order in which they were done.

    Returns:
        DataFrame with ``time`` (seconds since the beginning), ``model``, ``incumbent`` (score of the best model so far)
        and ``ensemble`` (score of the ensemble so far), both on the validation rows and NaN until there is one.
    """
    scores = np.array([entry.score if entry.usable else -np.inf for entry in entries], np.float64)
    best = np.maximum.accumulate(scores) if len(scores) else scores
    return pd.DataFrame(
        {
            "time": np.array([entry.finished for entry in entries], np.float64),
            "model": np.array([entry.number for entry in entries], np.int64),
            "incumbent": np.where(np.isfinite(best), best, np.nan),
            "ensemble": np.array([entry.ensemble_score for entry in entries], np.float64),
        }
    )
