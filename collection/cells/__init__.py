"""Architecture search: networks of cells of NAS-Bench-201's space, trained on small images.

:mod:`~lcbench.collection.cells.problem` holds the problem; the space itself is :mod:`lcbench.space.cells`. It may use
:mod:`lcbench.collection.data`, :mod:`lcbench.space` and :mod:`lcbench.table`.
"""
