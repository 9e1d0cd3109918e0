"""Bracket tables and rung counts as published, or counted by hand."""

import numpy as np
import pytest

from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.optimizers.rungs import (
    bracket_sizes,
    hyperband_brackets,
    infer_eta,
    promote,
    rung_budgets,
    rungs_of,
)

# Li et al. (2018), Table 1: R = 81, eta = 3; (n_i, r_i) for s = 4, ..., 0.
TABLE_1 = ((81, 27, 9, 3, 1), (27, 9, 3, 1), (9, 3, 1), (6, 2), (5,))


def test_floor_variant_is_table_1_of_the_hyperband_paper():
    assert hyperband_brackets(5, 3, "floor") == TABLE_1


def test_ceiling_variant_is_algorithm_1_of_the_hyperband_paper():
    brackets = hyperband_brackets(5, 3, "ceiling")
    assert [b[0] for b in brackets] == [81, 34, 15, 8, 5]
    assert brackets[1] == (34, 11, 3, 1)


def test_budgets_12_25_50_with_eta_2_have_the_brackets_of_the_lcbench_paper():
    assert infer_eta((12, 25, 50)) == 2
    assert hyperband_brackets(3, 2) == ((4, 2, 1), (2, 1), (3,))


@pytest.mark.parametrize(
    ("smallest", "largest", "eta", "rungs"),
    [(1, 243, 3, 6), (1, 1000, 10, 4), (1, 242, 3, 5), (1, 81, 3, 5), (7, 7, 2, 1), (1, 2**60, 2, 61)],
)
def test_rungs_are_counted_with_integers(smallest, largest, eta, rungs):
    assert len(rung_budgets(smallest, largest, eta)) == rungs


@pytest.mark.parametrize(("budgets", "eta"), [((1, 3, 9, 27, 81), 3), ((50,), 2), ((1, 2, 3, 4), 2), ((1, 4, 16), 4)])
def test_eta_fits_the_budgets(budgets, eta):
    assert infer_eta(budgets) == eta


def test_nine_trials_with_eta_3_promote_three():
    assert bracket_sizes(9, 3, 3) == (9, 3, 1)
    assert bracket_sizes(2, 3, 3) == (2, 1, 1)  # a rung is never empty


def test_promotion_takes_the_lowest_losses_and_the_earlier_of_equal_ones():
    assert promote([0.3, 0.1, 0.2, 0.1], 3).tolist() == [1, 3, 2]
    assert promote([0.3, 0.1], 5).tolist() == [1, 0]


def test_promotion_puts_diverged_runs_last():
    assert promote([np.nan, 0.5, np.inf, 0.4], 4).tolist() == [3, 1, 0, 2]
    assert promote([np.nan, np.nan, np.nan], 1).tolist() == [0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rung_budgets(3, 1, 3), "1 <= smallest <= largest, got 3 and 1"),
        (lambda: rung_budgets(1, 9, 1), "eta must be an integer of at least 2"),
        (lambda: hyperband_brackets(0, 3), "number of rungs must be at least 1"),
    ],
)
def test_rungs_that_cannot_be(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_an_unknown_variant_is_named():
    with pytest.raises(UnknownNameError, match=r"'cieling'; nearest: ceiling"):
        hyperband_brackets(5, 3, "cieling")


def test_many_offered_budgets_are_thinned_and_few_are_left():
    assert rungs_of(range(1, 51), 2) == (1, 3, 6, 12, 25, 50)
    assert rungs_of((12, 25, 50), 2) == rungs_of((12, 25, 50), 3) == (12, 25, 50)
    assert rungs_of((2, 4, 6), 2) == (2, 4, 6)
    assert rungs_of((7,), 2) == (7,)
