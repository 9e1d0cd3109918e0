"""``lcbench figures`` as a user sees it."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from lcbench.analysis import budget_correlation, table3, tables
from lcbench.analysis.analysis_commands import figures, paper
from lcbench.analysis.correlation import ADAPTIVE, COLUMNS, CROSS, NON_ADAPTIVE, SCHEDULES
from lcbench.analysis.figures import ALIASES, FIGURES
from lcbench.analysis.paper import NUMBERS, TABLE_3, published_correlation
from lcbench.errors import DamagedFileError, InputError, NotABenchmarkError, UnknownNameError
from lcbench.simulate.study import systems
from lcbench.table import store


@pytest.fixture
def run(monkeypatch):
    """Run the command; what it printed. Errors come out as they are (``lcbench.cli`` is what prints them)."""
    monkeypatch.setenv("COLUMNS", "100")

    def invoke(*arguments: object, command=figures) -> str:
        app = typer.Typer()
        app.command()(command)
        result = CliRunner().invoke(app, [*map(str, arguments)])
        if result.exception:
            raise result.exception
        return result.output

    return invoke


@pytest.fixture
def traces_file(bench, make_traces, tmp_path):
    path = tmp_path / "traces.parquet"
    make_traces(bench).to_parquet(path)
    return path


@pytest.fixture
def systems_file(make_systems, tmp_path):
    path = tmp_path / "systems.parquet"
    systems.write(path, make_systems())
    return path


@pytest.mark.slow
def test_everything_is_written(run, furnished, traces_file, systems_file, tmp_path):
    studies = ["--traces", traces_file, "--systems", systems_file]
    output = run(furnished.folder, "--out", tmp_path / "out", *studies, "--formats", "png")
    written = {path.name for path in (tmp_path / "out").iterdir()}
    others = {"hypervolume", "pareto_front", "multi_fidelity_portfolios", "one_shot"}  # of other studies and tables
    drawn = FIGURES.keys() - others
    assert written == {"correlation_table.csv", "system_accuracy.md"} | {
        f"{name}.{end}" for name in drawn for end in ("png", "csv", "txt")
    }
    assert "Table 3" in output
    assert "0.94 ± 0.03" in output
    for name in drawn:
        numbers = pd.read_csv(tmp_path / "out" / f"{name}.csv")
        assert len(numbers) > 0


def test_a_study_of_systems_is_drawn_by_itself(run, make_systems, tmp_path):
    systems.write(tmp_path / "study" / "systems.parquet", make_systems())
    output = run(
        "--out",
        tmp_path,
        "--only",
        "multi_fidelity,system_accuracy",
        "--systems",
        tmp_path / "study",
        "--formats",
        "png",
    )
    assert "Table 3" not in output
    assert "Table 4. Test accuracy (%) after 20 s" in output
    assert {path.name for path in tmp_path.iterdir()} == {
        "study",
        "multi_fidelity.csv",
        "multi_fidelity.txt",
        "system_accuracy.txt",
        "multi_fidelity.png",
        "system_accuracy.csv",
        "system_accuracy.md",
        "system_accuracy.png",
    }
    said = run("--out", tmp_path, "--only", "multi_fidelity,workers,system_accuracy", "--quiet")
    assert said.count("it shows a study of systems; run 'lcbench study OUT --datasets ...'") == 3
    with pytest.raises(InputError, match=r"multi_fidelity.csv must be a study of systems"):
        run("--systems", tmp_path / "multi_fidelity.csv")


def test_csv_is_the_frame(run, bench, tmp_path):
    run(bench.folder, "--out", tmp_path, "--only", "budget_correlation", "--formats", "png", "--quiet")
    pd.testing.assert_frame_equal(
        pd.read_csv(tmp_path / "budget_correlation.csv"), FIGURES["budget_correlation"].frame(bench), check_dtype=False
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "budget_correlation.csv",
        "budget_correlation.png",
        "budget_correlation.txt",
        "correlation_table.csv",
    ]


def test_without_traces_the_regret_is_left_out_in_one_line(run, bench, tmp_path):
    output = run(bench.folder, "--out", tmp_path, "--only", "regret, budget_correlation")
    left_out = [line for line in output.splitlines() if "left out" in line]
    assert len(left_out) == 1
    assert "lcbench simulate" in left_out[0]
    assert (tmp_path / "budget_correlation.png").is_file()
    assert not (tmp_path / "regret.png").exists()


def test_one_budget_is_drawn_as_far_as_it_goes(run, one_budget, tmp_path):
    names = ("budget_correlation", "pooled_correlation", "epoch_map", "curves", "overlap", "importance")
    output = run(one_budget.folder, "--out", tmp_path, "--only", ",".join(names), "--formats", "png")
    assert "(12, 25)" in output
    assert "left out" not in output
    assert {path.stem for path in tmp_path.glob("*.png")} == set(names)
    table = pd.read_csv(tmp_path / "correlation_table.csv").set_index("schedule")
    assert table.loc["non-adaptive", "mean"].notna().all()
    assert table.loc["adaptive", "datasets"].tolist() == [0, 0, 0]


def test_a_table_of_one_step_has_no_curves_to_draw(run, make, tmp_path):
    table = make(tmp_path / "table", budgets=(1,), n_configs=30)
    names = ("performance", "budget_correlation", "pooled_correlation", "epoch_map", "curves", "overlap", "importance")
    output = run(table.folder, "--out", tmp_path / "out", "--only", ",".join(names), "--formats", "png")
    assert {path.stem for path in (tmp_path / "out").glob("*.png")} == {"performance", "importance"}
    assert "Table 3 left out: it needs two budgets, or curves of at least 4 steps" in output
    assert output.count("left out: it shows curves, this table has final values alone") == 3


def test_one_data_set_and_one_seed_are_drawn_as_far_as_they_go(run, make, tmp_path):
    one = make(tmp_path / "one", datasets=("alpha",), n_configs=12, budgets=(1, 2), seeds=(0,))
    output = run(
        one.folder,
        "--out",
        tmp_path / "out",
        "--only",
        "performance,portfolio_size,budget_correlation",
        "--formats",
        "png",
    )
    assert [line.split(":")[0] for line in output.splitlines() if "left out" in line] == ["portfolio_size left out"]
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"performance.png", "budget_correlation.png"}


def test_a_metric_that_the_table_lacks_leaves_the_others_drawn(run, make, tmp_path):
    lacking = make(tmp_path / "lacking", n_configs=12, budgets=(1, 2), seeds=(0,))
    for dataset in lacking.datasets:
        path = lacking.folder / "runs" / f"{dataset}.parquet"
        rows = pq.read_table(path)
        empty = pa.array(
            [[float("nan")] * len(each) for each in rows["test_accuracy"].to_pylist()], pa.list_(pa.float32())
        )
        number = rows.schema.get_field_index("test_accuracy")
        pq.write_table(rows.set_column(number, rows.schema.field(number), empty), path)
    store.seal(lacking.folder, lacking.manifest, list(lacking.datasets))
    arguments = (
        "--only",
        "performance,portfolio_size,budget_correlation,dataset_sizes",
        "--formats",
        "png",
        "--metric",
        "test_accuracy",
    )
    output = run(lacking.folder, "--out", tmp_path / "out", *arguments)
    said = [line for line in output.splitlines() if "left out" in line]
    assert [line.split(" ")[0] for line in said] == ["performance", "portfolio_size", "budget_correlation"]
    assert "test_accuracy must be recorded" in said[0]
    assert {path.name for path in (tmp_path / "out").glob("*.png")} == {"dataset_sizes.png"}


def test_the_papers_numbers_are_other_names_of_the_figures(run, bench, tmp_path):
    assert set(ALIASES.values()) <= set(FIGURES)
    assert not set(ALIASES) & set(FIGURES)
    run(bench.folder, "--out", tmp_path, "--only", "fig14,dataset_sizes", "--formats", "png", "--quiet")
    assert {path.name for path in tmp_path.glob("*.*g")} == {"dataset_sizes.png"}
    said = " ".join(run("--help").replace("│", " ").split())
    assert all(f"{name} ({alias})" in said for alias, name in ALIASES.items())


def test_formats(run, bench, tmp_path):
    run(bench.folder, "--out", tmp_path, "--only", "dataset_sizes", "--formats", "PDF, svg", "--quiet")
    assert {path.name for path in tmp_path.glob("dataset_sizes.*")} == {
        "dataset_sizes.pdf",
        "dataset_sizes.svg",
        "dataset_sizes.csv",
        "dataset_sizes.txt",
    }
    with pytest.raises(UnknownNameError, match="unknown format 'jpg'"):
        run(bench.folder, "--out", tmp_path / "no", "--formats", "png,jpg")
    assert not (tmp_path / "no").exists()


def test_the_width_and_the_style_are_the_users(run, bench, tmp_path):
    style = tmp_path / "mine.mplstyle"
    style.write_text("axes.prop_cycle: cycler('color', ['123456'])\n")
    more = ("--width", "82.55mm", "--style", style)
    run(bench.folder, "--out", tmp_path, "--only", "dataset_sizes", "--formats", "svg", "--quiet", *more)
    drawn = (tmp_path / "dataset_sizes.svg").read_text()
    assert 'width="234pt"' in drawn  # 3.25 inches of 72 points
    assert "#123456" in drawn
    with pytest.raises(InputError, match="width must be such as"):
        run(bench.folder, "--out", tmp_path / "no", "--width", "wide")
    style.write_text("no.such.setting: 1\n")
    with pytest.raises(InputError, match=r"must be a style file of matplotlib, got .*no\.such\.setting"):
        run(bench.folder, "--out", tmp_path / "no", *more)
    with pytest.raises(InputError, match="none must be a style file"):
        run(bench.folder, "--out", tmp_path / "no", "--style", tmp_path / "none")
    assert not (tmp_path / "no").exists()


def test_paper_prints_and_writes_every_row(run, bench, tmp_path):
    output = run(bench.folder, "--out", tmp_path / "a.csv", command=paper)
    frame = pd.read_csv(tmp_path / "a.csv", keep_default_na=False)
    assert frame["quantity"].tolist() == [number.quantity for number in NUMBERS]
    assert "15.3 %" in output
    run(bench.folder, "--out", tmp_path / "a.md", command=paper)
    assert len((tmp_path / "a.md").read_text().splitlines()) == len(NUMBERS) + 2


def test_paper_says_bad_input_before_it_computes(run, bench, tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown format '\.txt'"):
        run(bench.folder, "--out", tmp_path / "a.txt", command=paper)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="must go to a file"):
        run(bench.folder, "--out", tmp_path / "file" / "a.csv", command=paper)
    with pytest.raises(NotABenchmarkError):
        run(tmp_path, command=paper)
    with pytest.raises(UnknownNameError, match="unknown metric"):
        run(bench.folder, "--metric", "accuracy", command=paper)


def test_bad_input_is_said_before_anything_is_written(run, bench, traces_file, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(UnknownNameError, match="unknown figure 'figure5'; nearest: fig5"):
        run(bench.folder, "--out", out, "--only", "figure5")
    with pytest.raises(UnknownNameError, match="unknown metric"):
        run(bench.folder, "--out", out, "--metric", "accuracy")
    with pytest.raises(NotABenchmarkError):
        run(tmp_path, "--out", out)
    with pytest.raises(InputError, match="must be a study, as 'lcbench simulate"):
        run(bench.folder, "--out", out, "--traces", tmp_path / "no.parquet")
    with pytest.raises(InputError, match="traces must come from a study on this table with the metric"):
        run(bench.folder, "--out", out, "--traces", traces_file, "--metric", "valid_cross_entropy")
    traces_file.write_bytes(traces_file.read_bytes()[:-50])
    with pytest.raises(DamagedFileError, match="truncated or damaged"):
        run(bench.folder, "--out", out, "--traces", traces_file)
    pd.DataFrame({"optimizer": ["a"]}).to_parquet(traces_file)
    with pytest.raises(DamagedFileError, match="has no column"):
        run(bench.folder, "--out", out, "--traces", traces_file)
    assert not out.exists()
    with pytest.raises(InputError, match="must go to a folder"):
        run(bench.folder, "--out", traces_file)


def test_table3_is_laid_out_like_the_papers(bench):
    rows = list(tables.table3_rows(table3(budget_correlation(bench))))
    assert tables.table3_header("epochs")[2:] == ("Non-adaptive", "Adaptive", "Adaptive vs non-adaptive")
    assert [row[0] for row in rows] == ["(12, 25)", "", "(25, 50)", "", "(12, 50)", ""]
    assert [row[1] for row in rows] == ["this table", "paper"] * 3
    assert rows[1][2:] == ("0.94 ± 0.03", "0.95 ± 0.05", "0.89")
    assert rows[3][2:] == ("0.96 ± 0.06", "0.94 ± 0.05", "0.86")
    assert rows[5][2:] == ("0.91 ± 0.07", "0.88 ± 0.09", "0.71")


def test_other_budgets_have_no_row_of_the_paper():
    frame = pd.DataFrame([("a", 1, 3, schedule, 0.5, 9) for schedule in SCHEDULES], columns=list(COLUMNS))
    assert list(tables.table3_rows(table3(frame))) == [("(1, 3)", "this table", "0.50", "0.50", "0.50")]


def test_table3_of_a_table_with_gaps_says_over_how_many_configurations_it_is():
    sizes = dict(zip(SCHEDULES, ((20, 30), (6, 6), (5, 6)), strict=True))
    rows = [(dataset, 1, 3, s, 0.5, sizes[s][i]) for i, dataset in enumerate("ab") for s in SCHEDULES]
    table = table3(pd.DataFrame(rows, columns=list(COLUMNS)))
    assert list(tables.table3_rows(table))[1] == ("", "configurations", "20 to 30", "6", "5 to 6")
    assert tables.table3_frame(table)["configs_min"].tolist() == [20, 6, 5]


def test_table3_as_csv_has_the_papers_values(bench):
    frame = tables.table3_frame(table3(budget_correlation(bench)))
    assert len(frame) == 9
    assert frame["datasets"].tolist() == [2] * 9
    cell = frame[(frame["budget_low"] == 12) & (frame["budget_high"] == 50)].set_index("schedule")
    assert cell["paper_mean"].to_dict() == {NON_ADAPTIVE: 0.91, ADAPTIVE: 0.88, CROSS: 0.71}
    assert cell["paper_std"].isna().to_dict() == {NON_ADAPTIVE: False, ADAPTIVE: False, CROSS: True}


def test_published_table_is_whole():
    assert len({(cell.budget_low, cell.budget_high, cell.schedule) for cell in TABLE_3}) == len(TABLE_3) == 9
    assert {cell.source for cell in TABLE_3} == {"Table 3"}
    assert published_correlation(25, 50, ADAPTIVE).mean == 0.94
    assert published_correlation(1, 3, ADAPTIVE) is None
