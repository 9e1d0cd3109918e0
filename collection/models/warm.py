"""Imports what fitting needs: for the fork server, whose processes then have it at once and share its memory.

CatBoost is left to the processes that need it: it starts threads, and a process with threads must not be forked.
"""

from contextlib import suppress
from importlib import import_module

for _name in (
    "lcbench.collection.networks.loop.fitting",
    "lcbench.collection.models.fitting",
    "sklearn.ensemble",
    "sklearn.neighbors",
):
    import_module(_name)
with suppress(ImportError):  # not everybody has it, see lcbench.collection.models.baselines
    import_module("lightgbm")
