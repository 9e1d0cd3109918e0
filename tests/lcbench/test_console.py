"""How the command line speaks, as numbers."""

import pytest

from lcbench.console import Pace, duration


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.6, "1:00"), (61, "1:01"), (3600 * 27 + 62, "27:01:02")])
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_a_plain_line_at_each_tenth():
    pace = Pace(now=0)
    assert [done for done in range(41) if pace.due(done / 40, now=1)] == [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]


def test_a_plain_line_after_thirty_seconds_without_one():
    pace = Pace(now=100)
    assert [now for now in range(100, 200) if pace.due(0.01, now)] == [130, 160, 190]


def test_one_line_where_a_step_passes_many_tenths():
    pace = Pace(now=0)
    assert pace.due(0.55, now=0)
    assert not pace.due(0.59, now=0)
    assert pace.due(0.6, now=0)
