"""Joined tables: parts of one table give that table back; what disagrees or leaves gaps is refused."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lcbench
from lcbench import cli
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import DataWarning, InputError
from lcbench.table import store, verify
from lcbench.table.joining import join, join_configs
from lcbench.table.manifest import CONFIGS, DATASETS, GRADIENT_SCHEMA, GRADIENT_STATISTICS, runs_path
from lcbench.table.merge import merge
from lcbench.table.metric import Fidelity
from lcbench.table.record import KEY, Record


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


def with_meta(folder: Path, **known: float | None) -> Path:
    """Record a meta-feature, a number for each data set."""
    described = store.read_parquet(folder / DATASETS)
    values = [known.get(name) for name in described["name"].to_pylist()]
    store.write_parquet(folder / DATASETS, described.append_column("meta_x", pa.array(values, pa.float64())))
    store.include(folder, store.read_manifest(folder), [DATASETS])
    return folder


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"alpha": 1.0, "beta": 2.0}, None, [1.0, 2.0]),
        (None, {"alpha": 1.0, "beta": 2.0}, [1.0, 2.0]),
        ({"alpha": 1.0}, {"alpha": 1.0 + 1e-12, "beta": 2.0}, [1.0, 2.0]),
    ],
)
def test_meta_features_stay(whole, tmp_path, first, second, expected):
    """What either has is kept; where both have it and a last digit differs, it is the first's."""
    halves = [part(whole, tmp_path / name, seeds=(seed,)) for seed, name in enumerate(("one", "two"))]
    for folder, known in zip(halves, (first, second), strict=True):
        if known is not None:
            with_meta(folder, **known)
    merge(*halves, tmp_path / "both")
    assert lcbench.load(tmp_path / "both").dataset_table["meta_x"].tolist() == expected
    assert verify.verify(tmp_path / "both") == []


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
        match=r"runs of alpha that both tables have must agree, got valid_accuracy 0\.\d+ and 0\.25 at step 3 for "
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
    mean = ((first.astype(np.float64) + second) / 2).astype(np.float32)
    for keep, kept in (("first", first), ("second", second), ("mean", mean)):
        out = tmp_path / keep
        whose = "their mean is" if keep == "mean" else f"the {keep} table's are"
        with pytest.warns(
            DataWarning, match=f"^1 runs that both tables have agree in all but their seconds; {whose} kept"
        ):
            assert merge(a, b, out, keep).seeds == (0, 1)
        joined = lcbench.load(out)
        np.testing.assert_array_equal(joined.curve("alpha", 3, "seconds", budget=3, seed=0), kept)
        assert not joined.problems(thorough=True)


def test_published_seconds_must_agree(whole, tmp_path):
    record = replace(RECORD, seconds="published")
    a, b = (part(whole, tmp_path / name, record=record) for name in "ab")
    with_value(b, 6, 100.0, "seconds")
    with pytest.raises(InputError, match=r"got seconds \S+ and 100\.0 at step 3 for budget 3, config_id 3, seed 0"):
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


def test_what_neither_has_is_missing(whole, tmp_path):
    a, b = part(whole, tmp_path / "a", ("alpha",), (0,)), part(whole, tmp_path / "b", ("beta",), (1,))
    assert merge(a, b, tmp_path / "out").missing == 20
    assert verify.verify(tmp_path / "out") == []
    assert np.isnan(lcbench.load(tmp_path / "out").array("alpha")[:, 1]).all()


def test_tables_that_do_not_fit(whole, tmp_path):
    def other(**changes) -> Path:
        return part(whole, tmp_path / f"{len(list(tmp_path.iterdir()))}", **changes)

    first = RECORD.metrics[0]
    assert first.goal == "minimize"
    turned = replace(first, goal="maximize", high=100.0)
    smaller = {**store.read_manifest(whole).space}
    smaller["hyperparameters"] = [dict(each) for each in smaller["hyperparameters"]]
    smaller["hyperparameters"][0]["upper"] = smaller["hyperparameters"][0]["upper"] * 2
    for changes, message in (
        ({"schedule": "constant"}, "must have the same schedule, got 'adaptive: .*' and 'constant'"),
        (
            {"record": replace(RECORD, metrics=(turned, *RECORD.metrics[1:]))},
            f"metric {first.name} must have one goal, got minimize in the first table and maximize in the second",
        ),
        ({"record": replace(RECORD, seconds="published")}, "must record the same seconds, got modelled and published"),
        ({"record": replace(RECORD, objective="test_accuracy")}, "must record the same objective, got valid_accuracy"),
        ({"record": replace(RECORD, fidelities=(Fidelity("trees"),))}, "the same fidelities, got epochs and trees"),
        ({"space": smaller}, "must have the same space, got two definitions of"),
    ):
        with pytest.raises(InputError, match=message):
            merge(whole, other(**changes), tmp_path / "out")
    one, two = (
        other(provenance={"plan": {"data": {}, "source of the problem": f"sha256:{digit}"}}) for digit in (1, 2)
    )
    with pytest.raises(InputError, match="must be of one problem, got sources sha256:1 and sha256:2"):
        merge(one, two, tmp_path / "out")
    with pytest.raises(InputError, match="unknown choice of seconds 'newest'"):
        merge(whole, whole, tmp_path / "out", "newest")
    assert not (tmp_path / "out").exists()


def test_anchors_of_one_may_be_the_first_of_the_others(whole, tmp_path):
    def record(*steps: float) -> Record:
        return replace(RECORD, fidelities=(Fidelity("rows", steps=steps),))

    a = part(whole, tmp_path / "a", ("alpha",), record=record(16, 23, 32, 45, 64, 91))
    b = part(whole, tmp_path / "b", ("beta",), record=record(16, 23, 32, 45, 64, 91, 128))
    assert merge(a, b, tmp_path / "out").record == record(16, 23, 32, 45, 64, 91, 128)
    c = part(whole, tmp_path / "c", ("beta",), record=record(16, 24, 32, 45, 64, 91))
    with pytest.raises(
        InputError, match=r"the same fidelities, got rows, steps at 16, 23, 32, … and rows, steps at 16, 24"
    ):
        merge(a, c, tmp_path / "none")


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
    half = part(whole, tmp_path / "half", seeds=(1,))
    with pytest.warns(DataWarning, match="^gradients of alpha are left out, as only one of the tables has them"):
        merge(folder, half, tmp_path / "none")
    assert verify.verify(tmp_path / "none") == []
    other = part(whole, tmp_path / "other", ("beta",), seeds=(1,))
    merge(folder, other, tmp_path / "kept")  # it has no part of what the gradients are of
    assert store.read_parquet(tmp_path / "kept/gradients/alpha.parquet").equals(table)


def test_the_command(whole, tmp_path, capsys):
    a, b = part(whole, tmp_path / "a", ("alpha",)), part(whole, tmp_path / "b", ("beta",))
    assert cli.run(["merge", str(a), str(b), str(tmp_path / "out")]) == 0
    assert "40 of 40" in capsys.readouterr().out
    assert cli.run(["merge", str(a), str(b), str(tmp_path / "out")]) == 2


def test_columns_of_one_table_only_are_kept_once():
    one, other = pa.table({"x": [1, 2], "y": [0.5, None]}), pa.table({"x": [2, 3], "y": [None, 1.0]})
    assert join([one, other], ["x"], "rows").rows.to_pydict() == {"x": [1, 2, 3], "y": [0.5, None, 1.0]}


def test_configurations_are_known_by_their_values():
    """1 is 5 of the second table, its 1 is another configuration and gets a new number; 0 is the same in both."""
    first = pa.table({"config_id": pa.array([0, 1], pa.int32()), "x": [0.5, 1.0], "depth": [None, 3]})
    second = pa.table(
        {"config_id": pa.array([0, 1, 5, 7], pa.int32()), "x": [0.5, 2.0, 1.0, 3.0], "depth": [None, 1, 3, 2]}
    )
    found = join_configs(first, second)
    assert found.table.to_pydict() == {
        "config_id": [0, 1, 7, 8],
        "x": [0.5, 1.0, 3.0, 2.0],
        "depth": [None, 3, 2, 1],
    }
    assert found.numbers == {0: 0, 1: 8, 5: 1, 7: 7}
    assert found.renumbered == 1
    runs = pa.table({"config_id": pa.array([5, 1, 1, 0], pa.int32())})
    assert found.renumber(runs).to_pydict() == {"config_id": [1, 8, 8, 0]}


def test_equal_rows_of_one_table_stay_apart():
    table = pa.table({"config_id": pa.array([0, 1, 2], pa.int32()), "x": [0.5, 0.5, 1.0]})
    assert join_configs(table, table).numbers == {0: 0, 1: 1, 2: 2}
    other = table.set_column(0, "config_id", pa.array([4, 3, 1], pa.int32()))
    assert join_configs(table, other).numbers == {4: 0, 3: 1, 1: 2}


# Any partition ---------------------------------------------------------------------------------------------------

DIRECTIONS = ("dataset", "budget", "config_id", "seed")


@pytest.fixture(scope="module")
def rows(whole) -> pd.DataFrame:
    """All runs of the table, one a row."""
    found = lcbench.load(whole)
    return pd.concat([found.to_pandas(name).assign(dataset=name) for name in found.datasets], ignore_index=True)


def of_rows(whole: Path, out: Path, runs: pd.DataFrame, numbers: dict[int, int] | None = None) -> Path:
    """A table of these runs and of what they name."""
    values = {name: sorted(runs[name].unique().tolist()) for name in DIRECTIONS}
    manifest = replace(
        store.read_manifest(whole), budgets=tuple(values["budget"]), seeds=tuple(values["seed"]), files={}
    )
    configs, described = (store.read_parquet(whole / name) for name in (CONFIGS, DATASETS))
    configs = configs.filter(pc.is_in(configs["config_id"], pa.array(values["config_id"], pa.int32())))
    numbers = numbers or {each: each for each in values["config_id"]}
    new = pa.array([numbers[each] for each in configs["config_id"].to_pylist()], pa.int32())
    store.write(
        out,
        manifest,
        configs.set_column(0, "config_id", new),
        described.filter(pc.is_in(described["name"], pa.array(values["dataset"]))),
        {
            str(name): pa.Table.from_pandas(own.assign(config_id=own["config_id"].map(numbers)), RECORD.schema)
            for name, own in runs.groupby("dataset")
        },
    )
    return out


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same configurations and runs."""
    first, second = map(lcbench.load, (one, other))
    runs = [runs_path(name) for name in sorted({*first.datasets, *second.datasets})]
    shapes = [(sorted(each.datasets), each.budgets, each.seeds, each.manifest.missing) for each in (first, second)]
    contents = all((one / path).read_bytes() == (other / path).read_bytes() for path in runs)
    return shapes[0] == shapes[1] and contents and first.configs.equals(second.configs)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(direction=st.sampled_from((*DIRECTIONS, "run")), seed=st.integers(0, 2**16), overlap=st.booleans())
def test_any_partition_gives_the_table_again(whole, rows, tmp_path_factory, direction, seed, overlap):
    rng, place = np.random.default_rng(seed), tmp_path_factory.mktemp("parts")
    labels = rows.index.to_series() if direction == "run" else rows[direction]
    left = rng.permutation(pd.unique(labels))[: rng.integers(1, labels.nunique())]
    first = labels.isin(left).to_numpy()
    second = ~first | (overlap & (rng.random(len(rows)) < 0.3))
    ids = rows[second]["config_id"].unique().tolist()
    numbers = dict(zip(ids, rng.permutation(len(ids)).tolist() if direction != "config_id" else ids, strict=True))
    shared = set(rows[first]["config_id"]) >= set(ids)  # then the first table has the number of each
    a = of_rows(whole, place / "a", rows[first])
    b = of_rows(whole, place / "b", rows[second], numbers if shared else None)
    merge(a, b, place / "out")
    assert verify.verify(place / "out") == []
    assert same(place / "out", whole)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**16))
def test_joining_disjoint_parts_is_associative(whole, rows, tmp_path_factory, seed):
    rng, place = np.random.default_rng(seed), tmp_path_factory.mktemp("parts")
    part_of = rng.integers(0, 4, len(rows))  # the last part is nobody's: it is missing
    part_of[:3] = range(3)
    a, b, c = (of_rows(whole, place / str(number), rows[part_of == number]) for number in range(3))
    merge(a, b, place / "ab")
    merge(b, c, place / "bc")
    merge(place / "ab", c, place / "left")
    merge(a, place / "bc", place / "right")
    assert same(place / "left", place / "right")
    known = [len(rows[part_of < 3][name].unique()) for name in DIRECTIONS]
    assert lcbench.load(place / "left").manifest.missing == np.prod(known) - (part_of < 3).sum()
