import numpy as np
import pytest

from lcbench.errors import InputError
from lcbench.whole import whole


@pytest.mark.parametrize("value", [12, 12.0, np.int32(12), np.float64(12), np.array(12)[()]])
def test_a_whole_number_is_an_int_whatever_it_came_as(value):
    found = whole("workers", value, least=12)
    assert found == 12
    assert type(found) is int


@pytest.mark.parametrize(
    ("value", "got"),
    [(1.5, "1.5"), ("2", "'2'"), (True, "True"), (np.True_, "True"), (None, "None"), ([2], r"\[2\]")]
    + [(float(x), x) for x in ("nan", "inf")]
    + [(np.float64(0.5), r"0\.5"), (np.zeros(9999), "array")],
)
def test_what_is_no_whole_number(value, got):
    with pytest.raises(InputError, match=f"^workers must be a whole number, got {got}") as caught:
        whole("workers", value, least=1)
    assert len(str(caught.value)) < 100


def test_what_is_too_small():
    assert whole("seed", -1) == -1
    with pytest.raises(InputError, match=r"^seed must be at least 0, got -1\.$"):
        whole("seed", -1.0, least=0)
