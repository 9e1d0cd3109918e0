"""The paper's collection by name: its command means what the paper says, and its estimate counts what it says."""

import json
import shlex

import numpy as np
import pytest

from lcbench import cli
from lcbench.collection import collecting, estimate
from lcbench.collection.data.sources import split_sources
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.collection.networks.cost import CostModel, Extent, Sizes
from lcbench.collection.networks.problems import MLP
from lcbench.collection.plans import get_plan
from lcbench.errors import InputError
from lcbench.space.spaces import records, sample


def test_lcbench_stands_for_its_35_tasks():
    sources = split_sources("sklearn:wine, lcbench")
    assert (sources[0], len(sources)) == ("sklearn:wine", 36)
    assert {"openml:3945", "openml:189354", "openml:167161"} < set(sources)
    with pytest.raises(InputError, match="given once, got openml:167161 twice"):
        split_sources("openml:167161,lcbench")


def test_the_printed_command_is_the_papers_collection(tmp_path, monkeypatch, capsys):
    plans = []

    def stop(plan, *_, **__):
        plans.append(plan)
        raise InputError("far enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(collecting, "executor_for", stop)
    assert cli.run(["plan", "paper", "--quiet", "--jobs", "3"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    words = shlex.split(printed)
    assert words[:2] == ["lcbench", "collect"]
    assert cli.run(words[1:]) == cli.USAGE_ERROR
    (plan,) = plans
    assert (len(plan.sources), len(plan.configs), plan.budgets, plan.seeds) == (35, 2000, (12, 25, 50), (0, 1, 2))
    assert (plan.problem_name, plan.encoding, plan.plan_seed) == ("mlp", "ordinal", 0)


def test_a_plan_that_is_not_there(capsys):
    assert cli.run(["plan", "papers"]) == cli.USAGE_ERROR
    assert "unknown plan 'papers'; nearest: paper" in capsys.readouterr().err


def test_the_estimate_by_hand(bench, monkeypatch):
    """Where a run alone takes a second for each training row, and half of it in a unit."""
    monkeypatch.setattr(estimate, "calibrated", lambda *_: CostModel((1.0,), ("row",)))
    monkeypatch.setattr(MLP, "work", lambda self, extent, config: {"row": float(extent.sizes.train)})
    monkeypatch.setattr(estimate, "time_unit", lambda problem, extent, config, seeds: extent.sizes.train / 2)
    extents = [Extent(4, 2, Sizes(rows, 10, 10)) for rows in (3600, 7200)]
    configs = records(MLP().space, sample(MLP().space, 5, np.random.default_rng(0)))
    found = estimate.estimated(MLP(), extents, configs, (2, 4), 3, bench)
    assert found.runs == 2 * 5 * 2 * 3
    assert found.core_hours == pytest.approx(0.5 * (3600 + 7200) * 5 * (2 + 4) * 3 / 3600)
    assert found.error == pytest.approx(0, abs=1e-9)
    assert found.bytes == round(2 * 5 * 3 * (3 + 5) * len(MLP().record.ranges) * estimate.bytes_per_number(bench))


def test_bytes_of_a_number_are_those_of_the_files(bench):
    numbers = sum(len(bench.datasets) * 30 * 3 * (budget + 1) for budget in bench.budgets) * 12
    files = json.loads((bench.folder / "benchmark.json").read_text(encoding="utf-8"))["files"]
    whole = sum(record["bytes"] for path, record in files.items() if path.startswith("runs/"))
    assert estimate.bytes_per_number(bench) == pytest.approx(whole / numbers)


def test_units_and_epochs_are_really_timed():
    configs = records(MLP().space, sample(MLP().space, 4, np.random.default_rng(0)))
    assert estimate.time_unit(MLP(), Extent(4, 2, Sizes(60, 20, 20)), configs[0], 2) > 0


def test_extents_of_the_35_have_the_papers_shares():
    assert {len(get_plan("paper").datasets), len(LCBENCH_DATASETS)} == {35}
    for each in LCBENCH_DATASETS:
        sizes = estimate.extent_of(each).sizes
        assert sizes.train + sizes.valid + sizes.test == each.instances
        assert sizes.test / each.instances == pytest.approx(0.33, abs=1e-3)
