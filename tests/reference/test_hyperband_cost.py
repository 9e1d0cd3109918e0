"""What a round of Hyperband's brackets costs, against the formula of the paper.

Li et al. (2018), section 3: bracket s trains n_i trials for r_i epochs on each rung, so a round costs the sum of
n_i * r_i; where a promoted trial goes on from its state, the sum of n_i * (r_i - r_(i - 1)). About B = (s_max + 1) R
epochs belong to each bracket, of which rounding down leaves some.
"""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.simulate import OPTIMIZERS, FunctionBackend, simulate
from lcbench.simulate.optimizers.hyperband import Hyperband
from lcbench.simulate.optimizers.rungs import hyperband_brackets
from lcbench.table.curve import Curve

SPACE = ConfigurationSpace({"x": (0.0, 1.0)})


def backend(budgets, resumes):
    """One second an epoch, so that virtual seconds are epochs."""
    return FunctionBackend(
        SPACE, budgets, lambda c, b: Curve(np.full(b + 1, c["x"]), np.arange(b + 1.0)), resumes=resumes
    )


def formula(brackets, budgets, resumes):
    """Epochs of one round, and its evaluations."""
    epochs = evaluations = 0
    for sizes in brackets:
        rungs = budgets[len(budgets) - len(sizes) :]
        paid = np.diff(rungs, prepend=0) if resumes else np.array(rungs)
        epochs += int(np.sum(np.array(sizes) * paid))
        evaluations += sum(sizes)
    return epochs, evaluations


@pytest.mark.parametrize("resumes", [False, True])
@pytest.mark.parametrize("name", ["hyperband", "bohb"])
@pytest.mark.parametrize(("budgets", "eta"), [((1, 3, 9, 27, 81), 3), ((12, 25, 50), 2), ((7,), 2)])
def test_one_round_costs_what_the_formula_says(name, budgets, eta, resumes):
    epochs, evaluations = formula(hyperband_brackets(len(budgets), eta), budgets, resumes)
    here = backend(budgets, resumes)
    optimizer = OPTIMIZERS[name](here.domain(), budgets, np.random.default_rng(0))
    trace = simulate(optimizer, here, evaluations=3 * evaluations)
    assert trace.results[evaluations - 1].finished == epochs
    assert trace.results[-1].finished == 3 * epochs, "each round alike"


def test_the_paper_s_example_in_numbers():
    """Table 1 (R = 81, eta = 3), from scratch: 81 + 27*3 + 9*9 + 3*27 + 81, and so on: 405, 324, 243, 324, 405."""
    costs = [formula([sizes], (1, 3, 9, 27, 81), False)[0] for sizes in hyperband_brackets(5, 3)]
    assert costs == [5 * 81, 27 * 3 + 9 * 9 + 3 * 27 + 81, 9 * 9 + 3 * 27 + 81, 6 * 27 + 2 * 81, 5 * 81]


def test_12_25_50_in_numbers():
    """(4, 2, 1), (2, 1), (3): 148, 100 and 150 epochs from scratch; 99, 75 and 150 where a trial goes on."""
    brackets = hyperband_brackets(3, 2)
    assert formula(brackets, (12, 25, 50), False) == (4 * 12 + 2 * 25 + 50 + 2 * 25 + 50 + 3 * 50, 13)
    assert formula(brackets, (12, 25, 50), True) == (4 * 12 + 2 * 13 + 25 + 2 * 25 + 25 + 3 * 50, 13)


@pytest.mark.parametrize("rungs", range(1, 7))
def test_no_bracket_of_the_paper_costs_more_than_its_share(rungs):
    """With variant "floor" every rung costs at most (s_max + 1) R / (s + 1), so that the bracket costs at most B."""
    budgets = tuple(3**i for i in range(rungs))
    for sizes in hyperband_brackets(rungs, 3, "floor"):
        assert formula([sizes], budgets, False)[0] <= rungs * budgets[-1]


def test_the_ceiling_variant_costs_what_its_own_table_says():
    budgets = (1, 3, 9, 27, 81)
    epochs, evaluations = formula(hyperband_brackets(5, 3, "ceiling"), budgets, False)
    here = backend(budgets, False)
    optimizer = Hyperband(here.domain(), budgets, np.random.default_rng(0), variant="ceiling")
    assert simulate(optimizer, here, evaluations=evaluations).results[-1].finished == epochs
