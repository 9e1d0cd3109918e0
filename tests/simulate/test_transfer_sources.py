"""What is known of other tasks, portfolios from it, and studies that begin with them."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ConfigSpace import ConfigurationSpace

import lcbench
from lcbench import cli
from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, ReplayBackend
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.optimizers.transfer_starts import BoxDomain
from lcbench.simulate.portfolios import configs_at, parse_portfolio, rows_of
from lcbench.simulate.sources import Sources, distances, in_turn
from lcbench.simulate.study import by_variant, read, study
from lcbench.simulate.study.description import DESCRIPTION
from lcbench.simulate.study.regret import normalized_regrets
from lcbench.simulate.transfer.knowledge import knowledge_of, meta_features
from lcbench.table import store
from lcbench.table.manifest import runs_path
from lcbench.table.metric import Metric

ERROR = Metric("valid_error", "fraction", "minimize", 0.0, 1.0)
TRANSFERRING = [name for name, made in OPTIMIZERS.items() if getattr(made, "transfers", False)]


def sources(losses, points=None, **more):
    losses = np.asarray(losses, float)
    points = np.linspace(0, 1, len(losses))[:, None] if points is None else np.asarray(points, float)
    return Sources(tuple("abcdefg"[: losses.shape[1]]), points, losses, ERROR, **more)


@pytest.fixture(scope="module")
def five(make, tmp_path_factory):
    """Five data sets, 24 configurations, one seed."""
    names = ("alpha", "beta", "gamma", "delta", "epsilon")
    return make(tmp_path_factory.mktemp("five"), datasets=names, n_configs=24, budgets=(2, 6), seeds=(0,))


def changed(bench, dataset, folder):
    """The same table with the values of one data set turned around."""
    runs = {name: store.read_parquet(bench.folder / runs_path(name)) for name in bench.datasets}
    column = runs[dataset].column_names.index("valid_accuracy")
    curves = np.array(runs[dataset]["valid_accuracy"].to_pylist(), object)
    turned = [[1 - value for value in curve] for curve in curves]
    field = runs[dataset].schema.field("valid_accuracy")
    runs[dataset] = runs[dataset].set_column(column, field, pa.array(turned, field.type))
    configs, described = (store.read_parquet(bench.folder / name) for name in ("configs.parquet", "datasets.parquet"))
    store.write(folder, bench.manifest, configs, described, runs)
    return lcbench.load(folder)


def test_the_greedy_portfolio_by_hand():
    """Row 0 is best on average; with it row 3 covers task b, then row 2 task c."""
    found = sources([[0.1, 0.5, 0.3], [0.2, 0.6, 0.4], [0.5, 0.9, 0.2], [0.9, 0.1, 0.9]])
    assert rows_of("greedy:3", found).tolist() == [0, 3, 2]
    assert rows_of("simple", found).tolist() == [0, 2, 3]
    assert rows_of("simple:2", found).tolist() == [0, 2]


def test_a_configuration_without_all_runs_is_no_candidate():
    found = sources([[0.0, np.nan], [0.2, 0.3], [0.4, 0.5]])
    assert rows_of("greedy", found).tolist() == [1, 2]
    with pytest.raises(InputError, match="configurations that all of its data sets have, got none"):
        rows_of("simple", sources([[0.0, np.nan], [np.nan, 0.3]]))


def test_ranks_and_normal_quantiles_by_hand():
    found = sources([[0.3, 5.0], [0.1, 5.0], [np.inf, np.nan], [0.2, 1.0]])
    np.testing.assert_allclose(found.ranks[:, 0], [0.625, 0.125, 0.875, 0.375])
    np.testing.assert_allclose(found.ranks[:, 1], [2 / 3, 2 / 3, np.nan, 1 / 6])
    assert found.scores[0, 0] == pytest.approx(0.31863936, abs=1e-7)  # a published table of the normal distribution
    assert found.best_rows(0).tolist() == [1, 3, 0]


def test_distances_weigh_meta_features_alike_and_skip_unknown_ones():
    table = np.array([[0.0, 1e6, 1.0], [1.0, 0.0, np.nan]])
    near, far = distances(table, np.array([0.0, 1e6, 5.0]))
    assert near == 0 < far
    assert in_turn([np.array([4, 2]), np.array([4, 1, 0])], 3) == [4, 2, 1]


def test_knowledge_of_a_table_is_what_its_replays_give(five):
    known = knowledge_of(five)
    assert known.names == five.datasets
    for task, name in enumerate(five.datasets):
        backend = ReplayBackend(five, name, seed="mean")
        np.testing.assert_array_equal(known.losses[:, task], backend.losses[:, -1])
    others = known.without("gamma")
    assert others.names == ("alpha", "beta", "delta", "epsilon")
    np.testing.assert_array_equal(others.own, known.features[2])
    assert list(meta_features(five, five.datasets)) == ["instances", "features", "classes", "class_entropy"]
    assert known.without("alpha").without("beta").without("gamma").without("delta").without("epsilon") is None


def test_configurations_at_points_are_rows_in_order_each_once(five):
    backend = ReplayBackend(five, "alpha")
    points = backend.table.cube[[5, 2, 5, 9]]
    assert configs_at(backend.domain(), points) == [backend.table.configs[row] for row in (5, 2, 9)]


def test_a_box_by_hand():
    space = ConfigurationSpace({"c": ["a", "b", "d"], "x": (0.0, 1.0), "y": (0.0, 1.0)})
    domain = SpaceDomain(space)
    order = [list(space).index(name) for name in ("c", "x", "y")]
    points = np.array([[0, 0.2, 0.5], [2, 0.4, 0.5]])[:, np.argsort(order)]
    box = BoxDomain(domain, points)
    rng = np.random.default_rng(0)
    drawn = [box.sample(rng) for _ in range(20)]
    assert {config["c"] for config in drawn} == {"a", "d"}
    assert all(0.2 <= config["x"] <= 0.4 and config["y"] == 0.5 for config in drawn)
    moved = box.realize(np.array([[1, 0.9, 0.1]])[:, np.argsort(order)])[0][0]
    assert moved == {"c": "a", "x": 0.4, "y": 0.5}


def first_of(traces, dataset, count=1):
    rows = traces[traces["dataset"] == dataset].sort_values(["optimizer", "seed", "trial"])
    return (
        rows.groupby(["optimizer", "seed"])["config_id"].apply(lambda ids: list(dict.fromkeys(ids))[:count]).to_dict()
    )


def test_a_study_begins_every_optimizer_with_the_portfolio_of_the_others(five):
    traces = study(
        five, None, "random,bohb", range(2), workers=1, budget="9evals", portfolio="greedy:4", leave_one_out=True
    )
    known = knowledge_of(five)
    for dataset in five.datasets:
        rows = rows_of("greedy:4", known.without(dataset)).tolist()
        assert set(map(tuple, first_of(traces, dataset, 4).values())) == {tuple(rows)}


def test_without_leave_one_out_the_portfolio_has_seen_all(five):
    traces = study(five, None, "random", [0], workers=1, budget="5evals", portfolio="greedy:5")
    rows = rows_of("greedy:5", knowledge_of(five)).tolist()
    assert all(first_of(traces, name, 5)["random", 0] == rows for name in five.datasets)


def test_portfolio_as_an_optimizer_is_the_same_as_of_the_study(five):
    settings = {"seeds": [0], "workers": 1, "budget": "8evals"}
    whole = study(five, ["beta"], {"x": "random"}, portfolio="greedy:4", leave_one_out=True, **settings)
    alone = study(five, ["beta"], {"x": "portfolio(rule='greedy:4')"}, **settings)
    assert whole["config_id"].tolist() == alone["config_id"].tolist()


def test_a_file_of_configurations_comes_first_as_its_nearest_rows(five, tmp_path):
    rows = ReplayBackend(five, "alpha").table.configs
    near = dict(rows[7]) | {"momentum": rows[7]["momentum"] + 1e-4}
    (tmp_path / "mine.json").write_text(json.dumps([dict(rows[11]), near]))
    traces = study(five, ["alpha"], "random", [0], workers=1, budget="3evals", portfolio=tmp_path / "mine.json")
    assert traces["config_id"].tolist()[:2] == [11, 7]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worst:3", "must be greedy"),
        ("best", "must be greedy"),
        ("greedy:0", "must be greedy"),
        ("none.json", "a JSON file"),
    ],
)
def test_no_portfolio(text, said, five):
    with pytest.raises(InputError, match=f"^portfolio {text} must be .*{said.removeprefix('must be ')}"):
        parse_portfolio(text, five.space)


def test_a_portfolio_says_which_of_its_configurations_is_none(five, tmp_path):
    rows = ReplayBackend(five, "alpha").table.configs
    (tmp_path / "mine.json").write_text(json.dumps([dict(rows[0]), dict(rows[1]) | {"momentum": 2.0}]))
    with pytest.raises(InputError, match=r"mine\.json, configuration 2 of 2: momentum must be .*, got 2\.0"):
        study(five, ["alpha"], "random", [0], workers=1, budget="3evals", portfolio=tmp_path / "mine.json")


@pytest.mark.parametrize("kind", ["greedy", "simple"])
def test_a_portfolio_is_not_larger_than_what_it_is_chosen_from(kind, five):
    most = len(five.configs) if kind == "greedy" else len(five.datasets) - 1
    options = {"workers": 1, "budget": "2evals", "leave_one_out": True}
    assert len(study(five, ["alpha"], "random", [0], portfolio=f"{kind}:{most}", **options))
    with pytest.raises(InputError, match=f"must be at most {most}, .*, got {kind}:{most + 1}"):
        study(five, ["alpha"], "random", [0], portfolio=f"{kind}:{most + 1}", **options)


def test_leave_one_out_needs_another_data_set(make, tmp_path):
    alone = make(tmp_path / "alone", datasets=("alpha",), n_configs=4, budgets=(2,), seeds=(0,))
    with pytest.raises(InputError, match="leaving one data set out needs at least two data sets"):
        study(alone, None, "random", portfolio="greedy", leave_one_out=True)


def test_the_command_says_that_a_portfolio_has_seen_what_it_is_tried_on(five, tmp_path, capsys):
    command = ["simulate", str(five.folder), "--optimizers", "random", "--seeds", "1", "--budget", "3evals"]
    command += ["--out", str(tmp_path / "s.parquet"), "--portfolio", "simple"]
    assert cli.run(command) == 0
    assert "the portfolio has seen the data sets that it is tried on" in capsys.readouterr().out


def test_leave_one_out_needs_a_rule(five):
    with pytest.raises(InputError, match="leave-one-out is for a portfolio that is chosen from the table"):
        study(five, ["alpha"], "random", leave_one_out=True)


SHORT = {"datasets": None, "optimizers": "random,bohb", "seeds": [0], "workers": 1, "budget": "5evals"}
BEGUN, SEEN = "greedy:4 of the other data sets", "greedy:4 of all data sets"


def test_a_study_grows_by_portfolios_and_keeps_each_as_it_is_alone(five, tmp_path, capsys):
    path = tmp_path / "s.parquet"
    command = ["simulate", str(five.folder), "--optimizers", "random,bohb", "--seeds", "1", "--budget", "5evals"]
    command += ["--workers", "1", "--out", str(path), "--quiet", "--portfolio"]
    assert cli.run([*command, "greedy:4", "--leave-one-out"]) == 0
    assert cli.run([*command, "none,greedy:4"]) == 0
    grown = read(path)
    assert grown["portfolio"].unique().tolist() == [BEGUN, "none", SEEN]
    ways = {"none": {}, BEGUN: {"portfolio": "greedy:4", "leave_one_out": True}, SEEN: {"portfolio": "greedy:4"}}
    for name, way in ways.items():
        alone = study(five, **SHORT, **way)
        assert alone["portfolio"].unique().tolist() == [name]
        pd.testing.assert_frame_equal(grown[grown["portfolio"] == name].reset_index(drop=True), alone)
    study(five, **SHORT | {"seeds": [1]}, keep=path)
    assert read(path).groupby(["portfolio", "seed"]).ngroups == 6, "new seeds run with every portfolio"
    assert cli.run(["info", str(path)]) == 0
    assert BEGUN in capsys.readouterr().out


def test_a_file_in_which_the_portfolio_is_a_setting_is_completed(five, tmp_path):
    """As files were before a study could have several."""
    path = tmp_path / "s.parquet"
    now = study(five, **SHORT, portfolio="greedy:4", leave_one_out=True, keep=path)
    table = pq.read_table(path)
    said = json.loads(table.schema.metadata[DESCRIPTION])
    said["settings"]["portfolio"] = said["names"].pop("portfolios")[0]
    before = table.drop_columns(["portfolio"])
    pq.write_table(before.replace_schema_metadata({**table.schema.metadata, DESCRIPTION: json.dumps(said)}), path)
    pd.testing.assert_frame_equal(read(path), now)
    calls = []
    grown = study(five, **SHORT, portfolio="none", keep=path, done=calls.append)
    assert len(calls) == 2 * len(five.datasets), "what is there is not simulated again"
    assert set(grown["portfolio"]) == {BEGUN, "none"}


def test_given_configurations_must_be_given_again_for_what_is_new(five, tmp_path):
    mine, path = [dict(ReplayBackend(five, "alpha").table.configs[7])], tmp_path / "s.parquet"
    study(five, **SHORT, portfolio=mine, keep=path)
    with pytest.raises(InputError, match=r"unknown portfolio .configurations .*give its file again"):
        study(five, **SHORT | {"seeds": [1]}, keep=path)
    study(five, **SHORT | {"seeds": [1]}, portfolio=[None, mine], keep=path)
    assert read(path).groupby(["portfolio", "seed"]).ngroups == 4


def test_portfolios_are_never_averaged_and_have_names_of_their_own(five):
    several = study(five, **SHORT, portfolio=["none", "greedy:4"], leave_one_out=True)
    with pytest.raises(InputError, match=r"one portfolio, got none, greedy:4 .*by_variant"):
        normalized_regrets(several)
    apart = by_variant(several)
    assert apart["optimizer"].unique().tolist() == ["random", "bohb", "random + greedy:4", "bohb + greedy:4"]
    assert apart["base"].unique().tolist() == ["random", "bohb"]
    both = by_variant(pd.concat([several, several.assign(workers=4, portfolio=SEEN)]))
    assert "bohb + greedy:4 of all data sets x4" in both["optimizer"].tolist()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "portfolios must be at least one"),
        ("simple,simple", "each named once"),
        ([None, []], "must hold at least one configuration"),
    ],
)
def test_portfolios_are_named_once(five, given, said):
    with pytest.raises(InputError, match=said):
        study(five, **SHORT, portfolio=given)


@pytest.mark.parametrize("name", TRANSFERRING)
def test_values_of_the_task_at_hand_do_not_leak(five, tmp_path, name):
    """What is proposed first is the same whatever the task's own values are."""
    other = changed(five, "beta", tmp_path / "changed")
    assert not np.array_equal(five.array("beta"), other.array("beta"))
    found = [
        first_of(study(each, ["beta"], [name], range(3), workers=1, budget="3evals"), "beta", 1)
        for each in (five, other)
    ]
    assert found[0] == found[1]


def test_but_they_teach_others(five, tmp_path):
    other = changed(five, "beta", tmp_path / "changed")
    assert not np.array_equal(knowledge_of(five).without("alpha").losses, knowledge_of(other).without("alpha").losses)
    first, second = (
        first_of(study(each, ["alpha"], ["portfolio"], [0], budget="9evals"), "alpha", 9) for each in (five, other)
    )
    assert first != second
