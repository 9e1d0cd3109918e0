"""A published folder: the table as it was, documents that their own readers accept, and nothing that nobody said."""

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import lcbench
from lcbench import cli
from lcbench.table import manifest, store, verify
from lcbench.table.doors.publish.card import size_category
from lcbench.table.doors.publish.croissant import REQUIRED_RAI

SAID = (
    "--author",
    "Doe, Jane",
    "--author",
    "A: laboratory",
    "--licence",
    "CC-BY-4.0",
    "--citation",
    'Doe (2026), "x: y".',
)
LOADING = """
import itertools, json, sys
import mlcroissant

dataset = mlcroissant.Dataset(sys.argv[1])
issues = dataset.metadata.ctx.issues
found = {name: len(list(dataset.records(name))) for name in sys.argv[2:]}
first = next(iter(dataset.records(sys.argv[-1])))
curve = [float(value) for value in first[f"{sys.argv[-1]}/valid_accuracy"]]
print(json.dumps([sorted(issues.errors), sorted(issues.warnings), found, curve]))
"""


@pytest.fixture
def published(bench, tmp_path, capsys) -> Path:
    assert cli.run(["publish", str(bench.folder), str(tmp_path / "out"), *SAID, "--title", "Curves: a formula's"]) == 0
    capsys.readouterr()
    return tmp_path / "out"


def test_the_table_is_there_as_it_was_under_its_licence(published, bench):
    out = lcbench.load(published)
    assert verify.verify(published) == []
    for path in bench.manifest.files:
        assert (published / path).read_bytes() == (bench.folder / path).read_bytes()
    said = {"title": "Curves: a formula's", "licence": "CC-BY-4.0", "citation": 'Doe (2026), "x: y".'}
    assert out.manifest == replace(bench.manifest, **said)
    line = ["publish", str(published), str(published.parent / "again"), *SAID[:2]]
    assert cli.run(line) == 0, "the manifest says all else by now"


def test_every_file_has_its_checksum(published):
    lines = (published / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    files = {path.relative_to(published).as_posix() for path in published.rglob("*") if path.is_file()}
    assert {line.split("  ")[1] for line in lines} == files - {"SHA256SUMS"}
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((published / name).read_bytes()).hexdigest() == digest
    if shutil.which("sha256sum"):
        check = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
        subprocess.run(check, cwd=published, check=True)
        (published / "LICENSE").write_text("mine", encoding="utf-8")
        assert subprocess.run(check, cwd=published, capture_output=True).returncode == 1


def test_the_card_is_yaml_that_names_every_file_and_text_for_people(published, bench):
    _, head, text = (published / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    card = yaml.safe_load(head)
    assert (card["license"], card["pretty_name"], card["size_categories"]) == (
        "cc-by-4.0",
        "Curves: a formula's",
        ["n<1K"],
    )
    assert sorted(each["data_files"] for each in card["configs"]) == sorted(bench.manifest.files)
    assert [each["data_files"] for each in card["configs"] if each.get("default")] == ["runs/alpha.parquet"]
    assert len({each["config_name"] for each in card["configs"]}) == len(card["configs"])
    assert "| `valid_accuracy` | fraction, to maximize |" in text
    assert 'Doe (2026), "x: y".' in text
    assert "| alpha | formula | not said |" in text
    for line in (line for line in text.splitlines() if line.startswith(("import", "runs =", "bench"))):
        assert "alpha" in line or line.startswith(("import", "bench = lcbench"))


def test_the_citation_file_is_that_of_a_data_set(published):
    cff = yaml.safe_load((published / "CITATION.cff").read_text(encoding="utf-8"))
    assert cff["authors"] == [{"family-names": "Doe", "given-names": "Jane"}, {"name": "A: laboratory"}]
    assert (cff["type"], cff["license"], cff["version"], cff["cff-version"]) == (
        "dataset",
        "CC-BY-4.0",
        "1.0.0",
        "1.2.0",
    )
    assert 'Doe (2026), "x: y".' in cff["message"]
    assert "https://spdx.org/licenses/CC-BY-4.0.html" in (published / "LICENSE").read_text(encoding="utf-8")


def test_another_licence_is_passed_on_by_its_name(bench, tmp_path):
    line = ["publish", str(bench.folder), str(tmp_path / "out"), *SAID, "--licence", "Our Data Licence 2.1"]
    assert cli.run(line) == 0
    _, head, _ = (tmp_path / "out" / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    card = yaml.safe_load(head)
    assert (card["license"], card["license_name"], card["license_link"]) == ("other", "our-data-licence-2.1", "LICENSE")
    assert "license" not in yaml.safe_load((tmp_path / "out" / "CITATION.cff").read_text(encoding="utf-8"))
    assert json.loads((tmp_path / "out" / "croissant.json").read_bytes())["license"] == "Our Data Licence 2.1"


@pytest.mark.skipif(find_spec("mlcroissant") is None, reason="mlcroissant is not installed; only this test needs it")
def test_mlcroissant_finds_no_fault_and_loads_the_records(published, bench):
    line = [sys.executable, "-W", "ignore", "-c", LOADING, str(published / "croissant.json")]
    done = subprocess.run([*line, "configs", "datasets", "runs-alpha"], capture_output=True, text=True, cwd=published)
    assert done.returncode == 0, done.stderr
    errors, warnings, found, curve = json.loads(done.stdout)
    assert (errors, [each for each in warnings if "url" not in each]) == ([], [])
    assert found == {"configs": 30, "datasets": 2, "runs-alpha": 30 * 3 * 3}
    assert curve == pytest.approx(bench.curve("alpha", 0, "valid_accuracy", 12, 0).tolist())


def test_what_neurips_asks_for_is_there_or_said_to_be_missing(bench, tmp_path, capsys):
    line = ["publish", str(bench.folder), str(tmp_path / "out"), *SAID]
    assert cli.run(line) == 0
    assert "NeurIPS also asks for rai:hasSyntheticData; say it with --rai FILE." in capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "croissant.json").read_bytes())
    assert set(REQUIRED_RAI) - set(document) == {"rai:hasSyntheticData"}  # a formula's table: nobody trained it
    assert document["conformsTo"][-1].endswith("/RAI/1.0")
    assert document["rai:dataCollection"].endswith("written in the format of lcbench.")
    said = {"rai:hasSyntheticData": True, "rai:dataBiases": ["two tasks"]}
    (tmp_path / "rai.json").write_text(json.dumps(said), encoding="utf-8")
    assert cli.run([*line[:2], str(tmp_path / "said"), *SAID, "--rai", str(tmp_path / "rai.json")]) == 0
    assert "NeurIPS" not in capsys.readouterr().out
    document = json.loads((tmp_path / "said" / "croissant.json").read_bytes())
    assert {name: document[name] for name in said} == said


def test_the_table_that_comes_along_was_trained_and_says_so(tmp_path):
    folder = lcbench.load().folder
    assert (
        cli.run(["publish", str(folder), str(tmp_path / "out"), *SAID, "--url", "https://example.org/x", "--quiet"])
        == 0
    )
    document = json.loads((tmp_path / "out" / "croissant.json").read_bytes())
    assert document["rai:hasSyntheticData"] is False
    assert document["rai:dataCollection"].startswith("23400 trained runs, collected with lcbench on 20")
    assert document["url"] == "https://example.org/x"
    assert {"url": "https://www.openml.org/t/167161"}.items() <= document["prov:wasDerivedFrom"][3].items()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "must have licence, citation, author, the manifest says none; give --licence CC-BY-4.0 --citation"),
        (["--author", "Doe, Jane", "--licence", "MIT"], "must have citation, the manifest says none"),
        ([*SAID, "--title", " "], "must have title"),
        ([*SAID, "--rai", "rai.json"], "must be named rai:... or prov:..., got 'license'"),
        ([*SAID, "--rai", "list.json"], "must be a JSON file with an object"),
    ],
)
def test_what_nobody_said_is_not_guessed(bench, tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    Path("rai.json").write_text('{"license": "mine"}', encoding="utf-8")
    Path("list.json").write_text("[]", encoding="utf-8")
    assert cli.run(["publish", str(bench.folder), "out", *arguments]) == cli.USAGE_ERROR
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1
    assert not Path("out").exists()


def test_a_damaged_table_is_not_published(bench, tmp_path, capsys):
    copy = shutil.copytree(bench.folder, tmp_path / "copy")
    path = copy / manifest.runs_path("alpha")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert cli.run(["publish", str(copy), str(tmp_path / "out"), *SAID]) == cli.USAGE_ERROR
    assert "is damaged" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert store.read_manifest(copy).licence == ""


@pytest.mark.parametrize(
    ("rows", "category"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (70_000, "10K<n<100K"), (10**12, "n>1T")],
)
def test_sizes_as_hugging_face_names_them(rows, category):
    assert size_category(rows) == category
