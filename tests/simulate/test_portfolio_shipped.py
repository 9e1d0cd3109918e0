"""The portfolio that comes with the package."""

import csv
from pathlib import Path

import numpy as np
import pytest

import lcbench
from lcbench.collection.data.suite import LCBENCH_DATASETS
from lcbench.collection.problem import get_problem
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, WarmStart, load_portfolio
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.transfer.folder import PortfolioFolder, read_folder
from lcbench.simulate.transfer.matrix import greedy, simple
from lcbench.simulate.transfer.shipped import completed_once
from lcbench.space import paper
from lcbench.table.benchmark import embedded_folder

SHARED = Path(__file__).parents[3] / "shared" / "openml-cache" / "datasets.csv"


@pytest.fixture(scope="module")
def held() -> PortfolioFolder:
    return read_folder(embedded_folder("portfolio"))


def test_its_files_are_as_they_were_written(held):
    assert held.problems() == []
    assert held.complete
    assert held.plan["space"] == "full"
    assert held.plan["budgets"] == [12, 25, 50]
    assert held.plan["trials"] >= 40
    assert sum(path.stat().st_size for path in held.folder.rglob("*.*")) < 8e6


def test_none_of_the_data_sets_that_are_compared_on_was_built_on(held):
    assert not set(held.datasets) & {each.name for each in LCBENCH_DATASETS}
    if not SHARED.is_file():
        pytest.skip("the list of data sets (../shared/openml-cache/datasets.csv) is not here")
    with SHARED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    role = {f"openml:{row['task_id']}": row["role"] for row in rows}
    assert {role[source] for source in held.plan["datasets"]} == {"meta"}
    assert not set(held.datasets) & {row["name"] for row in rows if row["role"] == "lcbench"}


def test_the_portfolios_are_what_the_rules_give_on_the_matrix(held):
    for name, chosen in (("greedy", greedy(held.matrix, held.manifest["size"])), ("simple", simple(held.matrix))):
        table = held.portfolio(name)
        assert table["candidate"].to_pylist() == chosen["candidate"].tolist()
        np.testing.assert_allclose(table["regret"].to_numpy(), chosen["regret"])
        assert [held.candidate_configs()[number] for number in table["candidate"].to_pylist()] == held.configs(name)


def test_the_matrix_is_whole_and_agrees_with_what_was_tried(held):
    assert held.matrix.num_rows == held.candidates.num_rows * len(held.datasets)
    tried = lcbench.load(held.folder / "tried")
    assert tried.datasets == tuple(held.datasets)
    for row in held.matrix.to_pylist():
        value = tried.value(row["dataset"], row["candidate"], "valid_accuracy", row["budget"])
        assert row["valid_accuracy"] is None if np.isnan(value) else value == np.float32(row["valid_accuracy"])


@pytest.mark.parametrize("name", ["greedy", "simple"])
def test_every_optimizer_can_begin_with_it(name):
    portfolio = load_portfolio(name)
    assert len(portfolio) >= 16
    domain = SpaceDomain(paper.full())
    optimizer = WarmStart(OPTIMIZERS["bohb"], portfolio)(domain, (12, 25, 50), np.random.default_rng(0))
    assert optimizer.ask().config == portfolio[0]


def test_its_card_has_the_command_that_made_it(held):
    card, plan = (held.folder / "README.md").read_text(encoding="utf-8"), held.plan
    assert f"--datasets {','.join(plan['datasets'])}" in card
    for option, key in (("trials", "trials"), ("seed", "seed"), ("patience", "patience")):
        assert f"--{option} {plan[key]}" in card
    for sha256 in held.manifest["files"].values():
        assert len(sha256) == 64
    for name in held.datasets:
        assert f"| {name} |" in card


def test_a_hyperparameter_that_a_portfolio_lacks_takes_the_problems_default():
    """As if the space had got its batch size and its optimizer after the portfolio was stored."""
    problem, new = get_problem("full"), ("batch_size", "optimizer")
    stored = [{name: value for name, value in config.items() if name not in new} for config in load_portfolio()]
    defaults = {name: problem.space[name].default_value for name in new}
    whole = completed_once(stored, "full")
    warm = WarmStart(OPTIMIZERS["random"], whole)
    optimizer = warm(SpaceDomain(problem.space), (12, 25, 50), np.random.default_rng(0))
    proposed = [optimizer.ask().config for _ in stored]
    for config, before in zip(proposed, stored, strict=True):
        kept = {name: value for name, value in before.items() if not name.startswith("adam")}  # the default is sgd
        assert config.items() >= {**kept, **defaults}.items()
        assert problem.space[f"{defaults['optimizer']}_learning_rate"].name in config
    assert optimizer.ask().config not in proposed
    with pytest.raises(InputError, match="must be a value of"):
        WarmStart(OPTIMIZERS["random"], stored)(SpaceDomain(problem.space), (12,), np.random.default_rng(0))


def test_two_of_a_portfolio_that_are_one_with_the_defaults_are_one():
    whole = {name: part.default_value for name, part in paper.mlp().items()}
    lacking = {name: value for name, value in whole.items() if name != "momentum"}
    assert completed_once([whole, lacking], "mlp") == [whole]
