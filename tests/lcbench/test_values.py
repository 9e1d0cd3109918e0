"""Many values at once: the same as one by one, and whatever is not in the table is an error."""

import numpy as np
import pytest

import lcbench
from lcbench.errors import InputError, UnknownNameError
from lcbench.table._layout import Index, Layout


def test_they_are_the_values_of_the_curves(bench):
    rng = np.random.default_rng(0)
    configs, seeds, budgets = rng.integers(0, 30, 500), rng.integers(0, 3, 500), rng.choice(bench.budgets, 500)
    epochs = rng.integers(0, budgets + 1)
    found = bench.values("beta", "valid_cross_entropy", configs, budgets, seeds, epochs)
    wanted = [
        bench.curve("beta", c, "valid_cross_entropy", b, s)[e]
        for c, b, s, e in zip(configs, budgets, seeds, epochs, strict=True)
    ]
    np.testing.assert_array_equal(found, np.array(wanted, np.float32))
    assert found.dtype == np.float32


def test_arguments_are_broadcast(bench):
    found = bench.values("alpha", "valid_accuracy", bench.configs.index.to_numpy()[:, None, None], 12, [0, 1, 2], 12)
    assert found.shape == (30, 1, 3)
    np.testing.assert_array_equal(found[:, 0], bench.array("alpha", budget=12)[:, :, -1])


def test_defaults_are_those_of_value(bench):
    found = bench.values("alpha", "valid_accuracy", [[3, 5]])
    np.testing.assert_array_equal(found, [[bench.value("alpha", 3), bench.value("alpha", 5)]])
    assert bench.values("alpha", "valid_accuracy", 3) == bench.value("alpha", 3)


def test_nothing_asked_is_nothing_found(bench):
    assert bench.values("alpha", "valid_accuracy", []).shape == (0,)


def test_what_is_handed_out_is_the_askers_own(bench):
    found = bench.values("alpha", "valid_accuracy", [0, 1])
    found[:] = 0
    assert bench.value("alpha", 0) != 0


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"config_ids": 30}, UnknownNameError, "unknown configuration '30'"),
        ({"config_ids": -1}, UnknownNameError, "unknown configuration '-1'"),
        ({"budgets": 13}, UnknownNameError, "unknown budget '13'.*Known: 12, 25, 50"),
        ({"budgets": 51}, UnknownNameError, "unknown budget '51'"),
        ({"seeds": 3}, UnknownNameError, "unknown seed '3'"),
        ({"epochs": 26}, InputError, r"epochs must be in \[0, budget\], got 26 with budget 25"),
        ({"epochs": -1}, InputError, r"got -1 with budget 25"),
        ({"epochs": 2.0}, InputError, "epochs must be integers, got float64"),
        ({"config_ids": True}, InputError, "configurations must be integers, got bool"),
    ],
)
def test_what_is_not_there_is_refused(bench, arguments, error, message, many):
    asked = {"config_ids": 0, "budgets": 25, "seeds": 0, "epochs": 1} | arguments
    if many:
        (name,) = arguments
        asked[name] = np.array([{"budgets": 25}.get(name, 0), asked[name]], type(asked[name]))
    with pytest.raises(error, match=message):
        bench.values("alpha", "valid_accuracy", **asked)


def test_unknown_names(bench):
    with pytest.raises(UnknownNameError, match="unknown data set 'alpa'"):
        bench.values("alpa", "valid_accuracy", 0)
    with pytest.raises(UnknownNameError, match="unknown metric 'acc'"):
        bench.values("alpha", "acc", 0)


@pytest.mark.parametrize("ids", [(5, 2, 9), (-7, 3), (10**9, 0, 4)])
def test_an_index_gives_places_of_any_ids(ids):
    index = Index("seed", ids)
    np.testing.assert_array_equal(index.array([[each] for each in ids]), np.arange(len(ids))[:, None])
    with pytest.raises(UnknownNameError, match="unknown seed '8'"):
        index.array([ids[0], 8])


def test_places_are_different_and_fill_the_array():
    layout = Layout([4, 1, 7], (2, 3), (0, 5))
    places = [
        layout.places(np.array([4, 1, 7])[:, None, None], b, np.array([0, 5])[:, None], np.arange(b + 1)).ravel()
        for b in (2, 3)
    ]
    np.testing.assert_array_equal(np.concatenate(places), np.arange(layout.size))


def test_only_what_was_asked_is_read(bench, monkeypatch):
    asked = []

    def read(path, columns, schema):
        asked.append((path.name, columns))
        return original(path, columns, schema)

    from lcbench.table import reading

    original = reading.read_parquet
    monkeypatch.setattr(reading, "read_parquet", read)
    table = lcbench.load(bench.folder)
    table.curve("alpha", 0)
    table.value("alpha", 1)
    table.values("alpha", "valid_accuracy", [2])
    assert asked == [("alpha.parquet", ("budget", "config_id", "seed", "valid_accuracy")), ("configs.parquet", None)]
