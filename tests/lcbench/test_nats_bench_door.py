"""An archive that NATS-Bench's own classes make comes in with every number; what its package cannot read is refused."""

import sys
from itertools import product

import numpy as np
import pytest

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.table.doors._foreign import bring
from lcbench.table.doors.nats_bench import DATASETS
from lcbench.table.doors.nats_bench import nats_bench as opened

package = pytest.importorskip("nats_bench", reason="nats_bench is not installed here")

ARCHS = [
    "|none~0|+|nor_conv_3x3~0|skip_connect~1|+|none~0|avg_pool_3x3~1|nor_conv_1x1~2|",
    "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|skip_connect~2|",
    "|avg_pool_3x3~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|skip_connect~2|",
]
SEEDS = {0: (777, 888, 999), 1: (777,), 2: (888, 999)}
HPS = {"12": 12, "200": 200}
"""Numbers of epochs."""


def result(arch: int, dataset: str, seed: int, epochs: int):
    rng = np.random.default_rng([arch, len(dataset), seed, epochs])
    run = package.ResultsCount(
        dataset, None, {}, {}, 1.5 + arch, 100.25 + arch, {"arch_str": ARCHS[arch]}, seed, epochs, [0.01 * (arch + 1)]
    )
    drawn = [{epoch: float(value) for epoch, value in enumerate(rng.uniform(1, 99, epochs))} for _ in range(3)]
    run.update_train_info(drawn[0], None, drawn[1], drawn[2])
    for name in DATASETS[dataset].values():
        keys = [f"{name}@{epoch}" for epoch in range(epochs)]
        run.update_eval(*[dict(zip(keys, rng.uniform(1, 99, epochs).tolist(), strict=True)) for _ in range(3)])
        if dataset != "cifar10-valid" and name != "ori-test":  # as published: after the last epoch only
            for found in (run.eval_acc1es, run.eval_losses):
                for key in keys[:-1]:
                    del found[key]
    return run


def architecture(arch: int) -> dict:
    found = {}
    for hp, epochs in HPS.items():
        made = package.ArchResults(arch, ARCHS[arch])
        for dataset, seed in product(DATASETS, SEEDS[arch]):
            made.update(dataset, seed, result(arch, dataset, seed, epochs))
        found[hp] = made.state_dict()
    return found


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The same content as a folder and as a file."""
    folder = tmp_path_factory.mktemp("nats") / "NATS-tss-v1_0-made-simple"
    folder.mkdir()
    content = {arch: architecture(arch) for arch in range(len(ARCHS))}
    package.pickle_save({"meta_archs": ARCHS}, folder / "meta.pickle")
    for arch, results in content.items():
        package.pickle_save(results, folder / f"{arch:06d}.pickle")
    whole = {"meta_archs": ARCHS, "arch2infos": content, "evaluated_indexes": set(content)}
    package.pickle_save(whole, folder.parent / "NATS-tss-v1_0-made.pickle")
    return folder, folder.parent / "NATS-tss-v1_0-made.pickle.pbz2"


@pytest.mark.parametrize("kind", [0, 1], ids=["folder", "file"])
def test_every_number_comes_in(archives, tmp_path, capsys, kind):
    out = tmp_path / "out"
    assert cli.run(["import", "nats-bench", str(archives[kind]), str(out), "--quiet"]) == 0
    runs = len(DATASETS) * len(HPS) * sum(map(len, SEEDS.values()))
    assert capsys.readouterr().out == f"{runs} runs on 3 data sets are in {out}.\n"
    bench = lcbench.load(out)
    assert (bench.budgets, bench.seeds, bench.datasets) == ((12, 200), (777, 888, 999), tuple(DATASETS))
    ops = ["none", "nor_conv_3x3", "skip_connect", "none", "avg_pool_3x3", "nor_conv_1x1"]
    assert bench.configs.loc[0, [f"Op{edge}" for edge in range(6)]].tolist() == ops
    for dataset, names in DATASETS.items():
        table = bench.to_pandas(dataset)
        assert len(table) == runs / 3
        assert table["million_flops"].tolist() == (100.25 + table["config_id"]).tolist()
        assert table["latency_seconds"].tolist() == pytest.approx((0.01 * (table["config_id"] + 1)).tolist())
        for arch, budget in product(range(len(ARCHS)), bench.budgets):
            for seed in SEEDS[arch]:
                run = result(arch, dataset, seed, budget)

                def curve(metric, where=(dataset, arch, budget, seed)):
                    return bench.curve(where[0], where[1], metric, where[2], where[3])[1:]

                def wanted(values, keys):
                    return np.array([values.get(key, np.nan) for key in keys], np.float32)

                np.testing.assert_array_equal(curve("train_accuracy"), wanted(run.train_acc1es, range(budget)))
                np.testing.assert_array_equal(curve("train_loss"), wanted(run.train_losses, range(budget)))
                assert curve("seconds") == pytest.approx(np.cumsum(list(run.train_times.values())))
                for part, name in names.items():
                    keys = [f"{name}@{epoch}" for epoch in range(budget)]
                    np.testing.assert_array_equal(curve(f"{part}_accuracy"), wanted(run.eval_acc1es, keys))
                    np.testing.assert_array_equal(curve(f"{part}_loss"), wanted(run.eval_losses, keys))
        assert np.isnan(bench.curve(dataset, 1, "valid_accuracy", 12, 999)).all(), "a seed that there is no run of"


def test_it_agrees_with_the_packages_own_answers(archives, tmp_path):
    bring(opened(archives[0]), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    api = package.create(str(archives[0]), "tss", fast_mode=True, verbose=False)
    for dataset in DATASETS:
        info = api.get_more_info(1, dataset, hp="200", is_random=False)
        assert bench.value(dataset, 1, "valid_accuracy", 200, 777) == np.float32(info["valid-accuracy"])
        assert bench.value(dataset, 1, "test_loss", 200, 777) == np.float32(info["test-loss"])
        assert bench.value(dataset, 1, "seconds", 200, 777) == pytest.approx(info["train-all-time"])


def test_the_space_of_sizes(tmp_path):
    folder = tmp_path / "sizes"
    folder.mkdir()
    package.pickle_save({"meta_archs": ["8:16:64:8:24"]}, folder / "meta.pickle")
    made = package.ArchResults(0, "8:16:64:8:24")
    for dataset in DATASETS:
        made.update(dataset, 777, result(0, dataset, 777, 1))
    package.pickle_save({"01": made.state_dict()}, folder / "000000.pickle")
    with pytest.raises(InputError, match="must say the search space of NATS-Bench, got neither tss nor sss"):
        opened(folder)
    with pytest.raises(UnknownNameError, match="unknown search space of NATS-Bench 'tts'"):
        opened(folder, "tts")
    bring(opened(folder, "sss"), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert bench.configs.loc[0].tolist() == [8, 16, 64, 8, 24]
    assert (bench.budgets, bench.seeds) == ((1,), (777,))


def test_what_the_package_cannot_read_is_refused(archives, tmp_path):
    broken = tmp_path / "NATS-tss-broken.pickle.pbz2"
    broken.write_bytes(archives[1].read_bytes()[:-20])
    with pytest.raises(DamagedFileError, match="cannot be read by nats_bench"):
        opened(broken)
    (tmp_path / "NATS-tss-empty").mkdir()
    with pytest.raises(DamagedFileError, match="cannot be read by nats_bench"):
        opened(tmp_path / "NATS-tss-empty")
    with pytest.raises(InputError, match=r"must be an archive of NATS-Bench.*got nothing there"):
        opened(tmp_path / "NATS-tss-nowhere")
    lacking = tmp_path / "NATS-tss-lacking"
    lacking.mkdir()
    for path in archives[0].iterdir():
        if not path.name.startswith("000001"):
            (lacking / path.name).write_bytes(path.read_bytes())
    with pytest.raises(DamagedFileError, match=r"cannot be read by nats_bench .*invalid data path"):
        bring(opened(lacking), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_the_package_its_installation_is_named(archives, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "nats_bench", None)
    assert cli.run(["import", "nats-bench", str(archives[0]), str(tmp_path / "out")]) == 2
    assert "pip install nats_bench" in capsys.readouterr().err
