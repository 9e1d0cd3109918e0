"""Graphs of configurations, their kernel by hand, and the process over it."""

import numpy as np
import pytest
from ConfigSpace import ConfigurationSpace

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, FunctionBackend, simulate
from lcbench.simulate.optimizers._graphs import Features, Graph, cell, counts, drawing, kernels
from lcbench.simulate.optimizers.gp_wl import GraphGP, profiled
from lcbench.simulate.testing import check_optimizer
from lcbench.space.cells import cell_space, is_cell_space
from lcbench.table.curve import Curve

CELLS = cell_space()


def ops(*names):
    short = {"3": "nor_conv_3x3", "1": "nor_conv_1x1", "s": "skip_connect", "p": "avg_pool_3x3", "-": "none"}
    return {f"Op{edge}": short[name] for edge, name in enumerate(names)}


def test_labels_of_a_path_by_hand():
    """a -> b -> a: two a and one b; then the first a is told from the last by its neighbours."""
    found = counts(Graph(("a", "b", "a"), ((0, 1), (1, 2))), 1)
    assert found[0] == {"a": 2, "b": 1}
    assert found[1] == {("a", (), ("b",)): 1, ("b", ("a",), ("a",)): 1, ("a", ("b",), ()): 1}


def test_the_kernel_by_hand():
    """Of a -> b -> a and a -> b: 2 * 1 + 1 * 1 = 3 of counts; lengths 5 and 2. After a step one label is shared."""
    features = Features(1)
    graphs = [Graph(("a", "b", "a"), ((0, 1), (1, 2))), Graph(("a", "b"), ((0, 1),))]
    matrices = features.matrices([features.of(graph) for graph in graphs])
    found = kernels(matrices, matrices)
    assert found.shape == (2, 2, 2)
    np.testing.assert_allclose(found[0], [[1, 3 / np.sqrt(10)], [3 / np.sqrt(10), 1]])
    np.testing.assert_allclose(found[1][0, 1], 4 / np.sqrt(8 * 4))
    np.testing.assert_allclose(np.diag(found[1]), 1)


def test_numbering_nodes_otherwise_changes_nothing():
    first = Graph(("a", "b", "c", "a"), ((0, 1), (0, 2), (1, 3), (2, 3)))
    again = Graph(("a", "c", "a", "b"), ((2, 1), (2, 3), (3, 0), (1, 0)))
    assert counts(first, 3) == counts(again, 3)
    turned = Graph(first.labels, tuple((end, start) for start, end in first.edges))
    assert counts(first, 1) != counts(Graph(("a", "b", "c", "a"), ((0, 1), (0, 2), (1, 3))), 1)
    assert counts(turned, 1)[1].keys() == counts(first, 1)[1].keys()  # it is its own mirror image


def test_a_cell_by_hand():
    """Input to conv (0 -> 1), conv to pool (1 -> 3), input to skip (0 -> 3); the rest is none."""
    found = cell(ops("3", "-", "-", "s", "p", "-"))
    assert found.labels == ("input", "nor_conv_3x3", "skip_connect", "avg_pool_3x3", "output")
    assert set(found.edges) == {(0, 1), (0, 2), (1, 3), (2, 4), (3, 4)}


def test_what_lies_on_no_way_through_a_cell_is_left_out():
    """0 -> 2 leads nowhere without 2 -> 3, and 1 -> 3 comes from nowhere without 0 -> 1."""
    bare = cell(ops("-", "-", "-", "3", "-", "-"))
    assert cell(ops("-", "1", "-", "3", "p", "-")) == bare
    assert bare.labels == ("input", "nor_conv_3x3", "output")
    assert cell(ops(*"------")) == Graph(("input", "output"), ())


def test_isomorphic_cells_are_one_to_the_kernel():
    """One operation each through node 1 and through node 2, or the other way round."""
    features = Features(2)
    one, other = (features.of(cell(ops(*names))) for names in ("31--sp", "13--ps"))
    assert one == other


def test_spaces_are_drawn_as_what_they_are():
    assert is_cell_space(CELLS)
    flat = ConfigurationSpace({"x": (0.0, 1.0), "c": ["a", "b"]})
    assert not is_cell_space(flat)
    found = drawing(flat, None)({"x": 0.99, "c": "b"})
    assert set(found.labels) == {"configuration", ("x", 7), ("c", 1)}
    assert drawing(flat, lambda config: (["in", config["c"]], [(0, 1)]))({"x": 0, "c": "a"}) == Graph(
        ("in", "a"), ((0, 1),)
    )


def test_a_file_says_how_a_space_is_drawn(tmp_path):
    (tmp_path / "mine.py").write_text("def cell(config):\n    return [config['c'], 'out'], [(0, 1)]\n")
    found = drawing(CELLS, f"{tmp_path / 'mine.py'}:cell")({"c": "a"})
    assert found == Graph(("a", "out"), ((0, 1),))


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (lambda _: 3, "graph must give labels and edges"),
        (lambda _: (["a"], [(0, 1)]), "edges between them"),
        ("nowhere", "graph must be a name, package.module:Object"),
        (4, "graph must be a function"),
    ],
)
def test_what_is_no_graph_is_refused(graph, said):
    with pytest.raises(InputError, match=said):
        drawing(CELLS, graph)({"c": "a"})


def test_the_process_is_that_of_the_formula():
    rng = np.random.default_rng(0)
    features = Features(1)
    graphs = [cell(ops(*rng.choice(list("31sp-"), 6))) for _ in range(9)]
    known, at = (features.matrices([features.of(graph) for graph in part]) for part in (graphs[:6], graphs[6:]))
    y = rng.standard_normal(6)
    gp = GraphGP(known, y)
    kernel, noise = kernels(known, known)[gp._steps], gp._lower[0, 0] ** 2 - 1
    cross = kernels(known, at)[gp._steps]
    inverse = np.linalg.inv(kernel + noise * np.eye(6))
    np.testing.assert_allclose(gp.predict(at)[0], cross.T @ inverse @ y, atol=1e-8)
    signal = profiled(kernel, noise, y)[1]
    assert signal == pytest.approx(max(y @ inverse @ y / 6, 1e-6))
    variance = signal * (1 - np.einsum("ij,ik,kj->j", cross, inverse, cross))
    np.testing.assert_allclose(gp.predict(at)[1], np.sqrt(np.maximum(variance, 1e-12)), atol=1e-5)


def test_graphs_without_targets_change_the_deviation_and_not_the_mean():
    """What runs is as sure as what is known, and says nothing of the losses."""
    rng = np.random.default_rng(1)
    features = Features(1)
    graphs = [features.of(cell(ops(*rng.choice(list("31sp-"), 6)))) for _ in range(8)]
    y = rng.standard_normal(6)
    without, running = GraphGP(features.matrices(graphs[:6]), y), GraphGP(features.matrices(graphs), y)
    at = features.matrices(graphs)
    np.testing.assert_allclose(running.predict(at)[0], without.predict(at)[0], atol=1e-9)
    assert (running.predict(at)[1] <= without.predict(at)[1] + 1e-9).all()
    assert (running.predict(at)[1][6:] < without.predict(at)[1][6:]).all()


def test_laws_of_the_contract():
    check_optimizer("gp-wl(initial=5,steps=1)", evaluations=9)


def test_it_finds_good_cells_sooner_than_a_model_of_the_operations_alone():
    """A cell is good if a convolution is followed by another; which edges these are on does not matter."""

    def curve(config, budget):
        graph = cell(config)
        named = [(graph.labels[first], graph.labels[second]) for first, second in graph.edges]
        pairs = sum("conv" in first and "conv" in second for first, second in named)
        return Curve(np.full(budget + 1, 6.0 - pairs), np.arange(budget + 1.0))

    backend = FunctionBackend(CELLS, (1,), curve)

    def best(name):
        return np.mean(
            [
                simulate(OPTIMIZERS[name](backend.domain(), (1,), np.random.default_rng(seed)), backend, evaluations=20)
                .incumbent(1e9)
                .loss
                for seed in range(2)
            ]
        )

    assert best("gp-wl") < min(best("random"), best("gp-ei"))
