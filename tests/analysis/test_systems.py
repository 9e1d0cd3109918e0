"""Studies of systems in figures and in Table 4: means of steps by hand, what is bold, what is lacking."""

import numpy as np
import pandas as pd
import pytest

from lcbench.analysis import systems
from lcbench.analysis.figures.contract import NothingToDrawError
from lcbench.analysis.figures.systems import (
    Competitors,
    Components,
    Ensembles,
    MultiFidelity,
    Portfolios,
    Workers,
)
from lcbench.analysis.paper import TABLE_4, published_accuracy
from lcbench.analysis.systems import network_of, trajectories, usual_workers


def rows(*lines: tuple[str, str, int, float, float], dataset: str = "car", workers: int = 1) -> pd.DataFrame:
    """Rows of a study: system, view, seed, time, test."""
    names = ("system", "view", "seed", "time", "test")
    more = {"dataset": dataset, "workers": workers, "time_limit": 8.0, "machine": "some, 2 cores"}
    return pd.DataFrame(lines, columns=list(names)).assign(**more)


def test_lines_are_means_of_steps_from_when_every_seed_has_a_model():
    bo = [("bo", "network", 0, 1.0, 0.5), ("bo", "network", 0, 4.0, 0.9), ("bo", "network", 1, 2.0, 0.7)]
    found = trajectories(rows(*bo), [network_of("bo")], least=1)
    assert found["time"].tolist() == [2.0, 4.0, 8.0]
    np.testing.assert_allclose(found["error"], [1 - 0.6, 1 - 0.8, 1 - 0.8])
    np.testing.assert_allclose(found["std"], np.sqrt(0.02))
    assert set(found["seeds"]) == {2}
    single = trajectories(rows(*bo[:2]), [network_of("bo")], least=1)
    assert single["std"].isna().all()
    assert single["time"].tolist() == [1.0, 4.0, 8.0]


def test_a_line_is_of_the_usual_number_of_workers():
    one = rows(("bo", "network", 0, 1.0, 0.5), ("bohb", "network", 0, 1.0, 0.5), workers=2)
    study = pd.concat([one, rows(("bohb", "network", 0, 1.0, 0.9), workers=3)], ignore_index=True)
    assert usual_workers(study) == 2
    assert MultiFidelity.frame(study)["error"].unique().tolist() == [0.5]
    both = Workers.frame(study)
    assert both["line"].unique().tolist() == ["BOHB, 2 workers", "BOHB, 3 workers"]
    assert both.groupby("line")["error"].first().to_list() == pytest.approx([0.5, 0.1])


def test_figures_say_in_a_line_what_they_lack():
    study = rows(("bohb", "network", 0, 1.0, 0.5))
    for figure, names in (
        (MultiFidelity, "bo"),
        (Portfolios, "bohb-simple,bohb-greedy"),
        (Ensembles, "bohb-greedy,full"),
        (Components, "bo,bohb-simple,bohb-greedy,full"),
        (Competitors, "full"),
    ):
        with pytest.raises(NothingToDrawError, match=f"this study has no runs of {names}; run 'lcbench study'") as e:
            figure.frame(study)
        assert len(str(e.value).splitlines()) == 1
    with pytest.raises(NothingToDrawError, match="no system of this study has been run with two on one data set"):
        Workers.frame(study)
    with pytest.raises(NothingToDrawError, match="no runs of full"):
        systems.numbers(study)


def test_the_figures_show_the_components_that_the_paper_shows(make_systems):
    study = make_systems()
    titles = {
        figure: figure.frame(study)["line"].unique().tolist()
        for figure in (MultiFidelity, Portfolios, Ensembles, Components, Competitors)
    }
    assert titles[MultiFidelity] == ["BO", "BOHB"]
    assert titles[Portfolios] == ["BOHB", "BOHB + simple PF", "BOHB + greedy PF"]
    assert len(titles[Ensembles]) == 5
    assert len(titles[Components]) == 11
    assert titles[Competitors][:2] == ["BOHB + greedy PF + Ens. (div.)", "HistGradientBoosting"]
    drawn = Components.draw(Components.frame(study))
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == titles[Components]
    looks = {line.get_label(): (line.get_color(), line.get_marker()) for line in drawn.axes[0].lines}
    assert len(set(looks.values())) == 11
    assert len({look[0] for look in looks.values()}) == 7, "six systems, and the baselines in grey"
    for figure in (MultiFidelity, Portfolios, Ensembles):
        for line in figure.draw(figure.frame(study)).axes[0].lines:
            known = looks.get(line.get_label())
            assert known is None or known == (line.get_color(), line.get_marker()), "the same in every figure"
    assert len(drawn.axes[0].collections) == 6, "searches have bands, baselines none"
    assert drawn.get_supxlabel() == "runs of 20 s, 1 worker, 3 seeds, some, 2 cores"


def test_table_4_is_the_last_accuracy_with_its_test_and_the_papers_beside_it():
    full = [("full", "all", seed, 1.0, test) for seed, test in enumerate((0.90, 0.91, 0.92))]
    full += [("full", "all", 0, 9.0, 0.1)]  # after the limit
    knn = [("full", "knn", seed, 0.5, 0.5) for seed in range(3)]
    peer = [("AutoGluon", "single", seed, 0.5, test) for seed, test in enumerate((0.89, 0.90, 0.92))]
    found = systems.numbers(rows(*full, *knn, *peer))
    cells = found[found["dataset"] == "car"].set_index("column")
    assert cells.loc["full", "mean"] == pytest.approx(0.91)
    assert cells.loc["full", "std"] == pytest.approx(0.01)
    assert cells.loc[["full", "AutoGluon", "KNN"], "bold"].tolist() == [True, True, False]
    assert cells.loc["paper: Auto-PyTorch", ["mean", "std", "source"]].tolist() == pytest.approx(
        [0.9641, 0.0147, "paper"]
    )
    assert systems.header(found) == ["full", "AutoGluon", "KNN", "paper: Auto-PyTorch", "paper: AutoGluon"]
    text = systems.markdown(found)
    assert "| car | **91.00 ± 1.00** | **90.33 ± 1.53** | 50.00 ± 0.00 | 96.41 ± 1.47 | 99.12 ± 0.50 |" in text
    assert "| mean | 91.00 | 90.33 | 50.00 | - | - |" in text
    assert "after 8 s with 1 worker," in text


def test_the_papers_table_4_is_whole():
    assert len(TABLE_4) == 8 * 9 - 9
    assert len({cell.dataset for cell in TABLE_4}) == 8
    assert published_accuracy("phoneme", "Auto-PyTorch Tabular").mean == 90.55
    assert published_accuracy("covertype", "AutoGluon w/ stack.") is None
    for dataset in {cell.dataset for cell in TABLE_4}:  # the paper prints this column twice
        first, again = (published_accuracy(dataset, f"Auto-PyTorch {name}") for name in ("Tabular", "w/ ens."))
        assert (first.mean, first.std) == (again.mean, again.std)
