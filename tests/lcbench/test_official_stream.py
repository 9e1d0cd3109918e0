"""The reader of the published JSON: one run at a time, whatever the size, and a clear word where it is not JSON."""

import json
import tracemalloc

import pytest

from lcbench.errors import InputError
from lcbench.table.doors.official import stream
from lcbench.table.doors.official.stream import entries

ENTRY = {"log": {"time": [0.5, float("inf"), -1e-9, 3]}, "results": {"a": None, "b": '}{"é'}, "config": {"c": True}}
DOCUMENT = {"one": {"0": ENTRY, "7": {}}, "empty": {}, "two": {"3": ENTRY}}
WANTED = [("one", 0, ENTRY), ("one", 7, {}), ("two", 3, ENTRY)]


@pytest.mark.parametrize("block", [1, 7, 64, 1 << 22])
@pytest.mark.parametrize("indent", [None, 2])
def test_blocks_may_end_anywhere(tmp_path, monkeypatch, block, indent):
    monkeypatch.setattr(stream, "_BLOCK", block)
    path = tmp_path / "in.json"
    path.write_text(json.dumps(DOCUMENT, indent=indent, ensure_ascii=False) + " \n", encoding="utf-8")
    seen: list[int] = []
    assert list(entries(path, seen.append)) == WANTED
    assert sum(seen) == path.stat().st_size


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(stream, "_BLOCK", 1 << 16)
    path, run = tmp_path / "large.json", json.dumps({"log": {"time": [0.25] * 1000}})
    with path.open("w", encoding="utf-8") as file:
        file.write('{"a": {')
        file.writelines(f'{"," if i else ""}"{i}": {run}' for i in range(250))
        file.write("}}")
    assert path.stat().st_size > 1.5e6
    tracemalloc.start()
    assert sum(len(entry["log"]["time"]) for _, _, entry in entries(path)) == 250 * 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.6e6


def test_a_file_cut_short_anywhere_is_called_truncated(tmp_path):
    path, text = tmp_path / "in.json", json.dumps(DOCUMENT)
    for length in range(len(text)):
        path.write_text(text[:length], encoding="utf-8")
        with pytest.raises(InputError, match="truncated"):
            list(entries(path))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        '{"a": 3}',
        '{"a": {"0": 3}}',
        "{} {}",
        '{"a": {"0": {}} "b": {}}',
        '{"a": {"x": {}}}',
        '{"a" {}}',
        "{a: 1}",
    ],
)
def test_another_layout_is_refused(tmp_path, text):
    (tmp_path / "in.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="must"):
        list(entries(tmp_path / "in.json"))


def test_what_is_no_json_is_noticed_before_all_of_it_is_read(tmp_path):
    path = tmp_path / "in.json"
    path.write_bytes(b'{"a": {"0": {"log": oops ' + b"x" * 50_000_000)
    read: list[int] = []
    with pytest.raises(InputError, match="at character"):
        list(entries(path, read.append))
    assert sum(read) < 2e7
    path.write_bytes(b'{"a": {"0": {"log": "\xff"}}}')
    with pytest.raises(InputError, match="UTF-8"):
        list(entries(path))
    path.write_bytes(b'{"a": {"0": ' + b"[" * 200_000 + b"}}}")
    with pytest.raises(InputError):
        list(entries(path))
