"""Networks of search space 1 and 2, and how they are trained.

It may use :mod:`lcbench.collection.data`, :mod:`lcbench.space` and :mod:`lcbench.table`; nobody outside
:mod:`lcbench.collection` uses it but whoever trains on the clock (:mod:`lcbench.simulate.training`, portfolios).
"""
