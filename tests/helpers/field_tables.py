"""Where the published tables of the field lie on this machine, if they do."""

from importlib.util import find_spec
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


def package_folder(package: str) -> Path:
    """The folder of an installed package, which is not imported; without it the test is skipped."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"package {package} is not installed; install it with: pip install '.[tables]'")
    return Path(spec.submodule_search_locations[0])


def reference(*names: str) -> list[Path]:
    """Files of ../shared/reference; without them the test is skipped."""
    paths = [REFERENCE / name for name in names]
    if not all(path.exists() for path in paths):
        pytest.skip("the published tables (../shared/reference) are not here")
    return paths
