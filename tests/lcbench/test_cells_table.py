"""The embedded table of cells: whole, of cells that differ, and found by its name."""

import pytest

import lcbench
from lcbench.space.cells import canonical, is_cell_space, live_edges
from lcbench.table import verify


@pytest.fixture(scope="module")
def cells():
    return lcbench.load("cells")


def test_it_is_whole_and_in_range(cells):
    assert verify.verify(cells.folder) == []


def test_it_holds_different_cells_on_three_data_sets_of_images(cells):
    assert is_cell_space(cells.space)
    assert (cells.datasets, cells.budgets) == (("digits", "mfeat-pixel", "mnist"), (6, 12, 24))
    forms = [canonical(config) for config in cells.configs.to_dict("records")]
    assert len(set(forms)) == len(forms) >= 150


@pytest.mark.parametrize("dataset", ["digits", "mfeat-pixel", "mnist"])
def test_what_a_cell_costs_follows_from_its_edges(cells, dataset):
    """More weights take more operations, and cells without convolutions have the fewest of both."""
    ends = {name: cells.array(dataset, name, 24)[:, 0, -1] for name in ("parameters", "flops", "test_accuracy")}
    bare = [
        not any(config[f"Op{edge}"].startswith("nor_conv") for edge in live_edges(config))
        for config in cells.configs.to_dict("records")
    ]
    assert {*ends["parameters"][bare]} == {ends["parameters"].min()}
    assert {*ends["flops"][bare]} == {ends["flops"].min()}
    assert ends["test_accuracy"].max() > 0.9


def test_a_folder_of_that_name_comes_first(cells, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert lcbench.load("cells").folder == cells.folder
    assert lcbench.load("mini").folder == lcbench.load().folder
    for other in ("portfolio", "nothing", "sub/cells"):  # data of another kind, no name, and a path
        with pytest.raises(lcbench.errors.FolderError):
            lcbench.load(other)
    (tmp_path / "cells").mkdir()
    with pytest.raises(lcbench.errors.FolderError, match="benchmark"):
        lcbench.load("cells")
