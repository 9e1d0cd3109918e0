"""Checks for code of your own, which raise what a test framework shows.

>>> from lcbench.testing import check_optimizer, check_problem
>>> check_optimizer("./mine.py:Mine")

They live where what they check does; this is the door to them, and importing it imports nothing.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    "lcbench",
    submod_attrs={
        "collection.problem": ["check_problem"],
        "simulate.testing": ["BrokenLawError", "LAWS", "check_optimizer"],
    },
)
