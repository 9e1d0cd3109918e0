"""One-shot architecture search: all cells share the weights of one network, which is trained once.

Its methods train, so they are no optimizers of the contract: what they find is a cell, to be looked up in a table. It
may use :mod:`lcbench.collection.data`, :mod:`lcbench.space` and :mod:`lcbench.table`.
"""
