"""The format: names, budgets, the manifest and its versions."""

import json

import pyarrow as pa
import pytest

from lcbench.collection.networks.metrics import METRICS, RECORD
from lcbench.errors import DamagedFileError, InputError, NewerFormatError
from lcbench.table.manifest import (
    DATASET_SCHEMA,
    FORMAT_VERSION,
    FileRecord,
    Manifest,
    check_budgets,
    check_dataset_name,
    check_path,
    parse_budgets,
    runs_path,
)
from lcbench.table.record import KEY


def manifest(**changes: object) -> Manifest:
    fields = {
        "title": "a test",
        "problem": "mlp",
        "space": {"name": "mlp"},
        "record": RECORD,
        "budgets": (12, 25, 50),
        "seeds": (0, 1, 2),
        "schedule": "adaptive",
        "provenance": {"python": "3.11"},
        "files": {
            "configs.parquet": FileRecord("ab" * 32, 10, 3),
            "runs/wine.parquet": FileRecord("cd" * 32, 9, 1),
        },
    }
    return Manifest(**fields | changes)


class TestColumns:
    def test_every_metric_has_a_list_column(self):
        for name in ("seconds", "learning_rate", *METRICS):
            assert RECORD.schema.field(name).type == pa.list_(pa.float32())

    def test_the_key_comes_first(self):
        assert tuple(RECORD.schema.names[:3]) == KEY == ("budget", "config_id", "seed")

    def test_only_ids_licence_and_the_sizes_of_parts_may_be_missing_of_a_data_set(self):
        nullable = [field.name for field in DATASET_SCHEMA if field.nullable]
        parts = ["train_instances", "valid_instances", "test_instances", "class_counts"]  # not in the published data
        assert nullable == ["openml_task_id", "openml_dataset_id", "licence", *parts]


class TestBudgets:
    @pytest.mark.parametrize("budgets", [(1,), (12, 25, 50), (1, 3, 9, 27)])
    def test_increasing_positive_integers(self, budgets):
        assert check_budgets(budgets) == budgets

    @pytest.mark.parametrize("budgets", [(), (0, 1), (-1,), (25, 12), (12, 12), (12.5, 25), (True, 2), ("12",)])
    def test_anything_else_is_refused(self, budgets):
        with pytest.raises(InputError, match=r"budgets must be increasing positive integers \(steps\), got"):
            check_budgets(budgets)

    def test_a_manifest_is_checked_when_it_is_made(self):
        with pytest.raises(InputError, match="got 50, 12"):
            manifest(budgets=(50, 12))

    @pytest.mark.parametrize("text", ["12,25,50", " 12, 25 ,50"])
    def test_as_written_on_a_command_line(self, text):
        assert parse_budgets(text) == (12, 25, 50)

    @pytest.mark.parametrize(("text", "epochs"), [("1-50", range(1, 51)), (" 2 - 4, 9", (2, 3, 4, 9)), ("7-7", (7,))])
    def test_a_range_is_every_epoch_of_it(self, text, epochs):
        assert parse_budgets(text) == tuple(epochs)

    @pytest.mark.parametrize(
        "text",
        ["", "12,", "3-", "4-2", "0-2", "1-5,5", "1-2-3", "9-12,3", "12;25", "-3", "1.5", "25,12", "0", "1e2", "²"],
    )
    def test_written_badly(self, text):
        with pytest.raises(InputError, match="budgets must be increasing positive integers"):
            parse_budgets(text)


class TestNames:
    @pytest.mark.parametrize("name", ["wine", "kr-vs-kp", "numerai28.6", "_x", "a" * 100, "0", "C+A"])
    def test_names_of_data_sets(self, name):
        assert check_dataset_name(name) == name
        assert runs_path(name) == f"runs/{name}.parquet"

    @pytest.mark.parametrize(
        "name",
        ["", ".", "..", "../up", "a/b", "a\\b", ".hidden", "a b", "ä", "a" * 101, "a\n", "a\0", "C:", "-x", "+x"],
    )
    def test_names_that_leave_the_folder_or_cannot_be_files(self, name):
        with pytest.raises(InputError, match="a data set's name must be up to 100 letters"):
            check_dataset_name(name)

    @pytest.mark.parametrize("path", ["configs.parquet", "runs/wine.parquet"])
    def test_paths_within_the_folder(self, path):
        assert check_path(path) == path

    @pytest.mark.parametrize(
        "path", ["/etc/passwd", "../x", "runs/../../x", "a/b/c", "", "runs/", "./x", "runs\\x", "C:/x"]
    )
    def test_paths_that_leave_the_folder(self, path):
        with pytest.raises(DamagedFileError, match="names a file outside the folder or with an odd name"):
            check_path(path)


class TestManifest:
    def test_json_round_trip(self):
        document = json.loads(json.dumps(manifest().to_json()))
        assert Manifest.from_json(document) == manifest()

    def test_it_names_metrics_with_unit_and_goal(self):
        metrics = {metric["name"]: metric for metric in manifest().to_json()["record"]["metrics"]}
        said = {"unit": "fraction", "goal": "maximize", "low": 0.0, "high": 1.0, "part": "valid"}
        assert metrics["valid_accuracy"] == {"name": "valid_accuracy", **said}
        assert metrics["train_loss"]["high"] is None  # strict JSON has no infinity

    def test_a_newer_format_is_refused(self):
        document = manifest().to_json() | {"format_version": FORMAT_VERSION + 1, "surprise": 1}
        with pytest.raises(NewerFormatError, match="format version 3, this program knows up to 2; update lcbench"):
            Manifest.from_json(document)

    @pytest.mark.parametrize(
        "change",
        [
            lambda document: document | {"surprise": 1},
            lambda document: document | {"record": document["record"] | {"surprise": 1}},
            lambda document: document["record"]["metrics"][0].update(surprise=1) or document,
            lambda document: document["record"]["fidelities"][0].update(surprise=1) or document,
        ],
    )
    def test_what_a_later_program_may_add_is_refused_instead_of_misread(self, change):
        with pytest.raises(NewerFormatError, match="update lcbench"):
            Manifest.from_json(change(manifest().to_json()))

    @pytest.mark.parametrize("document", [None, [], "x", {}, {"format_version": "1"}])
    def test_what_is_no_manifest(self, document):
        with pytest.raises(DamagedFileError, match="has no format_version"):
            Manifest.from_json(document)

    @pytest.mark.parametrize("name", ["title", "problem", "space", "record", "budgets", "seeds", "provenance", "files"])
    def test_a_field_that_is_missing(self, name):
        document = manifest().to_json()
        del document[name]
        with pytest.raises(DamagedFileError, match=rf"cannot be understood \(KeyError: '{name}'\)"):
            Manifest.from_json(document)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("budgets", [50, 12]),
            ("budgets", 12),
            ("budgets", ["many"]),
            ("seeds", None),
            ("record", [3]),
            ("record", {**RECORD.to_json(), "objective": "speed"}),
            ("record", {**RECORD.to_json(), "metrics": [{"name": "x"}]}),
            ("record", {**RECORD.to_json(), "columns": {"valid_accuracy": "int32"}}),
            ("record", {**RECORD.to_json(), "columns": {"status": "object"}}),
            ("files", []),
            ("files", {"x": 1}),
            ("files", {"x": {"sha256": "a"}}),
        ],
    )
    def test_a_field_that_makes_no_sense(self, name, value):
        with pytest.raises(DamagedFileError, match="cannot be understood"):
            Manifest.from_json(manifest().to_json() | {name: value})

    def test_a_file_outside_the_folder(self):
        document = manifest().to_json() | {"files": {"../../x": {"sha256": "", "bytes": 1, "rows": 1}}}
        with pytest.raises(DamagedFileError, match="outside the folder"):
            Manifest.from_json(document)
