"""What a space asks of a configuration as a whole, wherever one comes in; and what has no freedom, and no dimension."""

import io

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import (
    Categorical,
    Configuration,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenGreaterThanRelation,
    ForbiddenInClause,
    Integer,
    NotEqualsCondition,
    OrdinalHyperparameter,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate.domain import ConfigTable, SpaceDomain, TableDomain
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import check_configs, from_json, records, sample, to_frame, to_json


def picky() -> ConfigurationSpace:
    """Conditions on conditions, and three kinds of forbidden combinations."""
    space = ConfigurationSpace(
        name="picky",
        space=[
            Categorical("opt", ["sgd", "adam", "none"]),
            Categorical("nesterov", [True, False]),
            Integer("layers", (1, 3)),
            Integer("groups", (1, 3)),
            Float("momentum", (0.0, 1.0)),
            Float("decay", (0.0, 1.0)),
            Constant("epochs", 50),
        ],
    )
    space.add(
        EqualsCondition(space["nesterov"], space["opt"], "sgd"),
        EqualsCondition(space["momentum"], space["nesterov"], True),
        NotEqualsCondition(space["decay"], space["nesterov"], True),
        EqualsCondition(space["epochs"], space["opt"], "adam"),
        ForbiddenEqualsClause(space["opt"], "none"),
        ForbiddenAndConjunction(
            ForbiddenEqualsClause(space["opt"], "adam"), ForbiddenInClause(space["layers"], [2, 3])
        ),
        ForbiddenGreaterThanRelation(space["groups"], space["layers"]),
    )
    return space


PICKY = picky()
VALUES = {
    "opt": st.sampled_from(["sgd", "adam", "none"]),
    "nesterov": st.booleans(),
    "layers": st.integers(1, 3),
    "groups": st.integers(1, 3),
    "momentum": st.floats(0, 1),
    "decay": st.floats(0, 1),
    "epochs": st.just(50),
}


def theirs(space, config) -> bool:
    """Whether ConfigSpace takes a configuration."""
    try:
        Configuration(space, values=config).check_valid_configuration()
    except Exception:  # it has a tree of them
        return False
    return True


def ours(call) -> bool:
    try:
        call()
    except InputError:
        return False
    return True


@settings(max_examples=80, deadline=None)
@given(config=st.fixed_dictionaries({}, optional=VALUES))
def test_what_configspace_refuses_is_refused_and_nothing_else(config):
    legal = theirs(PICKY, config)
    missing = {name: config.get(name, gap) for name, gap in zip(PICKY, [None, np.nan] * 4, strict=False)}
    for way in (
        lambda: Encoding(PICKY).encode(config),
        lambda: Encoding(PICKY).encode(missing),
        lambda: SpaceDomain(PICKY).encode(config),
        lambda: Encoding(PICKY).cube(to_frame(PICKY, [config])),
        lambda: check_configs(PICKY, to_frame(PICKY, [config])),
        lambda: ConfigTable(PICKY, to_frame(PICKY, [config])).cube,
    ):
        assert ours(way) == legal


def test_what_is_drawn_is_legal_and_keeps_its_values():
    frame = sample(PICKY, 60, np.random.default_rng(0))
    assert check_configs(PICKY, frame).equals(frame)
    domain, rng = SpaceDomain(PICKY), np.random.default_rng(1)
    configs, points = domain.realize(domain.candidates(40, rng))
    for config in [*records(PICKY, frame), *configs, *(domain.sample(rng) for _ in range(40))]:
        assert theirs(PICKY, config)
    np.testing.assert_allclose([domain.encode(config) for config in configs], points, atol=1e-9)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"momentum": None}, "row 0: momentum must have a value where nesterov == True, got none; give it one"),
        ({"decay": 0.5}, "row 0: decay must be missing unless nesterov != True, got 0.5; leave it empty"),
        ({"groups": 3}, "row 0: values must not be together what the space forbids, got groups > layers; choose"),
    ],
)
def test_what_is_wrong_is_named(changes, message):
    config = {"opt": "sgd", "nesterov": True, "layers": 2, "groups": 1, "momentum": 0.5}
    assert theirs(PICKY, config)
    with pytest.raises(InputError, match=message):
        check_configs(PICKY, to_frame(PICKY, [config | changes]))
    with pytest.raises(InputError, match=message.removeprefix("row 0: ")):
        Encoding(PICKY).encode(config | changes)


class TestLevels:
    @pytest.mark.parametrize("level", [(1, 2), b"a", None, (), frozenset({1}), float("inf"), 1j])
    @pytest.mark.parametrize(
        "kind",
        [
            lambda level: Constant("c", level),
            lambda level: Categorical("c", ["x", level]),
            lambda level: OrdinalHyperparameter("c", ["x", level]),
        ],
        ids=["constant", "category", "ordinal"],
    )
    def test_what_a_table_cannot_hold_is_refused_with_its_name(self, kind, level):
        space = ConfigurationSpace(space=[Float("x", (0, 1)), kind(level)])
        for way in (
            lambda: sample(space, 3, np.random.default_rng(0)),
            lambda: SpaceDomain(space),
            lambda: Encoding(space),
            lambda: to_json(space),
            lambda: check_configs(space, pd.DataFrame({"x": [0.5], "c": ["x"]})),
        ):
            with pytest.raises(InputError, match="levels of c must be finite numbers, booleans or text, got"):
                way()

    @pytest.mark.parametrize("levels", [[True, False], [1, 2.5], ["1.10", "007", "nan"], [0, "0"], [np.int64(3), 4]])
    def test_all_others_go_through_files_and_back(self, levels):
        space = ConfigurationSpace(space=[Float("x", (0, 1)), Categorical("c", levels)])
        assert from_json(to_json(space))["c"].choices == tuple(levels)
        frame = sample(space, 20, np.random.default_rng(0))
        assert set(map(repr, frame["c"])) == set(
            map(repr, [getattr(each, "item", lambda e=each: e)() for each in levels])
        )


class TestOwnFiles:
    def test_a_tables_own_configurations_are_taken_back(self, bench):
        """Also as pandas writes them as CSV, as text, and in single precision."""
        configs = bench.configs
        text = pd.read_csv(io.StringIO(configs.to_csv()))
        single = configs.astype({name: "float32" for name in configs if configs[name].dtype == np.float64})
        for given_frame in (configs.reset_index(), text, configs):
            pd.testing.assert_frame_equal(check_configs(bench.space, given_frame), configs.reset_index(drop=True))
        np.testing.assert_allclose(check_configs(bench.space, single), configs, rtol=1e-7)

    def test_an_unknown_column_is_still_refused(self, bench):
        with pytest.raises(InputError, match="got unknown id"):
            check_configs(bench.space, bench.configs.assign(id=1))

    def test_a_hyperparameter_may_be_called_config_id(self):
        space = ConfigurationSpace({"config_id": (1, 9)})
        assert check_configs(space, pd.DataFrame({"config_id": [3]}))["config_id"].tolist() == [3]

    @pytest.mark.parametrize("log", [False, True])
    def test_a_bound_is_in_the_range_whatever_single_precision_makes_of_it(self, log):
        space = ConfigurationSpace(space=[Float("x", (0.0001, 0.1), log=log)])
        single = np.array([0.1, 0.0001], np.float32)
        assert float(single[0]) > 0.1
        frame = pd.DataFrame({"x": single})
        assert check_configs(space, frame)["x"].tolist() == [0.1, 0.0001]
        assert Encoding(space).cube(frame).ravel().tolist() == [1.0, 0.0]
        assert Encoding(space).encode({"x": single[0]}).tolist() == [1.0]
        assert Encoding(space).encode({"x": float(single[0])}).tolist() == [1.0]
        for outside in (0.10001, 0.1000001):
            with pytest.raises(InputError, match=r"got 0\.1000"):
                check_configs(space, pd.DataFrame({"x": [outside]}))

    def test_levels_are_known_by_their_text(self):
        space = ConfigurationSpace(space=[Categorical("a", [True, False]), Categorical("b", ["007", "7"])])
        given_frame = pd.DataFrame({"a": ["True", "False"], "b": ["007", "7"]})
        assert check_configs(space, given_frame).to_dict("list") == {"a": [True, False], "b": ["007", "7"]}


class TestOwnRows:
    def test_a_row_of_a_table_is_found_with_what_is_missing_in_it(self):
        space = paper.full()
        table = ConfigTable(space, sample(space, 30, np.random.default_rng(0)))
        for place, (_, row) in enumerate(table.frame.iterrows()):
            nothing = {name: None if pd.isna(value) else value for name, value in row.items()}
            for config in (row, row.to_dict(), nothing, table.configs[place]):
                assert table.row(config) == table.nearest(config) == place
                assert TableDomain(table).encode(config).tobytes() == table.cube[place].tobytes()
            assert table.row({**row, "other": 1}) is None


def test_what_has_one_value_has_no_dimension():
    """Nor does it lose its value, or its place among the others."""
    fixed = [Constant("a", "yes"), Categorical("m", [3]), OrdinalHyperparameter("z", [True])]
    space = ConfigurationSpace(space=[Float("x", (0, 1)), Categorical("c", ["on", "off"]), *fixed])
    space.add(EqualsCondition(space["z"], space["c"], "on"))
    encoding = Encoding(space)
    assert encoding.names == ("c", "x")
    points = encoding.uniform(40, np.random.default_rng(0))
    for config, point in zip(encoding.decode(points), points, strict=True):
        assert theirs(space, config)
        assert (config["a"], config["m"], config.get("z")) == ("yes", 3, True if config["c"] == "on" else None)
        np.testing.assert_allclose(encoding.encode(config), point, atol=1e-9)
    frame = sample(space, 20, np.random.default_rng(0))
    assert encoding.cube(frame).shape == (20, 2)
    for wrong in ({"a": "no"}, {"m": 4}):
        with pytest.raises(InputError, match=r"(a|m) must be a value of"):
            encoding.cube(frame.assign(**wrong))


def test_a_space_without_freedom_has_its_one_configuration():
    space = ConfigurationSpace(space=[Constant("a", 1), Categorical("b", ["u"])])
    domain, rng = SpaceDomain(space), np.random.default_rng(0)
    assert domain.sample(rng) == {"a": 1, "b": "u"} == domain.realize(domain.candidates(2, rng))[0][0]
