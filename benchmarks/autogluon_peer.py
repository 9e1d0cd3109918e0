"""AutoGluon-Tabular beside a study of systems: the same rows, the same time, its accuracy in the study's own file.

AutoGluon keeps pandas below 3, so it is installed by itself, without its networks (they would bring a torch of their
own): ``python -m venv AG; AG/bin/pip install 'autogluon.tabular[lightgbm,catboost]'``. This script writes the rows of
each data set, lets that Python fit and predict (``autogluon_fit.py``), and adds the runs to the study in OUT, where
``lcbench figures --systems OUT`` finds them. It is given the same validation rows as the others, as in the paper
(Appendix C), and its default presets: no stacking, a weighted ensemble at the end. In a study with folds it gets all
rows outside the test part and divides them by itself. It has no seed of its own, so there is one run for each data set.
"""

import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer
from lcbench.simulate.study.systems.parts import Parts

from lcbench.collection.data.dataset import text_of
from lcbench.collection.data.sources import split_sources
from lcbench.collection.provenance import processor
from lcbench.files import read_json
from lcbench.simulate.study.running import cores
from lcbench.simulate.study.systems.file import COLUMNS
from lcbench.simulate.study.systems.plan import Cell
from lcbench.simulate.study.systems.rows import Rows, load_rows

TARGET = "target of the study"
NAME = "AutoGluon"


def main(
    out: Annotated[Path, typer.Argument(help="Folder of a study of systems.")],
    datasets: Annotated[str, typer.Option(help="Sources, as for lcbench study.")],
    python: Annotated[Path, typer.Option(help="Python of the environment that has AutoGluon.")],
    workers: Annotated[int, typer.Option(help="Cores.")] = 2,
) -> None:
    """Fit AutoGluon to every data set, for the time that the study gives."""
    parts, study = Parts(out), read_json(out / "study.json")
    limit = float(study["time"].split()[0])
    for source in split_sources(datasets):
        rows = load_rows(source, study.get("folds", 0))
        cell = Cell(rows.name, NAME, workers, 0)
        if not parts.has(cell):
            parts.add(cell, run(rows, cell, limit, python))
            print(f"{cell}: done")


def run(rows: Rows, cell: Cell, limit: float, python: Path) -> pd.DataFrame:
    """One run."""
    program = Path(__file__).with_name("autogluon_fit.py")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        whole = rows.features.assign(**{TARGET: rows.target.map(text_of).astype(str)})
        (whole if rows.folds else whole[~rows.validates]).to_parquet(folder / "train.parquet")
        if not rows.folds:
            whole[rows.validates].to_parquet(folder / "valid.parquet")
        rows.test.to_parquet(folder / "test.parquet")
        given = (folder, TARGET, limit, cell.workers)
        alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}  # packages of its own
        subprocess.run([str(python), str(program), *map(str, given)], check=True, env=alone)
        predicted = pd.read_parquet(folder / "predicted.parquet")
    labels = rows.problem.labels
    classes = np.array([text_of(value) for value in labels.values])  # noqa: PD011  # no pandas series
    right = predicted["class"].to_numpy().astype(str) == classes[rows.answers]
    said = {"view": "single", "time": predicted["seconds"].iloc[0], "seconds": np.nan, "valid": np.nan}
    count = int(predicted["models"].iloc[0])
    counts = {"models": count, "members": 1, "tried": count, "test_rows": len(right), "time_limit": limit}
    sizes = {"valid_rows": int(rows.validates.sum()), "train_rows": rows.train_rows}
    names = {"dataset": cell.dataset, "system": cell.system, "workers": cell.workers, "seed": cell.seed}
    made = {"machine": f"{processor()}, {cores()} cores", "created": datetime.now(UTC).isoformat(timespec="seconds")}
    return pd.DataFrame([said | counts | sizes | names | made | {"test": float(right.mean())}])[list(COLUMNS)]


if __name__ == "__main__":
    typer.run(main)
