"""Blackboxes of Syne Tune: ours load in the real package with the same values, and its own come in with every value.

What needs Syne Tune runs in the environment of ``make test-adapters``.
"""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from damage import damage_file
from own_tables import own_table

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, InputError, LcbenchError, UnknownNameError
from lcbench.space.paper import mlp_released
from lcbench.table import verify
from lcbench.table.doors._foreign import bring
from lcbench.table.doors.syne_tune.domains import from_domains, to_domains
from lcbench.table.doors.syne_tune.exporting import export_syne_tune
from lcbench.table.doors.syne_tune.importing import syne_tune

pytestmark = [
    pytest.mark.filterwarnings("ignore:After 0.17 or January 2028:FutureWarning"),  # statsmodels, under Syne Tune
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def need(module: str = "blackbox_tabular"):
    pytest.importorskip("syne_tune", reason="syne_tune is an extra that is not installed here")
    return pytest.importorskip(f"syne_tune.blackbox_repository.{module}")


def curves(tasks: int, configs: int, seeds: int, steps: int, seed: int = 0) -> np.ndarray:
    """Objectives ``error, elapsed, runtime`` that tell every entry apart."""
    rng = np.random.default_rng(seed)
    shape = (tasks, configs, seeds, steps)
    runtime = rng.uniform(1, 2, shape)
    return np.stack([rng.random(shape), runtime.cumsum(-1), runtime], axis=-1).astype(np.float32)


NAMES = ["metric_val_error", "metric_elapsed_time", "metric_runtime"]
META = {"metric_elapsed_time": "metric_elapsed_time", "metric_default": "metric_val_error", "time_attr": "hp_epoch"}


@pytest.fixture
def folder(tmp_path):
    """A blackbox in Syne Tune's layout, written without it."""
    found = tmp_path / "box"
    found.mkdir()
    space = {
        "hp_lr": {
            "domain_cls": "Float",
            "domain_kwargs": {"lower": 1e-4, "upper": 1},
            "sampler_cls": "LogUniform",
            "sampler_kwargs": {"base": 2.718281828459045},
        },
        "hp_drop": {
            "domain_cls": "FiniteRange",
            "domain_kwargs": {"lower": 0.0, "upper": 0.6, "size": 3, "log_scale": False, "cast_int": False},
        },
    }
    (found / "configspace.json").write_text(json.dumps(space))
    epochs = {"domain_cls": "Integer", "domain_kwargs": {"lower": 1, "upper": 4}, "sampler_cls": "Uniform"}
    (found / "fidelityspace.json").write_text(json.dumps({"hp_epoch": epochs}))
    meta = {**META, "objectives_names": NAMES, "task_names": ["lake", "sea"]}
    (found / "metadata.json").write_text(json.dumps(meta))
    configs = pd.DataFrame({"hp_lr": [0.001, 0.01, 0.1], "hp_drop": [0.0, 0.3, 0.6]})
    configs.to_parquet(found / "hyperparameters.parquet", index=False)
    np.save(found / "fidelities_values.npy", np.arange(1, 5))
    np.save(found / "objectives_evaluations.npy", curves(2, 3, 2, 4))
    return found


def change(folder, name: str, **entries) -> None:
    document = json.loads((folder / name).read_text())
    (folder / name).write_text(json.dumps(document | entries))


def test_every_value_comes_in(folder, tmp_path, capsys):
    out = tmp_path / "out"
    assert cli.run(["import", "syne-tune", str(folder), str(out), "--licence", "CC0", "--citation", "me"]) == 0
    assert capsys.readouterr().out == f"12 runs on 2 data sets are in {out}.\n"
    assert verify.verify(out) == []
    bench, wanted = lcbench.load(out), curves(2, 3, 2, 4)
    assert (bench.datasets, bench.budgets, bench.seeds) == (("lake", "sea"), (4,), (0, 1))
    assert (bench.fidelity.name, bench.fidelity.steps) == ("epoch", 1)
    assert bench.metrics == ("seconds", "runtime", "valid_error")
    assert (bench.metric().goal, bench.metric().part) == ("minimize", "valid")
    for row, name in enumerate(bench.datasets):
        for column, ours in enumerate(("valid_error", "seconds", "runtime")):
            np.testing.assert_array_equal(bench.array(name, ours)[:, :, 1:], wanted[row, ..., column])
    assert bench.configs["hp_drop"].tolist() == [0.0, 0.3, 0.6]
    assert (bench.manifest.licence, bench.manifest.citation) == ("CC0", "me")


def test_runs_of_which_nothing_is_known_are_not_there(folder, tmp_path):
    values = curves(2, 3, 2, 4)
    values[0, 1, 1] = np.nan
    values[1, 2, 0, 2:] = np.nan
    values[1, 0, 0, :, 1] = [4, 3, 5, 5]
    np.save(folder / "objectives_evaluations.npy", values)
    bring(syne_tune(folder), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert [len(bench.to_pandas(name)) for name in bench.datasets] == [5, 6]
    curve = bench.curve("sea", 2, "valid_error", seed=0)
    assert np.isfinite(curve[1:3]).all()
    assert np.isnan(curve[3:]).all()
    seconds = bench.curve("sea", 2, "seconds", seed=0)
    assert seconds[2] == seconds[3] == seconds[4] == values[1, 2, 0, 1, 1]
    assert bench.curve("sea", 0, "seconds", seed=0).tolist() == [0, 4, 4, 5, 5]
    assert "1 that went down are raised" in bench.manifest.provenance["seconds"]


def test_goals_that_no_name_says_must_be_said(folder, tmp_path):
    names = ["quality", "metric_elapsed_time", "speed"]
    change(folder, "metadata.json", objectives_names=names)
    with pytest.raises(InputError, match="the goal of objective 'quality' must be known"):
        syne_tune(folder)
    with pytest.raises(
        InputError, match="a goal must be NAME=minimize or NAME=maximize or NAME=none, got 'quality=up'"
    ):
        syne_tune(folder, goals=["quality=up"])
    with pytest.raises(UnknownNameError, match="unknown objective 'qualty'; nearest: quality"):
        syne_tune(folder, goals=["qualty=maximize"])
    with pytest.raises(InputError, match="must have an objective to optimize"):
        syne_tune(folder, goals=["quality=none", "speed=none"])
    bring(syne_tune(folder, goals=["quality=maximize", "speed=none"]), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert (bench.metric().name, bench.metric().goal, bench.metric().high) == ("quality", "maximize", 1.0)
    assert [each.name for each in bench.manifest.record.series] == ["speed"]


def test_anchors_without_seconds(folder, tmp_path):
    change(folder, "metadata.json", metric_elapsed_time="there is none", metric_default="")
    np.save(folder / "fidelities_values.npy", np.array([1, 3, 9, 27]))
    bring(syne_tune(folder), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert bench.fidelity.steps == (1, 3, 9, 27)
    assert bench.manifest.record.seconds == "none"
    assert "elapsed_time" in bench.metrics


def test_an_export_comes_back_as_it_was(tmp_path, capsys):
    box, out = tmp_path / "box", tmp_path / "out"
    assert cli.run(["export", "syne-tune", str(lcbench.load().folder), str(box), "--budget", "12"]) == 0
    assert capsys.readouterr().out == f"7800 curves are in {box}.\n"
    assert cli.run(["import", "syne-tune", str(box), str(out), "--quiet"]) == 0
    one, other = lcbench.load(), lcbench.load(out)
    assert (other.datasets, other.budgets, other.seeds, other.metrics) == (one.datasets, (12,), one.seeds, one.metrics)
    assert {m.name: m.goal for m in other.manifest.record.metrics} == {
        m.name: m.goal for m in one.manifest.record.metrics
    }
    assert other.configs.equals(one.configs)
    assert to_domains(other.space) == to_domains(one.space)
    assert (other.metric().name, other.manifest.licence) == (one.metric().name, one.manifest.licence)
    for dataset in one.datasets[:3]:
        for name in one.metrics:
            np.testing.assert_array_equal(
                other.array(dataset, name)[:, :, 1:], one.array(dataset, name, 12)[:, :, 1:], err_msg=name
            )


def test_what_a_blackbox_cannot_hold_is_refused(tmp_path):
    space = mlp_released()
    bench = own_table(tmp_path / "own", space, lambda config, row, seed: 0.5, configs=4)
    with pytest.raises(UnknownNameError, match="unknown budget"):
        export_syne_tune(bench.folder, tmp_path / "box", 2)
    twice = pd.concat([bench.configs, bench.configs])
    own_table(tmp_path / "twice", space, lambda config, row, seed: 0.5, configs=twice.reset_index(drop=True))
    with pytest.raises(InputError, match="must have each configuration once"):
        export_syne_tune(tmp_path / "twice", tmp_path / "box")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="new or empty folder"):
        export_syne_tune(bench.folder, tmp_path / "box")


class Evil:
    def __reduce__(self):
        return print, ("executed",)


def spoil(folder, name: str) -> None:
    npy = folder / "objectives_evaluations.npy"
    if name == "a pickle in an array":
        with npy.open("wb") as file:
            np.lib.format.write_array(file, np.array([Evil()], object), allow_pickle=True)
    elif name == "a pickle for an array":
        npy.write_bytes(pickle.dumps(Evil()))
    elif name == "an array cut off":
        npy.write_bytes(npy.read_bytes()[:-9])
    elif name == "a huge array":
        head = npy.read_bytes()[:128].replace(b"(2, 3, 2, 4, 3)", b"(9999999999999,)")
        npy.write_bytes(head)
    elif name == "text":
        np.save(npy, np.array(["a"]))
    elif name == "another shape":
        np.save(npy, curves(2, 4, 2, 4))
    elif name == "a task too few":
        np.save(npy, curves(1, 3, 2, 4))
    elif name == "an archive":
        with npy.open("wb") as file:
            np.savez(file, a=np.arange(3))
    elif name == "fidelities that fall":
        np.save(folder / "fidelities_values.npy", np.array([1, 2, 4, 3]))
    elif name == "an unknown domain":
        change(folder, "configspace.json", hp_lr={"domain_cls": "os.system", "domain_kwargs": {}})
    elif name == "a domain without ends":
        change(folder, "configspace.json", hp_lr={"domain_cls": "Float", "domain_kwargs": {}})
    elif name == "a hyperparameter too many":
        change(folder, "configspace.json", more=3)
    elif name == "a value that is no level":
        pd.DataFrame({"hp_lr": [0.1] * 3, "hp_drop": [0.0, 0.31, 0.6]}).to_parquet(folder / "hyperparameters.parquet")
    elif name == "a value outside":
        pd.DataFrame({"hp_lr": [7.0] * 3, "hp_drop": [0.0, 0.3, 0.6]}).to_parquet(folder / "hyperparameters.parquet")
    elif name == "two fidelities":
        change(folder, "fidelityspace.json", more=3)
    elif name == "a task of no name":
        (folder / "hyperparameters.parquet").unlink()
        change(folder, "metadata.json", task_names=["../lake"])
    elif name == "a task of a long name":
        change(folder, "metadata.json", task_names=["ü" * 300, "sea"])
    elif name == "a task twice":
        change(folder, "metadata.json", task_names=["lake", "lake"])
    elif name == "no names":
        (folder / "metadata.json").write_text("{}")
    elif name == "a data frame":
        (folder / "data-lake.parquet").write_bytes(b"")
    else:
        (folder / name).unlink()


@pytest.mark.parametrize(
    "name",
    [
        *("a pickle in an array", "a pickle for an array", "an array cut off", "a huge array", "text", "another shape"),
        *("a task too few", "an archive", "fidelities that fall", "an unknown domain", "a domain without ends"),
        *("a hyperparameter too many", "a value that is no level", "a value outside", "two fidelities"),
        *(
            "a task of no name",
            "a task of a long name",
            "a task twice",
            "no names",
            "a data frame",
            "metadata.json",
            "configspace.json",
        ),
        *("hyperparameters.parquet", "fidelities_values.npy", "objectives_evaluations.npy"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(folder, tmp_path, capsys, name):
    spoil(folder, name)
    assert cli.run(["import", "syne-tune", str(folder), str(tmp_path / "out"), "--quiet"]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) <= 2
    assert "executed" not in said.out + said.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_blackbox_becomes_a_sound_table_or_is_refused(folder, tmp_path, seed):
    rng = np.random.default_rng(seed)
    paths = sorted(folder.iterdir())
    damage_file(rng, paths[int(rng.integers(len(paths)))])
    try:
        bring(syne_tune(folder), tmp_path / "out")
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
        assert not (tmp_path / "out").exists()
    else:
        assert verify.verify(tmp_path / "out") == []


def test_the_real_package_loads_an_export_with_the_same_values(tmp_path):
    tabular = need()
    bench = lcbench.load()
    export_syne_tune(bench.folder, tmp_path / "box")
    boxes = tabular.deserialize(tmp_path / "box")
    assert list(boxes) == list(bench.datasets)
    names = ["metric_elapsed_time" if name == "seconds" else f"metric_{name}" for name in bench.metrics]
    for dataset, box in boxes.items():
        assert box.objectives_names == names
        assert box.fidelity_values.tolist() == list(range(1, bench.budgets[-1] + 1))
        wanted = np.stack([bench.array(dataset, name)[:, :, 1:] for name in bench.metrics], axis=-1)
        np.testing.assert_array_equal(box.objectives_evaluations, wanted)
        assert box.hyperparameters[list(bench.configs)].equals(bench.configs.reset_index(drop=True))
    config = bench.configs.iloc[5].to_dict()
    found = boxes["vehicle"].objective_function(config, {"epochs": 12}, seed=2)
    assert found["metric_valid_accuracy"] == bench.curve("vehicle", 5, "valid_accuracy", 50, 2)[12]
    assert from_domains(to_domains(bench.space), bench.space.name, tmp_path) == bench.space


def test_what_the_real_package_serializes_comes_in_whole(tmp_path):
    """Every domain that Syne Tune can write, several tasks and seeds, gaps."""
    tabular = need()
    from syne_tune import config_space as cs

    space = {
        "a": cs.uniform(0, 1),
        "b": cs.loguniform(1e-4, 1),
        "c": cs.randint(1, 5),
        "d": cs.lograndint(16, 512),
        "e": cs.choice(["x", "y"]),
        "f": cs.choice([0.5, 1.0]),
        "g": cs.finrange(0.0, 0.6, 3),
        "h": cs.logfinrange(8, 64, 4, cast_int=True),
        "i": cs.ordinal([1, 2, 3]),
        "j": cs.logordinal([16, 32]),
        "k": cs.ordinal(["lo", "hi"], kind="equal"),
        "l": cs.choice([True, False]),
    }
    rng = np.random.RandomState(0)
    rows = [{name: domain.sample(random_state=rng) for name, domain in space.items()} for _ in range(20)]
    configs = pd.DataFrame(rows)
    values = curves(3, 20, 2, 7)
    values[2, 4, 0, 5:] = np.nan
    boxes = {
        name: tabular.BlackboxTabular(
            configs, space, {"hp_epoch": cs.randint(1, 70)}, each, np.arange(10, 80, 10), NAMES
        )
        for name, each in zip(("lake", "sea", "river"), values, strict=True)
    }
    tabular.serialize(boxes, tmp_path / "box", metadata=META)
    bring(syne_tune(tmp_path / "box"), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert verify.verify(bench.folder) == []
    assert bench.fidelity.steps == 10
    real = tabular.deserialize(tmp_path / "box")
    for name, box in real.items():
        got = np.stack([bench.array(name, each)[:, :, 1:] for each in ("valid_error", "seconds", "runtime")], axis=-1)
        wanted = box.objectives_evaluations.copy()
        wanted[..., 1] = np.fmax.accumulate(wanted[..., 1], axis=-1)
        np.testing.assert_array_equal(got, wanted)
    for name in space:
        assert bench.configs[name].tolist() == configs[name].tolist()


def test_the_spaces_of_its_own_recipes_come_in(tmp_path):
    need()
    from syne_tune.blackbox_repository.conversion_scripts.scripts.fcnet_import import CONFIGURATION_SPACE as FCNET
    from syne_tune.blackbox_repository.conversion_scripts.scripts.lcbench.lcbench import CONFIGURATION_SPACE as LCBENCH
    from syne_tune.blackbox_repository.conversion_scripts.scripts.pd1_import import CONFIGURATION_SPACE as PD1
    from syne_tune.config_space import config_space_to_json_dict

    for space in (FCNET, LCBENCH, PD1):
        document = json.loads(json.dumps(config_space_to_json_dict(space), default=lambda value: value.item()))
        assert set(from_domains(document, "space", tmp_path)) == set(space)


@pytest.mark.parametrize("recipe", ["pd1_import", "hpob_import"])
def test_tasks_with_configurations_of_their_own_come_in(tmp_path, recipe):
    """As PD1 and HPO-B are written: a file a task, of other configurations and lengths."""
    tabular = need()
    module = need(f"conversion_scripts.scripts.{recipe}")
    from syne_tune import config_space as cs

    space = {"lr": cs.loguniform(1e-5, 10), "power": cs.uniform(0.1, 2.0)}
    first = pd.DataFrame({"lr": [0.1, 0.2, 0.3], "power": [1.0, 1.5, 0.5]})
    second = pd.DataFrame({"lr": [0.3, 0.7], "power": [0.5, 0.25]})
    boxes = {}
    for name, configs, steps in (("lake_64", first, 5), ("sea_32", second, 3)):
        values = curves(1, len(configs), 1, steps)[0]
        boxes[name] = tabular.BlackboxTabular(
            configs, space, {"global_step": cs.randint(1, steps)}, values, np.arange(1, steps + 1), NAMES
        )
    module.serialize(boxes, tmp_path / "pd1", metadata=META)
    bring(syne_tune(tmp_path / "pd1"), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert (bench.budgets, len(bench.configs), bench.fidelity.name) == ((3, 5), 4, "global_step")
    assert "Pre-trained Gaussian Processes" in bench.manifest.citation
    for name, box in module.deserialize(tmp_path / "pd1").items():
        steps = len(box.fidelity_values)
        runs = bench.to_pandas(name).set_index("config_id")
        assert len(runs) == len(box.hyperparameters)
        for row, config in enumerate(box.hyperparameters.to_dict("records")):
            (number,) = bench.configs.index[(bench.configs == config).all(axis=1)]
            for column, ours in enumerate(("valid_error", "seconds", "runtime")):
                got = bench.curve(name, number, ours, steps)[1:]
                np.testing.assert_array_equal(got, box.objectives_evaluations[row, 0, :, column])


def test_an_array_is_damaged_not_executed(folder):
    spoil(folder, "a pickle in an array")
    with pytest.raises(DamagedFileError, match="cannot be read as an array of numbers"):
        syne_tune(folder)
