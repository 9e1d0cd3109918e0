"""Pickles of plain values are read; whatever asks for anything else is refused in a line, and nothing is executed."""

import copyreg
import io
import os
import pickle
import pickletools
from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench.errors import DamagedFileError, InputError
from lcbench.table.doors import _plain_pickle
from lcbench.table.doors._plain_pickle import load_plain

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
PLAIN = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(PLAIN, st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_what_is_plain_comes_out_as_it_went_in(value, protocol):
    if protocol < 3:  # older protocols write bytes as a call
        assert load_plain(pickle.dumps(repr(value), protocol), "t.pkl") == repr(value)
    else:
        assert load_plain(pickle.dumps(value, protocol), "t.pkl") == value


def test_sets_come_out():
    assert load_plain(pickle.dumps({1, 2}, 4), "t.pkl") == {1, 2}
    assert load_plain(pickle.dumps(frozenset("ab"), 4), "t.pkl") == frozenset("ab")


class Evil:
    """Runs a command when it is unpickled by anybody who looks names up."""

    def __init__(self, path) -> None:
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_call_is_not_made(protocol, tmp_path):
    mark = tmp_path / "executed"
    content = pickle.dumps({"00": Evil(mark)}, protocol)
    with pytest.raises(InputError, match=r"^t\.pkl names the class (posix|nt|os)\.system; a table must be plain dicts"):
        load_plain(content, "t.pkl")
    assert not mark.exists()
    pickle.loads(content)  # noqa: S301  # it is indeed one that does it
    assert mark.exists()


CALLS = {
    "GLOBAL": b"cos\nsystem\n(S'touch MARK'\ntR.",
    "STACK_GLOBAL": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x0atouch MARK\x85R.",
    "INST": b"(S'touch MARK'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch MARK'\no.",
    "NEWOBJ": b"\x80\x02cos\nsystem\nU\x0atouch MARK\x85\x81.",
    "NEWOBJ_EX": b"\x80\x04cos\nsystem\nU\x0atouch MARK\x85}\x92.",
    "BUILD": b"cos\nsystem\n}S'a'\nS'touch MARK'\nsb.",
    "nested name": b"\x80\x04\x8c\x08builtins\x8c\x0dexec.__call__\x93\x8c\x0atouch MARK\x85R.",
}


@pytest.mark.parametrize("kind", list(CALLS))
def test_every_way_to_name_something_is_refused(kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"names the class (os\.system|builtins\.exec)") as refused:
        load_plain(CALLS[kind], "t.pkl")
    assert len(str(refused.value).splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"Pid\n.", b"\x80\x02U\x02idQ."], ids=["PERSID", "BINPERSID"])
def test_persistent_ids_are_refused(content):
    with pytest.raises(InputError, match=r"names a persistent id; a table must be plain"):
        load_plain(content, "t.pkl")


@pytest.mark.parametrize("content", [b"\x80\x02\x82\xf0.", b"\x80\x02\x83\xf0\x00.", b"\x80\x02\x84\xf0\x00\x00\x00."])
def test_registered_extensions_are_refused_even_when_they_are_cached(content):
    copyreg.add_extension("os", "system", 0xF0)
    try:
        copyreg._extension_cache[0xF0] = os.system  # as after somebody else's unpickling
        with pytest.raises(InputError, match="an entry of the registry of extensions"):
            load_plain(content, "t.pkl")
    finally:
        copyreg._extension_cache.pop(0xF0, None)
        copyreg.remove_extension("os", "system", 0xF0)


@pytest.mark.parametrize(
    "value",
    [np.float64(1.0), np.arange(3), OrderedDict(a=1), Decimal(1), datetime.now(UTC), InputError, complex(1, 2)],
    ids=lambda value: type(value).__name__,
)
def test_harmless_classes_are_refused_by_name_as_well(value):
    with pytest.raises(InputError, match=r"names the class [\w.]+; a table must be plain dicts"):
        load_plain(pickle.dumps({"a": value}), "t.pkl")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle at all",
        b"\x80\x09.",
        b".",
        b"\x80\x04]R.",  # a call of what is no function
        b"\x80\x04}}b.",  # the state of a dict
        b"\x80\x04K\x01K\x02e.",
        b"\x80\x04h\x05.",  # an entry that nobody made
        b"\x80\x05\x97.",
        b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",  # text of 2**63 - 1 bytes
        b"\x80\x04\x8b\xff\xff\xff\x7f1.",  # a number of 2**31 - 1 bytes
        b"\x80\x02Nr\xff\xff\xff\x7f.",  # would reserve memory for two thousand million entries
        b"Np99999999999999999999\n.",
        b"Np-1\n.",
    ],
)
def test_what_is_no_whole_pickle_is_damaged(content):
    with pytest.raises((DamagedFileError, InputError)) as refused:
        load_plain(content, "t.pkl")
    assert len(str(refused.value).splitlines()) == 1
    assert str(refused.value).startswith("t.pkl ")


def test_a_truncated_pickle_is_damaged_wherever_it_ends():
    content = pickletools.optimize(pickle.dumps({"000": {"val": [0.5, 0.25], "time": [1.0, 2.0]}}))
    for end in range(len(content)):
        with pytest.raises(DamagedFileError, match="truncated or no pickle"):
            load_plain(content[:end], "t.pkl")


@given(st.binary(max_size=60))
def test_no_bytes_lead_to_anything_but_a_value_or_a_refusal(content):
    """Whatever comes out consists of Python's own plain values."""
    for start in (b"", b"\x80\x04"):
        try:
            value = load_plain(start + content, "t.pkl")
        except (InputError, DamagedFileError):
            continue
        assert type(value) in (type(None), bool, int, float, str, bytes, bytearray, list, tuple, dict, set, frozenset)


def test_a_pickle_that_is_too_large_is_not_looked_at(monkeypatch):
    monkeypatch.setattr(_plain_pickle, "MOST_BYTES", 10)
    with pytest.raises(DamagedFileError, match=r"t\.pkl must have at most"):
        load_plain(pickle.dumps(list(range(9))), "t.pkl")


def test_the_reader_alone_knows_no_names_either():
    """The second line of defence holds without the first."""
    for content in (b"cos\nsystem\n.", b"Pid\n."):
        with pytest.raises(InputError):
            _plain_pickle._Reader(io.BytesIO(content), "t.pkl").load()
