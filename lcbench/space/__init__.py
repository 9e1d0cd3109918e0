"""Search spaces, the conditions in them, and configurations in the unit cube. Of lcbench it uses the errors only."""

from collections.abc import Mapping
from typing import Any

__all__ = ["Config"]

Config = Mapping[str, Any]
"""A configuration: a value for each active hyperparameter."""
