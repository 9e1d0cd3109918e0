"""The page of ``lcbench report`` as a file: whole, escaped, and with the table's numbers in it."""

import json
import re
import sys
import zlib
from base64 import b64decode
from dataclasses import replace
from html.parser import HTMLParser
from itertools import product

import numpy as np
import pandas as pd
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import lcbench
from lcbench.analysis.looks import looks
from lcbench.analysis.report import markup
from lcbench.analysis.report.explorer import LEVELS, Block, incumbents, pack, unpack
from lcbench.analysis.report.markup import parsed_at_once, plotly_js, scatter_only
from lcbench.analysis.report.study import study
from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import FolderError, InputError, UnknownNameError
from lcbench.simulate.study.regret import RUN, run_regrets
from lcbench.table import manifest, store

ODD = "<b>odd</b> & \"quoted\" </script><script>alert('title')</script>"


class Page(HTMLParser):
    """The elements of a page, with what they hold."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self._id = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self._id = dict(attributes).get("id", f"{tag} {len(self.elements)}")

    def handle_data(self, text):
        self.inside[self._id] = self.inside.get(self._id, "") + text

    def texts(self, tag: str) -> str:
        """What stands in all elements of this kind that have no id."""
        return "".join(text for name, text in self.inside.items() if name.startswith(f"{tag} "))

    @property
    def data(self) -> dict:
        return json.loads(self.inside["explorer-data"])

    def curves(self, number: int) -> np.ndarray:
        """A block as the page has it."""
        described = self.data["blocks"][number]
        return unpack(Block(**described | {"shape": tuple(described["shape"]), "text": self.inside[f"block-{number}"]}))


@pytest.fixture(scope="module")
def odd(bench, tmp_path_factory) -> lcbench.Benchmark:
    """The formula's table with a title that a page could stumble over, two runs diverged."""
    folder = tmp_path_factory.mktemp("odd")
    runs = {name: store.read_parquet(bench.folder / manifest.runs_path(name)) for name in bench.datasets}
    rows = runs["alpha"].to_pylist()
    for row in rows[:2]:
        row["valid_accuracy"] = [*row["valid_accuracy"][:3], *[float("nan")] * (row["budget"] - 2)]
    runs["alpha"] = type(runs["alpha"]).from_pylist(rows, schema=runs["alpha"].schema)
    configs, datasets = (store.read_parquet(bench.folder / name) for name in (manifest.CONFIGS, manifest.DATASETS))
    store.write(folder, replace(bench.manifest, title=ODD), configs, datasets, runs)
    return lcbench.load(folder)


@pytest.fixture(scope="module")
def invoke():
    """Run the command; what it printed. Errors come out as they are (``lcbench.cli`` is what prints them)."""
    from lcbench.analysis.report.report_commands import report

    def run(*arguments: object) -> str:
        app = typer.Typer()
        app.command()(report)
        result = CliRunner().invoke(app, [*map(str, arguments)])
        if result.exception:
            raise result.exception
        return result.output

    return run


@pytest.fixture(scope="module")
def written(odd, make_traces, invoke, tmp_path_factory):
    pytest.importorskip("plotly", reason="the page needs plotly (extra `report`)")
    folder = tmp_path_factory.mktemp("page")
    make_traces(odd).to_parquet(folder / "traces.parquet")
    invoke(
        odd.folder,
        "--out",
        folder / "report.html",
        "--traces",
        folder / "traces.parquet",
        "--only",
        "budget_correlation,dataset_sizes,rank",
    )
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "traces.parquet"]
    return folder / "report.html"


@pytest.fixture(scope="module")
def page(written) -> Page:
    return Page(written.read_text(encoding="utf-8"))


def test_the_page_is_one_file_that_asks_nothing_of_a_network(page, written):
    for tag, attributes in page.elements:
        assert tag not in ("iframe", "object", "embed", "base", "audio", "video")
        assert not (tag == "script" and "src" in attributes)
        for address in (attributes.get("src"), attributes.get("href") if tag == "link" else None):
            assert address is None or address.startswith("data:")
    policies = [each["content"] for tag, each in page.elements if each.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "http" not in policies[0]
    assert not {"url(", "@import"} & set(re.findall(r"url\(|@import", page.texts("style")))
    assert written.stat().st_size < 15e6


def test_names_from_the_folder_are_text(page):
    assert page.texts("h1").strip() == ODD
    assert ODD in page.texts("dd")
    running = [attributes for tag, attributes in page.elements if tag == "script" and "type" not in attributes]
    assert len(running) == 1  # the explorer


def test_the_library_in_the_page_is_plotly_with_what_it_draws_alone(page):
    from plotly.offline import get_plotlyjs

    shipped = get_plotlyjs()
    inside = zlib.decompress(b64decode(page.inside["library"])).decode("utf-8")
    assert inside == parsed_at_once(scatter_only(shipped)) == plotly_js()
    assert 100 < len(shipped) - len(inside) < 1000  # names of kinds of charts are gone, brackets are there
    assert inside.count(".register([])") == shipped.count(".register([])") + 1


@pytest.mark.parametrize(
    "source", ["", "var Plotly = 1;", "f.register([a(),b()])", "f(this, () => {\n1\n});", ".register([" + "a()," * 30]
)
def test_a_library_that_is_written_otherwise_is_left_alone(source):
    assert parsed_at_once(scatter_only(source)) == source


def test_a_library_that_is_written_as_we_know_it_starts_with_less():
    kinds = ",".join(f"k{number}()" for number in range(25))
    source = f"(function(root) {{}} (this, () => {{\nlib.register([{kinds}]);\nreturn lib;\n}}));"
    wanted = "(function(root) {} (this, (() => {\nlib.register([]);\nreturn lib;\n})));"
    assert parsed_at_once(scatter_only(source)) == wanted


def test_everything_of_the_table_can_be_chosen(page, odd):
    data = page.data
    assert data["datasets"] == list(odd.datasets)
    assert [each["name"] for each in data["metrics"]] == list(METRICS)
    assert (data["budgets"], data["seeds"]) == (list(odd.budgets), list(odd.seeds))
    assert data["configs"] == odd.configs.index.tolist()
    for each in data["hyperparameters"]:
        np.testing.assert_array_equal(each["values"], odd.configs[each["name"]])
    assert [each["name"] for each in data["hyperparameters"]] == list(odd.space)
    for name, of_budgets in zip(odd.datasets, data["seconds"], strict=True):
        for budget, seconds in zip(odd.budgets, of_budgets, strict=True):
            np.testing.assert_allclose(seconds, odd.array(name, "seconds", budget)[:, :, -1].mean(axis=1), rtol=1e-4)


def test_curves_in_the_page_are_the_tables_within_what_the_page_says(page, odd):
    for number, key in enumerate(product(odd.datasets, METRICS, odd.budgets)):
        curves, error = odd.array(*key).astype(float), page.data["blocks"][number]["error"]
        np.testing.assert_allclose(page.curves(number), curves, rtol=0, atol=error + 1e-12)  # NaN where NaN
        assert error <= (np.nanmax(curves) - np.nanmin(curves)) / (LEVELS - 1) / 2 * 1.0001
    assert np.isnan(page.curves(list(METRICS).index("valid_accuracy") * 3)).any()


def test_figures_are_drawn_or_say_why_not(page, invoke, odd, tmp_path):
    ids = [attributes.get("id") for tag, attributes in page.elements if tag == "figure"]
    assert ids == ["figure-budget_correlation", "figure-dataset_sizes", "figure-rank"]
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert all(each["src"].startswith(("data:image/svg+xml;base64,", "data:image/png;base64,")) for each in images)
    assert all(each["alt"] for each in images)
    invoke(
        odd.folder,
        "--out",
        tmp_path / "p.html",
        "--only",
        "rank,dataset_sizes",
        "--explore",
        "valid_accuracy",
        "--quiet",
    )
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert re.search(r'<p class="left-out" id="figure-rank"><b>rank</b> left out: [^\n]*lcbench simulate', text)
    assert text.count("<figure ") == 1
    assert Page(text).data["traces"] is None


def test_a_table_with_one_budget_and_other_metrics_has_its_page(invoke, one_budget, tmp_path):
    arguments = (
        "--metric",
        "test_cross_entropy",
        "--explore",
        "valid_accuracy,test_accuracy",
        "--only",
        "budget_correlation",
    )
    invoke(one_budget.folder, "--out", tmp_path / "p.html", *arguments)
    data = Page((tmp_path / "p.html").read_text(encoding="utf-8")).data
    assert [each["name"] for each in data["metrics"]] == ["test_cross_entropy", "valid_accuracy", "test_accuracy"]
    assert data["first"] == 0
    assert data["budgets"] == [50]


def test_comparison_has_a_row_for_every_number_of_the_paper(written):
    from lcbench.analysis.paper import NUMBERS

    text = written.read_text(encoding="utf-8")
    body = text[text.index('<table class="comparison">') :]
    assert body[: body.index("</table>")].count("<tr>") == len(NUMBERS) + 1


def test_the_study_stands_on_the_page_as_it_is_compared_and_described(page, written, odd):
    from lcbench.simulate.study.comparison import compare
    from lcbench.simulate.study.comparison_text import parts
    from lcbench.simulate.study.description import Description

    traces = pd.read_parquet(written.with_name("traces.parquet"))
    text = written.read_text(encoding="utf-8")
    tables = re.findall(r'<table class="compared">.*?</table>', text, re.DOTALL)
    expected = parts(compare(traces, None, np.random.default_rng(0)))
    assert [re.findall(r'<td class="[a-z]*">([^<]*)</td>', table) for table in tables] == [
        [cell for row in part.rows for cell in row] for part in expected
    ]
    assert "does not say its settings" in text
    described = Description("some", {"budget": "20 runs"}, {"optimizers": ["random", "bohb"]})
    assert "<dt>budget</dt><dd>20 runs</dd>" in study(traces, described)
    assert "No comparison: a comparison needs at least two" in study(traces[traces["optimizer"] == "bohb"], described)
    assert study(None, None) == ""
    assert page.data["colours"] == {name: look.colour for name, look in looks(["random", "bohb"]).items()}


def test_the_same_table_gives_the_same_page(written, odd, invoke, tmp_path):
    traces = written.with_name("traces.parquet")
    invoke(
        odd.folder, "--out", tmp_path / "p.html", "--traces", traces, "--only", "budget_correlation,dataset_sizes,rank"
    )
    assert (tmp_path / "p.html").read_bytes() == written.read_bytes()


def test_bad_input_is_refused_before_anything_is_made(invoke, bench, tmp_path):
    wrong = [
        (UnknownNameError, (bench.folder, "--out", tmp_path / "p.pdf")),
        (UnknownNameError, (bench.folder, "--out", tmp_path / "p.html", "--only", "fig99")),
        (UnknownNameError, (bench.folder, "--out", tmp_path / "p.html", "--metric", "beauty")),
        (UnknownNameError, (bench.folder, "--out", tmp_path / "p.html", "--explore", "beauty")),
        (FolderError, (tmp_path / "nothing", "--out", tmp_path / "p.html")),
        (InputError, (bench.folder, "--out", tmp_path / "p.html", "--traces", tmp_path / "nothing.parquet")),
    ]
    for error, arguments in wrong:
        with pytest.raises(error):
            invoke(*arguments)
    assert not list(tmp_path.iterdir())


def test_traces_of_another_table_are_refused(invoke, bench, make_traces, tmp_path):
    make_traces(bench).assign(value=2.0).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="study on this table"):
        invoke(bench.folder, "--out", tmp_path / "p.html", "--traces", tmp_path / "t.parquet")


def test_without_plotly_the_extra_is_named(invoke, bench, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(InputError, match=r"pip install 'lcbench\[report\]'"):
        invoke(bench.folder, "--out", tmp_path / "p.html")
    assert not list(tmp_path.iterdir())


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(1, 5), st.integers(1, 3), st.integers(1, 9)),
    st.sampled_from([1e-6, 1.0, 1e9]),
    st.floats(0, 1),
)
def test_unpacked_is_within_the_error_that_is_said(seed, shape, size, lost):
    rng = np.random.default_rng(seed)
    curves = (size * rng.standard_normal(shape)).astype(np.float32)
    curves[rng.random(shape) < lost / 2] = rng.choice([np.nan, np.inf, -np.inf])
    block = pack(curves)
    there = np.isfinite(curves)
    found = unpack(block)
    assert np.isnan(found[~there]).all()
    assert block.shape == shape
    if there.any():
        away = np.abs(found - curves)[there].max()
        assert away <= block.error * (1 + 1e-9)
        if not block.bend:
            assert block.error <= np.ptp(curves[there].astype(float)) / (LEVELS - 1) / 2 * (1 + 1e-6) + 1e-12 * size


def test_one_curve_that_nearly_diverged_leaves_the_others_readable():
    curves = np.linspace(0.1, 2.0, 400, dtype=np.float32).reshape(10, 4, 10).copy()
    curves[0, 0, 0] = 1e6
    block = pack(curves)
    usual = curves < 1e5
    assert block.bend > 0
    assert np.abs(unpack(block) - curves)[usual].max() < 0.02  # evenly spaced levels would lie 488 apart


def test_incumbents_are_the_steps_of_the_regrets(bench, make_traces):
    traces = make_traces(bench)
    shares = np.linspace(0.01, 1.0, 37)
    regrets = run_regrets(traces, shares.tolist())
    found = incumbents(traces)
    assert len(found) == len(regrets)
    for run in found:
        at = np.searchsorted(run["share"], shares, side="right") - 1
        mine = np.where(at < 0, np.inf, np.array(run["regret"])[at])
        near = np.abs(np.subtract.outer(shares, run["share"])).min(axis=1) < 1e-4  # shares are kept to five digits
        theirs = regrets.loc[tuple(run[name] for name in RUN)].to_numpy()
        np.testing.assert_allclose(mine[~near], theirs[~near], rtol=1e-4, atol=1e-6)
        assert np.all(np.diff(run["regret"]) < 0)


def test_a_run_that_only_diverged_has_no_steps(bench, make_traces):
    traces = make_traces(bench, optimizers=("random",), seeds=1)
    traces.loc[traces["dataset"] == "alpha", "loss"] = np.inf
    steps = {run["dataset"]: run["share"] for run in incumbents(traces)}
    assert steps["alpha"] == []
    assert steps["beta"]


@pytest.mark.parametrize(
    "value", ["</script>", "<!--", "a & b", "\u2028", float("nan"), float("inf"), None, 1.5, [1, {"a": "<"}]]
)
def test_data_survives_and_cannot_end_its_element(value):
    written = markup.data("x", {"value": value})
    inside = written[written.index(">") + 1 : written.rindex("<")]
    assert not set("<>&") & set(inside)
    back = json.loads(inside)["value"]
    assert back is None if isinstance(value, float) and not np.isfinite(value) else back == value


def test_code_cannot_end_its_element():
    written = markup.code('const tag = "</script>";')
    assert written.count("</script>") == 1
