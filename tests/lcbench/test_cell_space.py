"""The cell space of NAS-Bench-201: published counts, cells by hand, and what leaves a cell as it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.errors import InputError
from lcbench.space.cells import (
    CONV_3X3,
    EDGES,
    NAMES,
    NONE,
    OPERATIONS,
    SKIP,
    canonical,
    cell_space,
    distinct,
    draw,
    every_cell,
    is_cell_space,
    live_edges,
    published_form,
)

SHORT = {"3": "nor_conv_3x3", "1": "nor_conv_1x1", "s": "skip_connect", "p": "avg_pool_3x3", "-": "none"}
CELLS = st.tuples(*[st.sampled_from(OPERATIONS)] * len(EDGES))


def of(text):
    return tuple(SHORT[letter] for letter in text)


def test_published_counts():
    """Dong and Yang (2020), section 2.1: 15,625 cells, 6,466 of them different."""
    every = list(every_cell())
    assert len(set(every)) == 15_625
    assert len({published_form(cell) for cell in every}) == 6_466
    assert len(distinct(every)) == len({canonical(cell) for cell in every}) == 4_930


def test_what_is_the_same_by_the_published_count_is_the_same():
    seen = {}
    for cell in every_cell():
        assert seen.setdefault(published_form(cell), canonical(cell)) == canonical(cell)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("3-----", "------", True),  # the first node leads nowhere
        ("---3--", "s---3-", True),  # a skip to the first node, and the convolution from there
        ("---3--", "---1--", False),
        ("-s-3-3", "-s-3-3", True),
        ("ss-33-", "ss-3-3", True),  # two convolutions of the input, on whichever way
        ("--3--3", "------", True),  # nothing reaches the node that it starts from
        ("s--s--", "---s--", True),
        ("s-ss-s", "---s--", False),  # the input twice
    ],
)
def test_cells_by_hand(first, second, same):
    assert (canonical(of(first)) == canonical(of(second))) is same


def test_the_text_of_a_cell_by_hand():
    assert canonical(of("3s-sp3")) == "((x)@nor_conv_3x3)@avg_pool_3x3+(x)@nor_conv_3x3+x"
    assert canonical(dict(zip(NAMES, of("---s--"), strict=True))) == "x"
    assert canonical(of("33-3--")) == "(x)@nor_conv_3x3"
    assert canonical(of("------")) == ""


@given(CELLS)
def test_edges_that_are_not_live_change_nothing(cell):
    live = live_edges(cell)
    bare = tuple(operation if edge in live else NONE for edge, operation in enumerate(cell))
    assert canonical(bare) == canonical(cell)
    assert live_edges(bare) == live
    assert bool(live) == bool(canonical(cell))


@given(CELLS)
def test_the_first_two_nodes_can_change_places_where_no_edge_is_between_them(cell):
    """Edges 0 and 1 lead to them, 4 and 5 from them."""
    apart = (*cell[:2], NONE, *cell[3:])
    swapped = (apart[1], apart[0], NONE, apart[3], apart[5], apart[4])
    assert canonical(apart) == canonical(swapped)


def test_the_space():
    space = cell_space()
    assert is_cell_space(space)
    assert space.estimate_size() == 15_625
    assert {*dict(space.get_default_configuration()).values()} == {CONV_3X3}


def test_drawn_cells_differ_and_more_of_them_begin_alike():
    cells = draw(30, np.random.default_rng(0))
    assert len({canonical(cell) for cell in cells}) == 30
    assert draw(50, np.random.default_rng(0))[:30] == cells
    assert all(list(cell) == list(NAMES) and {*cell.values()} <= {*OPERATIONS} for cell in cells)


@pytest.mark.parametrize("number", [0, 4_931])
def test_more_cells_than_differ_are_refused(number):
    with pytest.raises(InputError, match="between 1 and 4930"):
        draw(number, np.random.default_rng(0))


def test_a_skip_brings_what_its_node_has():
    """The second node is the sum of two ways; its skip to the output opens the sum."""
    cell = (CONV_3X3, SKIP, SKIP, NONE, NONE, SKIP)
    assert canonical(cell) == "(x)@nor_conv_3x3+x"
