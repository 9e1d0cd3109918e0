"""What a folder says of itself: short lists whole, long ones cut, neighbouring numbers as ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.table.manifest import parse_budgets
from lcbench.table.summary import some, spans


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((0,), ["0"]),
        ((0, 1, 2), ["0", "1", "2"]),
        ((12, 25, 50), ["12", "25", "50"]),
        (tuple(range(125)), ["0-124"]),
        ((0, 1, 2, 3, 4, 100, 101, 102, 103, 200, 202), ["0-4", "100-103", "200", "202"]),
    ],
)
def test_four_neighbours_are_a_range(numbers, shown):
    assert spans(numbers) == shown


@given(st.sets(st.integers(1, 60), min_size=1).map(sorted))
def test_no_number_is_lost_in_ranges(numbers):
    assert list(parse_budgets(",".join(spans(numbers)))) == numbers


def test_a_list_of_more_names_than_lcbench_has_data_sets_is_cut():
    names = [f"openml-{i}" for i in range(248)]
    assert some(names[:35]) == ", ".join(names[:35])
    assert some(names) == "openml-0, openml-1, openml-2, openml-3, openml-4 and 243 more"
