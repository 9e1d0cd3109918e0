"""A file takes the place of a file only: never that of a device, a pipe, a folder, a socket or a symbolic link."""

import os
import socket
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from lcbench.errors import InputError
from lcbench.output import writable_file
from lcbench.writing import replacing, write_json, write_text


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))  # a null device of our own
    except OSError:
        pytest.skip("only root makes devices")


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        before = Path.cwd()
        os.chdir(path.parent)  # the names of sockets are short
        try:
            bound.bind(path.name)
        finally:
            os.chdir(before)


NO_FILES: Mapping[str, Callable[[Path], None]] = {
    "device": _device,
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "socket": _socket,
    "loop": lambda path: path.symlink_to(path),
}


@pytest.mark.parametrize("through_a_link", [False, True])
@pytest.mark.parametrize("kind", NO_FILES)
def test_what_is_no_file_is_refused_and_stays(tmp_path: Path, kind: str, *, through_a_link: bool) -> None:
    place, name = tmp_path / "place", tmp_path / "name"
    NO_FILES[kind](place)
    before = place.lstat()
    if through_a_link:
        name.symlink_to(place)
    asked = name if through_a_link else place
    with pytest.raises(InputError, match=r"must go to a file, got the .*; name a file\."):
        writable_file(asked)
    with pytest.raises((InputError, IsADirectoryError), match=r"must be a file to be replaced, got a|Is a directory"):
        write_json(asked, {})
    after = place.lstat()
    assert (before.st_mode, before.st_ino, before.st_rdev) == (after.st_mode, after.st_ino, after.st_rdev)
    assert {path.name for path in tmp_path.iterdir()} == {"place", *(["name"] if through_a_link else [])}


@pytest.mark.parametrize("there_already", [False, True])
def test_a_symbolic_link_stays_and_the_file_that_it_leads_to_is_replaced(
    tmp_path: Path, *, there_already: bool
) -> None:
    link, elsewhere = tmp_path / "link", tmp_path / "elsewhere"
    elsewhere.mkdir()
    if there_already:
        (elsewhere / "file").write_text("old")
    link.symlink_to(Path("elsewhere", "file"))
    with replacing(writable_file(link)) as temporary:
        temporary.write_text("new")
    assert link.is_symlink()
    assert (elsewhere / "file").read_text() == "new"


def test_a_file_and_nothing_can_be_written(tmp_path: Path) -> None:
    for name in ("nothing", "file"):
        write_text(writable_file(tmp_path / name), "older")
        write_text(writable_file(tmp_path / name), name)
        assert (tmp_path / name).read_text() == name
