"""One page about a benchmark: what it holds, an explorer, the figures, and the paper's numbers beside its own.

:func:`lcbench.analysis.report.page.build` makes it; everything is inside the page, so it opens anywhere and asks no
network. It may use all of :mod:`lcbench.analysis`.
"""
