"""How the command line speaks, as numbers."""

import io
import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.progress import Progress

from lcbench import console, terminal
from lcbench.console import Pace, duration

OF_RICH = re.compile(r"\r?\x1b\[[0-9;?]*[A-Za-z]")
PARTS = ["[", "]", "/b", "[bold]", "[/b]", ":boom:", "=1+1", "\\", '"', "'", "\r", "\0", "\ud800", "\u202e"]
STEERING = ["\x1b]0;title\x07", "\x1b[2J", "\x9b2J"]
names = st.lists(st.sampled_from([*PARTS, *STEERING]), min_size=1, max_size=6).map("".join)


def shown_in_a_terminal(name: str) -> str:
    """All that the console can show, with a name wherever there may be one, on a terminal; without rich's own codes."""
    screen = io.StringIO()
    made = type(console.OUT)(markup=False, emoji=False, file=screen, force_terminal=True, width=200)
    made.print(name, soft_wrap=True)
    made.print(console.table(name, [name, name], [[name, name]]))
    made.print(console.facts([(name, name)]))
    with Progress(*console.progress(quiet=True).columns, console=made) as bar:
        bar.add_task(name, total=1, note=name)
    terminal.say(name, screen)
    return OF_RICH.sub("", screen.getvalue())


@given(names)
@example("[/b] my table")
@example("run[v2]")
def test_names_are_shown_as_they_are_and_steer_nothing(name):
    shown = shown_in_a_terminal(name)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", shown)
    if re.fullmatch(r"[ -~]+", name):
        assert shown.count(name) >= 5
    shown.encode()


def test_a_message_steers_nothing_either(capsys):
    terminal.say("one\ntwo \x1b[31m\x9b\ud800", sys.stderr)
    assert capsys.readouterr().err == "one\ntwo \ufffd[31m\ufffd\ufffd\n"


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
