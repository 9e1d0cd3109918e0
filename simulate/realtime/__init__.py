"""Optimizers run for real: the contract carried in real time, on several workers.

:func:`lcbench.simulate.realtime.run.live` is the entry; what happened is kept in an event log
(:mod:`lcbench.simulate.realtime.record`) and gone through again to resume. It may use the contract, and does not know
what its backends train.
"""
