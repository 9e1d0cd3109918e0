"""A program that runs lcbench's commands again and again, each in a fork of itself, with a fault at one call.

It is started with the library made from ``faults.c`` preloaded, imports once what commands need, and then reads
requests, one JSON object a line: ``arguments`` of lcbench; ``folder`` below which calls count; ``n`` and ``action`` of
the fault (see ``faults.c``). For each it answers with ``code`` (negative for a signal), ``calls`` and ``said``, which
is what was printed on standard error. Tasks run in the command's own process, so that the same call is the same moment
every time.
"""

import ctypes
import json
import os
import sys
import tempfile
import traceback
from importlib import import_module
from pathlib import Path

NEEDED = (
    "matplotlib.figure",
    "sklearn.ensemble",
    "lcbench.analysis.figures",
    "lcbench.collection.worker",
    "lcbench.collection.models.warm",
    "lcbench.simulate.autotabular.search",
    "lcbench.simulate.study.running",
)


def prepare() -> None:
    """Import what commands need, and let tasks run where they are started."""
    from lcbench.work import InlineExecutor, processes

    processes.LocalExecutor = lambda jobs, function, preload="", **limits: InlineExecutor(function)
    for name in NEEDED:
        import_module(name)
    import torch

    torch.set_num_threads(1)


def play(request: dict, errors: Path, library: ctypes.CDLL) -> None:
    """Run the command, in the fork; it ends there."""
    from lcbench.cli import run

    for stream, path in ((1, os.devnull), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), stream)
    library.fault_arm(request["folder"].encode(), request["n"], request["action"].encode())
    try:
        code = run(request["arguments"])
    except BaseException:
        traceback.print_exc()
        code = 70
    calls = library.fault_disarm()
    errors.with_suffix(".calls").write_text(str(calls))
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Answer requests until there are no more."""
    library = ctypes.CDLL(None)
    library.fault_arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_char]
    library.fault_disarm.restype = ctypes.c_long
    prepare()
    answer("ready")
    with tempfile.TemporaryDirectory() as folder:
        errors = Path(folder) / "errors"
        for line in sys.stdin:
            for old in (errors, errors.with_suffix(".calls")):
                old.unlink(missing_ok=True)
            child = os.fork()
            if child == 0:
                play(json.loads(line), errors, library)
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            calls = int(text) if (text := read(errors.with_suffix(".calls"))) else 0
            answer(json.dumps({"code": code, "calls": calls, "said": read(errors)}))


def answer(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


if __name__ == "__main__":
    main()
