"""Baselines beside random search: the default configuration first, and random search that is given more.

Papers compare with random search at an equal budget. Two questions stay open then: whether anything is won over the
configuration that everybody starts from, and how much is won over random search in machines.
"""

from lcbench.simulate.contract import Job
from lcbench.simulate.optimizers._proposal import fill_inactive, propose_at
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.space.encoding import Encoding


class DefaultThenRandom(RandomSearch):
    """The space's default configuration, then random search; each trial is trained for the largest budget.

    On a table the default is the nearest row to it.

    Args:
        domain: Where to look.
        budgets: Epochs that can be asked for, increasing; only the last is used.
        rng: Source of randomness.
    """

    def ask(self) -> Job | None:
        """The default configuration, or a new one; None once a table has none left."""
        if self._trials:
            return super().ask()
        encoding = Encoding(self._domain.space)
        point = encoding.place(dict(self._domain.space.get_default_configuration()))
        found = propose_at(self._domain, self._rng, fill_inactive(self._rng, point, encoding.levels))
        if found is None:
            return None
        self._trials += 1
        return Job(0, found[0], self._budget)


class Random2x(RandomSearch):
    """Random search on machines that are twice as fast.

    Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), *Hyperband*, JMLR 18(185), section 4 ("random 2x"): it
    evaluates twice as many configurations in the same time. A study halves the cost of its runs, in whatever unit
    there is a limit; on its own it is random search.
    """

    speedup = 2


class Random5x(RandomSearch):
    """Random search on machines that are five times as fast."""

    speedup = 5
