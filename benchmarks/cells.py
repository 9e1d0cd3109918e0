"""Search strategies on the published cells of NAS-Bench-201: regret, tests against random search, accuracies found.

    lcbench import nasbench201 WHEEL build/nasbench201
    python benchmarks/cells.py --table build/nasbench201 [--evaluations 150] [--seeds 30] [--optimizers A,B]

One worker, one fidelity (validation accuracy after 200 epochs, mean of the recorded seeds). Tests are Wilcoxon's signed
rank test over seeds (over data sets and seeds in the last column), corrected by Holm over the optimizers, as in
``lcbench compare``. With ``--keep`` the study is kept, and the same command resumes where it stopped.
"""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import lcbench
from lcbench.console import progress
from lcbench.simulate.optimizers.spec import specs_of
from lcbench.simulate.study import study
from lcbench.simulate.study.regret import evaluation_regrets
from lcbench.simulate.study.statistics import holm, signed_rank

OPTIMIZERS = (
    "random,regularized-evolution,nats-evolution=regularized-evolution(population=10,sample=3),"
    "reinforce,nats-reinforce=reinforce(learning_rate=0.01,ranks=False,entropy=0),"
    "local-search,first-improvement=local-search(first=True),bohb,gp-wl"
)
"""The strategies; two also as NATS-Bench runs them (Dong et al. 2021)."""


def tested(regrets: pd.DataFrame, against: str) -> pd.Series:
    """P values of all optimizers against one, corrected by Holm.

    Args:
        regrets: A row for each run, a column for each optimizer.
        against: Name of a column.
    """
    others = [name for name in regrets if name != against]
    return pd.Series(holm([signed_rank(regrets[against], regrets[name]) for name in others]), others)


def table(regrets: pd.DataFrame, best: pd.Series, against: str) -> str:
    """Mean regret, p value, and mean and deviation of the accuracy found, in Markdown.

    Args:
        regrets: As for :func:`tested`, indexed by data set and seed.
        best: The largest accuracy of each data set.
        against: Name of a column.
    """
    parts = dict(list(regrets.groupby("dataset")))
    rows = []
    for name in regrets.mean().sort_values().index:
        cells = [name]
        for dataset, part in [*parts.items(), ("all", regrets)]:
            p = "" if name == against else f" (p {tested(part, against)[name]:.2g})"
            cells += [f"{part[name].mean():.3f}{p}"]
            if dataset in best:
                cells += [f"{best[dataset] - part[name].mean():.2f} ± {part[name].std():.2f}"]
        rows.append(cells)
    columns = ["optimizer", *(head for dataset in parts for head in (f"{dataset}, regret", "accuracy")), "all, regret"]
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def main(
    folder: Annotated[Path, typer.Option("--table", help="The imported table.")],
    evaluations: Annotated[int, typer.Option(help="Of each run.")] = 150,
    seeds: Annotated[int, typer.Option(help="Seeds of each optimizer.")] = 30,
    optimizers: Annotated[str, typer.Option(help="By commas; tests are against the first.")] = OPTIMIZERS,
    keep: Annotated[Path | None, typer.Option(help="File in which the study is kept.")] = None,
) -> None:
    """Print the table."""
    bench, names = lcbench.load(folder), [spec.label for spec in specs_of(optimizers)]
    with progress() as bar:
        runs = bar.add_task("runs", total=None, note="")
        traces = study(
            bench,
            optimizers=optimizers,
            seeds=range(seeds),
            workers=1,
            budget=f"{evaluations}evals",
            keep=keep,
            begun=lambda there, of: bar.update(runs, completed=there, total=of),
            done=lambda _: bar.advance(runs),
        )
    found = evaluation_regrets(traces, (evaluations,)).unstack("optimizer")[evaluations][names]  # noqa: PD010
    print(table(found, 100 - traces.groupby("dataset")["best_loss"].first(), names[0]))


if __name__ == "__main__":
    typer.run(main)
