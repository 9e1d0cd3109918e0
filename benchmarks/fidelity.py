"""How close our learning curves come to the released LCBench.

Trains configurations of the released data, at its one budget of 50 epochs, on data sets that it holds too, and compares
the validation accuracy epoch by epoch with a reference: the predictions of a surrogate model fitted to the released
data. A Spearman correlation of 1 is out of reach: the reference is smoothed by its model and is off by some points
itself, the released runs have one seed, and our validation rows are others.

The result is a benchmark folder. The same command resumes where it was stopped, and only reports if nothing is missing.
"""

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated

import numpy as np
import openml
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr

import lcbench
from lcbench.collection.collect_commands import collect
from lcbench.collection.problem import get_problem
from lcbench.collection.provenance import processor
from lcbench.errors import LcbenchError

SHARED = Path(__file__).parents[2] / "shared"
SPACE = "mlp-released"
BUDGET = 50
EPOCHS = (12, 25, 50)
COLUMNS = ("Spearman", "of seed mean", "between seeds", "mean", "reference", "difference", "best", "reference best")
LEAST_MEAN_SPEARMAN, LEAST_SPEARMAN, LARGEST_DIFFERENCE = 0.78, 0.5, 3.0
"""What is to be reached at the last epoch; the difference in points of accuracy."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How our accuracies of many configurations agree with the reference's, in points (0 to 100).

    Attributes:
        spearman: Rank correlation over configurations, mean over our seeds.
        spearman_of_mean: Rank correlation of our accuracy averaged over seeds.
        between_seeds: Mean rank correlation between two of our seeds: what noise alone leaves. NaN for one seed.
        mean: Our mean accuracy.
        reference_mean: The reference's.
        best: Our best configuration's accuracy, averaged over seeds.
        reference_best: The reference's best accuracy.
        diverged: Share of our runs that diverged; they rank last and are left out of means.
    """

    spearman: float
    spearman_of_mean: float
    between_seeds: float
    mean: float
    reference_mean: float
    best: float
    reference_best: float
    diverged: float

    @property
    def difference(self) -> float:
        """Our mean accuracy minus the reference's."""
        return self.mean - self.reference_mean


def agreement(ours: NDArray[np.floating], reference: NDArray[np.floating]) -> Agreement:
    """Compare accuracies at one epoch.

    Args:
        ours: ``(configs, seeds)`` accuracies, 0 to 100; NaN where a run diverged.
        reference: ``(configs,)`` accuracies, 0 to 100.
    """
    ranked = np.where(np.isnan(ours), -1, ours)
    pairs = [spearmanr(ranked[:, a], ranked[:, b]).statistic for a, b in combinations(range(ours.shape[1]), 2)]
    known = ~np.isnan(ours).all(axis=1)
    averages = np.nanmean(ours[known], axis=1)
    return Agreement(
        spearman=float(np.mean([spearmanr(column, reference).statistic for column in ranked.T])),
        spearman_of_mean=float(spearmanr(ranked.mean(axis=1), reference).statistic),
        between_seeds=float(np.mean(pairs)) if pairs else np.nan,
        mean=float(averages.mean()),
        reference_mean=float(reference[known].mean()),
        best=float(averages.max()),
        reference_best=float(reference.max()),
        diverged=float(np.isnan(ours).mean()),
    )


def reference_curves(reference: pd.DataFrame, dataset: str, metric: str = "val_accuracy") -> NDArray[np.float64]:
    """The reference's curves of one data set.

    Args:
        reference: One row per data set and configuration.
        dataset: Name of a data set.
        metric: A column of curves; accuracies are 0 to 100.

    Returns:
        ``(configs, 51)`` array, configurations in the order of their ids, index = epochs; the 52nd point is dropped.
    """
    own = reference[reference["dataset"] == dataset].sort_values("config_id")
    return np.stack(own[metric].to_list())[:, : BUDGET + 1].astype(np.float64)


def read_reference(path: Path, n_configs: int) -> pd.DataFrame:
    """Read the first configurations of the reference (they are a random sample, the same on every data set)."""
    return pd.read_parquet(path, filters=[("config_id", "<", n_configs)])


@contextmanager
def openml_cache(path: Path) -> Iterator[dict[str, int]]:
    """Let openml-python read a copy of a cache (it writes into its cache).

    Yields:
        OpenML's number of the task for each data set.
    """
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(path, copy, dirs_exist_ok=True)
        for each in Path(copy).rglob("*"):
            each.chmod(0o755 if each.is_dir() else 0o644)
        openml.config.set_root_cache_directory(copy)
        yield pd.read_csv(path / "datasets.csv").set_index("name")["task_id"].to_dict()


def train(folder: Path, tasks: Sequence[int], configs: pd.DataFrame, seeds: int, jobs: int) -> None:
    """Train what is still missing in a benchmark folder, as ``lcbench collect`` does."""
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "configs.parquet"
        configs.to_parquet(file)
        sources = ",".join(f"openml:{task}" for task in tasks)
        collect(folder, sources, space=SPACE, configs=str(file), budgets=str(BUDGET), seeds=seeds, jobs=jobs)


def agreements(bench: lcbench.Benchmark, reference: pd.DataFrame) -> dict[tuple[str, int], Agreement]:
    """Compare every data set at every epoch of interest."""
    found = {}
    for dataset in bench.datasets:
        ours, theirs = 100 * bench.array(dataset, "valid_accuracy", BUDGET), reference_curves(reference, dataset)
        found |= {(dataset, epoch): agreement(ours[:, :, epoch], theirs[:, epoch]) for epoch in EPOCHS}
    return found


def row(dataset: str, part: int | str, found: Agreement) -> list[str]:
    """One line of a table."""
    numbers = [f"{v:.2f}" for v in (found.spearman, found.spearman_of_mean, found.between_seeds)]
    points = [f"{v:.1f}" for v in (found.mean, found.reference_mean)]
    best = [f"{v:.1f}" for v in (found.best, found.reference_best)]
    return [dataset, str(part), *numbers, *points, f"{found.difference:+.1f}", *best, f"{found.diverged:.1%}"]


def by_layers(bench: lcbench.Benchmark, reference: pd.DataFrame) -> dict[tuple[str, str], Agreement]:
    """Compare shallow, middling and deep networks apart, after the last epoch, and all untrained ones."""
    layers = bench.configs["num_layers"].to_numpy()
    parts = {"1 layer": layers == 1, "2 to 4": (layers > 1) & (layers < 5), "5 layers": layers == 5}
    found = {}
    for dataset in bench.datasets:
        ours, theirs = 100 * bench.array(dataset, "valid_accuracy", BUDGET), reference_curves(reference, dataset)
        for name, own in parts.items():
            if own.sum() > 1:
                found[dataset, name] = agreement(ours[own, :, -1], theirs[own, -1])
                found[dataset, f"{name}, untrained"] = agreement(ours[own, :, 0], theirs[own, 0])
    return found


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def verdicts(found: Sequence[Agreement]) -> Iterator[str]:
    """Say of each goal whether it is reached, given the agreements at the last epoch."""
    for name, values in {
        "Spearman of the seeds' mean": [f.spearman_of_mean for f in found],
        "Spearman of a single seed": [f.spearman for f in found],
    }.items():
        yield verdict(f"{name}, mean over data sets", float(np.mean(values)), LEAST_MEAN_SPEARMAN)
        yield verdict(f"{name}, least", min(values), LEAST_SPEARMAN)
    largest = max(abs(f.difference) for f in found)
    reached = "reached" if largest <= LARGEST_DIFFERENCE else "MISSED"
    yield f"largest difference of means: {largest:.2f} points (goal: at most {LARGEST_DIFFERENCE}) {reached}"


def verdict(name: str, value: float, goal: float) -> str:
    """One goal that is a lower bound."""
    return f"{name}: {value:.2f} (goal: at least {goal}) {'reached' if value >= goal else 'MISSED'}"


def main(
    folder: Annotated[Path, typer.Argument(help="Benchmark folder for the trained runs.")],
    reference: Annotated[Path, typer.Option(help="Parquet file of the reference.")] = SHARED
    / "reference/lcbench_surrogate.parquet",
    cache: Annotated[Path, typer.Option(help="A cache of openml-python, with datasets.csv.")] = SHARED / "openml-cache",
    datasets: Annotated[str, typer.Option(help="Names, comma-separated.")] = "credit-g,vehicle,car,segment,phoneme",
    configs: Annotated[int, typer.Option(help="How many configurations of the reference.")] = 100,
    seeds: Annotated[int, typer.Option(help="Seeds per configuration.")] = 3,
    jobs: Annotated[int, typer.Option(help="Processes.")] = 1,
) -> None:
    """Train configurations of the released LCBench and compare validation accuracies with the reference."""
    names = datasets.split(",")
    expected = read_reference(reference, configs)
    table = expected[expected["dataset"] == names[0]].sort_values("config_id")[list(get_problem(SPACE).space)]
    try:
        with openml_cache(cache) as tasks:
            train(folder, [tasks[name] for name in names], table, seeds, jobs)
    except LcbenchError as error:
        raise SystemExit(str(error)) from None
    bench = lcbench.load(folder)
    found = agreements(bench, expected)
    print(f"\n{len(table)} configurations x {seeds} seeds, {processor()}\n")
    print_table("epoch", found)
    print(f"\nby number of layers, {BUDGET} epochs\n")
    print_table("layers", by_layers(bench, expected))
    print("", *verdicts([each for (_, epoch), each in found.items() if epoch == EPOCHS[-1]]), sep="\n")


def print_table(part: str, found: Mapping[tuple[str, int], Agreement] | Mapping[tuple[str, str], Agreement]) -> None:
    """Print agreements as a Markdown table."""
    print(markdown(["data set", part, *COLUMNS, "diverged"], [row(*key, each) for key, each in found.items()]))


if __name__ == "__main__":
    typer.run(main)
