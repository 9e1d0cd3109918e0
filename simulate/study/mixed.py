"""A linear mixed-effects model of a study: optimizers as fixed effects, data sets as random ones.

Geburek, Mallik, Stoll, Bouthillier and Hutter (2024), *LMEMs for post-hoc analysis of HPO benchmarking*, AutoML
Conference (workshop track). The model of a run of optimizer i on data set j with seed k is

    score_ijk = control + effect_i + dataset_j + (optimizer x dataset)_ij + error_ijk

with normally distributed ``dataset``, ``optimizer x dataset`` and ``error``. The interaction makes the intervals those
of new data sets: more seeds on the same data sets do not shrink them to nothing. With one data set only the fixed
effects and the error are left, and the intervals are those of new seeds on it.
"""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lcbench.simulate.study.statistics import LEVEL

COLUMNS = ("effect", "low", "high", "p")


def effects(scores: "pd.Series[float]", control: str) -> pd.DataFrame:
    """Effects of all optimizers but the control, by restricted maximum likelihood.

    Args:
        scores: One value per run, index (``optimizer``, ``dataset``, ``seed``), smaller is better, all finite.
        control: The optimizer whose effect is 0.

    Returns:
        Index ``optimizer``; ``effect`` (score minus that of the control: positive is worse), the ends of its 95 %
        interval, ``low`` and ``high``, and the two-sided ``p`` of an effect of 0. All NaN where the likelihood has no
        usable maximum; an effect of exactly 0 with p 1 where an optimizer equals the control in every run.
    """
    runs = scores.rename("score").reset_index()
    others = [name for name in runs["optimizer"].unique() if name != control]
    varied = [name for name in others if not _equal(scores, name, control)]
    found = pd.DataFrame({name: [0.0, 0.0, 0.0, 1.0] for name in others}, index=list(COLUMNS)).T
    if varied:
        found.loc[varied] = _fitted(runs[runs["optimizer"].isin([control, *varied])], control, varied)
    return found.rename_axis("optimizer")


def _equal(scores: "pd.Series[float]", name: str, control: str) -> bool:
    one, other = (scores.xs(each, level="optimizer").to_numpy() for each in (name, control))
    return bool(np.array_equal(one, other))


def _fitted(runs: pd.DataFrame, control: str, others: list[str]) -> NDArray[np.float64]:
    """``(others, 4)`` numbers under :data:`COLUMNS`."""
    import statsmodels.api as sm  # type: ignore[import-untyped]

    if len(runs) <= len(others) + 1:  # one run of each: nothing says how they vary
        return np.full((len(others), len(COLUMNS)), np.nan)
    each = pd.Categorical(runs["optimizer"], [control, *others])
    design = np.column_stack([np.ones(len(runs)), np.eye(len(others) + 1)[each.codes][:, 1:]])
    scale = float(runs["score"].std()) or 1.0  # the optimizer of the likelihood wants numbers near 1
    score = runs["score"].to_numpy() / scale
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a variance of 0 is a result here: "on the boundary of the parameter space"
        several = len(runs["dataset"].unique()) > 1
        fit = _mixed(score, design, runs, each) if several else sm.OLS(score, design).fit()
    if fit is None:
        return np.full((len(others), len(COLUMNS)), np.nan)
    ends = np.asarray(fit.conf_int(alpha=1 - LEVEL))[1 : len(others) + 1] * scale
    effect, p = (np.asarray(part)[1 : len(others) + 1] for part in (fit.params, fit.pvalues))
    return np.column_stack([effect * scale, ends, p])


def _mixed(
    score: NDArray[np.float64], design: NDArray[np.float64], runs: pd.DataFrame, each: pd.Categorical
) -> Any | None:
    """Fit the mixed model; None where that fails."""
    import statsmodels.api as sm

    cells = pd.get_dummies(each).to_numpy(np.float64)
    groups = runs["dataset"].to_numpy()
    interaction = [cells[groups == name] for name in np.unique(groups)]  # in the order in which the model takes them
    names = [list(map(str, each.categories))] * len(interaction)
    structure = sm.regression.mixed_linear_model.VCSpec(["interaction"], [names], [interaction])
    try:
        model = sm.MixedLM(score, design, groups, exog_re=np.ones((len(score), 1)), exog_vc=structure)
        fit = model.fit(reml=True, method=["lbfgs", "powell"])
    except (np.linalg.LinAlgError, ValueError):
        return None
    return fit if np.isfinite(np.asarray(fit.bse)[: design.shape[1]]).all() else None
