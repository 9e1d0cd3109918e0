"""Provenance of a table, as its manifest states it."""

import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

_PACKAGES = ("lcbench", "torch", "numpy", "scikit-learn", "pandas", "pyarrow", "ConfigSpace", "openml")


def provenance(plan: Mapping[str, Any], cost: Mapping[str, float], now: datetime) -> dict[str, Any]:
    """Write down versions, processor, plan and the meaning of ``seconds``.

    Args:
        plan: The plan as it is kept in the folder.
        cost: The cost model behind the seconds.
        now: When the table was finished.
    """
    return {
        **circumstances(now),
        "seconds": "modelled: what one worker would need for this run alone, from single runs timed on this processor",
        "cost model": dict(cost),
        "plan": dict(plan),
    }


def circumstances(now: datetime) -> dict[str, Any]:
    """Write down when, by which versions and on which processor something was made."""
    return {
        "created": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "processor": processor(),
    }


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name of this machine's processor."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
