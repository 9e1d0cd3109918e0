"""Plans: what is in them, when two are the same, and what cannot be planned."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Integer

from lcbench.collection.data.table_file import read_table
from lcbench.collection.plan import Plan, given_configs, sampled_configs
from lcbench.collection.tasks import RunsTask
from lcbench.errors import InputError, UnknownNameError
from lcbench.space import paper
from lcbench.space.spaces import categories, check_configs, records, sample
from lcbench.work import differences


def plan(**changes) -> Plan:
    given = {"sources": ("sklearn:wine",), "problem_name": "mlp", "configs": sampled_configs(paper.mlp(), 3, 0)}
    return Plan(**(given | {"budgets": (1, 2), "seeds": (0, 1)} | changes))


def test_units_are_every_configuration_on_every_data_set():
    assert plan().tasks({"a": 1, "b": 2}) == [RunsTask(d, c) for d in "ab" for c in range(3)]


def test_configurations_follow_from_the_plan_seed():
    assert sampled_configs(paper.mlp(), 5, 1).equals(sampled_configs(paper.mlp(), 5, 1))
    assert not sampled_configs(paper.mlp(), 5, 1).equals(sampled_configs(paper.mlp(), 5, 2))


def test_more_configurations_begin_with_the_same_ones():
    assert sampled_configs(paper.mlp(), 9, 0).head(4).equals(sampled_configs(paper.mlp(), 4, 0))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_configurations_survive_a_file(tmp_path, suffix):
    configs = sampled_configs(paper.mlp(), 20, 0)
    path = tmp_path / f"configs.{suffix}"
    configs.to_csv(path, index=False) if suffix == "csv" else configs.to_parquet(path, index=False)
    assert given_configs(paper.mlp(), read_table(path)).equals(configs)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_levels_survive_a_file_whatever_they_look_like(tmp_path, suffix):
    """As a benchmark has its own: with the number of each row, and gaps where a hyperparameter is inactive."""
    levels = {"text": ["1.10", "007", "1e3", "NA", "none", "true"], "flag": [True, False], "size": [0.5, 2, 3]}
    space = ConfigurationSpace(space=[Integer("n", (1, 9)), *(Categorical(*level) for level in levels.items())])
    space.add(EqualsCondition(space["text"], space["flag"], True), EqualsCondition(space["n"], space["flag"], True))
    configs = sample(space, 60, np.random.default_rng(0)).rename_axis("config_id")
    path = tmp_path / f"configs.{suffix}"
    if suffix == "csv":
        configs.to_csv(path)
    else:
        columns = {
            name: [None if pd.isna(value) else value for value in configs[name]] for name in ("text", "flag", "n")
        }
        table = pa.table({"config_id": configs.index, **columns, "size": configs["size"].astype(float)})
        pq.write_table(table, path)
    read = check_configs(space, read_table(path, as_text=categories(space)))
    assert records(space, read) == records(space, configs)


def test_the_same_plan_has_no_differences():
    assert differences(plan().describe(), plan().describe()) == []
    assert differences(plan().describe(), plan(narrowed=paper.mlp()).describe()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"budgets": (1, 3)}, "budgets: there 1,2, asked 1,3"),
        ({"seeds": (0, 1, 2)}, "seeds: there 2, asked 3"),
        ({"plan_seed": 4}, "plan seed: there 0, asked 4"),
        ({"encoding": "onehot"}, "encoding: there ordinal, asked onehot"),
        ({"configs": sampled_configs(paper.mlp(), 3, 9)}, "the configurations are others"),
        (
            {"sources": ("sklearn:wine", "sklearn:digits")},
            "datasets: there sklearn:wine, asked sklearn:wine,sklearn:digits",
        ),
    ],
)
def test_what_differs_is_said(change, said):
    assert differences(plan().describe(), plan(**change).describe()) == [said]


@pytest.mark.parametrize("budgets", [(), (0, 1), (2, 1), (3, 3), (1.5,), (-1,)])
def test_budgets_must_increase(budgets):
    with pytest.raises(InputError, match="budgets must be increasing positive integers"):
        plan(budgets=budgets)


def test_bad_plans_are_refused():
    with pytest.raises(InputError, match="at least one data set"):
        plan(sources=())
    with pytest.raises(InputError, match="once each"):
        plan(sources=("sklearn:wine", "sklearn:wine"))
    with pytest.raises(InputError, match="seeds must be at least 1"):
        plan(seeds=())
    with pytest.raises(UnknownNameError, match="nearest: mlp"):
        plan(problem_name="mpl")
    with pytest.raises(InputError, match="number of configurations must be at least 1, got 0"):
        sampled_configs(paper.mlp(), 0, 0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 5.0])
def test_a_configuration_outside_the_space_is_refused(value):
    configs = pd.DataFrame(sampled_configs(paper.mlp(), 3, 0))
    configs.loc[1, "learning_rate"] = value
    with pytest.raises(InputError, match=r"row 1: learning_rate must be a number in \[0.0001, 0.1\], got"):
        given_configs(paper.mlp(), configs)
