"""The folders in which Syne Tune keeps tabulated benchmarks ("blackboxes"): in and out, without Syne Tune.

It may use :mod:`lcbench.table` and :mod:`lcbench.space`.
"""
