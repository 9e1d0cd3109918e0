"""Test accuracy of the tool's ensemble beside that of the five baselines it contains.

One search on each data set, on the published third of test rows. The baselines are those of the search: fitted to the
same training rows, stopped by the same validation rows. A search is kept in a folder; the same command resumes where it
was stopped (a longer ``--time`` too), and only reports if nothing is left.
"""

import math
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import openml
import pandas as pd
import typer
from fidelity import SHARED, openml_cache
from rich.console import Console

from lcbench.collection.data.labels import number_classes
from lcbench.collection.data.openml_task import load_openml
from lcbench.collection.data.preparation import split_rows
from lcbench.collection.models import LearningTask
from lcbench.console import table
from lcbench.simulate.autotabular import AutoTabularClassifier, journal
from lcbench.simulate.autotabular.folder import Folder
from lcbench.simulate.autotabular.journal import NETWORK
from lcbench.simulate.autotabular.settings import chosen
from lcbench.simulate.autotabular.tables import Stage, ensembles_over_time

COLUMNS = ("models", "networks", "baselines done at", "over", "strongest baseline", "chosen baseline")
COLUMNS += ("best network", "networks only", "ensemble", "gain")
NONE = math.nan


def main(
    out: Annotated[Path, typer.Argument(help="Folder for the searches.")],
    datasets: Annotated[str, typer.Option(help="Names in the cache.")] = "car,phoneme,vehicle,segment,credit-g",
    limit: Annotated[float, typer.Option("--time", help="Seconds for each search.")] = 600.0,
    workers: Annotated[int, typer.Option(help="Processes.")] = 2,
    seed: Annotated[int, typer.Option(help="Seed.")] = 0,
    folds: Annotated[
        int | None, typer.Option(help="Folds of a cross-validation; 0 for a hold-out, as in the paper.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Cache folder of openml-python.")] = SHARED / "openml-cache",
) -> None:
    """Search on every data set, then print accuracies of the test rows in percent."""
    how = {"splitter": "auto" if folds is None else folds or None, "verbose": True}
    before = openml.config._root_cache_directory
    with openml_cache(cache) as tasks:
        rows = [
            measured(out / f"{name}-{seed}", tasks[name], AutoTabularClassifier(limit, workers, seed=seed, **how))
            for name in datasets.split(",")
        ]
    openml.config.set_root_cache_directory(before)
    Console(width=200).print(
        table(f"test accuracy after {limit:g} s on {workers} processes", ("data set", *COLUMNS), rows)
    )


def measured(folder: Path, task: int, classifier: AutoTabularClassifier) -> list[str]:
    """One line of the table."""
    data = load_openml(str(task))
    numbers, classes = number_classes(data.target)
    rows = split_rows(numbers, classes, data.test_rows)
    outside = np.sort(np.concatenate([rows.train, rows.valid]))
    features, target = data.features.iloc[outside], data.target.iloc[outside]
    begun = time.monotonic()
    place = {"resume" if Folder(folder).card.is_file() else "folder": folder}
    classifier.fit(features, target, test=data.features.iloc[rows.test], **place)
    over = time.monotonic() - begun - classifier.time_limit
    problem = LearningTask.of(features, target, seed=classifier.seed, splitter=chosen(classifier.splitter, target))
    return [data.name, *line(classifier, folder, problem, data.target.iloc[rows.test], over)]


def line(
    classifier: AutoTabularClassifier, folder: Path, problem: LearningTask, answers: pd.Series, over: float
) -> list[str]:
    """Everything that is said of one search."""
    truth, entries = answers.to_numpy(), journal.read(Folder(folder).results)
    tests = {entry.number: Folder(folder).predictions(entry.number).test for entry in entries if entry.usable}
    own = {number: accuracy(classifier, test, truth) for number, test in tests.items()}
    baselines = [entry for entry in entries if entry.usable and entry.kind != NETWORK]
    strongest = max((own[entry.number] for entry in baselines), default=NONE)
    picked = own[max(baselines, key=lambda entry: entry.score).number] if baselines else NONE
    network = last(ensembles_over_time(folder, problem, pool="networks", size=1), classifier, truth)
    networks = last(ensembles_over_time(folder, problem, pool="networks"), classifier, truth)
    ensemble = last(ensembles_over_time(folder, problem), classifier, truth)
    done = max((entry.finished for entry in entries if entry.kind != NETWORK), default=NONE)
    counts = [str(len(entries)), str(sum(entry.kind == NETWORK for entry in entries)), f"{done:.0f} s", f"{over:.1f} s"]
    values = (strongest, picked, network, networks, ensemble)
    return [*counts, *(f"{100 * value:.2f}" for value in values), f"{100 * (ensemble - strongest):+.2f}"]


def last(stages: list[Stage], classifier: AutoTabularClassifier, truth: np.ndarray) -> float:
    """Accuracy of the last ensemble."""
    return accuracy(classifier, stages[-1].test, truth) if stages else NONE


def accuracy(classifier: AutoTabularClassifier, chances: np.ndarray, truth: np.ndarray) -> float:
    """Share of the rows that are right."""
    return float((classifier.classes_[chances.argmax(axis=1)].astype(str) == truth.astype(str)).mean())


if __name__ == "__main__":
    typer.run(main)
