"""A limit on epochs, as a wrapper: the optimizer within knows nothing of it."""

from lcbench.simulate.contract import Job, Optimizer, Result


class EpochLimit:
    """Passes on an optimizer's jobs as long as their epochs fit.

    The first job that does not fit ends it: what is running is told, nothing more is asked. So never more epochs are
    trained than the limit, and less than one job's epochs are left over. Epochs are counted as
    :func:`lcbench.simulate.run.simulate` charges for them: on a backend that resumes, a promoted trial pays its new
    ones only, and so does a new trial that starts from the state of another.

    Args:
        optimizer: Asks for jobs.
        epochs: Epochs that may be trained in all.
        resumes: As the backend has it, see :class:`lcbench.simulate.contract.Backend`.

    Attributes:
        paid: Epochs of each job passed on, by its trial and budget.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, *, resumes: bool) -> None:
        self._optimizer, self._left, self._resumes = optimizer, epochs, resumes
        self._trained: dict[int, int] = {}  # by trial: budget of its latest result
        self._over = False
        self.paid: dict[tuple[int, int], int] = {}

    def ask(self) -> Job | None:
        """The optimizer's next job, or None once one did not fit."""
        job = None if self._over else self._optimizer.ask()
        if job is None:
            return None
        start = self._trained.get(job.trial if job.parent is None else job.parent, 0) if self._resumes else 0
        if job.budget - start > self._left:
            self._over = True
            return None
        self._left -= job.budget - start
        self.paid[job.trial, job.budget] = job.budget - start
        return job

    def tell(self, result: Result) -> None:
        """Pass on a result."""
        self._trained[result.job.trial] = result.job.budget
        self._optimizer.tell(result)
