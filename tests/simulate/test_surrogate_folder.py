"""Saved and loaded, the same numbers; damaged, refused; and the command around it."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from lcbench import cli, signature
from lcbench.errors import DamagedFileError, NewerFormatError, NotABenchmarkError
from lcbench.simulate import SurrogateBackend
from lcbench.simulate.surrogate import surrogate_commands
from lcbench.space import spaces

pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")


@pytest.fixture(scope="module")
def fitted(bench):
    return SurrogateBackend.fit(bench, "alpha", model="forest", folds=2)


@pytest.fixture(scope="module")
def saved(fitted, tmp_path_factory):
    folder = tmp_path_factory.mktemp("surrogate") / "s"
    fitted.save(folder)
    return folder


@pytest.mark.parametrize("options", [{}, {"noise": "residual"}, {"noise": "residual", "exact_on_table": True}])
def test_what_is_loaded_predicts_the_same_to_the_last_bit(bench, fitted, saved, options):
    before, after = SurrogateBackend(fitted.surrogate, **options), SurrogateBackend.load(saved, **options)
    assert (after.metric, after.budgets, after.resumes) == (before.metric, before.budgets, before.resumes)
    assert after.card == before.card
    frame = spaces.sample(bench.space, 20, np.random.default_rng(1))
    for budget in bench.budgets:
        for configs in (frame, bench.configs):
            np.testing.assert_array_equal(before.curves(configs, budget), after.curves(configs, budget))


@pytest.mark.parametrize("model", ["lightgbm", "catboost"])
def test_the_other_models_too(bench, tmp_path, model):
    pytest.importorskip(model, reason="fitting needs the extra 'models'")
    before = SurrogateBackend.fit(bench, "beta", model=model, folds=2, schedule="non-adaptive")
    before.save(tmp_path / "s")
    after = SurrogateBackend.load(tmp_path / "s")
    frame = spaces.sample(bench.space, 20, np.random.default_rng(1))
    np.testing.assert_array_equal(before.curves(frame, 50), after.curves(frame, 50))


def test_loading_needs_none_of_the_packages_that_fit(saved):
    code = f"""
import sys
from lcbench.simulate import SurrogateBackend
backend = SurrogateBackend.load({str(saved)!r}, noise="residual")
print(*sorted({{"sklearn", "lightgbm", "catboost", "torch"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_everything_is_text_or_parquet(saved):
    kinds = {path.rpartition(".")[2] for path in files(saved)}
    assert kinds == {"json", "md", "parquet"}


def test_every_damaged_or_missing_file_is_refused(saved, tmp_path):
    for number, path in enumerate(files(saved)):
        for what in ("cut", "changed", "missing"):
            copy = shutil.copytree(saved, tmp_path / f"{number}{what}")
            content = (copy / path).read_bytes()
            middle = len(content) // 2
            damaged = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            (copy / path).write_bytes(content[:middle] if what == "cut" else damaged)
            if what == "missing":
                (copy / path).unlink()
            with pytest.raises((DamagedFileError, NotABenchmarkError)):
                SurrogateBackend.load(copy)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: d.update(format_version=3), NewerFormatError),
        (lambda d: d["metric"].update(goal="speed"), DamagedFileError),
        (lambda d: d["metric"].update(surprise=1), NewerFormatError),
        (lambda d: d.update(budgets=[50, 12]), DamagedFileError),
        (lambda d: d.update(seeds=[0]), DamagedFileError),
        (lambda d: d["courses"].pop("12"), DamagedFileError),
        (lambda d: d["courses"]["12"].pop("values"), DamagedFileError),
        (lambda d: d["courses"]["12"]["values"].update(model="../../x"), DamagedFileError),
        (lambda d: d["courses"]["12"]["values"]["basis"].update(spread=float("nan")), DamagedFileError),
        (lambda d: d["courses"]["12"]["values"]["basis"]["shape"].pop(), DamagedFileError),
        (lambda d: d["card"]["scores"][0].pop("r2"), DamagedFileError),
        (lambda d: d["space"].update(hyperparameters=[]), DamagedFileError),
    ],
)
def test_a_manifest_that_is_signed_but_wrong_is_refused(saved, tmp_path, change, error):
    copy = shutil.copytree(saved, tmp_path / "s")
    document = json.loads((copy / "surrogate.json").read_text())
    document.pop("sha256")
    change(document)
    (copy / "surrogate.json").write_text(signature.sign(document))
    with pytest.raises(error):
        SurrogateBackend.load(copy)


def test_one_of_format_1_which_named_its_metric_alone_opens_as_before(saved, tmp_path, bench):
    copy = shutil.copytree(saved, tmp_path / "s")
    document = json.loads((copy / "surrogate.json").read_text())
    document.pop("sha256")
    document |= {"format_version": 1, "metric": document["metric"]["name"]}
    (copy / "surrogate.json").write_text(signature.sign(document))
    old, new = SurrogateBackend.load(copy), SurrogateBackend.load(saved)
    assert old.metric == new.metric
    np.testing.assert_array_equal(old.losses(bench.configs, 12), new.losses(bench.configs, 12))


def test_a_folder_without_a_surrogate(tmp_path):
    with pytest.raises(NotABenchmarkError, match=r"holds no surrogate .* make one with 'lcbench surrogate'"):
        SurrogateBackend.load(tmp_path)


def command(bench, out, capsys, **options):
    arguments = {"datasets": ["alpha,beta"], "model": "forest", "folds": 2, "schedule": "non-adaptive"} | options
    surrogate_commands.surrogate(bench.folder, out=out, **arguments)
    return capsys.readouterr().out


def test_the_command_prints_cards_and_goes_on_where_it_was(bench, tmp_path, capsys, monkeypatch):
    out = tmp_path / "out"
    monkeypatch.setenv("COLUMNS", "150")
    first = command(bench, out, capsys, datasets=["alpha"])
    assert first.rstrip().endswith(f"{out}: 1")
    kept = (out / "alpha" / "valid_accuracy" / "surrogate.json").stat().st_mtime_ns
    both = command(bench, out, capsys)
    assert "alpha, valid_accuracy: 30 configurations, 2 folds" in both
    assert "beta, valid_accuracy: 30 configurations, 2 folds" in both
    assert (out / "alpha" / "valid_accuracy" / "surrogate.json").stat().st_mtime_ns == kept
    assert SurrogateBackend.load(out / "beta" / "valid_accuracy").dataset == "beta"
    with pytest.raises(cli.LcbenchError, match=r"got one with another seed; choose another --out"):
        command(bench, out, capsys, seed=1)


def test_the_command_refuses_before_it_fits(bench, tmp_path, capsys):
    with pytest.raises(cli.LcbenchError, match="unknown data set 'betta'; nearest: beta"):
        command(bench, tmp_path / "out", capsys, datasets=["alpha,betta"])
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_the_benchmark_that_comes_along_is_taken(tmp_path, capsys):
    given = ["surrogate", "--dataset", "credit-h", "--dataset", "vehicle", "--out", str(tmp_path / "out")]
    assert cli.run(given) == cli.USAGE_ERROR
    assert "unknown data set 'credit-h'; nearest: credit-g" in capsys.readouterr().err
