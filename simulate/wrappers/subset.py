"""Some of the budgets."""

from collections.abc import Iterable

from lcbench.curve import Curve
from lcbench.errors import InputError
from lcbench.simulate.budgets import checked, offered
from lcbench.simulate.contract import Backend, Config
from lcbench.simulate.wrappers.wrapper import Wrapper


class Subset(Wrapper):
    """Offers some of a backend's budgets.

    Without the largest one, the optimizer's last budget is smaller: the curves are still those of the backend inside
    (on one that resumes, the first epochs of its long runs).

    Args:
        backend: The backend inside.
        budgets: Epochs that can be asked for, increasing, all among those of the backend.

    Raises:
        InputError: If they are not.
    """

    def __init__(self, backend: Backend, budgets: Iterable[int]) -> None:
        super().__init__(backend)
        self._budgets = checked(budgets)
        lacking = [budget for budget in self._budgets if budget not in backend.budgets]
        if lacking:
            offered = ", ".join(map(str, backend.budgets))
            raise InputError(f"budgets must be among the backend's ({offered}), got {lacking[0]}.")

    @property
    def budgets(self) -> tuple[int, ...]:
        """The chosen ones."""
        return self._budgets

    def curve(self, config: Config, budget: int) -> Curve:
        """The curve inside.

        Raises:
            UnknownNameError: If the budget was not chosen.
        """
        return self._inner.curve(config, offered(budget, self._budgets))
