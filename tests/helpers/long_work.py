"""What the outputs of commands with long work say, but for times."""

from pathlib import Path

import pandas as pd

import lcbench
from lcbench.simulate.autotabular import journal
from lcbench.simulate.transfer.folder import read_folder
from lcbench.table import verify


def curves(out: Path) -> object:
    """Everything that a table says but its seconds."""
    assert verify.verify(out) == []
    bench = lcbench.load(out)
    runs = {name: bench.to_pandas(name).drop(columns="seconds") for name in bench.datasets}
    return bench.configs.to_dict(), {name: frame.to_dict("list") for name, frame in runs.items()}


def baselines(out: Path) -> object:
    assert verify.verify(out) == []
    bench = lcbench.load(out)
    return {name: bench.baselines(name).drop(columns="seconds").to_dict("list") for name in bench.datasets}


def portfolio(out: Path) -> object:
    held = read_folder(out)
    assert held.complete
    assert held.problems() == []
    tables = {name: held.portfolio(name).to_pylist() for name in ("greedy", "simple")}
    tried = lcbench.load(out / "tried")
    return tables, held.matrix.drop_columns("seconds").to_pylist(), tried.configs.to_dict("index")


def traces(out: Path) -> object:
    return pd.read_parquet(out).to_dict("list")


def systems(out: Path) -> object:
    """Which model each view is; moments are the clock's."""
    found = pd.read_parquet(out / "systems.parquet")
    same = found[found["view"].isin(["networks", "single"])].groupby(["system", "view"])["test"].last()
    return same.to_dict(), tried(out / "searches" / "wine" / "bohb-1w-0")


def results(out: Path) -> object:
    found = pd.read_parquet(out / "trace.parquet")
    return found.drop(columns=["started", "finished", "used", "limit"]).to_dict("list")


def tried(out: Path) -> object:
    return [(entry.kind, entry.config, entry.budget, entry.score) for entry in journal.read(out / "results.jsonl")]
