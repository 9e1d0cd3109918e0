import numpy as np
import pandas as pd
import pytest
from ConfigSpace import (
    AndConjunction,
    Categorical,
    Configuration,
    ConfigurationSpace,
    Constant,
    EqualsCondition,
    Float,
    ForbiddenAndConjunction,
    ForbiddenEqualsClause,
    ForbiddenInClause,
    GreaterThanCondition,
    InCondition,
    Integer,
    LessThanCondition,
    NotEqualsCondition,
    OrConjunction,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.simulate.domain import ConfigTable, SpaceDomain, TableDomain
from lcbench.simulate.rows import RowIndex
from lcbench.space import paper, spaces
from lcbench.space.cells import NAMES, OPERATIONS, cell_space, every_cell
from lcbench.space.encoding import Encoding


def mixed():
    return ConfigurationSpace(
        space=[Integer("units", (16, 512), log=True), Float("rate", (1e-4, 0.1), log=True), Categorical("kind", "abc")]
    )


def conditional():
    space = ConfigurationSpace(space=[Categorical("kind", ["plain", "deep"]), Integer("depth", (1, 9))])
    space.add(EqualsCondition(space["depth"], space["kind"], "deep"))
    return space


def table(n=40, space=None):
    space = space or mixed()
    return ConfigTable(space, spaces.sample(space, n, np.random.default_rng(0)))


def test_encoding_agrees_with_the_spaces_own():
    found = table()
    one_by_one = np.stack([found.encoding.encode(c) for c in found.configs])
    np.testing.assert_allclose(one_by_one, found.cube)


def test_decoding_is_the_inverse():
    encoding = table().encoding
    for config in table().configs:
        decoded = encoding.decode(encoding.encode(config)[None])[0]
        assert decoded == pytest.approx(config)


def test_what_is_inactive_is_absent_and_nan():
    found = table(20, conditional())
    for config, point in zip(found.configs, found.cube, strict=True):
        assert ("depth" in config) == (config["kind"] == "deep") == (not np.isnan(point).any())
        np.testing.assert_array_equal(found.encoding.encode(config), point)


def test_two_categories_are_as_far_apart_as_the_ends_of_a_number():
    space = ConfigurationSpace(space=[Categorical("a", "xyz"), Float("b", (0.0, 1.0))])
    features = Encoding(space).features(np.array([[0, 0.0], [1, 0.0], [2, 0.0], [0, 1.0]]))
    distances = np.linalg.norm(features[:, None] - features, axis=2)
    np.testing.assert_allclose(distances[0, 1:], 1.0)
    np.testing.assert_allclose(distances[1, 2], 1.0)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"units": 20, "rate": 0.01}, "kind must be a value of"),
        ({"units": 20, "rate": 0.01, "kind": "z"}, "kind must be"),
        ({"units": 20, "rate": 1.0, "kind": "a"}, r"rate must be .* got 1\.0"),
        ({"units": 20, "rate": float("nan"), "kind": "a"}, "rate must be"),
        ({"units": "many", "rate": 0.01, "kind": "a"}, "units must be .* got 'many'"),
        ({"units": 20, "rate": [0.01], "kind": "a"}, r"rate must be .* got \[0\.01\]"),
        ({"units": 20, "rate": np.array([0.01, 0.02]), "kind": "a"}, r"rate must be .* got array"),
        ({"units": 20, "rate": 0.01, "kind": ["a"]}, r"kind must be .* got \['a'\]"),
        ({"units": 20, "rate": 0.01, "kind": {}}, "kind must be .* got {}"),
        ({"units": ((1, 2), 3), "rate": 0.01, "kind": "a"}, r"units must be .* got \(\(1, 2\), 3\)"),
        ({"units": 20, "rate": 0.01, "kind": "a", 3: 3}, "hyperparameters of the space only, got 3"),
        ({"units": 20, "rate": 0.01, "kind": "a", "depth": 3}, "hyperparameters of the space only, got depth"),
    ],
)
def test_configurations_outside_the_space(config, message):
    with pytest.raises(InputError, match=message):
        Encoding(mixed()).encode(config)


@pytest.mark.parametrize("value", [[0.01], np.array([0.01, 0.02]), {}, {1}, ([0.01], 2)])
def test_a_table_says_which_value_is_none(value):
    found = table()
    config = dict(found.configs[0]) | {"rate": value}
    for ask in (found.encoding.key, TableDomain(found).encode, TableDomain(found).take):
        with pytest.raises(InputError, match="rate must be a single value, got "):
            ask(config)


def test_a_table_is_drawn_without_replacement_until_it_is_empty():
    found = table()
    domain, rng = TableDomain(found), np.random.default_rng(1)
    drawn = []
    while (config := domain.sample(rng)) is not None:
        domain.take(config)
        drawn.append(found.encoding.key(config))
    assert len(drawn) == len(set(drawn)) == 40
    assert domain.realize(np.full((3, 3), 0.5))[0] == []


def test_equal_rows_are_offered_once():
    found = table()
    twice = ConfigTable(found.space, pd.concat([found.frame, found.frame], ignore_index=True))
    domain, rng, count = TableDomain(twice), np.random.default_rng(1), 0
    while (config := domain.sample(rng)) is not None:
        domain.take(config)
        count += 1
    assert count == 40


def test_draws_from_a_table_are_uniform():
    counts = np.zeros(5)
    found = table(5)
    for seed in range(1000):
        domain, rng = TableDomain(found), np.random.default_rng(seed)
        domain.take(found.configs[2])
        counts[found.row(domain.sample(rng))] += 1
    assert counts[2] == 0
    assert counts[[0, 1, 3, 4]].min() > 200


@settings(max_examples=30, deadline=None)
@given(taken=st.sets(st.integers(0, 39), max_size=39), seed=st.integers(0, 99))
def test_points_go_to_the_nearest_row_not_yet_taken(taken, seed):
    found = table()
    domain = TableDomain(found)
    for row in taken:
        domain.take(found.configs[row])
    points = np.random.default_rng(seed).random((6, 3)) * [1, 1, 0]
    configs, positions = domain.realize(points)
    free = [row for row in range(40) if row not in taken]
    distances = np.linalg.norm(found.features[free] - found.encoding.features(points)[:, None], axis=2)
    wanted = {free[i] for i in distances.argmin(axis=1)}
    assert {found.row(c) for c in configs} == wanted
    np.testing.assert_array_equal(positions, found.cube[sorted(wanted)])


def test_a_space_gives_legal_configurations_and_their_true_positions():
    space = paper.mlp()
    configs, positions = SpaceDomain(space).realize(np.random.default_rng(0).random((20, 7)))
    frame = spaces.check_configs(space, spaces.to_frame(space, [dict(c) for c in configs]))
    np.testing.assert_allclose(Encoding(space).vectors(frame), positions)


def test_a_space_leaves_out_what_is_inactive_or_forbidden():
    space = conditional()
    space.add(ForbiddenEqualsClause(space["depth"], 9))
    names = list(space)
    points = np.zeros((3, 2))
    points[:, names.index("kind")] = [0, 1, 1]
    points[:, names.index("depth")] = [0.5, 0.0, 1.0]
    configs, positions = SpaceDomain(space).realize(points)
    by_kind = {c["kind"]: c for c in configs}
    assert len(configs) == 2
    assert sorted(len(c) for c in configs) == [1, 2]
    assert by_kind["deep"] == {"kind": "deep", "depth": 1}
    assert np.isnan(positions).sum() == 1


def test_drawing_from_a_space_leaves_its_own_random_state_alone():
    space = mixed()
    space.seed(3)
    before = dict(space.sample_configuration())
    space.seed(3)
    first = [SpaceDomain(space).sample(np.random.default_rng(5)) for _ in range(2)]
    assert first[0] == first[1]
    assert dict(space.sample_configuration()) == before


def test_an_empty_table_is_refused():
    with pytest.raises(InputError, match="at least one row"):
        ConfigTable(mixed(), table().frame.iloc[:0])


@pytest.mark.parametrize("taken", [0, 7, 25, 39])
def test_large_tables_are_searched_by_a_tree_with_the_same_answers(taken, monkeypatch):
    found, rng = table(), np.random.default_rng(2)
    few, many = TableDomain(found), TableDomain(found)
    for row in rng.permutation(40)[:taken]:
        few.take(found.configs[row])
        many.take(found.configs[row])
    points = rng.random((12, 3)) * [1, 1, 0]
    wanted = few.realize(points)[0]
    monkeypatch.setattr("lcbench.simulate.domain._SMALL", 0)
    assert many.realize(points)[0] == wanted


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16), kept=st.integers(1, 48), taken=st.floats(0, 0.95))
def test_large_tables_of_categories_offer_a_row_as_near_as_any(seed, kept, taken):
    """Equally near ones are many here, and which of them is offered is nobody's promise."""
    rng, levels = np.random.default_rng(seed), (2, 3, 4, 2)
    space = ConfigurationSpace(space=[Categorical(f"h{j}", list(range(n))) for j, n in enumerate(levels)])
    rows = np.stack(np.unravel_index(rng.permutation(48)[:kept], levels), axis=1)
    found = ConfigTable(space, pd.DataFrame(rows, columns=list(space)))
    domain, free = TableDomain(found), np.ones(kept, bool)
    for row in rng.permutation(kept)[: int(taken * kept)]:
        domain.take(found.configs[row])
        free[row] = False
    point = np.stack(np.unravel_index(rng.integers(48), levels)).astype(float)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lcbench.simulate.domain._SMALL", 0)
        (config,), points = domain.realize(point[None])
    distances = (found.cube != point).sum(axis=1)
    row = found.row(config)
    assert free[row]
    assert distances[row] == distances[free].min()
    np.testing.assert_array_equal(points[0], found.cube[row])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.5, np.nan])] * 3), min_size=1, max_size=12), st.data())
def test_rows_are_found_by_their_numbers_as_a_dictionary_finds_them(rows, data):
    columns = list(np.array(rows).T)
    index = RowIndex(columns)
    wanted = {str(row): place for place, row in reversed(list(enumerate(rows)))}
    assert [wanted[str(row)] for row in rows] == index.first.tolist()
    asked = data.draw(
        st.lists(st.tuples(*[st.sampled_from([-1.0, 0.0, 1.0, 2.5, np.nan])] * 3), min_size=1, max_size=9)
    )
    assert index.find(list(np.array(asked).T)).tolist() == [wanted.get(str(row), -1) for row in asked]


def test_rows_are_made_when_they_are_asked_for():
    frame = spaces.sample(conditional(), 20, np.random.default_rng(0))
    found = ConfigTable(conditional(), frame)
    expected = spaces.records(conditional(), frame)
    assert list(found.configs) == expected
    assert [list(map(type, row.values())) for row in found.configs] == [list(map(type, r.values())) for r in expected]
    assert found.configs[-1] == expected[-1]
    assert found.configs[3:5] == expected[3:5]
    with pytest.raises(IndexError):
        found.configs[20]


@pytest.mark.parametrize("value", [10**400, 2**70, "32", None, np.nan, True, np.float32(0.1), float("inf")])
def test_what_is_no_rows_value_finds_none(value):
    found = table()
    assert found.row({**found.configs[3], "units": value}) is None
    assert found.row({**found.configs[3], "units": float(found.configs[3]["units"])}) == 3


def test_some_rows_are_a_table_of_their_own():
    found = table()
    taken = found.take(np.array([3, 7, 20]))
    assert list(taken.configs) == [found.configs[row] for row in (3, 7, 20)]
    np.testing.assert_array_equal(taken.cube, found.cube[[3, 7, 20]])
    assert (taken.row(found.configs[7]), taken.row(found.configs[8])) == (1, None)
    assert found.take(np.arange(40)) is found


def test_candidates_of_a_table_are_all_its_free_rows_or_a_draw_of_many(monkeypatch):
    found, rng = table(), np.random.default_rng(0)
    domain = TableDomain(found)
    for row in range(5):
        domain.take(found.configs[row])
    points = domain.candidates(3, rng)
    np.testing.assert_array_equal(np.sort(points, axis=0), np.sort(found.cube[5:], axis=0))
    monkeypatch.setattr("lcbench.simulate.domain._SMALL", 0)
    drawn = domain.candidates(10, rng)
    assert len(np.unique(drawn, axis=0)) == 10
    assert {tuple(p) for p in drawn} <= {tuple(p) for p in found.cube[5:]}
    assert len(domain.candidates(99, rng)) == 35


def tangled():
    """Conditions of all kinds, one on a conditional parent, and forbidden values."""
    space = ConfigurationSpace(
        space=[
            Categorical("a", "xyz"),
            Integer("b", (1, 9)),
            Categorical("c", ["on", "off"]),
            Float("d", (0.0, 1.0)),
            Float("e", (1e-3, 1.0), log=True),
            Integer("f", (1, 100), log=True),
            Constant("g", "fixed"),
        ]
    )
    space.add(InCondition(space["c"], space["a"], ["x", "y"]))
    space.add(
        OrConjunction(NotEqualsCondition(space["d"], space["c"], "on"), GreaterThanCondition(space["d"], space["b"], 6))
    )
    space.add(
        AndConjunction(LessThanCondition(space["e"], space["b"], 5), EqualsCondition(space["e"], space["a"], "x"))
    )
    space.add(NotEqualsCondition(space["f"], space["c"], "on"))
    space.add(ForbiddenInClause(space["b"], [3, 4]))
    space.add(ForbiddenAndConjunction(ForbiddenEqualsClause(space["a"], "z"), ForbiddenEqualsClause(space["b"], 9)))
    return space


@pytest.mark.parametrize("space", [conditional(), tangled(), paper.full()], ids=lambda space: space.name)
def test_points_become_legal_configurations_of_their_values_and_only_forbidden_ones_are_left_out(space):
    encoding = Encoding(space)
    points = encoding.uniform(300, np.random.default_rng(0))
    configs, positions = SpaceDomain(space).realize(points)
    values = [
        each
        for each in encoding.decode(points)
        if not any(clause.is_forbidden_value(each) for clause in space.forbidden_clauses)
    ]
    for config, each in zip(configs, values, strict=True):
        Configuration(space, values=config)  # raises unless all that is active is there, and no more
        assert config == pytest.approx({name: each[name] for name in config})
    np.testing.assert_allclose([encoding.encode(config) for config in configs], positions, atol=1e-12)


@pytest.mark.parametrize("space", [conditional(), tangled()])
def test_candidates_of_a_conditional_space_are_distributed_as_configspace_draws(space):
    """Every hyperparameter is active as often, within four standard deviations."""
    drawn = SpaceDomain(space).candidates(2000, np.random.default_rng(0))
    space.seed(0)
    theirs = np.stack([config.get_array() for config in space.sample_configuration(2000)])
    ours, expected = (~np.isnan(each) for each in (drawn, theirs))
    share = expected[:, [name != "g" for name in space]].mean(axis=0)  # a constant has no dimension
    assert (np.abs(ours.mean(axis=0) - share) <= 4 * np.sqrt(share * (1 - share) / 1000) + 1e-12).all()


@pytest.mark.parametrize("space", [mixed(), conditional(), tangled()])
def test_candidates_of_a_space_are_legal_and_lie_where_they_are_encoded(space):
    domain = SpaceDomain(space)
    points = domain.candidates(30, np.random.default_rng(0))
    configs, positions = domain.realize(points)
    np.testing.assert_allclose(points, positions, atol=1e-8)
    np.testing.assert_allclose([domain.encode(config) for config in configs], points, atol=1e-8)
    assert len(np.unique(points, axis=0)) > 10
    np.testing.assert_array_equal(points, SpaceDomain(space).candidates(30, np.random.default_rng(0)))


@pytest.mark.parametrize("of_table", [False, True])
def test_random_search_draws_each_edge_of_a_cell_uniformly(of_table):
    """Li and Talwalkar's random search: chi-square of each edge, and of pairs of edges, below their 99.9 % points."""
    space = cell_space()
    table = ConfigTable(space, pd.DataFrame(every_cell(), columns=NAMES))
    drawing = np.random.default_rng(0)
    if of_table:
        drawn = [TableDomain(table).sample(drawing) for _ in range(1500)]
    else:
        domain = SpaceDomain(space)
        drawn = [domain.sample(drawing) for _ in range(1500)]
    levels = np.array([[OPERATIONS.index(config[name]) for name in NAMES] for config in drawn])
    for j in range(6):
        assert ((np.bincount(levels[:, j], minlength=5) - 300) ** 2 / 300).sum() < 18.5
    pairs = np.bincount(levels[:, 0] * 5 + levels[:, 5], minlength=25)
    assert ((pairs - 60) ** 2 / 60).sum() < 51.2
