"""The BOHB run on one data set: evaluation after evaluation, so that the same plan always asks for the same ones."""

import numpy as np

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.bohb import BOHB
from lcbench.simulate.portfolio.evaluation import Ended, Evaluation
from lcbench.simulate.portfolio.plan import METRIC, Plan
from lcbench.table.curve import Curve
from lcbench.table.metric import get_metric


class Search:
    """BOHB with one worker, told every result before it is asked for the next job.

    So its jobs depend on the plan alone, not on what else goes on; and a search that was stopped is brought back by
    telling a new one what had ended.

    Args:
        dataset: Name of the data set.
        first_id: Number of its first configuration.
        plan: The plan.
        domain: A fresh domain of the plan's space.
        rng: The search's randomness.
    """

    def __init__(self, dataset: str, first_id: int, plan: Plan, domain: Domain, rng: np.random.Generator) -> None:
        self.dataset = dataset
        self._first_id, self._plan = first_id, plan
        self._bohb = BOHB(domain, plan.budgets, rng)
        self._ids: dict[int, int] = {}
        self._job: Job | None = None
        self._now = 0.0
        self.told: list[tuple[Evaluation, Ended]] = []
        self._ask()

    @property
    def done(self) -> bool:
        """Whether all its evaluations have been told."""
        return self._job is None

    def next(self) -> Evaluation | None:
        """What it waits for; None if it is done."""
        if self._job is None:
            return None
        return Evaluation(self.dataset, self._ids[self._job.trial], self._job.budget, self._job.config)

    def tell(self, ended: Ended) -> None:
        """Tell it what came of the evaluation it waits for."""
        evaluation = self.next()
        assert evaluation is not None  # noqa: S101  # whoever tells has trained what `next` said
        self.told.append((evaluation, ended))
        self._bohb.tell(self._result(ended))
        self._ask()

    @property
    def incumbent(self) -> Evaluation | None:
        """The evaluation with the best validation accuracy on the largest budget, the first of equal ones.

        None if none reached the end of it with a number.
        """
        finals = [each for each in self.told if each[0].budget == self._plan.budgets[-1]]
        finals = [each for each in finals if np.isfinite(each[1].valid[-1])]
        return max(finals, key=lambda each: each[1].valid[-1])[0] if finals else None

    def _ask(self) -> None:
        self._job = self._bohb.ask() if len(self.told) < self._plan.trials else None
        if self._job is not None:
            self._ids.setdefault(self._job.trial, self._first_id + len(self._ids))

    def _result(self, ended: Ended) -> Result:
        assert self._job is not None  # noqa: S101  # as in `tell`
        metric = get_metric(METRIC)
        loss = float(metric.loss(ended.valid[-1]))
        started, self._now = self._now, self._now + float(ended.seconds[-1])
        return Result(self._job, Curve(ended.valid, ended.seconds), loss, started, self._now, worker=0, metric=metric)
