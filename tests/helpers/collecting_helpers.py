"""Small collections, in this process or as a command, and how to compare the tables they give."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

import lcbench
from lcbench.collection.collecting import executor_for, opened, trainer
from lcbench.collection.networks.metrics import METRICS
from lcbench.collection.plan import Plan, sampled_configs
from lcbench.space import paper
from lcbench.work import InlineExecutor

PATIENCE = 600
"""Seconds after which something counts as hanging, however busy the machine is. Nothing is ever asserted to be fast."""

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PROGRAM = (sys.executable, "-c", "from lcbench.cli import main; main()")


def plan(**changes) -> Plan:
    """Four configurations on two data sets: eight tasks."""
    given = {"sources": ("sklearn:wine", "sklearn:iris"), "problem_name": "mlp", "seeds": (0, 1)}
    return Plan(
        **(given | {"configs": sampled_configs(paper.mlp(), changes.pop("n", 4), 0), "budgets": (2, 4)} | changes)
    )


def options(n: int = 4, budgets: str = "2,4", jobs: int = 2) -> list[str]:
    """The same plan on the command line."""
    text = f"--datasets sklearn:wine,sklearn:iris --configs {n} --budgets {budgets} --seeds 2 --jobs {jobs}"
    return text.split()


def collect(folder: Path, jobs: int = 1, stop_after: int | None = None, inline: bool = False, **changes) -> None:
    """Collect, all of it or some tasks; inline in this process, which sees what a test has changed."""
    made = plan(**changes)
    engine = InlineExecutor(trainer(made, folder)) if inline else executor_for(made, folder, jobs=jobs)
    with engine as executor, opened(made, folder) as collection:
        for n, _ in enumerate(collection.run(executor), start=1):
            if n == stop_after:
                return
        collection.finish(NOW)


def start(folder: Path, *arguments: str, **given) -> subprocess.Popen:
    """Start the command in a session of its own."""
    return subprocess.Popen([*PROGRAM, "collect", str(folder), *arguments], start_new_session=True, **given)


def command(folder: Path, *arguments: str, **given) -> subprocess.CompletedProcess:
    """Run the command to its end."""
    return subprocess.run([*PROGRAM, "collect", str(folder), *arguments], capture_output=True, text=True, **given)


def finished_units(folder: Path) -> int:
    """How many finished tasks lie in a collection's folder."""
    return len(list((folder / ".collecting" / "units").glob("*/*.parquet")))


def forked(main: int) -> tuple[list[psutil.Process], list[psutil.Process]]:
    """The fork server (one at most) and the training processes in a main process's session."""
    servers, training = [], []
    for pid in psutil.pids():
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getsid(pid) == main and "forkserver" in " ".join((process := psutil.Process(pid)).cmdline()):
                (servers if process.ppid() == main else training).append(process)
    return servers, training


def wait_until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait for something to happen, generously: other work may have the machine."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain until {what}"
        time.sleep(0.005)


def assert_same_curves(a: Path, b: Path) -> None:
    """Two tables are equal but for their seconds."""
    first, second = lcbench.load(a), lcbench.load(b)
    assert first.datasets == second.datasets
    assert first.configs.equals(second.configs)
    for dataset in first.datasets:
        for metric in (*METRICS, "learning_rate"):
            for budget in first.budgets:
                assert np.array_equal(
                    first.array(dataset, metric, budget), second.array(dataset, metric, budget), equal_nan=True
                ), (dataset, metric, budget)
