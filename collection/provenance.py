"""Provenance of a table, as its manifest states it."""

import platform
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("lcbench", "torch", "numpy", "scikit-learn", "pandas", "pyarrow", "ConfigSpace", "openml")


_SECONDS = {
    "modelled": "modelled: what one worker would need for this run alone, from single runs timed on this processor",
    "measured": "measured: what each step took a process of its own on this processor, or as its author reports them",
}


def provenance(plan: Mapping[str, Any], cost: Mapping[str, float], seconds: str, now: datetime) -> dict[str, Any]:
    """Write down versions, processor, plan and the meaning of ``seconds``.

    Args:
        plan: The plan as it is kept in the folder.
        cost: The cost model behind the seconds; empty if there is none.
        seconds: How they were obtained, see :class:`lcbench.table.record.Record`.
        now: When the table was finished.
    """
    known = {"seconds": _SECONDS[seconds]} if seconds in _SECONDS else {}
    return {**circumstances(now), **known, **({"cost model": dict(cost)} if cost else {}), "plan": dict(plan)}


def circumstances(now: datetime) -> dict[str, Any]:
    """Write down when, by which versions and on which processor something was made."""
    return {
        "created": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "packages": {name: found for name in _PACKAGES if (found := _version(name)) is not None},
        "processor": processor(),
    }


def _version(name: str) -> str | None:
    """Version of a package; None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name of this machine's processor."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
