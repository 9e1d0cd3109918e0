"""Our optimizers against other packages' of the same method, in studies on the table that comes with lcbench.

    python benchmarks/study_contests.py tpe|priors [--seeds 30] [--datasets wine,car] [--budget 100evals]

Needs the environment of the adapters (``make .venv-adapters/adapters.done``). One worker. Regret is in the metric's
unit: at the end of the budget, and its mean over the budget (at 20 equal steps; before the first full run it is that of
the worst configuration). Two tests of each against our own: Wilcoxon's signed rank test over all pairs of data set and
seed, and the rank sum test on each data set (seeds are not paired), corrected by Holm's method over the data sets; of
those the smallest p is shown.
"""

import logging
import warnings
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

import lcbench
from lcbench.simulate.study import study
from lcbench.simulate.study.regret import run_regrets, with_worst
from lcbench.simulate.study.statistics import holm, rank_sum, signed_rank

DATASETS = "credit-g,vehicle,segment,phoneme,letter"
TPE = "tpe,optuna-tpe-univariate,optuna-tpe,random"
PRIORS = "priorband,neps-priorband,hyperband,pibo,gp-ei,prior-random,random"
STEPS = tuple(np.arange(1, 21) / 20)


def univariate(*arguments: Any) -> Any:
    """Optuna's TPE with a density for each hyperparameter (its default is one of all together)."""
    from optuna.samplers import TPESampler

    from lcbench.simulate.adapters import OptunaOptimizer

    return OptunaOptimizer(*arguments, sampler=partial(TPESampler, multivariate=False))


def outcomes(traces: pd.DataFrame) -> pd.DataFrame:
    """Of each run the final regret and the mean over the budget."""
    regrets = with_worst(run_regrets(traces, STEPS), traces)
    return pd.DataFrame({"final": regrets.iloc[:, -1], "area": regrets.mean(axis=1)})


def compare(found: pd.DataFrame, ours: str, title: str) -> None:
    """Print a row for each optimizer and outcome."""
    for outcome in found:
        table = found[outcome].unstack("optimizer")  # noqa: PD010  # of a Series
        for name in table:
            cells = f"{title} | {name} | {outcome} | {table[name].mean():.5f} | {table[name].median():.5f}"
            if name == ours:
                print(f"| {cells} | | |", flush=True)
                continue
            each = [rank_sum(part[ours], part[name]) for _, part in table.groupby("dataset")]
            p = signed_rank(table[ours], table[name])
            print(f"| {cells} | {p:.2g} | {holm(np.array(each)).min():.2g} |", flush=True)


def main(
    contest: Annotated[str, typer.Argument(help="tpe or priors.")],
    seeds: Annotated[int, typer.Option(help="Seeds of each optimizer.")] = 30,
    datasets: Annotated[str, typer.Option(help="Data sets, by commas.")] = DATASETS,
    budget: Annotated[str, typer.Option(help="As of lcbench simulate.")] = "",
    priors: Annotated[str, typer.Option(help="Which of them, by commas.")] = "good,medium,bad",
    optimizers: Annotated[str, typer.Option(help="Names, by commas, ours first; by default all.")] = "",
) -> None:
    """Print the table."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    bench, names = lcbench.load(), datasets.split(",")
    print("| study | optimizer | regret | mean | median | p, all pairs | least p of a data set, Holm |")
    print("|---|---|---|---:|---:|---:|---:|")
    play = partial(study, bench, names, seeds=range(seeds), workers=1)
    if contest == "tpe":
        played = (optimizers or TPE).split(",")
        makers = {name: univariate if name == "optuna-tpe-univariate" else name for name in played}
        for match, most in (("exact", "60evals"), ("nearest", "100evals")):
            found = outcomes(play(makers, budget=budget or most, match=match))
            compare(found, played[0], f"{match}, {budget or most}")
    else:
        played = (optimizers or PRIORS).split(",")
        for prior in priors.split(","):
            compare(outcomes(play(played, budget=budget or "30x-epochs", prior=prior)), played[0], prior)


if __name__ == "__main__":
    typer.run(main)
