"""Which budgets and which recorded seeds a study replays, from the library and from the command line."""

import pytest

from lcbench import cli
from lcbench.analysis.figures import FIGURES
from lcbench.simulate.study import read, study


@pytest.fixture
def line(bench, tmp_path):
    return ["simulate", str(bench.folder), "--seeds", "1", "--dataset", "alpha", "--quiet", "--out",
            str(tmp_path / "t.parquet")]  # fmt: skip


def test_every_epoch_can_be_asked_for(bench, line, tmp_path):
    given = ["--optimizers", "pbt,median-rule", "--schedule", "non-adaptive", "--budgets", "1-50", "--budget", "3x"]
    assert cli.run([*line, *given]) == 0
    traces = read(tmp_path / "t.parquet")
    for _, run in traces.groupby("optimizer"):
        assert set(run["budget"]) - set(bench.budgets), "epochs that are no budget of the table"
    assert len(FIGURES["regret"].frame(bench, "valid_accuracy", traces))


def test_some_of_the_budgets(bench, line, tmp_path):
    assert cli.run([*line, "--optimizers", "hyperband", "--budgets", "12,25", "--budget", "4x"]) == 0
    assert set(read(tmp_path / "t.parquet")["budget"]) == {12, 25}


@pytest.mark.parametrize("recorded", ["mean", "draw", "1"])
def test_recorded_seeds(bench, line, tmp_path, recorded):
    assert cli.run([*line, "--optimizers", "random", "--budget", "4x", "--recorded", recorded]) == 0
    wanted = int(recorded) if recorded.isdecimal() else recorded
    library = study(bench, ["alpha"], ["random"], [0], budget="4x", recorded=wanted)
    values = [bench.array("alpha")[config, :, -1] for config in library["config_id"]]
    for value, seeds in zip(read(tmp_path / "t.parquet")["value"], values, strict=True):
        allowed = {"mean": [seeds.mean(dtype=float)], "draw": list(seeds), "1": [seeds[1]]}[recorded]
        assert any(value == pytest.approx(float(one)) for one in allowed)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--budgets", "12,26"],
            "budgets must be recorded ones of data set 'alpha' (12, 25, 50) when schedule='adaptive', got 26",
        ),
        (["--budgets", "1-51", "--schedule", "non-adaptive"], "budgets must be at most 50"),
        (["--budgets", "50,12"], "budgets must be increasing positive integers"),
        (["--recorded", "7"], "unknown seed '7'"),
        (["--recorded", "median"], "unknown seed 'median'"),
    ],
)
def test_what_cannot_be_replayed(line, tmp_path, capsys, arguments, message):
    assert cli.run([*line, *arguments]) == cli.USAGE_ERROR
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
