"""Results of a live run, which also say why a job failed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lcbench.simulate.contract import Result
from lcbench.simulate.trace import Trace
from lcbench.table.curve import Curve

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace  # slow to import


@dataclass(frozen=True, slots=True)
class LiveResult(Result):
    """A result of a live run; ``started`` and ``finished`` are real seconds since its beginning.

    Attributes:
        reason: None, or why the job failed twice, in one line; its loss is then infinite.
    """

    reason: str | None = None


class LiveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a live run.

    Attributes:
        trace: What was finished until then.
    """

    def __init__(self, trace: Trace) -> None:
        super().__init__(f"interrupted after {len(trace)} results")
        self.trace = trace


def failed_curve(budget: int, seconds: float) -> Curve:
    """The curve of a job that failed: NaN from the beginning, its seconds spread evenly over the epochs."""
    return Curve(np.full(budget + 1, np.nan), np.linspace(0.0, seconds, budget + 1))


def live_frame(trace: Trace) -> pd.DataFrame:
    """As :meth:`lcbench.simulate.trace.Trace.to_frame`, with a column ``reason``: null, or why the job failed."""
    reasons = [getattr(result, "reason", None) for result in trace.results]
    return trace.to_frame().assign(reason=pd.Series(reasons, dtype="str"))


def tried(trace: Trace, space: "ConfigurationSpace | None" = None) -> pd.DataFrame:
    """The configurations of a trace, each once, in the order in which their results came.

    Args:
        trace: What was tried.
        space: Leave out what is no configuration of this space, such as a baseline; None to take all.

    Returns:
        One column per hyperparameter, of the space also those that no configuration has; NaN where it is inactive.
    """
    configs = [dict(result.job.config) for result in trace.results]
    own = [config for config in configs if space is None or set(config) <= set(space)]
    columns = None if space is None else list(space)
    return pd.DataFrame(own, columns=columns).drop_duplicates(ignore_index=True)
