"""Starts many commands quickly: it has imported what they need, and each is a fork of it in a session of its own.

Reads one JSON list of arguments per line; writes the command's process id, and when it has ended its exit code.
"""

import json
import os
import sys

import lcbench.collection.collect_commands
import lcbench.collection.collecting
import lcbench.collection.reporting
import lcbench.work.processes  # noqa: F401
from lcbench.cli import run


def main() -> None:
    """Serve until the input ends; what the commands print goes to standard error."""
    answers = os.dup(1)
    os.dup2(2, 1)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os._exit(run(json.loads(line)))
        os.write(answers, f"{pid}\n".encode())
        os.write(answers, f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n".encode())


if __name__ == "__main__":
    main()
