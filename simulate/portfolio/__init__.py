"""Portfolios: configurations that together do well on many data sets, to begin a search with.

:mod:`simulate.portfolio.greedy` has the rules, :mod:`simulate.portfolio.building` makes portfolios by training, and
:func:`load_portfolio` gives the one that comes along, for :class:`simulate.warm_start.WarmStart`.
"""
