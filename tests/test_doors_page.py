"""docs/doors.md: every kind is there, every command it shows exists with its options, and its Python runs."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from lcbench.table.doors import door_commands

PAGE = (Path(__file__).parents[1] / "docs" / "doors.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
GROUPS = {"import": door_commands.import_, "export": door_commands.export}


def kinds(group: str) -> set[str]:
    return {str(command.name) for command in GROUPS[group].registered_commands}


def test_every_kind_is_shown():
    listed = set(re.findall(r"^\| `([\w-]+)` \|", PAGE, re.MULTILINE))
    shown = {tuple(shlex.split(line)[1:3]) for line in COMMANDS}
    assert listed == kinds("import")
    assert {kind for group, kind in shown if group == "import"} == kinds("import") - {"lcbench"}
    assert {kind for group, kind in shown if group == "export"} == kinds("export")


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_have_the_arguments_and_options_that_are_shown(line):
    program, group, kind, *arguments = shlex.split(line)
    assert program == "lcbench"
    command = typer.main.get_command(GROUPS[group])
    context = command.make_context(group, [], resilient_parsing=True)
    found = command.get_command(context, kind)
    parsed = found.make_context(kind, arguments)  # complains of unknown options and missing arguments
    assert parsed.params["folder"]


def test_its_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(source, {})  # noqa: S102  # the page's own example
