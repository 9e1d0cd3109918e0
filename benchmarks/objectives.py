"""Our NSGA-II against Optuna's and pymoo's: hypervolume at equal numbers of evaluations, one worker.

    python benchmarks/objectives.py table [--seeds 30] [--evaluations 150] [--population 20]
    python benchmarks/objectives.py functions [--seeds 30] [--evaluations 500]

On the embedded table (``valid_accuracy,seconds``, several data sets) ours and Optuna's choose among rows; on Zitzler,
Deb and Thiele's functions ZDT1, 2 and 3 (2000, *Comparison of multiobjective evolutionary algorithms*; 7 numbers, the
reference is (1.1, 7)) all three choose anywhere, of so many members and their own further settings. Tested by the
rank-sum test over the seeds of each data set or function, and over all of them by Wilcoxon's signed-rank test of means.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from ConfigSpace import ConfigurationSpace
from numpy.typing import NDArray
from scipy.stats import ranksums, wilcoxon

import lcbench
from lcbench.simulate import FunctionBackend, simulate
from lcbench.simulate.adapters.optuna import OptunaObjectives
from lcbench.simulate.optimizers.nsga import NSGA2
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.pareto import hypervolume
from lcbench.simulate.study import study
from lcbench.simulate.study.regret import normalized_regrets
from lcbench.table.curve import Curve

DATASETS = ("car", "letter", "vehicle", "credit-g", "segment", "phoneme", "digits", "vowel")
DIMENSIONS, REFERENCE = 7, (1.1, 7.0)


def zdt(number: int, x: NDArray[np.float64]) -> tuple[float, float]:
    """Two losses at a point ``(dimensions,)`` of the unit cube."""
    f, g = float(x[0]), float(1 + 9 * x[1:].mean())
    shape = {1: 1 - np.sqrt(f / g), 2: 1 - (f / g) ** 2, 3: 1 - np.sqrt(f / g) - f / g * np.sin(10 * np.pi * f)}
    return f, g * float(shape[number]) + (1.0 if number == 3 else 0.0)


def backend(number: int) -> FunctionBackend:
    """A function as a backend."""

    def both(config: Any, budget: int) -> tuple[float, float]:  # noqa: ARG001
        return zdt(number, np.array([config[f"x{i}"] for i in range(DIMENSIONS)]))

    space = ConfigurationSpace({f"x{i}": (0.0, 1.0) for i in range(DIMENSIONS)})
    return FunctionBackend(
        space, (1,), lambda c, b: Curve(np.full(2, both(c, b)[0]), [0.0, 1.0]), further=lambda c, b: both(c, b)[1:]
    )


def optuna(population: int) -> Callable[..., Any]:
    """Optuna's sampler of so many members."""
    from optuna.samplers import NSGAIISampler

    return partial(OptunaObjectives, sampler=partial(NSGAIISampler, population_size=population))


def pymoo(number: int, seed: int, population: int, evaluations: int) -> float:
    """The hypervolume of all that pymoo's NSGA-II evaluates."""
    from pymoo.algorithms.moo import nsga2
    from pymoo.core.problem import ElementwiseProblem
    from pymoo.optimize import minimize

    seen: list[tuple[float, float]] = []

    class Function(ElementwiseProblem):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(n_var=DIMENSIONS, n_obj=2, xl=0.0, xu=1.0)

        def _evaluate(self, x: Any, out: Any, *_: Any, **__: Any) -> None:
            out["F"] = zdt(number, x)
            seen.append(out["F"])

    minimize(Function(), nsga2.NSGA2(pop_size=population), ("n_eval", evaluations), seed=seed)
    return hypervolume(np.array(seen[:evaluations]), REFERENCE)


def functions(seeds: int, evaluations: int, population: int) -> pd.DataFrame:
    """Hypervolumes: columns ``on, optimizer, seed, score``."""
    ours = {"ours": partial(NSGA2, population=population), "optuna": optuna(population), "random": RandomSearch}
    rows = []
    for number in (1, 2, 3):
        made = backend(number)
        for seed in range(seeds):
            for name, factory in ours.items():
                optimizer = factory(made.domain(), made.budgets, np.random.default_rng(seed))
                told = simulate(optimizer, made, workers=1, evaluations=evaluations).results
                losses = np.array([result.objectives for result in told])
                rows.append((f"ZDT{number}", name, seed, hypervolume(losses, REFERENCE)))
            rows.append((f"ZDT{number}", "pymoo", seed, pymoo(number, seed, population, evaluations)))
    return pd.DataFrame(rows, columns=["on", "optimizer", "seed", "score"])


def replayed(seeds: int, evaluations: int, population: int) -> pd.DataFrame:
    """Hypervolume differences on the embedded table, likewise."""
    traces = study(
        lcbench.load(),
        DATASETS,
        {"ours": partial(NSGA2, population=population), "optuna": optuna(population), "random": "random"},
        range(seeds),
        workers=1,
        budget=f"{evaluations}evals",
        metric="valid_accuracy,seconds",
    )
    found = normalized_regrets(traces, (1.0,))[1.0].rename("score").reset_index()
    return found.rename(columns={"dataset": "on"})


def show(found: pd.DataFrame) -> None:
    """Means, and tests of ours against the others."""
    means = found.pivot_table(index="on", columns="optimizer", values="score", sort=False)
    for other in means.columns.drop("ours"):
        runs = {on: rows.groupby("optimizer")["score"] for on, rows in found.groupby("on", sort=False)}
        means[f"p {other}"] = [ranksums(each.get_group("ours"), each.get_group(other)).pvalue for each in runs.values()]
    print(means.round(4).to_string())
    for other in found["optimizer"].unique():
        if other != "ours" and len(means) > 5:
            print(f"signed-rank over all, ours against {other}: p {wilcoxon(means['ours'], means[other]).pvalue:.3f}")


def main(
    on: Annotated[str, typer.Argument(help="table or functions.")],
    seeds: Annotated[int, typer.Option(help="Runs of each.")] = 30,
    evaluations: Annotated[int, typer.Option(help="The embedded table has 200 rows.")] = 150,
    population: Annotated[int, typer.Option(help="Members of all.")] = 20,
) -> None:
    """Measure and print."""
    warnings.simplefilter("ignore")
    words = {"table": "hypervolume difference (smaller is better)", "functions": "hypervolume (larger is better)"}
    print(f"{words[on]}, {evaluations} evaluations, {seeds} seeds")
    show({"table": replayed, "functions": functions}[on](seeds, evaluations, population))


if __name__ == "__main__":
    typer.run(main)
