"""Figures of a table: they show what was computed, and say what they need."""

import numpy as np
import pytest

from lcbench.analysis import style
from lcbench.analysis.figures import curves, dataset_sizes, epoch_map, overlap, performance, portfolio_size
from lcbench.analysis.figures.contract import LABELS, NothingToDrawError
from lcbench.analysis.generality import performance_matrix, relative_regret
from lcbench.collection.networks.metrics import METRICS
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate.transfer.greedy import greedy_portfolio


def test_performance_has_the_same_order_left_and_right(bench):
    frame = performance.frame(bench)
    assert len(frame) == len(bench.datasets) * len(bench.configs)
    values, regrets = performance_matrix(bench), relative_regret(performance_matrix(bench), METRICS["valid_accuracy"])
    figure = performance.draw(frame)
    rows = regrets.mean().sort_values(kind="stable").index
    columns = np.argsort(regrets.to_numpy().mean(axis=1), kind="stable")
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == rows.tolist()
    for panel, table in zip(figure.axes[:2], (values, regrets), strict=True):
        shown = np.asarray(panel.images[0].get_array())
        shown = shown.reshape(len(rows), -1, shown.shape[1])[:, 0]
        np.testing.assert_allclose(shown, table[rows].to_numpy().T[:, columns])


def test_performance_of_diverged_runs_and_of_losses(stub):
    some = stub(2)
    some.arrays["data_set_1", 12][2:, 0, 4:] = np.nan
    for metric in ("valid_accuracy", "valid_cross_entropy"):
        frame = performance.frame(some, metric)
        assert frame["value"].isna().sum() == 10
        performance.draw(frame).draw_without_rendering()
    with pytest.raises(NothingToDrawError, match="this table has one"):
        performance.frame(stub(2, configs=1))


def test_performance_of_a_metric_without_values(stub):
    some = stub(2)
    some.arrays["data_set_1", 12][:] = np.nan
    with pytest.raises(InputError, match="must be recorded"):
        performance.frame(some)


def test_portfolio_size_shows_the_greedy_portfolio(stub):
    table = stub(6, configs=40)
    frame = portfolio_size.frame(table)
    regrets = relative_regret(performance_matrix(table), METRICS["valid_accuracy"]).to_numpy()
    greedy = frame[frame["portfolio"] == portfolio_size.GREEDY]
    taken = greedy_portfolio(regrets, 32)
    assert greedy["config_id"].tolist() == table.configs.index[taken].tolist()
    np.testing.assert_allclose(greedy["regret"], [regrets[taken[:k]].min(axis=0).mean() for k in range(1, 33)])
    left_out = frame[frame["portfolio"] == portfolio_size.LEFT_OUT]["regret"].to_numpy()
    assert (left_out >= greedy["regret"].to_numpy() - 1e-12).all()
    drawn = portfolio_size.draw(frame).axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(drawn, greedy.loc[greedy["regret"] > 0, "regret"])


def test_portfolio_size_says_what_it_needs(stub):
    with pytest.raises(NothingToDrawError, match="at least two data sets, this table has one"):
        portfolio_size.frame(stub(1))
    flat = stub(3)
    flat.arrays = {key: np.full_like(values, 0.5) for key, values in flat.arrays.items()}
    with pytest.raises(NothingToDrawError, match="best on all data sets"):
        portfolio_size.frame(flat)


def test_portfolio_size_with_a_configuration_that_diverged_somewhere(stub):
    some = stub(3)
    for name in some.datasets:
        some.arrays[name, 12][::2, 0, 4:] = np.nan
    portfolio_size.draw(portfolio_size.frame(some, "valid_cross_entropy")).draw_without_rendering()


def test_epoch_map_shows_the_mean_over_data_sets(bench):
    frame = epoch_map.frame(bench)
    cells = [rows.drop(columns=["dataset", "epoch", *LABELS]).to_numpy() for _, rows in frame.groupby("dataset")]
    figure = epoch_map.draw(frame)
    large = next(panel for panel in figure.axes if panel.get_title().startswith("mean"))
    np.testing.assert_allclose(np.asarray(large.images[0].get_array()), np.mean(cells, axis=0))
    assert [panel.get_title() for panel in figure.axes if panel.get_title() in bench.datasets] == list(
        dict.fromkeys(frame["dataset"])
    )


def test_epoch_map_leaves_undefined_correlations_out_of_the_mean(stub):
    some = stub(2)
    some.arrays["data_set_1", 12][:, :, 0] = 0.5
    epoch_map.draw(epoch_map.frame(some)).draw_without_rendering()
    some.arrays = {key: np.full_like(values, 0.5) for key, values in some.arrays.items()}
    with pytest.raises(NothingToDrawError, match="no correlation is defined"):
        epoch_map.frame(some)


def test_overlap_needs_ten_configurations(stub):
    with pytest.raises(NothingToDrawError, match="at least 10 configurations with all runs, there are 9"):
        overlap.frame(stub(2, configs=9))
    panel = overlap.draw(overlap.frame(stub(2, configs=10))).axes[0]
    assert len(panel.lines) == 3 * 3  # curve, marks and chance


def test_dataset_sizes_has_the_tables_data_sets_and_the_papers(bench):
    frame = dataset_sizes.frame(bench)
    here = frame[frame["group"] == dataset_sizes.THIS]
    assert here["dataset"].tolist() == list(bench.datasets)
    published = frame[frame["group"] == dataset_sizes.PUBLISHED]
    # section 4.1.1: 5 to 1637 features with the target, 690 to 581012 data points, 2 to 355 classes
    assert len(published) == 35
    assert (published["features"].min() + 1, published["features"].max() + 1) == (5, 1637)
    assert (published["instances"].min(), published["instances"].max()) == (690, 581012)
    assert (published["classes"].min(), published["classes"].max()) == (2, 355)
    names = {text.get_text() for text in dataset_sizes.draw(frame).axes[0].texts}
    assert names == set(bench.datasets)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_figure_gives_the_same_bytes(kind, bench, tmp_path):
    frame = portfolio_size.frame(bench)
    paths = [tmp_path / f"{copy}.{kind}" for copy in "ab"]
    for path in paths:
        style.save(portfolio_size.draw(frame), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_unknown_format(bench, tmp_path):
    with pytest.raises(UnknownNameError, match="unknown format 'jpg'"):
        style.save(dataset_sizes.draw(dataset_sizes.frame(bench)), tmp_path / "a.jpg")


def test_the_best_accuracy_is_never_outside_the_panel(stub):
    some = stub(1)
    values = some.arrays[some.datasets[0], 12]
    values[1:] = 0.01 + 0.001 * values[1:]
    values[0] = 0.9
    low, high = curves.draw(curves.frame(some)).axes[0].get_ylim()
    assert low < 0.01 < 0.9 < high


def test_many_curves_are_thinned_but_keep_the_best_and_the_worst(stub):
    some = stub(1, configs=700, budgets=(2,))
    panel = curves.draw(curves.frame(some)).axes[0]
    drawn = np.array([path.vertices[-1, 1] for path in panel.collections[0].get_paths()])
    last = some.arrays[some.datasets[0], 2].mean(axis=1)[:, -1]
    assert len(drawn) == 500
    assert (drawn.min(), drawn.max()) == pytest.approx((last.min(), last.max()))
    assert panel.collections[0].get_rasterized()
