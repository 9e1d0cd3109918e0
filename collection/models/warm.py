"""Imports what fitting needs: for the fork server, whose processes then have it at once and share its memory.

CatBoost is left to the processes that need it: it starts threads, and a process with threads must not be forked.
"""

from contextlib import suppress

import torch  # noqa: F401

import collection.full.fitting
import collection.models.fitting  # noqa: F401

with suppress(ImportError):  # not everybody has it, see collection.baselines
    import lightgbm  # noqa: F401
