"""The BOHB run on one data set: evaluation after evaluation, so that the same plan always asks for the same ones."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import numpy as np

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.bohb import BOHB
from lcbench.simulate.study.cell import cell_rng
from lcbench.simulate.transfer.evaluation import FAILED, Ended, Evaluation
from lcbench.simulate.transfer.plan import OBJECTIVE, Plan
from lcbench.space.encoding import Encoding
from lcbench.table.curve import Curve


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
        loss = float(OBJECTIVE.loss(ended.valid[-1]))
        started, self._now = self._now, self._now + float(ended.seconds[-1])
        return Result(
            self._job, Curve(ended.valid, ended.seconds), loss, started, self._now, worker=0, metric=OBJECTIVE
        )


# Which evaluation comes next: a search on every data set, and every incumbent on all the others.


class Schedule:
    """The state of a build: what has ended, what is at work, what comes next.

    As soon as two searches are done, their incumbents are tried on each other's data sets, before any search goes on;
    so at any time the matrix of the data sets that are done is whole, or about to be. Of the searches those go on that
    come first in the plan. Nothing is trained twice: a configuration that was trained on a data set at a budget counts
    there, whoever asked for it.

    Args:
        plan: The plan.
        datasets: Names of the data sets, in the plan's order.
        domain: Gives a fresh domain of the plan's space.
        recall: What came of an evaluation in an earlier call, None if it had not ended. A failure is final for the
            search that was told of it; an incumbent that failed elsewhere is tried there again.
    """

    def __init__(
        self,
        plan: Plan,
        datasets: Sequence[str],
        domain: Callable[[], Domain],
        recall: Callable[[Evaluation], Ended | None],
    ) -> None:
        self.plan, self.datasets = plan, tuple(datasets)
        self._key, self._recall = Encoding(domain().space).key, recall
        self._ended: dict[tuple[str, Hashable, int], tuple[Evaluation, Ended]] = {}
        self._at_work: set[Evaluation] = set()
        self._done: list[str] = []  # data sets whose search is done, in the order in which that happened
        self._whole: list[str] = []  # those of them of which every incumbent is known on all others
        self.searches: Mapping[str, Search] = {
            name: Search(name, number * plan.trials, plan, domain(), cell_rng(plan.seed, "bohb", name))
            for number, name in enumerate(self.datasets)
        }
        for search in self.searches.values():
            self._advance(search)

    def next(self) -> Evaluation | None:
        """The next evaluation that nobody is at; None if there is none for now."""
        waiting = (search.next() for search in self.searches.values())
        for evaluation in (*self._missing(self._done), *waiting):
            if evaluation is not None and evaluation not in self._at_work:
                self._at_work.add(evaluation)
                return evaluation
        return None

    def tell(self, evaluation: Evaluation, ended: Ended) -> None:
        """Note what came of an evaluation."""
        self._at_work.discard(evaluation)
        self._learn(evaluation, ended)
        self._advance(self.searches[evaluation.dataset])

    def ended(self, evaluation: Evaluation) -> Ended | None:
        """What came of an evaluation; None if it has not ended."""
        found = self._ended.get((evaluation.dataset, self._key(evaluation.config), evaluation.budget))
        return None if found is None else found[1]

    def everything(self) -> list[tuple[Evaluation, Ended]]:
        """All that has ended, as far as it matters to the plan."""
        return list(self._ended.values())

    def crossings(self) -> list[tuple[Evaluation, Ended]]:
        """What came of incumbents elsewhere than where they were found."""
        first = {name: number * self.plan.trials for number, name in enumerate(self.datasets)}
        return [
            (each, ended)
            for each, ended in self._ended.values()
            if not 0 <= each.config_id - first[each.dataset] < self.plan.trials
        ]

    @property
    def total(self) -> int:
        """Evaluations in all, if every search has an incumbent of its own."""
        n = len(self.datasets)
        return n * self.plan.trials + n * (n - 1)

    def epochs_left(self) -> float:
        """Epochs still to be trained, if searches go on as they did so far."""
        told = [evaluation.budget for search in self.searches.values() for evaluation, _ in search.told]
        mean = sum(told) / len(told) if told else self.plan.budgets[0]
        n, largest = len(self.datasets), self.plan.budgets[-1]
        crossed = len(self._ended) - len(told)
        return mean * (n * self.plan.trials - len(told)) + largest * max(0, n * (n - 1) - crossed)

    def incumbents(self, datasets: Sequence[str]) -> list[Evaluation]:
        """The incumbents of data sets whose searches are done, each configuration once."""
        found = {self._key(best.config): best for name in reversed(datasets) if (best := self.searches[name].incumbent)}
        return list(reversed(found.values()))

    def finished(self) -> list[str]:
        """The data sets whose searches are done, and whose matrix is whole, in the plan's order."""
        for name in self._done:
            if name not in self._whole and not any(True for _ in self._missing([*self._whole, name])):
                self._whole.append(name)
        return [name for name in self.datasets if name in self._whole]

    def _missing(self, datasets: Sequence[str]) -> Iterator[Evaluation]:
        """Incumbents of these data sets that have not been trained on all of them; their searches are done."""
        whole = set(self._whole)
        incumbents = self.incumbents(datasets)
        for name in datasets:
            for best in incumbents:
                if name in whole and best.dataset in whole:
                    continue
                evaluation = Evaluation(name, best.config_id, best.budget, best.config)
                if self.ended(evaluation) is None and not self._remembered(evaluation):
                    yield evaluation

    def _remembered(self, evaluation: Evaluation) -> bool:
        """Whether it ended in an earlier call, other than by failing."""
        ended = self._recall(evaluation)
        if ended is None or ended.status == FAILED:
            return False
        self._learn(evaluation, ended)
        return True

    def _learn(self, evaluation: Evaluation, ended: Ended) -> None:
        self._ended[evaluation.dataset, self._key(evaluation.config), evaluation.budget] = evaluation, ended

    def _advance(self, search: Search) -> None:
        """Tell a search what is known of what it waits for, and go on as long as something is."""
        while (evaluation := search.next()) is not None:
            ended = self.ended(evaluation) or self._recall(evaluation)
            if ended is None:
                return
            self._learn(evaluation, ended)
            search.tell(ended)
        if search.dataset not in self._done:
            self._done.append(search.dataset)
