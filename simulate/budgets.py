"""Check budgets as users give them: ``R / eta`` is a float, and numpy has its own integers."""

from collections.abc import Iterable, Sequence
from typing import Any

from lcbench.errors import UnknownNameError
from lcbench.table.manifest import check_budgets
from lcbench.whole import as_whole


def checked(budgets: Iterable[Any]) -> tuple[int, ...]:
    """Budgets as increasing positive integers.

    Raises:
        InputError: If they are not, or there are none.
    """
    return check_budgets(tuple(map(as_whole, budgets)))


def offered(budget: Any, budgets: Sequence[int]) -> int:
    """A budget as one of those that are offered.

    Raises:
        UnknownNameError: If it is none of them.
    """
    number = as_whole(budget)
    if type(number) is not int or number not in budgets:
        raise UnknownNameError("budget", budget, budgets)
    return number
