"""Tables of format 1, from before tables described themselves, open as they did and can be brought up to date."""

import json
import shutil

import numpy as np
import pytest

import lcbench
from lcbench import cli, signature
from lcbench.collection.networks.metrics import RECORD
from lcbench.errors import DamagedFileError, UnknownNameError
from lcbench.table import format1, store, verify
from lcbench.table.doors.official.names import RECORD as PUBLISHED
from lcbench.table.manifest import MANIFEST


def as_format_1(folder, **changes):
    """Rewrite a folder's manifest as lcbench wrote it in format 1."""
    known = store.read_manifest(folder).to_json()
    record = known["record"]
    document = {
        **{name: known[name] for name in ("title", "space", "budgets", "seeds", "schedule", "provenance", "files")},
        "space_name": known["problem"],
        "metrics": [{name: each[name] for name in ("name", "unit", "goal")} for each in record["metrics"]],
        "format_version": 1,
    }
    (folder / MANIFEST).write_text(signature.sign(document | changes), encoding="utf-8")


@pytest.fixture
def old(bench, tmp_path):
    """A folder of format 1."""
    folder = tmp_path / "old"
    shutil.copytree(bench.folder, folder)
    as_format_1(folder, provenance={"seconds": "modelled: from single runs"})
    return folder


def test_it_opens_with_what_networks_record(old, bench):
    opened = lcbench.load(old)
    assert opened.manifest.record == RECORD == bench.manifest.record
    assert opened.manifest.problem == "mlp"
    assert verify.verify(old) == []
    for name in bench.metrics:
        np.testing.assert_array_equal(opened.array("alpha", name, 25), bench.array("alpha", name, 25))


@pytest.mark.parametrize(
    ("said", "origin"),
    [
        ("modelled: what one worker would need", "modelled"),
        ("as published: measured while training", "published"),
        ("processor seconds of the run, measured", "measured"),
        ("", "measured"),
    ],
)
def test_its_words_say_how_seconds_were_obtained(said, origin):
    assert format1.record(["valid_accuracy"], said).seconds == origin


def test_what_is_imported_from_the_published_layout_is_what_networks_record():
    assert PUBLISHED.metrics == RECORD.metrics
    assert PUBLISHED.schema == RECORD.schema
    assert PUBLISHED.seconds == "published"


def test_migrating_changes_the_manifest_alone_and_no_number(old, capsys):
    before = lcbench.load(old)
    others = {path: path.read_bytes() for path in old.rglob("*.parquet")}
    assert cli.run(["migrate", str(old)]) == 0
    assert "format 1 became format 2" in capsys.readouterr().out
    document = json.loads((old / MANIFEST).read_text(encoding="utf-8"))
    assert document["format_version"] == 2
    assert document["record"]["objective"] == "valid_accuracy"
    assert {path: path.read_bytes() for path in old.rglob("*.parquet")} == others
    assert lcbench.load(old).manifest == before.manifest
    assert verify.verify(old) == []
    assert not list(old.glob(".*"))  # nothing half-written stays


def test_a_damaged_one_is_not_migrated(old):
    path = old / "runs" / "alpha.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    before = (old / MANIFEST).read_bytes()
    assert cli.run(["migrate", str(old)]) == 2
    assert (old / MANIFEST).read_bytes() == before


@pytest.mark.parametrize("name", ["space_name", "metrics", "schedule", "provenance"])
def test_a_manifest_that_lacks_something(old, name):
    document = json.loads((old / MANIFEST).read_text(encoding="utf-8"))
    del document[name], document["sha256"]
    (old / MANIFEST).write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DamagedFileError, match=rf"cannot be understood \(KeyError: '{name}'\)"):
        lcbench.load(old)


def test_no_other_metric_is_there(old):
    with pytest.raises(UnknownNameError, match="unknown metric 'valid_rmse'"):
        lcbench.load(old).metric("valid_rmse")
