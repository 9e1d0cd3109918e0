"""Names in a table from elsewhere do no harm: to the terminal, in pictures, in CSV files, and in the report."""

import csv
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pytest

import lcbench
from lcbench import cli
from lcbench.space import spaces
from lcbench.table import store
from lcbench.table.manifest import CONFIGS, DATASETS, runs_path

ODD = (
    *("=cmd()|'x'!A0", '[/b] "quoted"', "two\nlines", "\x1b]0;title\x07"),
    *("$\\frac{", "</script><script>alert(1)", "@x$y$"),
)
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., lcbench.Benchmark]) -> Path:
    """A table whose title and hyperparameters have such names, in a folder with one."""
    place = tmp_path_factory.mktemp("names")
    plain = make(place / "plain", ("alpha", "beta"), 12, (3, 6), (0, 1))
    names = dict(zip(plain.manifest.hyperparameters, ODD, strict=True))
    space = dict(plain.manifest.space)
    space["hyperparameters"] = [each | {"name": names[each["name"]]} for each in space["hyperparameters"]]
    order = list(spaces.from_json(space))
    configs = store.read_parquet(plain.folder / CONFIGS)
    configs = configs.rename_columns([names.get(name, name) for name in configs.column_names])
    manifest = replace(plain.manifest, title="".join(ODD), space=space, problem=ODD[1], schedule=ODD[3])
    runs = {name: store.read_parquet(plain.folder / runs_path(name)) for name in plain.datasets}
    folder = place / "run[v2] [b]"
    datasets = store.read_parquet(plain.folder / DATASETS)
    source = pa.array(list(ODD[:2]))
    datasets = datasets.set_column(datasets.column_names.index("source"), datasets.schema.field("source"), source)
    store.write(folder, manifest, configs.select(["config_id", *order]), datasets, runs)
    return folder


@pytest.mark.parametrize(
    "line",
    [
        "info {} --verify",
        "verify {}",
        "paper {} --out {}/../compare.csv",
        "figures {} --formats svg --out {}/../figures --quiet",
        "simulate {} --optimizers random,hyperband --seeds 2 --budget 5evals --jobs 1 --out {}/../study.parquet",
        "report {} --only importance,curves --out {}/../report.html --quiet",
        "collect {} --datasets sklearn:iris",
    ],
)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_do_no_harm(odd: Path, capfd: pytest.CaptureFixture[str], line: str) -> None:
    if line.startswith("report"):
        pytest.importorskip("plotly", reason="the page needs plotly (extra `report`)")
    code = cli.run([part.replace("{}", str(odd)) for part in line.split(" ")])
    said = "".join(capfd.readouterr())
    assert code == (2 if line.startswith("collect") else 0), said
    assert not CONTROLS.search(said)
    if line.startswith("info"):
        assert '[/b] "quoted"' in said
    if line.startswith(("verify", "simulate")):
        assert "run[v2] [b]" in said
    for path in odd.parent.rglob("*.svg"):
        ElementTree.fromstring(path.read_bytes())  # noqa: S314  # our own
    for path in odd.parent.rglob("*.csv"):
        for row in csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True)):
            assert not [cell for cell in row if cell[:1] in "=@\t\r" and cell], path


def test_the_report_has_no_script_of_a_name(odd: Path) -> None:
    page = odd.parent / "report.html"
    if not page.is_file():
        pytest.skip("made by the test before")
    text = page.read_text(encoding="utf-8")
    assert "<script>alert(1)" not in text
    assert not CONTROLS.search(text)


def test_what_looks_like_a_formula_is_text_in_a_csv() -> None:
    import pandas as pd

    from lcbench.analysis.tables import csv_text

    frame = pd.DataFrame({"=name": ["=1+1", "-", "-0.5", "+x", "plain"], "n": np.arange(5) - 2.0})
    assert csv_text(frame).split("\n") == ["'=name,n", "'=1+1,-2.0", "-,-1.0", "-0.5,0.0", "'+x,1.0", "plain,2.0", ""]
