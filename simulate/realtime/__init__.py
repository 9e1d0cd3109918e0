"""Optimizers at work for real: the contract of :mod:`simulate.contract` carried in real time, on several workers.

:func:`simulate.realtime.run.live` is the entry; what happened is kept in an event log
(:mod:`simulate.realtime.record`) and gone through again to resume.
"""
