"""One Linear layer of many networks: views of the memory that holds their parameters."""

from torch import Tensor


class Layer:
    """The same Linear layer of ``n`` networks.

    The weights lie in memory with the longer side last: products of a narrow matrix are several times as fast so.

    Args:
        parameters: ``(n, (fan_in + 1) * fan_out)``, the weights as they lie, then the biases; of each network together.
        gradients: Their gradients, in the same places.
        fan_in: Inputs.
        fan_out: Outputs.

    Attributes:
        weights: ``(n, fan_in, fan_out)``, a view.
        biases: ``(n, 1, fan_out)``, a view.
        weight_gradients: Of the loss with respect to the weights, **as they lie in memory**.
        bias_gradients: ``(n, 1, fan_out)``.
        turned: Whether weights lie in memory as ``(n, fan_out, fan_in)``.
    """

    def __init__(self, parameters: Tensor, gradients: Tensor, fan_in: int, fan_out: int) -> None:
        self.turned = fan_in > fan_out
        lying = (fan_out, fan_in) if self.turned else (fan_in, fan_out)
        self._gradients, self._size = gradients, fan_in * fan_out
        weights, self.biases = self._views(parameters, lying)
        self.weights = weights.mT if self.turned else weights
        self.weight_gradients, self.bias_gradients = self._views(gradients, lying)

    def _views(self, flat: Tensor, lying: tuple[int, int]) -> tuple[Tensor, Tensor]:
        return flat[:, : self._size].unflatten(1, lying), flat[:, self._size :].unsqueeze(1)

    def fill(self, values: Tensor) -> None:
        """Set the parameters to ``(n, ...)`` values: the weights row by row, then the biases."""
        self.weights.copy_(values[:, : self._size].view_as(self.weights))
        self.biases.copy_(values[:, self._size :].unsqueeze(1))

    def flat_gradients(self) -> list[list[Tensor]]:
        """Views of the gradients of each network's parameters.

        Returns:
            Those of the weights, in no particular order, and those of the biases: each one tensor ``(n, parameters)``.
        """
        return [[self._gradients[:, : self._size]], [self._gradients[:, self._size :]]]
