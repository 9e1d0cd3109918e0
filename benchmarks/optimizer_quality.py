"""Our optimizers against the packages whose methods they are: final regret at equal cost, on the same tables.

    python benchmarks/optimizer_quality.py TABLE.parquet [--contests forest,gp] [--tasks phoneme,segment,vehicle]
        [--seeds 5] [--first-seed 0] [--runs runs.csv] [--package smac]

The table is that of ``benchmarks/standin.py``; as in ``benchmarks/bohb_quality.py`` a configuration gets the curve of
the row nearest to it, budgets are 12, 25 and 50, each run is paid from scratch, regret is in per cent of accuracy.
All stop when 60 full runs' worth of epochs is spent (``--full-runs``), with one worker, or after a number of
evaluations of whatever budget (``--evaluations``). All may propose anywhere in the space, so that no package is brought
to rows against its will.

A contest is some of ours, a package's optimizer, and random search for scale. The test of ours against the package's is
a two-sided permutation test on the mean regret of each seed over the tasks: a seed has the same random configurations
on all of them, so that the tasks are no independent samples.

``--runs`` names a CSV file with a line for each run; runs that are in it are not played again. ``--package`` plays only
that package's runs, since DEHB 0.1.2 needs numpy below 2 and so an environment of its own; nothing is compared then.
DEHB is asked and told one job at a time, its fidelities 12.5, 25, 50 read as 12, 25, 50.
"""

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from bohb_quality import BUDGETS, ETA, backend_of, read
from numpy.typing import NDArray

from lcbench.simulate import OPTIMIZERS, simulate
from lcbench.simulate.adapters import ADAPTERS, SMACOptimizer
from lcbench.simulate.contract import Domain, Job, Optimizer, Result
from lcbench.space.encoding import Encoding

Make = Callable[[Domain, tuple[int, ...], np.random.Generator], Optimizer]


class TheirDEHB:
    """DEHB 0.1.2's own optimizer under our contract."""

    def __init__(self, domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> None:
        from dehb import DEHB

        self.domain, self.encoding, self.running, self.trials = domain, Encoding(domain.space), {}, 0
        self.dehb = DEHB(
            dimensions=len(domain.space),
            f=lambda *_: None,
            min_fidelity=budgets[-1] / ETA ** (len(budgets) - 1),
            max_fidelity=budgets[-1],
            eta=ETA,
            n_workers=1,
            configspace=False,
            seed=int(rng.integers(2**31)),
            output_path=mkdtemp(prefix="lcbench-dehb-"),
            log_level="ERROR",
            save_freq="end",
        )

    def ask(self) -> Job:
        """Each job is a trial of its own: DEHB's vectors move from budget to budget."""
        info = self.dehb.ask()
        config = self.encoding.decode(np.asarray(info["config"], float)[None])[0]
        self.running[self.trials] = info
        self.trials += 1
        return Job(self.trials - 1, config, min(BUDGETS, key=lambda budget: abs(budget - info["fidelity"])))

    def tell(self, result: Result) -> None:
        """Tell DEHB."""
        info = self.running.pop(result.job.trial)
        self.dehb.tell(info, {"fitness": result.loss, "cost": result.finished - result.started})


@dataclass(frozen=True, slots=True)
class Contest:
    """Some of ours against one of a package.

    Attributes:
        ours: Names in the registry.
        package: What must be installed.
        theirs: Name and maker of the package's.
    """

    ours: tuple[str, ...]
    package: str
    theirs: tuple[str, Make]


def _smac(facade: str, evaluations: int) -> Make:
    """SMAC is told how many jobs to expect, as its user would tell it."""

    def make(domain: Domain, budgets: tuple[int, ...], rng: np.random.Generator) -> Optimizer:
        import smac

        return SMACOptimizer(domain, budgets, rng, facade=getattr(smac, facade), evaluations=evaluations)

    return make


def contests(full_runs: int) -> dict[str, Contest]:
    """All of them; SMAC's multi-fidelity brackets spend about 23 epochs a job."""
    jobs = full_runs * BUDGETS[-1] // 23
    return {
        "forest": Contest(
            ("forest",), "smac", ("SMAC HPO facade", _smac("HyperparameterOptimizationFacade", full_runs))
        ),
        "gp": Contest(("gp-ei",), "smac", ("SMAC black-box facade", _smac("BlackBoxFacade", full_runs))),
        "multi-fidelity": Contest(
            ("forest-hyperband", "bohb"), "smac", ("SMAC multi-fidelity facade", _smac("MultiFidelityFacade", jobs))
        ),
        "tpe": Contest(("kde",), "optuna", ("Optuna TPE", ADAPTERS["optuna-tpe"])),
        "asha": Contest(
            ("asha", "asha-stopping", "hyperband"), "syne_tune", ("Syne Tune ASHA", ADAPTERS["syne-tune-asha"])
        ),
        "dehb": Contest(("dehb", "de"), "dehb", ("DEHB", TheirDEHB)),
    }


class Runs:
    """A CSV file that grows by a line for each run.

    Args:
        path: The file.
        root: The Parquet table.
        stop: When to stop, as ``simulate`` takes it.
    """

    def __init__(self, path: Path, root: Path, **stop: int) -> None:
        self.path, self.root, self.stop = path, root, stop
        self.rows = pd.read_csv(path).to_dict("records") if path.exists() else []
        self.tables: dict[str, tuple[Any, NDArray[np.float64]]] = {}

    def play(self, name: str, make: Make, task: str, seed: int) -> None:
        """Play one run unless it is there."""
        if any((row["optimizer"], row["task"], row["seed"]) == (name, task, seed) for row in self.rows):
            return
        if task not in self.tables:
            self.tables[task] = read(self.root, task)
        table, accuracy = self.tables[task]
        backend, last = backend_of(table, accuracy), BUDGETS[-1]
        started = time.process_time()
        optimizer = make(backend.domain(), BUDGETS, np.random.default_rng(seed))
        trace = simulate(optimizer, backend, **self.stop)
        spent = time.process_time() - started
        best = accuracy[:, last].max() - (1 - trace.losses_at(np.array([np.inf]), budget=last)[0])
        row = {
            "optimizer": name,
            "task": task,
            "seed": seed,
            "regret": 100 * best,
            "seconds": spent,
            "jobs": len(trace),
        }
        self.rows.append(row)
        pd.DataFrame([row]).to_csv(self.path, mode="a", header=not self.path.exists(), index=False)


def permutation_test(ours: NDArray[np.float64], theirs: NDArray[np.float64], draws: int = 20_000) -> float:
    """Two-sided p value of the difference of means of two independent samples."""
    pool, n = np.concatenate([ours, theirs]), len(ours)
    mixed = np.random.default_rng(0).permuted(np.tile(pool, (draws, 1)), axis=1)
    drawn = mixed[:, :n].mean(axis=1) - mixed[:, n:].mean(axis=1)
    observed = abs(ours.mean() - theirs.mean()) - 1e-12
    return float((np.sum(np.abs(drawn) >= observed) + 1) / (draws + 1))


def summary(rows: pd.DataFrame, all_contests: dict[str, Contest], tasks: Sequence[str]) -> None:
    """Print a line for each optimizer of each contest, over the seeds that it has played on all tasks."""
    spent = rows.groupby("optimizer")["seconds"].mean()
    print(f"| contest | optimizer | seeds | {' | '.join(tasks)} | mean | CPU s a run | p against the package |")
    print("|---|---|---:|" + "---:|" * (len(tasks) + 3))
    for title, contest in all_contests.items():
        theirs = contest.theirs[0]
        samples = {
            name: each.pivot_table(index="seed", columns="task", values="regret").reindex(columns=list(tasks)).dropna()
            for name, each in rows.groupby("optimizer")
            if name in (theirs, *contest.ours, "random")
        }
        for name in (name for name in (theirs, *contest.ours, "random") if name in samples):
            found = samples[name]
            means = [f"{value:.2f}" for value in (*found.mean(), found.to_numpy().mean())]
            both = [each.mean(axis=1).to_numpy() for each in (found, samples.get(theirs, found))]
            p = "" if name == theirs or theirs not in samples else f"{permutation_test(*both):.2g}"
            print(f"| {' | '.join([title, name, str(len(found)), *means, f'{spent[name]:.2f}', p])} |")


def main(
    path: Annotated[Path, typer.Argument(help="The Parquet file.")],
    tasks: Annotated[str, typer.Option(help="Tasks, by commas.")] = "phoneme,segment,vehicle",
    only: Annotated[str, typer.Option("--contests", help="Contests, by commas; all by default.")] = "",
    seeds: Annotated[int, typer.Option(help="Runs of a package on each task; ours have as many or more.")] = 5,
    ours: Annotated[int, typer.Option(help="Runs of ours on each task.")] = 10,
    first: Annotated[int, typer.Option("--first-seed", help="Seed of the first run.")] = 0,
    full_runs: Annotated[int, typer.Option(help="When to stop, in runs at the largest budget.")] = 60,
    evaluations: Annotated[int, typer.Option(help="Stop after so many evaluations instead; 0 for not.")] = 0,
    runs: Annotated[Path, typer.Option(help="CSV file that keeps the runs.")] = Path("optimizer_quality.csv"),
    package: Annotated[str, typer.Option(help="Play only this package's runs.")] = "",
) -> None:
    """Play what is missing and print the table. A package that is not installed is left out."""
    warnings.simplefilter("ignore")
    stop = {"evaluations": evaluations} if evaluations else {"seconds": full_runs * BUDGETS[-1]}
    found, names = Runs(runs, path, **stop), tasks.split(",")
    chosen = {name: each for name, each in contests(full_runs).items() if not only or name in only.split(",")}
    for seed in range(first, first + max(seeds, ours)):
        for task in names:
            for contest in chosen.values():
                if seed < first + seeds and package in ("", contest.package) and find_spec(contest.package):
                    found.play(*contest.theirs, task, seed)
                for name in () if package else (*contest.ours, "random"):
                    found.play(name, OPTIMIZERS[name], task, seed)
    summary(pd.DataFrame(found.rows), chosen, names)


if __name__ == "__main__":
    typer.run(main)
