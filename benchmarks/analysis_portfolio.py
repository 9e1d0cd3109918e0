"""Time that portfolios, maps of epochs and all figures take on a table of the published size.

Portfolios and maps are timed on random numbers against the formula written out, in the same run; figures on a folder
(``standin.py`` makes one), or on a table as large as a full collection (35 data sets x 2000 configurations x budgets
12/25/50 x 3 seeds) grown from its curves with noise, by ``--grown``. Seconds are processor time of one thread, so that
other work on the machine counts little.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from scipy.stats import spearmanr

import lcbench
from lcbench.analysis import style
from lcbench.analysis.correlation import spearman_matrix
from lcbench.analysis.figures import FIGURES
from lcbench.errors import InputError
from lcbench.simulate.transfer.greedy import greedy_portfolio, leave_one_out
from lcbench.table.benchmark import Benchmark

DATASETS, CONFIGS, SIZE, EPOCHS = 35, 2000, 16, 51
BUDGETS, SEEDS = (12, 25, 50), (0, 1, 2)


def by_formula(regrets: NDArray[np.float64], size: int) -> list[int]:
    """Section 3.6 word for word: every candidate's portfolio from scratch in each step."""
    taken: list[int] = []
    for _ in range(size):
        sums = [regrets[[*taken, row]].min(axis=0).sum() for row in range(len(regrets))]
        taken.append(int(np.argmin(sums)))
    return taken


def seconds(call: Callable[[], object], repeats: int = 5) -> float:
    """Median processor time of a call."""
    found = []
    for _ in range(repeats):
        started = time.process_time()
        call()
        found.append(time.process_time() - started)
    return float(np.median(found))


def portfolio_row(rng: np.random.Generator) -> tuple[str, float, float]:
    """A greedy portfolio of 16, against the formula."""
    regrets = rng.random((CONFIGS, DATASETS))
    np.testing.assert_array_equal(greedy_portfolio(regrets, SIZE), by_formula(regrets, SIZE))
    ours = seconds(lambda: greedy_portfolio(regrets, SIZE))
    return f"greedy portfolio {CONFIGS} x {DATASETS}, size {SIZE}", ours, seconds(lambda: by_formula(regrets, SIZE), 3)


def left_out_row(rng: np.random.Generator) -> tuple[str, float, float]:
    """The portfolios of all data sets but one, all 35 of them; the formula is timed once and counted 35 times."""
    regrets = rng.random((CONFIGS, DATASETS))
    ours = seconds(lambda: leave_one_out(regrets, SIZE))
    return f"the same, each of {DATASETS} left out", ours, DATASETS * seconds(lambda: by_formula(regrets, SIZE), 1)


def map_row(rng: np.random.Generator) -> tuple[str, float, float]:
    """A map of all pairs of 51 epochs for each data set, against scipy pair by pair (timed on 51 of them)."""
    curves = rng.random((CONFIGS, EPOCHS)).cumsum(axis=1)
    np.testing.assert_allclose(spearman_matrix(curves), spearmanr(curves).statistic, atol=1e-12)
    ours = seconds(lambda: spearman_matrix(curves))
    single = seconds(lambda: [spearmanr(curves[:, 0], curves[:, i]) for i in range(EPOCHS)], 3) / EPOCHS
    return (
        f"map of {EPOCHS} x {EPOCHS} epochs, {DATASETS} data sets",
        DATASETS * ours,
        DATASETS * single * EPOCHS**2 / 2,
    )


class Grown:
    """A table as large as a full collection, in memory, with the curves of another."""

    def __init__(self, bench: Benchmark, rng: np.random.Generator) -> None:
        self.budgets, self.seeds = BUDGETS, SEEDS
        self.configs, self.space, self.metrics = bench.configs, bench.space, bench.metrics
        self.manifest, self.metric, self.fidelity = bench.manifest, bench.metric, bench.fidelity
        origins = [bench.datasets[i % len(bench.datasets)] for i in range(DATASETS)]
        self.datasets = tuple(f"{name}_{i}" for i, name in enumerate(origins))
        self.dataset_table = bench.dataset_table.loc[origins].set_axis(pd.Index(self.datasets, name="name"))
        self._arrays: dict[tuple[str, int], NDArray[np.float32]] = {}
        for name, origin in zip(self.datasets, origins, strict=True):
            curves = bench.array(origin)[:, :1]
            for budget in BUDGETS:
                read = np.linspace(0, curves.shape[2] - 1, budget + 1).round().astype(int)
                noise = rng.normal(0, 0.005, (len(curves), len(SEEDS), budget + 1))
                self._arrays[name, budget] = np.clip(curves[:, :, read] + noise, 0, 1).astype(np.float32)

    def budgets_of(self, dataset: str) -> tuple[int, ...]:  # noqa: ARG002  # all have the same
        """The budgets of a data set."""
        return self.budgets

    def array(self, dataset: str, metric: str | None = None, budget: int | None = None) -> NDArray[np.float32]:
        """All curves; only whether there are seconds is ever asked."""
        values = self._arrays[dataset, budget or BUDGETS[-1]]
        return np.zeros_like(values) if metric == "seconds" else values


def figure_rows(bench: Any) -> list[tuple[str, float, float, float]]:
    """For each figure that needs no study: processor time of its numbers, of writing them, and of PNG and SVG."""
    rows = []
    with TemporaryDirectory() as folder:
        for name, spec in FIGURES.items():
            if spec.needs_traces or spec.needs_systems:
                continue
            path, looks = Path(folder) / name, [time.process_time()]
            try:
                frame = spec.frame(bench)
            except InputError as error:
                print(f"{name} left out: {error}")
                continue
            looks.append(time.process_time())
            frame.to_csv(path.with_suffix(".csv"), index=False)
            looks.append(time.process_time())
            figure = spec.load().draw(frame)
            for kind in ("png", "svg"):
                style.save(figure, path.with_suffix(f".{kind}"))
            looks.append(time.process_time())
            rows.append((name, *np.diff(looks).tolist()))
    return rows


def main(
    folder: Annotated[Path | None, typer.Argument(help="A benchmark folder, for the figures.")] = None,
    grown: Annotated[bool, typer.Option("--grown", help="Grow it to the size of a full collection.")] = False,
) -> None:
    """Time them."""
    rng = np.random.default_rng(0)
    print("| what | seconds | formula | ratio |\n|---|---:|---:|---:|")
    for row in (portfolio_row, left_out_row, map_row):
        name, ours, formula = row(rng)
        print(f"| {name} | {ours:.3f} | {formula:.2f} | {formula / ours:.0f} |", flush=True)
    if folder is None:
        return
    bench: Any = lcbench.load(folder)
    rows = figure_rows(Grown(bench, rng) if grown else bench)
    print("\n| figure | numbers | CSV | PNG and SVG |\n|---|---:|---:|---:|")
    for name, *parts in rows:
        print(f"| {name} | {' | '.join(f'{part:.2f}' for part in parts)} |")
    print(f"\nall figures: {sum(sum(parts) for _, *parts in rows):.0f} s")


if __name__ == "__main__":
    typer.run(main)
