"""Surrogates against each other and against a random forest with default settings; and how fast they answer.

    python benchmarks/surrogate_quality.py [DIR] [--datasets wine,car] [--metric valid_accuracy] [--budgets all]

Without DIR, the embedded benchmark. The figure of quality is Spearman's rank correlation of the last value of the mean
over seeds, over configurations that were held out whole, with the same folds for every model. ``--budgets largest``
leaves the smaller budgets out and takes a third of the time. Needs ``pip install 'lcbench[models]'``.

Speed is that of the surrogate of the data set that is measured last, with the model that was chosen there and with each
of the others: the median of 1000 single whole curves, and 100,000 whole curves with their seconds at once, without
noise, in seconds of the processor on one thread (the wall's stand beside them).
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

import lcbench
from lcbench.simulate.surrogate import MODELS, SurrogateBackend, carry_out, plan
from lcbench.simulate.surrogate.card import Card, assign_folds
from lcbench.simulate.surrogate.course import SERIES, fit_course, recorded_targets
from lcbench.simulate.surrogate.fitting import Surrogate
from lcbench.simulate.surrogate.recorded import Recorded
from lcbench.space.spaces import sample
from lcbench.table.benchmark import Benchmark

FOLDS, SEED, MANY = 5, 0, 100_000


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--datasets")
    parser.add_argument("--metric", default="valid_accuracy")
    parser.add_argument("--budgets", choices=("all", "largest"), default="all")
    parser.add_argument("--no-speed", action="store_true", help="leave out how fast they answer")
    arguments = parser.parse_args()
    bench = lcbench.load(arguments.folder)
    datasets = arguments.datasets.split(",") if arguments.datasets else bench.datasets
    names = (*MODELS, "best", "default forest")
    print(f"| data set | budget | {' | '.join(names)} | best is | R2 | seconds: Spearman | fit, s |")
    print("|---|---:|" + "---:|" * len(names) + "---|---:|---:|---:|", flush=True)
    rows = []
    for dataset in datasets:
        schedule = "adaptive" if arguments.budgets == "all" else "non-adaptive"
        started = time.perf_counter()
        asked = plan(bench, dataset, arguments.metric, schedule=schedule, folds=FOLDS, seed=SEED)
        surrogate = carry_out(bench, asked)
        elapsed = time.perf_counter() - started
        rows += [row(surrogate, run, elapsed) for run in surrogate.recorded.runs]
    summarize(pd.DataFrame(rows), bench.budgets[-1])
    if not arguments.no_speed:
        speed(bench, surrogate)


def row(surrogate: Surrogate, run: int, elapsed: float) -> dict[str, float]:
    """Measure one run of one data set and print its line."""
    scores = [each for each in surrogate.card.scores if each.budget == run]
    values = {each.model: each for each in scores if each.metric != "seconds"}
    best = next(each for each in values.values() if each.chosen)
    seconds = next(each for each in scores if each.metric == "seconds" and each.chosen)
    found = {name: values[name].spearman for name in MODELS} | {"best": best.spearman}
    found["default forest"] = default_forest(surrogate.recorded, run)
    cells = [f"{value:.3f}" for value in found.values()]
    last = [best.model, f"{best.r2:.3f}", f"{seconds.spearman:.3f}", f"{elapsed:.0f}"]
    print(f"| {' | '.join([surrogate.recorded.dataset, str(run), *cells, *last])} |", flush=True)
    return found | {"budget": run}


def default_forest(recorded: Recorded, run: int) -> float:
    """Spearman of a random forest with default settings, fitted to the last values alone, on the same folds."""
    from scipy.stats import spearmanr
    from sklearn.ensemble import RandomForestRegressor

    features = recorded.features()
    targets = recorded_targets(recorded, run)
    fold, there, last = assign_folds(features, FOLDS, SEED), targets.survived, np.array(targets.values)[:, -1]
    found = np.empty(len(fold))
    for number in range(FOLDS):
        seen = (fold != number) & there
        forest = RandomForestRegressor(random_state=SEED).fit(features[seen], last[seen])
        found[fold == number] = forest.predict(features[fold == number])
    return float(spearmanr(found[there], last[there]).statistic)


def summarize(rows: pd.DataFrame, budget: int) -> None:
    """Print medians over data sets."""
    for title, chosen in (
        ("all budgets", rows),
        (f"budget {budget}", rows[rows["budget"] == budget]),
        ("where the default forest reaches 0.9", rows[rows["default forest"] >= 0.9]),
    ):
        medians = chosen.drop(columns="budget").median()
        told = ", ".join(f"{name} {value:.3f}" for name, value in medians.items())
        print(f"\nmedian over {len(chosen)} rows, {title}: {told if len(chosen) else 'none does'}")


def speed(bench: Benchmark, surrogate: Surrogate) -> None:
    """Print how fast single curves and many are predicted."""
    configs = sample(bench.space, 2000, np.random.default_rng(0))
    single, many = configs.to_dict("records"), pd.concat([configs] * (MANY // 2000), ignore_index=True)
    budget = bench.budgets[-1]
    print("\n| model | one curve, ms (wall) | 100,000 curves, s (wall) |\n|---|---:|---:|")
    for name in ("best", *MODELS):
        backend = SurrogateBackend(surrogate if name == "best" else refitted(surrogate, name))
        backend.curves(configs, budget)
        ones = [timed(backend.curve, config, budget) for config in single[:1000]]
        ours, wall = (1e3 * statistics.median(times) for times in zip(*ones, strict=True))
        big = timed(backend.curves, many, budget)
        print(f"| {name} | {ours:.2f} ({wall:.2f}) | {big[0]:.2f} ({big[1]:.2f}) |", flush=True)


def refitted(surrogate: Surrogate, model: str) -> Surrogate:
    """The same with one model throughout, at the largest budget alone."""
    recorded, metric = surrogate.recorded, surrogate.metric
    run = recorded.runs[-1]
    targets = recorded_targets(recorded, run)
    course = fit_course(metric, targets, recorded.features(), dict.fromkeys(SERIES, model), SEED)
    return replace(surrogate, courses={run: course}, card=Card({}, (), ()))


def timed(work: Callable[..., object], *arguments: object) -> tuple[float, float]:
    """Seconds of the processor and of the wall."""
    ours, wall = time.process_time(), time.perf_counter()
    work(*arguments)
    return time.process_time() - ours, time.perf_counter() - wall


if __name__ == "__main__":
    main()
