"""The schedule of a build: a BOHB run on every data set, and every incumbent on all the others."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence

import numpy as np

from lcbench.simulate.contract import Domain, Job, Result
from lcbench.simulate.optimizers.bohb import BOHB
from lcbench.simulate.study.player import cell_rng
from lcbench.simulate.transfer.evaluation import FAILED, Evaluation, EvaluationTask
from lcbench.simulate.transfer.plan import OBJECTIVE, BuildPlan
from lcbench.space.encoding import Encoding
from lcbench.table.curve import Curve


class Search:
    """BOHB with one worker, told every result before it is asked for the next job.

    So its jobs depend on the plan alone, not on other searches; and a search that was stopped is brought back by
    telling a new one what had ended.

    Args:
        dataset: Name of the data set.
        first_id: Number of its first configuration.
        plan: The plan.
        domain: A fresh domain of the plan's space.
        rng: The search's randomness.
    """

    def __init__(self, dataset: str, first_id: int, plan: BuildPlan, domain: Domain, rng: np.random.Generator) -> None:
        self.dataset = dataset
        self._first_id, self._plan = first_id, plan
        self._bohb = BOHB(domain, plan.budgets, rng)
        self._ids: dict[int, int] = {}
        self._job: Job | None = None
        self._now = 0.0
        self.told: list[tuple[EvaluationTask, Evaluation]] = []
        self._ask()

    @property
    def done(self) -> bool:
        """Whether all its evaluations have been told."""
        return self._job is None

    def next(self) -> EvaluationTask | None:
        """The evaluation that it waits for; None if it is done."""
        if self._job is None:
            return None
        return EvaluationTask(self.dataset, self._ids[self._job.trial], self._job.budget, self._job.config)

    def tell(self, evaluation: Evaluation) -> None:
        """Tell it the outcome of the evaluation it waits for."""
        task = self.next()
        assert task is not None  # noqa: S101  # the caller has trained what `next` returned
        self.told.append((task, evaluation))
        self._bohb.tell(self._result(evaluation))
        self._ask()

    @property
    def incumbent(self) -> EvaluationTask | None:
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

    def _result(self, evaluation: Evaluation) -> Result:
        assert self._job is not None  # noqa: S101  # as in `tell`
        loss = float(OBJECTIVE.loss(evaluation.valid[-1]))
        started, self._now = self._now, self._now + float(evaluation.seconds[-1])
        return Result(
            self._job, Curve(evaluation.valid, evaluation.seconds), loss, started, self._now, worker=0, metric=OBJECTIVE
        )


class Schedule:
    """The state of a build: finished, running and next evaluations.

    As soon as two searches are done, their incumbents are tried on each other's data sets, before any search continues;
    so at any time the matrix of the finished data sets is whole, or about to be. Searches that come first in the plan
    continue first. Nothing is trained twice: a configuration that was trained on a data set at a budget counts
    there, whichever search asked for it.

    Args:
        plan: The plan.
        datasets: Names of the data sets, in the plan's order.
        domain: Gives a fresh domain of the plan's space.
        recall: What came of an evaluation in an earlier call, None if it had not ended. A failure is final for the
            search that was told of it; an incumbent that failed elsewhere is tried there again.
    """

    def __init__(
        self,
        plan: BuildPlan,
        datasets: Sequence[str],
        domain: Callable[[], Domain],
        recall: Callable[[EvaluationTask], Evaluation | None],
    ) -> None:
        self.plan, self.datasets = plan, tuple(datasets)
        self._key, self._recall = Encoding(domain().space).key, recall
        self._evaluations: dict[tuple[str, Hashable, int], tuple[EvaluationTask, Evaluation]] = {}
        self._at_work: set[EvaluationTask] = set()
        self._done: list[str] = []  # data sets whose search is done, in the order in which that happened
        self._whole: list[str] = []  # those of them of which every incumbent is known on all others
        self.searches: Mapping[str, Search] = {
            name: Search(name, number * plan.trials, plan, domain(), cell_rng(plan.seed, "bohb", name))
            for number, name in enumerate(self.datasets)
        }
        for search in self.searches.values():
            self._advance(search)

    def next(self) -> EvaluationTask | None:
        """The next evaluation; None if there is none for now."""
        waiting = (search.next() for search in self.searches.values())
        for task in (*self._missing(self._done), *waiting):
            if task is not None and task not in self._at_work:
                self._at_work.add(task)
                return task
        return None

    def tell(self, task: EvaluationTask, evaluation: Evaluation) -> None:
        """Note the outcome of an evaluation."""
        self._at_work.discard(task)
        self._learn(task, evaluation)
        self._advance(self.searches[task.dataset])

    def evaluation_of(self, task: EvaluationTask) -> Evaluation | None:
        """The outcome of an evaluation; None if it has not ended."""
        found = self._evaluations.get((task.dataset, self._key(task.config), task.budget))
        return None if found is None else found[1]

    def everything(self) -> list[tuple[EvaluationTask, Evaluation]]:
        """All finished evaluations of the plan."""
        return list(self._evaluations.values())

    def crossings(self) -> list[tuple[EvaluationTask, Evaluation]]:
        """Outcomes of incumbents on other data sets than their own."""
        first = {name: number * self.plan.trials for number, name in enumerate(self.datasets)}
        return [
            (each, evaluation)
            for each, evaluation in self._evaluations.values()
            if not 0 <= each.config_id - first[each.dataset] < self.plan.trials
        ]

    @property
    def total(self) -> int:
        """Evaluations in all, if every search has an incumbent of its own."""
        n = len(self.datasets)
        return n * self.plan.trials + n * (n - 1)

    def epochs_left(self) -> float:
        """Epochs still to be trained, if searches continue as they did so far."""
        told = [task.budget for search in self.searches.values() for task, _ in search.told]
        mean = sum(told) / len(told) if told else self.plan.budgets[0]
        n, largest = len(self.datasets), self.plan.budgets[-1]
        crossed = len(self._evaluations) - len(told)
        return mean * (n * self.plan.trials - len(told)) + largest * max(0, n * (n - 1) - crossed)

    def incumbents(self, datasets: Sequence[str]) -> list[EvaluationTask]:
        """The incumbents of data sets whose searches are done, each configuration once."""
        found = {self._key(best.config): best for name in reversed(datasets) if (best := self.searches[name].incumbent)}
        return list(reversed(found.values()))

    def finished(self) -> list[str]:
        """The data sets whose searches are done, and whose matrix is whole, in the plan's order."""
        for name in self._done:
            if name not in self._whole and not any(True for _ in self._missing([*self._whole, name])):
                self._whole.append(name)
        return [name for name in self.datasets if name in self._whole]

    def _missing(self, datasets: Sequence[str]) -> Iterator[EvaluationTask]:
        """Incumbents of these data sets that have not been trained on all of them; their searches are done."""
        whole = set(self._whole)
        incumbents = self.incumbents(datasets)
        for name in datasets:
            for best in incumbents:
                if name in whole and best.dataset in whole:
                    continue
                task = EvaluationTask(name, best.config_id, best.budget, best.config)
                if self.evaluation_of(task) is None and not self._remembered(task):
                    yield task

    def _remembered(self, task: EvaluationTask) -> bool:
        """Whether it ended in an earlier call, other than by failing."""
        evaluation = self._recall(task)
        if evaluation is None or evaluation.status == FAILED:
            return False
        self._learn(task, evaluation)
        return True

    def _learn(self, task: EvaluationTask, evaluation: Evaluation) -> None:
        self._evaluations[task.dataset, self._key(task.config), task.budget] = task, evaluation

    def _advance(self, search: Search) -> None:
        """Tell a search the known outcomes until it waits for an unknown one."""
        while (task := search.next()) is not None:
            evaluation = self.evaluation_of(task) or self._recall(task)
            if evaluation is None:
                return
            self._learn(task, evaluation)
            search.tell(evaluation)
        if search.dataset not in self._done:
            self._done.append(search.dataset)
