"""Joined tables: parts of one table give that table back; what disagrees or leaves gaps is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import lcbench
from lcbench import cli
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import InputError
from lcbench.table import store, verify
from lcbench.table.manifest import CONFIGS, DATASETS, GRADIENT_SCHEMA, GRADIENT_STATISTICS, runs_path
from lcbench.table.merge import join, merge
from lcbench.table.record import KEY


@pytest.fixture(scope="module")
def whole(make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("whole"), ("alpha", "beta"), 5, (3, 6), (0, 1)).folder


def part(
    whole: Path, out: Path, datasets: tuple[str, ...] = ("alpha", "beta"), seeds: tuple[int, ...] = (0, 1), **changes
) -> Path:
    """A table of some of the data sets and seeds."""
    manifest = replace(store.read_manifest(whole), seeds=seeds, **changes)
    described = store.read_parquet(whole / DATASETS)
    store.write(
        out,
        manifest,
        store.read_parquet(whole / CONFIGS),
        described.filter(pc.is_in(described["name"], pa.array(datasets))),
        {name: of_seeds(store.read_parquet(whole / runs_path(name)), seeds) for name in datasets},
    )
    return out


def of_seeds(runs: pa.Table, seeds: tuple[int, ...]) -> pa.Table:
    return runs.filter(pc.is_in(runs["seed"], pa.array(seeds, pa.int32())))


def with_value(folder: Path, row: int, value: float, name: str = "valid_accuracy") -> None:
    """Change one number of one run of alpha, properly sealed."""
    table = store.read_parquet(folder / "runs/alpha.parquet")
    curves = table[name].to_pylist()
    curves[row][-1] = value
    column = table.schema.get_field_index(name)
    changed = pa.array(curves, table.schema.field(column).type)
    manifest = store.read_manifest(folder)
    store.write_runs(folder, "alpha", table.set_column(column, table.schema.field(column), changed), manifest.record)
    store.seal(folder, manifest, lcbench.load(folder).datasets)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"datasets": ("alpha",)}, {"datasets": ("beta",)}),
        ({"seeds": (0,)}, {"seeds": (1,)}),
        ({"datasets": ("alpha",)}, {}),
        ({"seeds": (1,)}, {}),
        ({}, {}),
    ],
    ids=["datasets", "seeds", "overlapping-datasets", "overlapping-seeds", "all"],
)
def test_parts_of_a_table_give_it_back(whole, tmp_path, one, other):
    merge(part(whole, tmp_path / "a", **one), part(whole, tmp_path / "b", **other), tmp_path / "out")
    assert verify.verify(tmp_path / "out") == []
    for name in ("alpha", "beta"):
        path = runs_path(name)
        assert (tmp_path / "out" / path).read_bytes() == (whole / path).read_bytes()
    before, after = lcbench.load(whole), lcbench.load(tmp_path / "out")
    assert (after.datasets, after.seeds, after.budgets) == (before.datasets, before.seeds, before.budgets)
    assert after.dataset_table.equals(before.dataset_table)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "out"}


def test_provenance_of_both_is_kept(whole, tmp_path):
    one = {"seconds": "modelled", "processor": "x", "plan": {"seed": 1}}
    other = {"seconds": "modelled", "processor": "y", "plan": {"seed": 2}}
    a = part(whole, tmp_path / "a", ("alpha",), title="first", provenance=one)
    b = part(whole, tmp_path / "b", ("beta",), title="second", provenance=other)
    joined = merge(a, b, tmp_path / "out")
    assert joined.title == "first; second"
    assert joined.provenance == {"seconds": "modelled", "merged": [one, other]}


def test_runs_that_disagree_are_named(whole, tmp_path):
    a, b = (part(whole, tmp_path / name) for name in "ab")
    with_value(b, 7, 0.25)
    with pytest.raises(
        InputError,
        match="runs of alpha that both tables have must agree, got different valid_accuracy for "
        "budget 3, config_id 3, seed 1; keep one of the two",
    ):
        merge(a, b, tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def test_seconds_of_runs_that_agree_are_the_first_tables(whole, tmp_path):
    """Seconds are measured anew, or modelled from a new measurement, whenever a folder is collected."""
    a, b = part(whole, tmp_path / "a", seeds=(0,)), part(whole, tmp_path / "b")
    with_value(b, 6, 100.0, "seconds")
    first, second = (lcbench.load(folder).curve("alpha", 3, "seconds", budget=3, seed=0) for folder in (a, b))
    assert first[-1] != second[-1] == 100.0
    assert merge(a, b, tmp_path / "ab").seeds == (0, 1)
    for one, other, kept in ((a, b, first), (b, a, second)):
        out = tmp_path / f"{one.name}{other.name} joined"
        merge(one, other, out)
        joined = lcbench.load(out)
        np.testing.assert_array_equal(joined.curve("alpha", 3, "seconds", budget=3, seed=0), kept)
        assert not joined.problems(thorough=True)


def test_published_seconds_must_agree(whole, tmp_path):
    record = replace(RECORD, seconds="published")
    a, b = (part(whole, tmp_path / name, record=record) for name in "ab")
    with_value(b, 6, 100.0, "seconds")
    with pytest.raises(InputError, match="got different seconds for budget 3, config_id 3, seed 0"):
        merge(a, b, tmp_path / "out")


@pytest.mark.parametrize(
    "first, second, joined",
    [
        ("same", "same", "same"),
        ("5 configurations on 1 data sets", "5 configurations on 12 data sets", "5 configurations"),
        ("a; b", "b; c", "a; b; c"),
    ],
)
def test_a_joined_title_says_nothing_that_its_contents_contradict(whole, tmp_path, first, second, joined):
    a, b = (part(whole, tmp_path / n, (n,), title=t) for n, t in (("alpha", first), ("beta", second)))
    assert merge(a, b, tmp_path / "out").title == joined


def test_runs_that_diverged_alike_agree(whole, tmp_path):
    a, b = (part(whole, tmp_path / name) for name in "ab")
    for folder in (a, b):
        with_value(folder, 7, float("nan"))
    merge(a, b, tmp_path / "out")
    assert np.isnan(lcbench.load(tmp_path / "out").value("alpha", 3, budget=3, seed=1))


def test_gaps_are_refused(whole, tmp_path):
    a, b = part(whole, tmp_path / "a", ("alpha",), (0,)), part(whole, tmp_path / "b", ("beta",), (1,))
    with pytest.raises(InputError, match="every data set must have every seed in one of the tables, got no seed 1 of"):
        merge(a, b, tmp_path / "out")


def test_tables_that_do_not_fit(make, whole, tmp_path):
    for changes, message in (
        ({"n_configs": 4}, "must have the same configurations"),
        ({"budgets": (3, 7)}, r"must have the same budgets, got different ones: \(3, 6\) and \(3, 7\)"),
    ):
        sizes = {"n_configs": 5, "budgets": (3, 6), "seeds": (0, 1)} | changes
        other = make(tmp_path / str(changes), ("gamma",), **sizes)
        with pytest.raises(InputError, match=message):
            merge(whole, other.folder, tmp_path / "out")
    with pytest.raises(InputError, match="must have the same schedule"):
        merge(whole, part(whole, tmp_path / "s", schedule="constant"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_over(whole, tmp_path):
    (tmp_path / "mine").write_text("precious")
    for out in (whole, tmp_path / "mine"):
        with pytest.raises(InputError, match=r"the output must go to a new or empty folder, got .*; choose another"):
            merge(whole, whole, out)
    assert (tmp_path / "mine").read_text() == "precious"


def test_gradients_come_along(whole, tmp_path):
    folder = Path(shutil.copytree(whole, tmp_path / "a"))
    runs = store.read_parquet(folder / "runs/alpha.parquet")
    one = dict.fromkeys(GRADIENT_STATISTICS, runs["train_loss"])
    layers = pa.array([[values, values] for values in runs["train_loss"].to_pylist()], pa.list_(pa.list_(pa.float32())))
    columns = {name: runs[name] for name in KEY} | one
    columns |= dict.fromkeys([f"layer_{name}" for name in GRADIENT_STATISTICS], layers)
    table = pa.table({name: columns[name] for name in GRADIENT_SCHEMA.names}).cast(GRADIENT_SCHEMA)
    store.write_parquet(folder / "gradients/alpha.parquet", table)
    store.seal(folder, store.read_manifest(folder), ["alpha", "beta"])
    merge(folder, folder, tmp_path / "out")
    assert verify.verify(tmp_path / "out") == []
    assert store.read_parquet(tmp_path / "out/gradients/alpha.parquet").equals(table)


def test_the_command(whole, tmp_path, capsys):
    a, b = part(whole, tmp_path / "a", ("alpha",)), part(whole, tmp_path / "b", ("beta",))
    assert cli.run(["merge", str(a), str(b), str(tmp_path / "out")]) == 0
    assert "40 of 40" in capsys.readouterr().out
    assert cli.run(["merge", str(a), str(b), str(tmp_path / "out")]) == 2


def test_columns_of_one_table_only_are_kept_once():
    one, other = pa.table({"x": [1, 2], "y": [0.5, None]}), pa.table({"x": [2, 3], "y": [None, 1.0]})
    assert join([one, other], ["x"], "rows").to_pydict() == {"x": [1, 2, 3], "y": [0.5, None, 1.0]}
