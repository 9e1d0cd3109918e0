"""Training of Search Space 2: networks, training techniques and the loop, one run at a time.

It may use what :mod:`lcbench.collection.networks` may use.
"""
