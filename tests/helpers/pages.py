"""Pages with commands and snippets, run as a reader types them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def run(arguments: list[str], cwd: Path) -> str:
    """Run a command with this environment's programs first, and give what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(arguments, cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, f"{shlex.join(arguments)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def blocks_of(page: Path) -> list[tuple[str, str, str]]:
    """The blocks ``sh`` and ``python`` of a page: kind, name of the file if it is one, and text."""
    return re.findall(r"```(sh|python)(?: (\S+))?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def walk(page: Path, place: Path) -> dict[str, str]:
    """Do everything that a page says, in order, in a folder; for each command what it printed.

    A block ``python NAME`` is saved as that file, one without a name is run.
    """
    printed = {}
    for kind, name, block in blocks_of(page):
        if name:
            (place / name).write_text(block, encoding="utf-8")
        elif kind == "python":
            printed[block] = run([sys.executable, "-c", block], place)
        else:
            for line in filter(None, (line.split(" #")[0].strip() for line in block.splitlines())):
                assert line.startswith("lcbench "), line
                printed[line] = run(shlex.split(line), place)
    return printed
