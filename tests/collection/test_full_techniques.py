"""Training techniques of space 2 against their papers' formulas."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from lcbench.collection.networks.loop.modules import shake_drop, shake_shake
from lcbench.collection.networks.loop.training import Targets, make_optimizer, mix
from lcbench.collection.networks.tensors import directions

A, B = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, -2.0]])


class Listed:
    """A source of randomness that gives what it is told to."""

    def __init__(self, *numbers: float) -> None:
        self._numbers = list(numbers)

    def random(self) -> float:
        return self._numbers.pop(0)


def through(function, *inputs: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """The output, and what each input gets of a gradient of ones."""
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = function(*leaves)
    return out.detach(), list(torch.autograd.grad(out.sum(), leaves))


class TestShakeShake:
    def test_alpha_forward_and_beta_backward(self):
        """Gastaldi 2017, equation 2: 0.25 a + 0.75 b; gradients 0.9 and 0.1."""
        out, (to_a, to_b) = through(lambda a, b: shake_shake(a, b, Listed(0.25, 0.9)), A, B)
        torch.testing.assert_close(out, 0.25 * A + 0.75 * B)
        torch.testing.assert_close(to_a, torch.full_like(A, 0.9))
        torch.testing.assert_close(to_b, torch.full_like(B, 0.1))

    def test_evaluation_is_the_mean_of_the_branches_both_ways(self):
        out, gradients = through(lambda a, b: shake_shake(a, b, None), A, B)
        torch.testing.assert_close(out, (A + B) / 2)
        for gradient in gradients:
            torch.testing.assert_close(gradient, torch.full_like(A, 0.5))

    def test_evaluation_is_the_expectation_of_training(self):
        """The mean of 4000 uniform numbers is 0.5 with standard error 0.0046."""
        rng = np.random.default_rng(0)
        seen = [through(lambda a, b: shake_shake(a, b, rng), A, B) for _ in range(4000)]
        mean = torch.stack([out for out, _ in seen]).mean(0)
        torch.testing.assert_close(mean, (A + B) / 2, atol=0.1, rtol=0)
        assert torch.stack([to_a for _, (to_a, _) in seen]).mean().item() == pytest.approx(0.5, abs=0.02)

    def test_forward_and_backward_factors_are_independent(self):
        rng = np.random.default_rng(1)
        seen = [through(lambda a, b: shake_shake(a, b, rng), torch.ones(1, 1), torch.zeros(1, 1)) for _ in range(2000)]
        alphas, betas = np.array([(out.item(), gradients[0].item()) for out, gradients in seen]).T
        assert abs(np.corrcoef(alphas, betas)[0, 1]) < 0.08

    def test_gradients_are_those_of_the_output_where_alpha_is_beta(self):
        inputs = [torch.randn(3, 2, dtype=torch.float64, requires_grad=True) for _ in range(2)]
        assert torch.autograd.gradcheck(lambda a, b: shake_shake(a, b, Listed(0.3, 0.3)), inputs)


class TestShakeDrop:
    def test_a_block_that_dies_has_alpha_forward_and_beta_backward(self):
        """Yamada et al. 2019, equation 6 with b = 0; the second number in [0, 1) is alpha's: 2 * 0.2 - 1 = -0.6."""
        out, (gradient,) = through(lambda x: shake_drop(x, 0.5, Listed(0.7, 0.2, 0.9)), A)
        torch.testing.assert_close(out, -0.6 * A)
        torch.testing.assert_close(gradient, torch.full_like(A, 0.9))

    def test_a_block_that_survives_is_left_alone(self):
        """b = 1: 1 + alpha - alpha = 1, both ways."""
        out, (gradient,) = through(lambda x: shake_drop(x, 0.5, Listed(0.3, 0.2, 0.9)), A)
        torch.testing.assert_close(out, A)
        torch.testing.assert_close(gradient, torch.ones_like(A))

    def test_evaluation_is_the_expectation_of_training(self):
        """E[b + alpha - b alpha] = p; 4000 draws have a standard error below 0.01. Backward p + (1 - p) / 2."""
        rng, survival = np.random.default_rng(0), 0.7
        torch.testing.assert_close(shake_drop(A, survival, None), 0.7 * A)
        seen = [through(lambda x: shake_drop(x, survival, rng), torch.ones(1, 1)) for _ in range(4000)]
        assert np.mean([out.item() for out, _ in seen]) == pytest.approx(0.7, abs=0.04)
        assert np.mean([gradient.item() for _, (gradient,) in seen]) == pytest.approx(0.85, abs=0.02)

    def test_gradients_are_those_of_the_output_where_alpha_is_beta(self):
        x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x: shake_drop(x, 0.0, Listed(0.5, 0.75, 0.5)), [x])


class TestMixup:
    def test_rows_and_loss_are_mixed_by_one_share(self):
        x, y = torch.arange(12.0).view(6, 2), torch.tensor([0, 1, 2, 0, 1, 2])
        rows, targets = mix(x, y, 0.4, np.random.default_rng(3))
        rng = np.random.default_rng(3)
        share, partner = rng.beta(0.4, 0.4), rng.permutation(6)
        torch.testing.assert_close(rows, share * x + (1 - share) * x[partner])
        assert targets.share == share
        assert targets.other is not None and torch.equal(targets.other, y[partner])

    def test_the_loss_is_the_mixed_one(self):
        """Zhang et al. 2018, section 2, each loss weighted as ``CrossEntropyLoss`` does it."""
        logits, weights = torch.randn(5, 3), torch.tensor([0.5, 1.0, 2.0])
        y, other = torch.tensor([0, 1, 2, 2, 0]), torch.tensor([1, 1, 0, 2, 2])
        found = Targets(y, other, 0.3).loss(logits, weights)
        by_hand = 0.3 * functional.cross_entropy(logits, y, weights)
        by_hand += 0.7 * functional.cross_entropy(logits, other, weights)
        torch.testing.assert_close(found, by_hand)

    def test_alpha_0_mixes_nothing(self):
        x, y = torch.randn(4, 2), torch.tensor([0, 1, 0, 1])
        rows, targets = mix(x, y, 0.0, np.random.default_rng(0))
        assert rows is x and targets.other is None
        torch.testing.assert_close(targets.loss(x, torch.ones(2)), functional.cross_entropy(x, y))

    def test_shares_are_those_of_a_beta_distribution(self):
        """Mean 1/2, variance 1 / (4 (2 alpha + 1)): for alpha 0.5 it is 1/8."""
        x, y, rng = torch.zeros(2, 1), torch.tensor([0, 1]), np.random.default_rng(0)
        shares = [mix(x, y, 0.5, rng)[1].share for _ in range(4000)]
        assert np.mean(shares) == pytest.approx(0.5, abs=0.03)
        assert np.var(shares) == pytest.approx(1 / 8, abs=0.01)


class TestOptimizers:
    @pytest.mark.parametrize("momentum", [0.9, None])
    def test_steps_are_those_of_torch(self, momentum):
        ours, theirs = ([torch.ones(3, 2), torch.full((2,), -1.0)] for _ in range(2))
        made = make_optimizer(ours, momentum, 0.05)
        reference = (
            torch.optim.Adam(theirs, weight_decay=0.05)
            if momentum is None
            else torch.optim.SGD(theirs, 0.1, momentum=momentum, weight_decay=0.05)
        )
        rng = torch.Generator().manual_seed(0)
        for rate in (0.1, 0.05, 0.01):
            gradients = [torch.randn(parameter.shape, generator=rng) for parameter in ours]
            made.step(gradients, rate)
            for parameter, gradient in zip(theirs, gradients, strict=True):
                parameter.grad = gradient
            reference.param_groups[0]["lr"] = rate
            reference.step()
        for one, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(one, other)


class TestTruncatedSVD:
    def test_directions_are_numpys_and_their_largest_entry_is_positive(self):
        x = torch.from_numpy(np.random.default_rng(0).normal(size=(50, 6)) * np.arange(1, 7))
        found = directions(x).numpy()
        expected = np.linalg.svd(x.numpy())[2].T
        np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-5)
        assert (found[np.abs(found).argmax(0), np.arange(6)] > 0).all()

    def test_more_columns_than_rows(self):
        """Three rows of rank 3 keep all their lengths in three directions."""
        x = torch.randn(3, 10, generator=torch.Generator().manual_seed(0))
        projected = x @ directions(x)[:, :3]
        torch.testing.assert_close(projected.norm(dim=1), x.norm(dim=1))
