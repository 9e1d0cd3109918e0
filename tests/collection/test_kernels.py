"""What a release of torch may change or remove costs speed, not numbers."""

import numpy as np
import pytest
import torch
from collection_helpers import CONFIG, blobs, train

from lcbench.collection.networks import _kernels
from lcbench.collection.networks.stack import products
from lcbench.collection.networks.tensors import Tensors, one_thread
from lcbench.space import paper

ADAM = {
    "network_type": paper.RESNET,
    "resnet_num_groups": 2,
    "resnet_blocks_per_group": 1,
    "resnet_max_units": 40,
    "use_dropout": False,
    "use_shake_drop": False,
    "use_shake_shake": False,
    "batch_size": 32,
    "optimizer": paper.ADAM,
    "adam_learning_rate": 0.01,
    "adam_weight_decay": 0.01,
    "training_technique": paper.STANDARD,
    "preprocessor": paper.NONE,
}
CHOICES = (_kernels.sgd_step, _kernels.adam_step, _kernels.relu_backward, _kernels.onednn_linear)
CASES = {
    "sgd": (CONFIG, _kernels.sgd_step, _kernels._public_sgd),
    "adam": (ADAM, _kernels.adam_step, _kernels._public_adam),
    "relu": (CONFIG, _kernels.relu_backward, None),
}


def forget():
    for choice in (*CHOICES, products._onednn_is_faster):
        choice.cache_clear()


@pytest.fixture(autouse=True)
def fresh():
    forget()
    with one_thread():
        yield
    forget()


def refuse(*_, **__):
    raise RuntimeError("no such kernel")


def removed(monkeypatch, name):
    """A torch without a kernel."""
    if name == "relu":
        monkeypatch.setattr(torch.ops.aten, "threshold_backward", None)
    else:
        monkeypatch.delattr(torch, f"_fused_{name}_")


def failing(monkeypatch, name):
    """A torch whose kernel fails."""
    monkeypatch.setattr(_kernels, {"relu": "_aten_relu_backward"}.get(name, f"_fused_{name}"), refuse)


def changed(monkeypatch, name):
    """A torch whose kernel computes something else."""
    private = {"relu": "_aten_relu_backward"}.get(name, f"_fused_{name}")
    kernel = getattr(_kernels, private)

    def other_step():
        def step(parameters, *rest, **options):
            kernel()(parameters, *rest, **options)
            parameters[0] += 0.001

        return step

    def other_relu(gradient, hidden):
        return lambda: (kernel(gradient, hidden)(), hidden.add_(0.001))

    monkeypatch.setattr(_kernels, private, other_relu if name == "relu" else other_step)


def curves(config):
    (run,) = train(Tensors(blobs()), config, (6,), (0,), 0, lambda: 0.0)
    return run.series


@pytest.mark.parametrize("change", [removed, failing, changed])
@pytest.mark.parametrize("name", CASES)
def test_a_public_function_takes_a_kernels_place_and_gives_its_numbers(name, change, monkeypatch):
    config, choose, public = CASES[name]
    wanted = curves(config)
    forget()
    change(monkeypatch, name)
    assert choose() is public if public else choose() is not _kernels._aten_relu_backward
    for series, values in curves(config).items():
        assert values == pytest.approx(wanted[series], abs=0 if name == "relu" else 2e-5), series


def test_a_kernel_is_tried_once_in_a_process(monkeypatch):
    asked = []
    monkeypatch.setattr(_kernels, "_agree", lambda *_: asked.append(0) or True)
    for _ in range(3):
        for choice in CHOICES:
            choice()
    assert len(asked) == len(CHOICES)


@pytest.mark.parametrize("broken", [None, refuse, lambda a, *_: a])
def test_without_onednn_all_products_go_to_a_blas(broken, monkeypatch):
    """Wherever there is oneDNN it is made to look faster; what fails or computes something else is not used."""
    rng = np.random.default_rng(0)
    a, b = (torch.from_numpy(rng.normal(size=shape).astype(np.float32)) for shape in ((2, 64, 300), (2, 300, 200)))
    monkeypatch.setattr(products, "_onednn_is_faster", lambda: _kernels.onednn_linear() is not None)
    if broken is not None:
        monkeypatch.setattr(_kernels, "_mkldnn_linear", broken)
        assert _kernels.onednn_linear() is None
    out = torch.empty(2, 64, 200)
    products.product(a, b, out)()
    torch.testing.assert_close(out, a @ b, rtol=1e-5, atol=1e-4)
