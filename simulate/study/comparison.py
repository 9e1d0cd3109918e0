"""Every optimizer of a study against a control: how good each is, and whether a difference is more than chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.study import statistics
from lcbench.simulate.study.mixed import effects
from lcbench.simulate.study.objectives import measure_of
from lcbench.simulate.study.regret import areas, normalized_regrets
from lcbench.simulate.study.tested import is_tested, overtuning, test_regrets

DIFFERENCE = 0.01
"""The difference of normalized regret that is to be seen, by default."""

_POWER = 0.8  # chance that a difference is seen, as is usual since Cohen (1988)
_DECIMALS = 9  # a regret that differs from another by less comes from rounding


@dataclass(frozen=True, slots=True)
class Comparison:
    """A study compared with a control.

    Attributes:
        control: Its name.
        frame: Index ``optimizer``, the best mean rank first. How good each is at the end of the limit: ``regret``
            (normalized, mean over data sets and seeds) with the 95 % bootstrap interval ``low`` and ``high`` over data
            sets (of a single one, over its seeds), ``test_regret`` and ``overtuning`` of what validation chose (see
            :mod:`lcbench.simulate.study.tested`; only where the study knows test losses), ``area`` (under the curve of
            normalized regret, the mean over the time), ``rank`` (mean over data sets) and ``wins``. Against the
            control, NaN for itself: ``difference`` of the regrets (positive: worse than the control), ``p`` and
            ``p_holm`` (Wilcoxon's signed-rank test over data sets; of a single one, the rank-sum test over its seeds),
            ``better`` (share of the pairs of runs on a data set in which the control is the better one, ties count
            half); ``effect``, ``effect_low``, ``effect_high``, ``effect_p`` and ``effect_p_holm`` (of
            :func:`lcbench.simulate.study.mixed.effects`); ``seeds`` and ``datasets``, see :func:`compare`.
        friedman: P value of Friedman's test over all; None with fewer than three optimizers or two data sets.
        datasets: Number of data sets.
        seeds: Number of seeds.
        seen: The difference that ``seeds`` and ``datasets`` are for.
        measure: What runs are judged by, in words; with several objectives the hypervolume difference stands wherever
            regret is said here.
    """

    control: str
    frame: pd.DataFrame
    friedman: float | None
    datasets: int
    seeds: int
    seen: float
    measure: str = "normalized regret"

    @property
    def word(self) -> str:
        """The measure in short, for the head of a column; more of it is worse."""
        return "regret" if self.measure.endswith("regret") else self.measure


def compare(
    traces: pd.DataFrame, control: str | None, rng: np.random.Generator, *, seen: float = DIFFERENCE
) -> Comparison:
    """Compare a study's optimizers with one of them.

    Tests of the control against the rest, corrected by Holm, are what Demšar (2006), *Statistical comparisons of
    classifiers over multiple data sets*, section 3.2.2, recommends where one method is the subject: they are fewer than
    all pairs, so differences are seen sooner.

    The number of seeds at which a difference of ``seen`` would be seen with a chance of 80 % (two-sided paired t test
    at 5 %, corrected by Bonferroni for the optimizers compared) rests on the spread of the seeds' differences, each a
    mean over these data sets; the number of data sets, on the spread of the data sets' differences, each a mean over
    these seeds. NaN where there is no spread to rest on.

    Args:
        traces: From :func:`lcbench.simulate.study.study`.
        control: Name of an optimizer; None for the one with the best mean rank.
        rng: For the bootstrap.
        seen: A difference of normalized regret, in (0, 1].

    Raises:
        InputError: If there are fewer than two optimizers, runs are missing, or ``seen`` is no such difference.
        UnknownNameError: If the study has no such optimizer.
    """
    if not 0 < seen <= 1:
        raise InputError(f"a difference of normalized regret must be more than 0 and at most 1, got {seen:g}.")
    runs = normalized_regrets(traces, (1.0,))[1.0].round(_DECIMALS)
    _check_whole(runs, traces)
    names = list(dict.fromkeys(runs.index.get_level_values("optimizer")))
    if len(names) < 2:
        raise InputError(f"a comparison needs at least two optimizers, got {names[0]}; add one to the study.")
    if control is not None and control not in names:
        raise UnknownNameError("optimizer", control, names)
    scores = runs.groupby(["dataset", "optimizer"], sort=False).mean().unstack("optimizer")[names]  # noqa: PD010
    found = _described(runs, scores, traces, rng)
    control = str(found.index[0]) if control is None else control
    found = found.join(_tested(runs, scores, control)).join(_modelled(runs, control)).join(_needed(runs, control, seen))
    friedman = statistics.friedman(scores) if scores.shape[1] > 2 and len(scores) > 1 else None
    seeds = runs.index.get_level_values("seed").nunique()
    return Comparison(control, found, friedman, len(scores), seeds, seen, measure_of(traces))


def _check_whole(runs: "pd.Series[float]", traces: pd.DataFrame) -> None:
    """Check that every optimizer was run on every data set with every seed."""
    there = traces.groupby(list(runs.index.names)).ngroups
    if there < len(runs):
        have = pd.MultiIndex.from_frame(traces[list(runs.index.names)].drop_duplicates())
        optimizer, dataset, seed = runs.index.difference(have)[0]
        raise InputError(
            f"optimizers must have the same runs to be compared, got none of {optimizer} on {dataset} with seed "
            f"{seed}; add it with lcbench simulate."
        )


def _described(
    runs: "pd.Series[float]", scores: pd.DataFrame, traces: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """Each optimizer by itself."""
    rows = {}
    for name in scores:
        units = scores[name] if len(scores) > 1 else runs.xs(name, level="optimizer")
        low, high = statistics.bootstrap_interval(units, rng)
        rows[name] = (float(scores[name].mean()), float(low), float(high))
    found = pd.DataFrame(rows, index=["regret", "low", "high"]).T.rename_axis("optimizer")
    tested = {"test_regret": test_regrets, "overtuning": overtuning} if is_tested(traces) else {}
    columns = {name: each(traces, (1.0,))[1.0] for name, each in tested.items()} | {"area": areas(traces)}
    for name, values in columns.items():
        found[name] = values.groupby("optimizer", sort=False).mean()
    found = found.assign(rank=statistics.ranks(scores).mean(), wins=statistics.wins(scores))
    return found.sort_values("rank", kind="stable")


def _tested(runs: "pd.Series[float]", scores: pd.DataFrame, control: str) -> pd.DataFrame:
    """Wilcoxon's tests of each against the control, and the effect size of Vargha and Delaney (2000)."""
    values = {name: runs.xs(name, level="optimizer").unstack("dataset").to_numpy() for name in scores}  # noqa: PD010
    rows = {}
    for name in scores.columns.drop(control):
        if len(scores) > 1:
            p = statistics.signed_rank(scores[name], scores[control])
        else:
            p = statistics.rank_sum(values[name][:, 0], values[control][:, 0]) if len(values[name]) > 1 else np.nan
        difference = float(scores[name].mean() - scores[control].mean())
        rows[name] = difference, p, statistics.superiority(values[name], values[control])
    found = pd.DataFrame(rows, index=["difference", "p", "better"]).T.rename_axis("optimizer")
    found.insert(2, "p_holm", statistics.holm(found["p"]))
    return found


def _modelled(runs: "pd.Series[float]", control: str) -> pd.DataFrame:
    found = effects(runs, control).add_prefix("effect_").rename(columns={"effect_effect": "effect"})
    return found.assign(effect_p_holm=statistics.holm(found["effect_p"]))


def _needed(runs: "pd.Series[float]", control: str, seen: float) -> pd.DataFrame:
    """How many seeds, and how many data sets, would show a difference of ``seen``."""
    table = runs.unstack("optimizer")  # noqa: PD010
    differences = table.drop(columns=control).sub(table[control], axis=0)
    level = 0.05 / differences.shape[1]
    return pd.DataFrame(
        {
            column: {
                name: statistics.pairs_needed(seen, float(each.groupby(by).mean().std()), level, _POWER)
                for name, each in differences.items()
            }
            for column, by in (("seeds", "seed"), ("datasets", "dataset"))
        }
    ).rename_axis("optimizer")
