"""The program with the tool's commands, whether or not they were there when it was installed."""

from importlib.metadata import EntryPoint, entry_points

from lcbench import cli

COMMANDS = {name: f"lcbench.simulate.autotabular.fit_commands:{name}" for name in ("fit", "predict")}


def with_commands(group: str) -> list[EntryPoint]:
    """The program's commands, the tool's among them."""
    there = [entry for entry in entry_points(group=group) if entry.name not in COMMANDS]
    return [*there, *(EntryPoint(name, value, group) for name, value in COMMANDS.items())]


if __name__ == "__main__":
    cli.entry_points = with_commands
    cli.main()
