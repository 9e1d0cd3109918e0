"""Metrics against scikit-learn, by hand, and whatever the size of the blocks."""

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss

from lcbench.collection.networks.measures import Tally, evaluate, log_softmax
from lcbench.collection.networks.recipe import Shape
from lcbench.collection.networks.stack.stack import Stack, initial_parameters


def random_case(n=3, rows=101, classes=4):
    rng = np.random.default_rng(0)
    logits = torch.from_numpy(rng.normal(size=(n, rows, classes)).astype(np.float32))
    return log_softmax(logits), torch.from_numpy(rng.integers(0, classes, (n, rows)))


@pytest.mark.parametrize("block", [101, 20])
def test_metrics_are_those_of_scikit_learn(block):
    log_probabilities, labels = random_case()
    tally = Tally(3, torch.ones(4))
    for part, own in zip(log_probabilities.split(block, 2), labels.split(block, 1), strict=True):
        tally.add(part, own, batches=10)
    found = tally.metrics()
    for i in range(3):
        y, predicted = labels[i].numpy(), log_probabilities[i].argmax(0).numpy()
        assert float(found["accuracy"][i]) == pytest.approx(accuracy_score(y, predicted))
        assert float(found["balanced_accuracy"][i]) == pytest.approx(balanced_accuracy_score(y, predicted))
        wanted = log_loss(y, torch.softmax(log_probabilities[i].T.double(), 1).numpy())
        assert float(found["cross_entropy"][i]) == pytest.approx(wanted, rel=1e-5)


def test_weighted_loss_is_torchs_averaged_over_batches_by_rows():
    log_probabilities, labels = random_case(n=2, rows=25)
    weights = torch.tensor([0.5, 1.0, 2.0, 4.0])
    tally = Tally(2, weights)
    tally.add(log_probabilities, labels, batches=10)
    loss = torch.nn.NLLLoss(weight=weights)
    for i in range(2):
        batches = zip(log_probabilities[i].T.split(10), labels[i].split(10), strict=True)
        wanted = sum(loss(part, own) * len(own) for part, own in batches) / 25
        assert float(tally.metrics()["loss"][i]) == pytest.approx(float(wanted), rel=1e-6)


def test_a_class_that_does_not_occur_is_left_out_of_the_balance():
    log_probabilities = torch.log(torch.tensor([[[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]]]))
    tally = Tally(1, torch.ones(3))
    tally.add(log_probabilities.transpose(1, 2), torch.tensor([[0, 1, 1]]), batches=3)
    assert float(tally.metrics()["balanced_accuracy"]) == pytest.approx((1 + 0.5) / 2)


def test_evaluation_in_chunks_is_evaluation_at_once():
    rng = np.random.default_rng(0)
    shape = Shape((4, 2048, 3), (0.0,))
    stack = Stack(shape, torch.from_numpy(np.stack([initial_parameters(shape, rng) for _ in range(2)])))
    x = torch.from_numpy(rng.normal(size=(1500, 4)).astype(np.float32))  # 1500 x 2048 x 2 values: three chunks
    labels = torch.from_numpy(rng.integers(0, 3, 1500))
    found = evaluate(stack, x, labels, torch.ones(3))
    at_once = Tally(2, torch.ones(3))
    at_once.add(log_softmax(stack.logits(x)), labels.expand(2, -1), 1500)
    for name in ("accuracy", "balanced_accuracy", "cross_entropy"):
        torch.testing.assert_close(found[name], at_once.metrics()[name], rtol=1e-6, atol=1e-6)
