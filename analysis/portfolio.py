"""Portfolios of complementary configurations (RQ2), by the rules of :mod:`lcbench.simulate.transfer.greedy`."""

from lcbench.simulate.transfer.greedy import greedy_portfolio as greedy_portfolio
from lcbench.simulate.transfer.greedy import leave_one_out as leave_one_out
from lcbench.simulate.transfer.greedy import portfolio_frame as portfolio_frame
from lcbench.simulate.transfer.greedy import portfolio_regret as portfolio_regret
from lcbench.simulate.transfer.greedy import simple_portfolio as simple_portfolio
