"""Search spaces: the paper's table, the unit cube, and configurations that do not belong."""

import json

import numpy as np
import pandas as pd
import pytest
from ConfigSpace import Categorical, ConfigurationSpace, EqualsCondition, Float, Integer
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.collection.problem import PROBLEMS, get_problem
from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.spaces import check_configs, from_json, records, sample, to_frame, to_json

PAPER_TABLE_1 = {
    "num_layers": (1, 5, False, int),
    "max_units": (64, 512, True, int),
    "batch_size": (16, 512, True, int),
    "learning_rate": (1e-4, 1e-1, True, float),
    "weight_decay": (1e-5, 1e-1, False, float),
    "momentum": (0.1, 0.99, False, float),
    "max_dropout": (0.0, 1.0, False, float),
}
"""Name: lower, upper, logarithmic, type."""


def conditional() -> ConfigurationSpace:
    """A space in which ``blocks`` is there only for a ResNet."""
    space = ConfigurationSpace(
        name="conditional",
        space=[
            Categorical("network", ["mlp", "resnet"]),
            Integer("blocks", (1, 4)),
            Float("rate", (0.01, 1), log=True),
        ],
    )
    space.add(EqualsCondition(space["blocks"], space["network"], "resnet"))
    return space


def written(space: ConfigurationSpace) -> dict[str, tuple]:
    return {h.name: (h.lower, h.upper, h.log, int if isinstance(h.lower, int) else float) for h in space.values()}


def good(n: int = 3) -> pd.DataFrame:
    return sample(paper.mlp(), n, np.random.default_rng(0))


class TestSpaces:
    def test_mlp_is_table_1_of_the_paper(self):
        assert written(paper.mlp()) == PAPER_TABLE_1

    def test_the_released_data_has_more_units_and_momentum_on_a_log_scale(self):
        changed = {"max_units": (64, 1024, True, int), "momentum": (0.1, 0.99, True, float)}
        assert written(paper.mlp_released()) == PAPER_TABLE_1 | changed

    @pytest.mark.parametrize("name", PROBLEMS)
    def test_a_space_knows_its_name(self, name):
        assert get_problem(name).space.name == name

    def test_an_unknown_space_names_the_nearest(self):
        with pytest.raises(UnknownNameError, match="unknown problem 'mpl'; nearest: mlp"):
            get_problem("mpl")

    @pytest.mark.parametrize("space", [paper.mlp(), paper.mlp_released(), conditional()], ids=lambda s: s.name)
    def test_json_round_trip_leaves_the_document_alone(self, space):
        document = to_json(space)
        assert from_json(json.loads(json.dumps(document))) == space
        assert to_json(from_json(document)) == document

    @pytest.mark.parametrize("document", [{}, {"hyperparameters": 3}, {"hyperparameters": [{"type": "magic"}]}])
    def test_damaged_json(self, document):
        with pytest.raises(DamagedFileError, match=r"the search space in benchmark\.json (cannot be read|has no)"):
            from_json(document)


class TestSample:
    def test_same_generator_state_same_configurations(self):
        pd.testing.assert_frame_equal(good(20), good(20))
        other = sample(paper.mlp(), 20, np.random.default_rng(1))
        assert not other.equals(good(20))

    def test_the_global_state_is_left_alone(self):
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        good(20)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002

    def test_types_and_ranges(self):
        configs = good(300)
        for name, (low, high, _, kind) in PAPER_TABLE_1.items():
            assert configs[name].between(low, high).all()
            assert configs[name].dtype == (np.int64 if kind is int else np.float64)
        assert set(configs["num_layers"]) == {1, 2, 3, 4, 5}

    def test_uniform_on_each_scale(self):
        """In the unit cube the mean of 1000 uniform numbers is 0.5 with standard error 0.009."""
        space = paper.mlp()
        configs = sample(space, 1000, np.random.default_rng(2))
        cube = Encoding(space).vectors(configs)
        np.testing.assert_allclose(cube.mean(axis=0), 0.5, atol=0.04)
        np.testing.assert_allclose(np.median(cube, axis=0), 0.5, atol=0.06)
        below = configs["learning_rate"] < np.sqrt(1e-4 * 1e-1)
        assert 0.44 < below.mean() < 0.56, "half of them are below the geometric mean"

    @pytest.mark.parametrize("n", [0, -1])
    def test_none_is_refused(self, n):
        with pytest.raises(InputError, match="must be at least 1"):
            sample(paper.mlp(), n, np.random.default_rng(0))


class TestCube:
    def test_by_hand(self):
        """The middle of a log scale is the geometric mean, of a linear one the arithmetic mean."""
        (middle,) = Encoding(paper.mlp()).decode(np.full((1, 7), 0.5))
        assert middle["learning_rate"] == pytest.approx(np.sqrt(1e-4 * 1e-1))
        assert middle["weight_decay"] == pytest.approx((1e-5 + 1e-1) / 2)
        assert middle["momentum"] == pytest.approx((0.1 + 0.99) / 2)
        assert middle["num_layers"] == 3
        assert middle["max_units"] == round(np.sqrt(64 * 512))

    @settings(deadline=None, max_examples=60)
    @given(st.sampled_from(["mlp", "mlp-released"]), st.lists(st.floats(0, 1), min_size=7, max_size=7))
    def test_every_point_is_a_configuration_of_the_space(self, name, point):
        space = get_problem(name).space
        cube = np.array([point])
        configs = to_frame(space, Encoding(space).decode(cube))
        checked = check_configs(space, configs)
        again = Encoding(space).vectors(checked)
        floats = [j for j, h in enumerate(space.values()) if isinstance(h.lower, float)]
        np.testing.assert_allclose(again[:, floats], cube[:, floats], atol=1e-9)
        assert ((again >= 0) & (again <= 1)).all()

    @settings(deadline=None, max_examples=30)
    @given(st.sampled_from(sorted(PROBLEMS)), st.integers(0, 2**32 - 1))
    def test_configurations_come_back(self, name, seed):
        space = get_problem(name).space
        configs = sample(space, 5, np.random.default_rng(seed))
        back = to_frame(space, Encoding(space).decode(Encoding(space).cube(configs)))
        pd.testing.assert_frame_equal(back, configs, check_dtype=False, rtol=1e-8)

    @pytest.mark.parametrize("make", [paper.mlp, paper.mlp_released, paper.full])
    def test_one_and_many_configurations_have_the_same_coordinates_to_the_last_bit(self, make):
        space = make()
        configs = sample(space, 100, np.random.default_rng(4))
        one_by_one = np.array([Encoding(space).encode(config) for config in records(space, configs)])
        assert one_by_one.tobytes() == Encoding(space).cube(configs).tobytes()
        drawn = [space[each].to_vector(configs[each].dropna().to_numpy()) for each in space]  # ConfigSpace's own
        vectors = Encoding(space).vectors(configs)
        assert [column[~np.isnan(column)].tolist() for column in vectors.T] == [list(column) for column in drawn]

    def test_what_is_inactive_is_nan_both_ways(self):
        space = conditional()
        configs = to_frame(space, [{"network": "mlp", "rate": 0.1}, {"network": "resnet", "blocks": 4, "rate": 1.0}])
        cube = Encoding(space).vectors(configs)
        column = list(space).index("blocks")
        assert np.isnan(cube[:, column]).tolist() == [True, False]
        back = to_frame(space, Encoding(space).decode(cube))
        assert back["network"].tolist() == ["mlp", "resnet"]
        assert back["blocks"].isna().tolist() == [True, False]
        assert back["blocks"][1] == 4


class TestCheckConfigs:
    def test_columns_are_brought_into_order_and_integers_are_integers(self):
        space = paper.mlp()
        shuffled = good()[["momentum", *[name for name in PAPER_TABLE_1 if name != "momentum"]]]
        checked = check_configs(space, shuffled.astype({"num_layers": float, "batch_size": float}))
        pd.testing.assert_frame_equal(checked, good())

    def test_whole_numbers_for_a_real_hyperparameter_become_real(self):
        checked = check_configs(paper.mlp(), good().assign(max_dropout=[0, 1, 0]))
        assert checked["max_dropout"].dtype == np.float64

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("num_layers", 6, r"num_layers must be an integer in \[1, 5\], got 6; change the row"),
            ("num_layers", 2.5, r"num_layers must be an integer in \[1, 5\], got 2.5"),
            ("num_layers", True, r"num_layers must be an integer in \[1, 5\], got True"),
            ("learning_rate", np.nan, r"learning_rate must be a number in \[0.0001, 0.1\], got nan"),
            ("learning_rate", np.inf, "got inf"),
            ("learning_rate", 0.2, "got 0.2"),
            ("momentum", "0.5", "momentum must be a number in .*, got '0.5'"),
            ("max_units", None, "max_units must be an integer in .*, got None"),
        ],
    )
    def test_values_that_do_not_belong(self, name, value, message):
        configs = good().astype({name: object})
        configs.loc[1, name] = value
        with pytest.raises(InputError, match=f"configuration in row 1: .*{message}"):
            check_configs(paper.mlp(), configs)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                lambda f: f.drop(columns="momentum"),
                "one column per hyperparameter of space 'mlp', got missing momentum",
            ),
            (lambda f: f.assign(depth=1), "unknown depth"),
            (lambda f: f.rename(columns={"momentum": "moment"}), "missing momentum; unknown moment"),
            (lambda f: f.assign(**{"depth": 1}).rename(columns={"momentum": 3}), "missing momentum; unknown 3, depth"),
            (lambda f: pd.concat([f, f["momentum"]], axis=1), "twice momentum"),
            (lambda f: f.iloc[:0], "at least one row, got none"),
        ],
    )
    def test_tables_that_do_not_fit(self, change, message):
        with pytest.raises(InputError, match=message):
            check_configs(paper.mlp(), change(good()))

    def test_what_is_inactive_may_be_missing_and_categories_are_checked(self):
        space = conditional()
        rows = [{"network": "mlp", "rate": 0.1}, {"network": "resnet", "blocks": 2, "rate": 0.1}]
        checked = check_configs(space, to_frame(space, rows))
        assert checked["blocks"].isna().tolist() == [True, False]
        with pytest.raises(InputError, match=r"network must be one of \['mlp', 'resnet'\], got 'cnn'"):
            check_configs(space, to_frame(space, [{"network": "cnn", "rate": 0.1}]))
