"""Folders from elsewhere: JSON that would take for ever, sizes that nothing could hold, and links that lead out."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lcbench
from lcbench import cli, signature
from lcbench.errors import DamagedFileError
from lcbench.files import json_value, no_links, parse_json, read_bytes
from lcbench.form import Real, Whole, check
from lcbench.table import store
from lcbench.table.manifest import MANIFEST, runs_path


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., lcbench.Benchmark]) -> Path:
    return make(tmp_path_factory.mktemp("sound") / "t", ("alpha",), 4, (2, 3), (0, 1)).folder


@pytest.fixture
def copy(table: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(table, tmp_path / "copy"))


def with_entries(folder: Path, **entries: object) -> None:
    """Change entries of a manifest, and sign it again."""
    document = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | entries
    document.pop("sha256")
    (folder / MANIFEST).write_text(signature.sign(document), encoding="utf-8")


def refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> str:
    """What ``info`` and ``verify`` say of a folder that cannot be opened: one line and the codes 2 and 1."""
    assert cli.run(["info", str(folder)]) == 2
    said = capfd.readouterr().err
    assert said.startswith("lcbench: ")
    assert len(said.splitlines()) == 1
    assert cli.run(["verify", str(folder)]) == 1
    return said


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 100_000, "[" * 5000 + "]" * 5000, '{"a":' * 300 + "1" + "}" * 300),
        *('{"format_version": ' + "9" * 5000 + "}", '{"format_version": 1e999}', '{"format_version": NaN}'),
        *(
            '{"format_version": -Infinity}',
            '{"title": "\\ud800"}',
            "\x00",
            '{"format_version": 2, "seeds": [' + "0," * 5_000_000,
        ),
    ],
    ids=lambda text: text[:24],
)
def test_json_that_is_none_of_ours_is_refused_with_a_line(copy, capfd, text):
    (copy / MANIFEST).write_text(text, encoding="utf-8")
    assert MANIFEST in refused(copy, capfd)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("budgets", [1e9]),
            ("budgets", [10**9]),
            ("budgets", list(range(1, 90_000))),
            ("budgets", ["3"]),
            ("budgets", [True]),
        ),
        *(("seeds", list(range(200_000))), ("seeds", [2**40]), ("seeds", [0, 0]), ("seeds", []), ("seeds", [0.5])),
        *(("provenance", None), ("space", None), ("space", {"hyperparameters": [3]}), ("title", 3), ("record", None)),
        *(("files", {}), ("files", {"/etc/passwd": {"sha256": "", "bytes": 1, "rows": 1}}), ("problem", ["x"])),
        *(("files", {"../x/y": {}}), ("licence", {}), ("provenance", {"plan": 3}), ("provenance", {"merged": 3})),
    ],
)
def test_a_manifest_that_promises_what_cannot_be_is_refused(copy, capfd, name, value):
    with_entries(copy, **{name: value})
    assert MANIFEST in refused(copy, capfd)


def test_a_budget_that_would_need_more_memory_than_the_file_holds(table, tmp_path, make):
    folder = make(tmp_path / "large", ("alpha",), 2000, (2,), (0,)).folder
    with_entries(folder, budgets=[2, 99_999])
    with pytest.raises(
        DamagedFileError, match="holds 6000 numbers of a series of which the manifest promises 200006000"
    ):
        lcbench.load(folder).array("alpha", budget=2)


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(-1e300, 1e300) | st.integers(-(2**63), 2**63) | st.text(), st.lists
    )
)
def test_json_that_python_writes_is_read_as_it_was(value):
    assert json_value(json.dumps(value, ensure_ascii=False)) == value


def test_a_pipe_is_not_waited_for(copy):
    (copy / runs_path("alpha")).unlink()
    os.mkfifo(copy / runs_path("alpha"))
    with pytest.raises(DamagedFileError, match="must be a file, got something else"):
        lcbench.load(copy).array("alpha")
    with pytest.raises(DamagedFileError, match="must be a file"):
        read_bytes(copy / runs_path("alpha"))


def test_pandas_metadata_do_not_count(copy):
    """One damaged byte in them, which are no part of the table, changes nothing, or is found by the checksum."""
    manifest, configs = store.read_manifest(copy), lcbench.load(copy).configs
    path = copy / "configs.parquet"
    store.write_parquet(path, pa.Table.from_pandas(configs.reset_index()))
    store.seal(copy, manifest, ["alpha"])
    content = bytearray(path.read_bytes())
    content[content.find(b'{"index_columns"') + 5] = 0xFF
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match="its checksum differs"):
        _ = lcbench.load(copy).configs
    store.seal(copy, manifest, ["alpha"])
    assert lcbench.load(copy).configs.equals(configs)


LINKS = {
    "a folder": "baselines",
    "a file": "runs/beta.parquet",
    "the manifest": "benchmark.json",
    "deep": ".baselines/rows/alpha",
}


@pytest.mark.parametrize("name", LINKS.values(), ids=LINKS)
@pytest.mark.parametrize(
    "line", ["baselines {} --only knn", "collect {} --datasets sklearn:iris", "migrate {}", "info {}"]
)
def test_nothing_is_read_or_written_through_a_link(copy, tmp_path, capfd, name, line):
    victim, link = tmp_path / "victim", copy / name
    victim.mkdir()
    (victim / "iris.parquet").write_text("precious")
    link.parent.mkdir(parents=True, exist_ok=True)
    there = victim / "file" if link.suffix else victim
    if link.exists():
        link.rename(victim / "file")
    link.symlink_to(there)
    before = {path: path.read_bytes() for path in victim.iterdir()}
    assert cli.run(line.format(copy).split()) == 2
    said = capfd.readouterr().err
    assert "is a symbolic link, through which nothing is read or written" in said
    assert {path: path.read_bytes() for path in victim.iterdir()} == before


def test_the_folder_itself_may_be_reached_through_a_link(table, tmp_path):
    (tmp_path / "link").symlink_to(table)
    assert lcbench.load(tmp_path / "link").array("alpha").shape == (4, 2, 4)
    assert no_links(tmp_path / "none") == tmp_path / "none"


@pytest.mark.parametrize(
    ("form", "right", "wrong"),
    [
        (str, ["", "x"], [1, None]),
        (Whole(0, 5), [0, 5], [-1, 6, True, 1.0, "1"]),
        (Real(0), [0, 0.5], [-0.5, float("nan"), float("inf"), False, 10**400]),
        ((None, "a"), [None, "a"], ["b", 0]),
        ([Real()], [[], [1, 2.5]], [[None], [True], {}, "x", [float("nan"), 1.0]]),
        ({"a": str, "b?": Whole()}, [{"a": ""}, {"a": "", "b": 1, "c": 2}], [{}, {"a": 1}, {"a": "", "b": None}, []]),
        ({str: [bool]}, [{}, {"x": [True]}], [{"x": [1]}, []]),
    ],
)
def test_forms(form, right, wrong):
    for value in right:
        check("f.json", value, form)
    for value in wrong:
        with pytest.raises(
            DamagedFileError, match=r"^f\.json cannot be understood: .* must be .*, got .*; restore it\.$"
        ):
            check("f.json", value, form)


def test_an_error_in_json_names_the_file():
    with pytest.raises(DamagedFileError, match=r"x\.json cannot be read as JSON"):
        parse_json(Path("x.json"), b"{")
    assert np.isfinite(json_value("1e30"))
