"""The paper's networks as problems, and their training with PyTorch.

:mod:`~lcbench.collection.networks.problems` holds the problems; all else here is theirs. ``stack/`` trains Search Space
1, ``loop/`` Search Space 2 and networks that are kept. Both take a recipe and sources of randomness, and know nothing
of configurations.

It may use :mod:`lcbench.collection.data`, :mod:`lcbench.space` and :mod:`lcbench.table`.
"""
