"""Value of a portfolio on a new data set: leave-one-out over the data sets it was built on.

For each data set a portfolio is chosen from the incumbents and the regrets of all the others, and compared with what
the data set's own BOHB run found, and with as many random ones of the same incumbents. Nothing is trained.

Some data sets are views of the same objects or have the same source (``FAMILIES``); beside leaving out one data set
stands leaving out all of its family, which a portfolio should survive as well.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray

import lcbench
from lcbench.simulate.transfer.folder import NAME, TRIED, PortfolioFolder, read_folder
from lcbench.simulate.transfer.greedy import greedy_portfolio, random_regret
from lcbench.simulate.transfer.matrix import matrix_values
from lcbench.table.benchmark import embedded_folder

SIZES = (1, 2, 4, 8, 16)
ALL = "all others"

FAMILIES = (
    ("mfeat-fourier", "mfeat-karhunen", "mfeat-morphological", "mfeat-pixel", "mfeat-zernike"),
    ("dna", "splice"),
    ("hypothyroid", "allbp", "sick", "ann-thyroid"),
    ("breast-cancer-wisconsin", "breast.w"),
)
"""Data sets that are much alike: the same digits, gene sequences, thyroid patients, breast tumours."""


def left_out(held: PortfolioFolder) -> pd.DataFrame:
    """What portfolios of the other data sets reach on each data set.

    Returns:
        One row per data set and size (the last one is the simple portfolio, all other incumbents): ``dataset, size,
        regret`` (relative, in validation accuracy), ``strict`` (that of a portfolio without all of the data set's
        family; NaN where it has fewer configurations), ``random`` (the same of random incumbents, expected), ``test``
        (accuracy of the one with the best validation accuracy), ``own_regret`` and ``own_test`` (those of the data
        set's own incumbent; NaN if it has none), ``epochs`` and ``seconds`` of the portfolio's runs.
    """
    regrets, found_on = held.regrets.to_numpy(), held.found_on
    test, seconds = (matrix_values(held.matrix, name).to_numpy() for name in ("test_accuracy", "seconds"))
    rows = []
    for i, dataset in enumerate(held.datasets):
        others, own = np.flatnonzero(found_on != i), np.flatnonzero(found_on == i)
        order = others[greedy_portfolio(np.delete(regrets[others], i, axis=1), len(others))]
        family = [held.datasets.index(name) for name in family_of(dataset, held.datasets)]
        strangers = np.flatnonzero(~np.isin(found_on, family))
        strict = strangers[greedy_portfolio(np.delete(regrets[strangers], family, axis=1), len(strangers))]
        random = random_regret(regrets[others][:, [i]], len(others))[:, 0]
        for size in [*(s for s in SIZES if s < len(order)), len(order)]:
            first = order[:size]
            best = first[regrets[first, i].argmin()]
            rows.append(
                {"dataset": dataset, "size": size, "regret": regrets[best, i], "random": random[size - 1]}
                | {"strict": regrets[strict[:size], i].min() if size <= len(strict) else np.nan}
                | {"test": test[best, i], "seconds": seconds[first, i].sum()}
                | {"own_regret": _one(regrets[own, i]), "own_test": _one(test[own, i])}
            )
    return pd.DataFrame(rows)


def family_of(dataset: str, datasets: Sequence[str]) -> list[str]:
    """The data set and those of the list that are much like it."""
    alike = next((family for family in FAMILIES if dataset in family), (dataset,))
    return [name for name in datasets if name in alike]


def _one(values: NDArray[np.float64]) -> float:
    return float(values[0]) if len(values) else float("nan")


def search_seconds(held: PortfolioFolder) -> dict[str, float]:
    """Processor seconds of each data set's own BOHB run."""
    tried, trials = lcbench.load(held.folder / TRIED), int(held.plan["trials"])
    sources = {row["source"]: name for name, row in tried.dataset_table.iterrows()}
    first = {sources[s]: number * trials for number, s in enumerate(held.plan["datasets"]) if s in sources}
    found = {}
    for name in tried.datasets:
        own = (tried.configs.index >= first[name]) & (tried.configs.index < first[name] + trials)
        found[name] = sum(float(np.nansum(tried.array(name, "seconds", b)[own, :, -1])) for b in tried.budgets)
    return found


def by_size(frame: pd.DataFrame) -> list[list[str]]:
    """Means over the data sets by size, in words."""
    rows = []
    largest = frame["size"].max()
    for size, own in frame.groupby("size"):
        ahead = (own["regret"] <= own["own_regret"]).mean()
        points = 100 * (own["test"] - own["own_test"]).mean()
        name = f"{ALL} ({size})" if size == largest else str(size)
        numbers = [f"{own['regret'].mean():.2%}", f"{own['regret'].median():.2%}", f"{own['random'].mean():.2%}"]
        strict = "" if own["strict"].isna().any() else f"{own['strict'].mean():.2%}"
        rows.append([name, *numbers, strict, f"{ahead:.0%}", f"{points:+.2f}", f"{own['seconds'].mean():.1f}"])
    return rows


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, first column left, the others right."""
    rule = ["---", *["---:"] * (len(columns) - 1)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, rule, *rows))


def by_dataset(frame: pd.DataFrame, seconds: dict[str, float]) -> list[list[str]]:
    """A row per data set."""
    rows = []
    for name, own in frame.groupby("dataset", sort=False):
        regrets = {int(row["size"]): row["regret"] for row in own.to_dict("records")}
        at = own.set_index("size").loc[min(max(SIZES), max(regrets))]
        shown = [f"{regrets[size]:.2%}" if size in regrets else "" for size in SIZES]
        accuracies = [f"{100 * at['test']:.2f}", f"{100 * at['own_test']:.2f}"]
        costs = [f"{at['seconds']:.0f}", f"{seconds[str(name)]:.0f}"]
        rows.append([str(name), *shown, f"{own['own_regret'].iloc[0]:.2%}", *accuracies, *costs])
    return rows


def main(
    folder: Annotated[
        Path | None, typer.Argument(help="A portfolio's folder; by default the one that comes along.")
    ] = None,
) -> None:
    """Print the tables of benchmarks/RESULTS.md and data/portfolio/README.md."""
    held = read_folder(folder or embedded_folder(NAME))
    frame, seconds = left_out(held), search_seconds(held)
    own = frame.drop_duplicates("dataset")["own_regret"]
    sizes = f"{len(held.datasets)} data sets, {held.candidates.num_rows} incumbents"
    print(f"{sizes}, {held.plan['trials']} evaluations each\n")
    columns = [
        "size",
        "mean regret",
        "median",
        "random ones",
        "family left out",
        "as good as own search",
        "test, points",
        "seconds",
    ]
    print(markdown(columns, by_size(frame)))
    print(f"\nThe data sets' own BOHB runs: {own.mean():.2%} mean, {own.median():.2%} median regret,", end=" ")
    print(f"{np.mean(list(seconds.values())):.1f} processor seconds each.\n")
    columns = ["data set", *map(str, SIZES), "own search", "test of 16", "test of own", "seconds of 16", "of own"]
    print(markdown(columns, by_dataset(frame, seconds)))


if __name__ == "__main__":
    typer.run(main)
