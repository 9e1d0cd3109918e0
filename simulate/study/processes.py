"""Cells in processes of this machine.

Each process opens the benchmark once and has a pipe of its own to the main one, which hands out a cell, hears its rows
and hands out the next. So what is played where changes with the machine, and none of the numbers does. If a process is
killed its pipe breaks, and we know at which cell. Processes are started afresh (``spawn``), the same on Linux, macOS
and Windows, and do not run the program's main file again. None of them hears Ctrl-C, which is for the main process to
act on: it ends them all. They end themselves when it is gone.
"""

import multiprocessing
import os
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread
from types import ModuleType

import pyarrow as pa

from lcbench.errors import InputError, LcbenchError, StoppedError, UnknownNameError
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.study.plan import Cell, Plan
from lcbench.simulate.study.player import Player

_SECONDS_TO_WAIT = 0.5  # then look up: a Ctrl-C between Python's last look and the system call would wait for a cell
_ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM")}


def play_in_processes(folder: Path, plan: Plan, cells: Sequence[Cell], jobs: int) -> Iterator[tuple[Cell, pa.Table]]:
    """Play cells in several processes.

    Args:
        folder: The benchmark's.
        plan: The study.
        cells: What to play.
        jobs: Number of processes.

    Yields:
        Each cell and its rows, as they come.

    Raises:
        InputError: If a cell cannot be simulated.
        StoppedError: If a process was killed.
    """
    waiting = deque(cells)
    with ExitStack() as started:
        pipes = [started.enter_context(_process(folder, plan)) for _ in range(jobs)]
        at_work: dict[Connection, Cell] = {}
        while waiting or at_work:
            for pipe in pipes:
                if waiting and pipe not in at_work:
                    at_work[pipe] = waiting.popleft()
                    with suppress(OSError):  # killed already: it will be found below, when nothing can be read
                        pipe.send(at_work[pipe])
            for ready in wait(list(at_work), timeout=_SECONDS_TO_WAIT):
                assert isinstance(ready, Connection)  # noqa: S101  # nothing else is waited for
                yield _answer(ready, at_work.pop(ready))


def _answer(pipe: Connection, cell: Cell) -> tuple[Cell, pa.Table]:
    """What a process has to say of its cell."""
    try:
        answer = pipe.recv()
    except (EOFError, OSError):
        raise StoppedError(
            f"a process was killed at {cell}, seed {cell.seed} (is there enough memory?); fewer --jobs need less, and "
            "with an output file the finished cells are kept: the same command goes on from there."
        ) from None
    if isinstance(answer, pa.Table):
        return cell, answer
    kind, message = answer
    if kind == "refused":
        raise InputError(message)
    raise RuntimeError(f"{cell}, seed {cell.seed}, failed in its process:\n{message}")


@contextmanager
def _process(folder: Path, plan: Plan) -> Iterator[Connection]:
    """A process for as long as the block lasts; gives the main process's end of the pipe to it."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, folder, plan), daemon=True)
    with _as_children_need_it():
        process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        _end(process)


def _end(process: BaseProcess) -> None:
    """End it at once: it writes nothing, so nothing can be left half-written."""
    process.kill()
    process.join(timeout=5)


def _serve(pipe: Connection, folder: Path, plan: Plan) -> None:
    """What a process does: cell after cell until nobody sends any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_main_process, daemon=True).start()
    player: Player | None = None
    with suppress(EOFError, OSError):
        while True:
            cell = pipe.recv()
            try:
                player = player or _player(folder, plan)
                _check_registered(cell.optimizer)
                answer: object = player.play(cell)
            except LcbenchError as error:
                answer = "refused", str(error)
            except Exception:
                answer = "failed", traceback.format_exc()
            pipe.send(answer)


def _player(folder: Path, plan: Plan) -> Player:
    from lcbench.table.benchmark import load

    return Player(load(folder), plan)


def _check_registered(optimizer: str) -> None:
    try:
        get_optimizer(optimizer)
    except UnknownNameError:
        raise InputError(
            f"optimizer {optimizer!r} must be in the registry as soon as lcbench.simulate.optimizers is imported to be "
            "played in other processes; add it there, or use jobs=1."
        ) from None


def _end_with_main_process() -> None:
    main = multiprocessing.parent_process()
    if main is not None:
        wait([main.sentinel])
    os._exit(1)


@contextmanager
def _as_children_need_it() -> Iterator[None]:
    """Processes started in the block have one thread for linear algebra, no main file, and never see SIGINT."""
    main, environment = sys.modules["__main__"], dict(os.environ)
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(_ONE_THREAD)
    masks = hasattr(signal, "pthread_sigmask")  # not on Windows
    if masks:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in _ONE_THREAD:
            os.environ.pop(name)
        os.environ.update({name: environment[name] for name in _ONE_THREAD if name in environment})
        if masks:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
