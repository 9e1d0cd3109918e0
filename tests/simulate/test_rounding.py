import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace, Float
from hypothesis import given
from hypothesis import strategies as st

from lcbench.simulate.domain import SpaceDomain
from lcbench.space.encoding import Encoding
from lcbench.space.rounding import compared, coordinates, significant


@given(st.floats(1e-10, 1e9), st.sampled_from([-1, 1]), st.integers(2, 10))
def test_numbers_are_rounded_as_python_writes_them(size, sign, digits):
    assert significant(sign * size, digits) == float(f"{sign * size:.{digits - 1}e}")


@given(st.floats(1e-280, 1e280), st.integers(2, 12))
def test_numbers_of_any_size_stay_near(size, digits):
    assert significant(size, digits) == pytest.approx(size, rel=0.5000001 * 10.0 ** (1 - digits))


def test_what_has_no_digits_stays():
    found = significant([0.0, np.nan, np.inf, -np.inf, 1.0, 1000.0, 0.1])
    np.testing.assert_array_equal(found, [0.0, np.nan, np.inf, -np.inf, 1.0, 1000.0, 0.1])


def test_last_digits_do_not_choose():
    ties = np.array([-3.0, -1.0, np.nextafter(-1.0, 0), -1.0])
    assert np.argmax(compared(ties)) == 1
    assert np.argmax(compared(np.array([1.0, 1.000001]))) == 1


def test_what_is_proposed_does_not_depend_on_last_digits():
    space = ConfigurationSpace(space=[Float("rate", (1e-4, 0.1), log=True), Float("share", (0.0, 1.0))])
    points = np.random.default_rng(0).random((500, 2))
    near = points * (1 + 4e-16 * np.random.default_rng(1).integers(-2, 3, points.shape))
    (configs, places), (others, elsewhere) = (SpaceDomain(space).realize(each) for each in (points, near))
    assert (near != points).mean() > 0.5
    assert configs == others
    np.testing.assert_array_equal(places, elsewhere)
    np.testing.assert_array_equal([Encoding(space).encode(config) for config in configs], places)


def test_rounding_stays_within_the_bounds():
    space = ConfigurationSpace(space=[Float("x", (1 / 3, 2 / 3)), Float("y", (-2 / 3, -1 / 3))])
    domain = SpaceDomain(space)
    corners = domain.realize(np.array([[0.0, 0.0], [1.0, 1.0]]))[0]
    assert corners == [{name: getattr(space[name], end) for name in space} for end in ("lower", "upper")]
    assert corners[0]["x"] > 0.3333333333
    for config in (*corners, *(domain.sample(np.random.default_rng(0)) for _ in range(20))):
        domain.encode(config)  # refuses what is out of range


def test_draws_have_ten_digits_too():
    domain = SpaceDomain(ConfigurationSpace(space=[Float("rate", (1e-4, 0.1), log=True)]))
    for _ in range(70):
        rate = domain.sample(np.random.default_rng(0))["rate"]
        assert float(f"{rate:.9e}") == rate


def test_coordinates_keep_their_gaps():
    np.testing.assert_array_equal(coordinates(np.array([np.nan, 1 / 3, 2.0])), [np.nan, 0.3333333333, 2.0])
