"""Comparison with a control: hand-worked areas and effect sizes, published sample sizes, the model against ANOVA."""

import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from lcbench import cli
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.study import comparison_text, read, study, write
from lcbench.simulate.study.comparison import compare
from lcbench.simulate.study.mixed import effects
from lcbench.simulate.study.regret import areas, normalized_regrets
from lcbench.simulate.study.report import in_percent
from lcbench.simulate.study.statistics import pairs_needed, superiority

RUN = ["optimizer", "dataset", "seed"]


def traces(losses, times=(0.25, 0.5, 1.0), limit=10.0) -> pd.DataFrame:
    """Runs by (optimizer, dataset, seed), each a loss for every time; losses lie in [0, 1]."""
    rows = [
        dict(zip(RUN, run, strict=True)) | {"loss": loss, "finished": limit * time}
        for run, found in losses.items()
        for time, loss in zip(times, found, strict=True)
    ]
    return pd.DataFrame(rows).assign(limit=limit, best_loss=0.0, worst_loss=1.0)


def made(rng, effect=0.0, datasets=8, seeds=5, noise=0.02) -> pd.DataFrame:
    hard = rng.uniform(0.1, 0.3, datasets)
    return traces(
        {
            (name, f"d{j}", k): (0.9, 0.8, np.clip(hard[j] + shift + noise * rng.standard_normal(), 0, 1))
            for name, shift in (("mine", 0.0), ("theirs", effect), ("other", 0.01))
            for j in range(datasets)
            for k in range(seeds)
        }
    )


def test_the_area_is_worked_by_hand():
    one = traces({("a", "d", 0): (0.8, 0.9, 0.1)})  # worst until 1/4, then 0.8 to the end, where 0.1 comes too late
    assert areas(one).tolist() == [pytest.approx(0.25 + 0.75 * 0.8)]
    early = traces({("a", "d", 0): (0.5, 0.2, 0.4)}, times=(0.0, 0.5, 0.75))
    assert areas(early).tolist() == [pytest.approx(0.5 * 0.5 + 0.5 * 0.2)]


def test_the_area_is_the_mean_over_a_fine_grid(bench):
    found = study(bench, bench.datasets[:2], ("random", "hyperband"), range(2), budget="5x")
    grid = (np.arange(4000) + 0.5) / 4000
    assert areas(found).to_numpy() == pytest.approx(normalized_regrets(found, grid).mean(axis=1).to_numpy(), abs=2e-3)


def test_superiority_is_counted_by_hand():
    first, second = np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]])
    assert superiority(first, second) == (1 + 1 + 1 + 0.5) / 4
    assert superiority(first, second) + superiority(second, first) == 1


@pytest.mark.parametrize(("size", "pairs"), [(0.2, 199), (0.5, 34), (0.8, 15)])  # G*Power's two-sided paired t test
def test_the_number_of_pairs_is_the_published_one(size, pairs):
    assert pairs_needed(size, 1.0, 0.05, 0.8) == pairs


def test_no_spread_needs_the_fewest_pairs_and_an_unknown_one_says_nothing():
    assert pairs_needed(0.1, 0.0, 0.05, 0.8) == 2
    assert np.isnan(pairs_needed(0.1, np.nan, 0.05, 0.8))


def test_the_mixed_model_of_a_balanced_study_has_the_errors_of_analysis_of_variance():
    rng = np.random.default_rng(3)
    names, n, seeds = ["control", "a", "b"], 12, 4
    cells = rng.normal(0, 1.0, n)[:, None] + rng.normal(0, 0.5, (n, 3)) + np.array([0.0, 0.3, 1.0])
    values = cells[:, :, None] + rng.normal(0, 0.2, (n, 3, seeds))
    runs = {(names[i], f"d{j}", k): values[j, i, k] for j in range(n) for i in range(3) for k in range(seeds)}
    scores = pd.Series(runs).rename_axis(RUN)
    found = effects(scores, "control")
    means = values.mean(axis=2)
    left = means - means.mean(axis=0) - means.mean(axis=1, keepdims=True) + means.mean()
    error = np.sqrt(2 * (left**2).sum() / ((n - 1) * 2) / n)
    assert found["effect"].to_numpy() == pytest.approx(means.mean(axis=0)[1:] - means.mean(axis=0)[0])
    half = (found["high"] - found["low"]).to_numpy() / 2
    assert half == pytest.approx(1.959964 * error, rel=1e-3)


def test_an_optimizer_equal_to_the_control_has_no_effect():
    rng = np.random.default_rng(0)
    values = {(name, f"d{j}", k): 0.1 * j + 0.01 * k for name in ("a", "b") for j in range(4) for k in range(3)}
    values |= {("c", f"d{j}", k): rng.random() for j in range(4) for k in range(3)}
    found = effects(pd.Series(values).rename_axis(RUN), "a")
    assert found.loc["b"].tolist() == [0, 0, 0, 1]
    assert np.isfinite(found.loc["c"]).all()


def test_one_run_of_each_says_nothing_of_their_spread():
    values = {("a", "x", 0): 0.1, ("b", "x", 0): 0.2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert effects(pd.Series(values).rename_axis(RUN), "a").loc["b"].isna().all()


def test_a_clear_difference_is_seen_and_none_is_not():
    rng = np.random.default_rng(1)
    clear = compare(made(rng, effect=0.2), "mine", rng).frame.loc["theirs"]
    assert clear["difference"] == pytest.approx(0.2, abs=0.02)
    assert max(clear["p_holm"], clear["effect_p_holm"]) < 0.05 and clear["better"] > 0.99
    none = compare(made(rng), "mine", rng).frame.loc["theirs"]
    assert min(none["p"], none["effect_p"]) > 0.01 and abs(none["difference"]) < 0.02


def test_the_default_control_is_the_best_and_one_row_is_its_own():
    rng = np.random.default_rng(2)
    found = compare(made(rng, effect=0.2), None, rng)
    assert found.control == found.frame.index[0]
    assert found.frame.loc[found.control, ["difference", "p", "effect", "seeds"]].isna().all()


def test_more_is_needed_for_a_smaller_difference():
    few, many = (
        compare(made(np.random.default_rng(1)), "mine", np.random.default_rng(0), seen=seen).frame.loc["theirs"]
        for seen in (0.02, 0.005)
    )
    assert few["seeds"] < many["seeds"]
    assert few["datasets"] < many["datasets"]


def test_what_cannot_be_compared_is_said():
    rng = np.random.default_rng(0)
    whole = made(rng)
    with pytest.raises(UnknownNameError, match="unknown optimizer 'mime'; nearest: mine"):
        compare(whole, "mime", rng)
    with pytest.raises(InputError, match="at least two optimizers"):
        compare(whole[whole["optimizer"] == "mine"], "mine", rng)
    gap = whole[~((whole["optimizer"] == "other") & (whole["dataset"] == "d3") & (whole["seed"] == 2))]
    with pytest.raises(InputError, match="none of other on d3 with seed 2"):
        compare(gap, "mine", rng)
    with pytest.raises(InputError, match="more than 0 and at most 1"):
        compare(whole, "mine", rng, seen=0)


@pytest.fixture(scope="module")
def kept(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "study.parquet"
    found = study(bench, None, ("random", "hyperband", "bohb"), range(3), budget="4x")
    write(path, found, bench.metric(None))
    return path


def test_the_command_writes_every_format(kept, tmp_path, capsys):
    assert cli.run(["compare", str(kept), "--control", "bohb"]) == 0
    printed = capsys.readouterr().out
    assert "Against bohb" in printed and "hyperband" in printed
    assert cli.run(["compare", str(kept), "--control", "bohb", "--format", "csv"]) == 0
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(frame["optimizer"]) == {"random", "hyperband", "bohb"} and (frame["control"] == "bohb").all()
    for ending, mark in ((".md", "| optimizer |"), (".tex", r"\toprule"), (".csv", "optimizer,control")):
        assert cli.run(["compare", str(kept), "--out", str(tmp_path / f"a{ending}")]) == 0
        assert mark in (tmp_path / f"a{ending}").read_text()


def test_latex_escapes_names(kept):
    named = read(kept).replace({"optimizer": {"bohb": "my_bohb & co"}})
    text = comparison_text.latex(compare(named, "random", np.random.default_rng(0)))
    assert r"my\_bohb \& co" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 3


def test_latex_prints_its_notes_below_the_tests(kept):
    found = compare(read(kept), "random", np.random.default_rng(0))
    text = comparison_text.latex(found)
    assert not re.search(r"^%", text, re.MULTILINE), "a comment is nowhere in a paper"
    tested = text.split(r"\end{table}")[1]
    below = tested.split(r"\end{tabular}")[1]
    for note in comparison_text.notes(found):
        assert note.split("'")[0] in below
    assert r"{\footnotesize " in below


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.1234567, "12.35"),
        (0.001, "0.10"),
        (0.000999, "0.10"),
        (0.00012345, "0.012"),
        (-0.0000456, "-0.0046"),
        (5e-7, "0.000050"),
        (0.0, "0.00"),
        (3e-17, "0.00"),
        (-3e-17, "0.00"),
    ],
)
def test_small_shares_have_two_digits(value, said):
    assert in_percent(value) == said


def test_a_file_that_is_not_there_is_no_damaged_one(tmp_path, capsys):
    missing = tmp_path / "none.parquet"
    for command in (["compare", str(missing)], ["figures", "--only", "regret", "--traces", str(missing)]):
        assert cli.run(command) == 2
        assert "none.parquet must be a study, as 'lcbench simulate --out' writes it" in capsys.readouterr().err


def test_a_study_of_systems_is_sent_to_its_figures(tmp_path, capsys):
    path = tmp_path / "systems.parquet"
    pd.DataFrame({"system": ["bohb"], "dataset": ["car"]}).to_parquet(path)
    assert cli.run(["compare", str(path)]) == 2
    assert "figures --systems" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "word"], "unknown format 'word'"),
        (["--out", "a.docx"], "unknown format '.docx'"),
        (["--control", "mine"], "unknown optimizer 'mine'"),
        (["--difference", "2"], "more than 0 and at most 1"),
    ],
)
def test_bad_input_is_one_line(kept, arguments, said, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["compare", str(kept), *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_a_folder_is_sent_to_the_command_for_it(bench, capsys):
    assert cli.run(["compare", str(bench.folder)]) == 2
    assert "lcbench paper" in capsys.readouterr().err


def test_latex_has_a_minus_and_a_dash_between_the_ends_of_a_range(kept):
    text = comparison_text.latex(compare(read(kept), "random", np.random.default_rng(0)))
    assert "--" in text and "$-$" in text
    cells = [cell for line in text.splitlines() if line.endswith(r"\\") for cell in line.split(" & ")[1:]]
    assert not any(re.search(r"(?<![$-])-(?![$-])\d", cell) for cell in cells)
