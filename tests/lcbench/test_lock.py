"""One process at a time."""

import subprocess
import sys

import pytest

from lcbench.work.lock import hold

SECOND = """import sys; from pathlib import Path
from lcbench.work.lock import hold
with hold(Path(sys.argv[1]), 'busy'): pass"""


def test_who_comes_second_is_refused_and_may_come_when_the_first_is_done(tmp_path):
    lock = tmp_path / "lock"
    second = [sys.executable, "-c", SECOND, str(lock)]
    with hold(lock, "busy"):
        refused = subprocess.run(second, capture_output=True, text=True, check=False)
        assert refused.returncode == 1
        assert refused.stderr.strip().endswith("InputError: busy")
    assert subprocess.run(second, check=False).returncode == 0


def test_what_goes_wrong_inside_is_told_as_it_is_and_frees_the_lock(tmp_path):
    from filelock import Timeout

    for error in (Timeout("of another lock"), KeyError("x")):
        with pytest.raises(type(error)), hold(tmp_path / "lock", "busy"):
            raise error
    with hold(tmp_path / "lock", "busy"):
        pass
