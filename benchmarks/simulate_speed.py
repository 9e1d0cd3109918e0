"""Cost of a simulation: 500 evaluations with 4 workers on a benchmark folder of 2000 configurations x 50 epochs.

    python benchmarks/simulate_speed.py [--optimizers random,asha] [--rounds 3] [--no-peers]
    python benchmarks/simulate_speed.py --optimizers random,kde --folder DIR    # of one budget, such as FCNet
    python benchmarks/simulate_speed.py --rows 2000,62208 [--folder DIR]

With ``--rows``: how much longer the optimizers take on tables of more configurations, made ones of the paper's numbers
and of FCNet's categories, or parts of a folder (FCNet's); all take turns, and a ratio is that of the medians.

Every optimizer of the registry (Gaussian process and forest: 200 evaluations), and what is installed of other packages:
Syne Tune's own simulator on the same table (500 trials), HpBandSter's BOHB as ``benchmarks/bohb_quality.py`` drives it,
and Optuna's TPE and Syne Tune's ASHA under our contract. Budgets are 12, 25 and 50, seconds an epoch differ between
configurations, and a promoted trial resumes where it stopped; curves come from a formula and are replayed like any
others. Wall and processor seconds, of several rounds the smallest: others may use the machine. Making the table and
importing packages is not counted.
"""

import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import made_tables
import numpy as np
import pandas as pd
import pyarrow as pa
import typer
from bohb_quality import BUDGETS, HpBandSter
from numpy.typing import NDArray

import lcbench
from lcbench.collection.networks.metrics import RECORD
from lcbench.collection.problem import get_problem
from lcbench.collection.provenance import processor
from lcbench.simulate import OPTIMIZERS, ReplayBackend, simulate
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.replay import Match
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import sample, to_json
from lcbench.table import store
from lcbench.table.manifest import DATASET_SCHEMA, Manifest

CONFIGS, EPOCHS, WORKERS = 2000, 50, 4
SPACE, DATASET = "mlp", "formula"
MODELS = ("gp-ei", "gp-pi", "gp-ucb", "pibo", "forest", "parego")
SEVERAL = ("nsga-ii", "mo-asha", "parego")  # by accuracy and seconds
GOALS = dict.fromkeys(("random", "asha", "asha-stopping", "hyperband"), 0.05)
GOALS |= (
    dict.fromkeys(("bohb", "kde"), 0.4)
    | dict.fromkeys(("tpe", "priorband", "nsga-ii"), 0.5)
    | dict.fromkeys(MODELS, 20.0)
    | {"dyhpo": 30.0}
)


def formula() -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
    """Configurations, and for each of their epochs accuracy, which rises to a quality of their own, and seconds."""
    space, rng = get_problem(SPACE).space, np.random.default_rng(0)
    frame = sample(space, CONFIGS, rng)
    cube, epochs = Encoding(space).vectors(frame), np.arange(EPOCHS + 1)
    quality = 0.95 - 0.4 * np.abs(cube - rng.random(cube.shape[1])).mean(axis=1)
    rise = 1 - np.exp(-(0.05 + 0.2 * cube[:, :1]) * epochs)
    return frame, 0.5 + (quality[:, None] - 0.5) * rise, (1 + 9 * cube[:, 1:2]) * epochs


def folder_of(folder: Path) -> lcbench.Benchmark:
    """Write a benchmark folder of one data set by the formula; metrics that nobody asks for are 0."""
    frame, accuracy, seconds = formula()
    known = {"valid_accuracy": accuracy, "seconds": seconds}
    numbers = np.arange(CONFIGS)
    key = {"budget": np.full(CONFIGS, EPOCHS), "config_id": numbers, "seed": np.zeros(CONFIGS, int)}
    more = {"status": ["success"] * CONFIGS, "epochs": key["budget"], "n_parameters": np.ones(CONFIGS, int)}
    series = {name: [*known.get(name, np.zeros_like(accuracy))] for name in RECORD.names}
    runs = pa.table({name: pa.array(values) for name, values in {**key, **more, **series}.items()})
    space = get_problem(SPACE).space
    manifest = Manifest("a formula", SPACE, to_json(space), RECORD, (EPOCHS,), (0,), provenance={})
    row = {"name": DATASET, "source": "formula", "instances": 1, "features": 1, "classes": 2}
    configs = pa.table({"config_id": pa.array(numbers, pa.int32()), **{name: pa.array(frame[name]) for name in frame}})
    datasets = pa.Table.from_pylist([row], schema=DATASET_SCHEMA)
    store.write(folder, manifest, configs, datasets, {DATASET: runs.cast(RECORD.schema)})
    return lcbench.load(folder)


def replay(bench: lcbench.Benchmark, match: Match, metric: str | None = None) -> ReplayBackend:
    """Its replay; configurations are encoded once, as a study does."""
    budgets = BUDGETS if DATASET in bench.datasets else None
    made = ReplayBackend(bench, bench.datasets[0], metric, schedule="non-adaptive", budgets=budgets, match=match)
    made.table.nearest(made.table.configs[0])
    return made


def timed(run: Callable[[], None], rounds: int) -> tuple[float, float]:
    """Wall and processor seconds, the smallest of several rounds each; what takes more than a second has one."""
    spent: list[tuple[float, float]] = []
    while len(spent) < rounds and (not spent or spent[0][1] < 1):
        started = time.perf_counter(), time.process_time()
        run()
        spent.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return min(wall for wall, _ in spent), min(cpu for _, cpu in spent)


def ours(name: str, table: ReplayBackend, evaluations: int) -> Callable[[], None]:
    """A simulation of an optimizer of ours, or of an adapter."""
    make = get_optimizer(name)

    def run() -> None:
        optimizer = make(table.domain(), table.budgets, np.random.default_rng(0))
        assert len(simulate(optimizer, table, workers=WORKERS, evaluations=evaluations)) == evaluations  # noqa: S101

    return run


def hpbandster(table: ReplayBackend, evaluations: int) -> Callable[[], None]:
    """HpBandSter's BOHB, with the nearest rows."""

    def run() -> None:
        optimizer = HpBandSter(get_problem(SPACE).space, BUDGETS, np.random.default_rng(0))
        simulate(optimizer, table, workers=WORKERS, evaluations=evaluations)

    return run


def blackbox(table: ReplayBackend) -> Any:
    """The table as Syne Tune has one: all steps of the nearest row."""
    from syne_tune.blackbox_repository.blackbox import Blackbox
    from syne_tune.config_space import randint

    from lcbench.simulate.adapters.syne_tune import config_space

    parts, steps = dict(table.table.space), table.budgets[-1]

    def within(config: Any) -> dict[str, Any]:
        """Syne Tune's TPE leaves the ranges at times."""
        return {
            name: min(max(value, parts[name].lower), parts[name].upper) if hasattr(parts[name], "upper") else value
            for name, value in config.items()
        }

    class Rows(Blackbox):
        fidelity_values = np.arange(1, steps + 1)

        def _objective_function(self, configuration: Any, fidelity: Any = None, seed: Any = None) -> Any:  # noqa: ARG002
            curve = table.curve(within(configuration), steps)
            losses = table.metric.loss(curve.values[1:])  # noqa: PD011  # no DataFrame
            return np.stack([losses, curve.seconds[1:]], axis=1)

    return Rows(config_space(table.table.space), {"epochs": randint(1, steps)}, ["loss", "seconds"])


class Silent:
    """In the place of Syne Tune's logger, which writes two lines a trial."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def syne_tune(name: str, table: ReplayBackend, evaluations: int) -> Callable[[], None]:
    """Syne Tune's own simulator, with as many trials as we have evaluations."""
    from syne_tune import StoppingCriterion, Tuner
    from syne_tune.backend.simulator_backend.simulator_callback import SimulatorCallback
    from syne_tune.blackbox_repository.simulated_tabular_backend import UserBlackboxBackend
    from syne_tune.optimizer import baselines

    rows = blackbox(table)
    ends = {"max_t": table.budgets[-1], "grace_period": table.budgets[0]}
    climbs = {**ends, "reduction_factor": 2, "time_attr": "epochs"}
    kinds = {"RandomSearch": {"metrics": ["loss"]}, "TPE": {"metric": "loss"}}

    def run() -> None:
        scheduler = getattr(baselines, name)(
            rows.configuration_space, **kinds.get(name, {"metric": "loss", **climbs}), random_seed=0
        )
        tuner = Tuner(
            trial_backend=UserBlackboxBackend(blackbox=rows, elapsed_time_attr="seconds"),
            scheduler=scheduler,
            stop_criterion=StoppingCriterion(max_num_trials_started=evaluations),
            n_workers=WORKERS,
            sleep_time=0,
            callbacks=[SimulatorCallback()],
            print_update_interval=1e9,
            save_tuner=False,
            output_logger=Silent(),
        )
        with redirect_stdout(StringIO()):  # it ends with a table of all trials
            tuner.run()

    return run


def peers(rows: ReplayBackend, table: ReplayBackend) -> dict[str, tuple[str, Callable[[int], Callable[[], None]]]]:
    """Other packages: with which of ours each is compared, and how it is run, on rows or on the nearest ones."""
    found: dict[str, tuple[str, Callable[[int], Callable[[], None]]]] = {}
    if find_spec("syne_tune") and find_spec("huggingface_hub"):  # its simulator needs both
        for name, of in (("RandomSearch", "random"), ("ASHA", "asha"), ("BOHB", "bohb"), ("TPE", "kde")):
            found[f"Syne Tune's simulator, {name}"] = of, partial(syne_tune, name, table)
    if find_spec("hpbandster"):
        found["HpBandSter, BOHB"] = "bohb", partial(hpbandster, table)
    if find_spec("optuna"):
        found["Optuna, TPE (adapter)"] = "kde", partial(ours, "optuna-tpe", rows)
    if find_spec("syne_tune"):
        found["Syne Tune, ASHA (adapter)"] = "asha", partial(ours, "syne-tune-asha", rows)
    return found


def report(name: str, evaluations: int, spent: tuple[float, float], goal: str, ratio: str) -> None:
    """Print one row."""
    print(f"| {name} | {evaluations} | {spent[0]:.3f} | {spent[1]:.3f} | {goal} | {ratio} |", flush=True)


def growth(names: list[str], sizes: list[int], folder: Path | None, rounds: int) -> None:
    """Print the seconds of 500 evaluations on tables of several sizes, which take turns."""
    with tempfile.TemporaryDirectory() as place:
        tables = {}
        for size in sizes:
            for kind in ("numbers", "categories") if folder is None else (folder.name,):
                out = Path(place) / f"{kind}-{size}"
                budgets = (3, 9, 27) if size < 10**6 else (1,)
                made = (
                    made_tables.write(out, size, grid=kind == "categories", budgets=budgets)
                    if folder is None
                    else made_tables.cut(folder, out, size)
                )
                tables[kind, size] = ReplayBackend(made, made.datasets[0])
                tables[kind, size].table.nearest(tables[kind, size].table.configs[0])
        print("| optimizer | table | configurations | wall s, median | times the smallest |\n|---|---|---:|---:|---:|")
        for name in names:
            spent: dict[tuple[str, int], list[float]] = {key: [] for key in tables}
            for _ in range(rounds):
                for key, table in tables.items():
                    spent[key].append(timed(ours(name, table, 500), 1)[0])
            medians = {key: float(np.median(times)) for key, times in spent.items()}
            for (kind, size), median in sorted(medians.items()):
                times = median / medians[kind, sizes[0]]
                print(f"| {name} | {kind} | {size} | {median:.3f} | {times:.2f} |", flush=True)


def main(
    optimizers: Annotated[str, typer.Option(help="Names, by commas; by default all.")] = "",
    rounds: Annotated[int, typer.Option(help="Repetitions of what takes less than a second.")] = 3,
    with_peers: Annotated[bool, typer.Option("--peers/--no-peers", help="Also other packages.")] = True,
    rows: Annotated[str, typer.Option(help="Numbers of configurations to compare, by commas.")] = "",
    folder: Annotated[Path | None, typer.Option(help="A benchmark folder in place of made tables.")] = None,
) -> None:
    """Print the table."""
    warnings.simplefilter("ignore")  # the peers' own
    logging.disable(logging.WARNING)
    if rows:
        growth((optimizers or "random,bohb").split(","), [int(size) for size in rows.split(",")], folder, rounds)
        return
    print(f"{processor()}, {folder or f'{CONFIGS} x {EPOCHS}'}, {WORKERS} workers\n")
    print("| optimizer | evaluations | wall s | processor s | goal (wall s) | processor s / ours |")
    print("|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as place:
        bench = folder_of(Path(place) / "table") if folder is None else lcbench.load(folder)
        table, measured = replay(bench, "exact"), {}
        both = replay(bench, "exact", f"{table.metric.name},seconds")
        for name in optimizers.split(",") if optimizers else OPTIMIZERS:
            evaluations = 200 if name in MODELS else 500
            measured[name] = timed(ours(name, both if name in SEVERAL else table, evaluations), rounds)
            report(name, evaluations, measured[name], f"{GOALS[name]:g}" if name in GOALS else "", "")
        if not with_peers:
            return
        os.environ["SYNETUNE_FOLDER"] = place  # its simulator writes its results, wherever it is told
        for name, (of, run) in peers(table, replay(bench, "nearest")).items():
            spent = timed(run(500), rounds)
            report(name, 500, spent, "", f"{spent[1] / measured[of][1]:.0f} ({of})" if of in measured else "")


if __name__ == "__main__":
    typer.run(main)
