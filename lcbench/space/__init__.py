"""Search spaces, the conditions in them, and configurations in the unit cube."""

from collections.abc import Mapping
from typing import Any

Config = Mapping[str, Any]
"""A configuration: a value for each active hyperparameter."""
