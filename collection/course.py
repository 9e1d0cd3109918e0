"""The course of a run of a problem's own training: its generator is asked step by step, checked and timed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import product
from math import inf, isfinite, nan
from numbers import Real
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcbench.collection.run import DIVERGED, SUCCESS, Run
from lcbench.errors import InputError
from lcbench.space import Config
from lcbench.table.curve import ROUNDING
from lcbench.table.record import SECONDS, Record

if TYPE_CHECKING:
    from lcbench.collection.problem import Problem


class ContractError(InputError):
    """Training that yields something else than its problem declares: no other run can be better."""


Steps = list[dict[str, float]]
"""What each step from index 0 on gave: a value for each metric, and the cumulative seconds."""


def runs_of(
    problem: "Problem",
    data: Any,
    config: Config,
    budgets: Sequence[int],
    seeds: Sequence[int],
    clock: Callable[[], float],
) -> list[Run]:
    """Train one configuration at every budget, seed and value of the further fidelities.

    A problem whose runs go on trains one run, as long as the largest budget, and it is read at all budgets.

    Raises:
        ContractError: If the training yields something else than the problem declares.
    """
    record, longest = problem.record, max(budgets)
    values = [each.budgets for each in record.further]
    runs = []
    for seed, fixed in product(seeds, list(product(*values))):
        further = dict(zip((each.name for each in record.further), fixed, strict=True))
        trained: dict[int, Steps] = {}
        for budget in budgets if problem.is_adaptive else (longest,):
            fresh = type(problem)()
            trained[budget] = list(course(fresh, data, config, budget, seed, clock, further=further))
        for budget in budgets:
            steps = trained[budget if problem.is_adaptive else longest][: budget + 1]
            runs.append(_run(record, steps, budget, seed, further))
    return sorted(runs, key=lambda run: run.budget)


def course(
    problem: "Problem",
    data: Any,
    config: Config,
    budget: int,
    seed: int,
    clock: Callable[[], float],
    *,
    further: Mapping[str, float],
    begun: Sequence[Mapping[str, float]] = (),
) -> Iterator[dict[str, float]]:
    """Train one run, and give what each step gave as it ends.

    Args:
        problem: A fresh object, or one that has restored the state after the steps in ``begun``.
        data: The prepared arrays, or the task's name.
        config: The active hyperparameters.
        budget: How many steps the run will have.
        seed: Its seed.
        clock: Gives seconds.
        further: Values of the further fidelities.
        begun: What the steps gave that the run has had, from index 0 on.

    Yields:
        A value for each metric, and the cumulative seconds: of index 0, or of the step after ``begun``, and on to that
        of the last step. From a step on at which a metric is NaN, all are.

    Raises:
        ContractError: If the training yields something else than the problem declares.
    """
    start = max(0, len(begun) - 1)
    given = {"start": start} if problem.restores else {}
    yielded = problem.train(data, dict(config), budget, seed, **further, **given)
    if not isinstance(yielded, Iterator):
        raise ContractError(
            f"train of problem {problem.name!r} must be a generator, which yields after each step as it ends, "
            f"got {short(yielded)}."
        )
    spent = begun[-1][SECONDS] if begun else 0.0
    lost = bool(begun) and _is_lost(problem, begun[-1]) and start > 0
    for step in range(start + 1 if begun else 0, budget + 1):
        before = clock()
        try:
            seen = next(yielded)
        except StopIteration:
            raise ContractError(_too_few(problem, budget, step)) from None
        took = clock() - before
        values, own = _checked(problem, seen, step)
        spent += (took if own is None else own) if step else 0.0
        lost = lost or (step > 0 and _is_lost(problem, values))
        yield (dict.fromkeys(values, nan) if lost else values) | {SECONDS: spent}
    close = getattr(yielded, "close", None)
    if close is not None:
        close()


def _too_few(problem: "Problem", budget: int, step: int) -> str:
    return (
        f"train of problem {problem.name!r} must yield {budget + 1} times for budget {budget}, before the first step "
        f"and after each, got {step} times; yield {{}} first if there is nothing to measure yet."
    )


def _is_lost(problem: "Problem", values: Mapping[str, float]) -> bool:
    return not all(isfinite(values[metric.name]) for metric in problem.record.metrics)


def _checked(problem: "Problem", seen: object, step: int) -> tuple[dict[str, float], float | None]:
    """The metrics of a step, and its seconds if the author reports them.

    Raises:
        ContractError: If they are anything else than the problem declares.
    """
    what, record = f"step {step} of problem {problem.name!r}", problem.record
    if not isinstance(seen, Mapping):
        raise ContractError(f"{what} must be a dictionary from metrics to numbers, got {short(seen)}.")
    values = dict(seen)
    own = values.pop(SECONDS, None)
    names = [metric.name for metric in record.metrics]
    if not values and step == 0:
        values = dict.fromkeys(names, nan)
    if set(values) != set(names):
        raise ContractError(
            f"{what} must have {_listed(names)}, got {_listed(values) or 'nothing'}; declare its metrics."
        )
    for metric in record.metrics:
        value = _number(what, metric.name, values[metric.name])
        if not metric.low - ROUNDING <= value <= metric.high + ROUNDING and not np.isnan(value):
            raise ContractError(
                f"{metric.name} in {what} must be in [{metric.low:g}, {metric.high:g}], as declared, got {value:g}."
            )
        values[metric.name] = value
    if own is not None:
        own = _number(what, SECONDS, own)
        if not own >= 0:
            raise ContractError(
                f"seconds in {what} must be at least 0, got {own:g}; they are those of this step alone."
            )
    return {name: values[name] for name in names}, own


def _listed(names: Any) -> str:
    return ", ".join(map(str, names))


_LARGEST = float(np.finfo(np.float32).max)


def _number(what: str, name: str, value: object) -> float:
    """A value as a number; an array or a tensor of one number is one."""
    item = getattr(value, "item", None)
    if callable(item):
        with suppress(TypeError, ValueError, RuntimeError):  # several numbers
            value = item()
    if not isinstance(value, Real) or isinstance(value, bool):
        raise ContractError(f"{name} in {what} must be a number, got {short(value)}.")
    try:
        number = float(value)
    except OverflowError:  # a whole number that no float is as large as
        number = inf
    if abs(number) > _LARGEST:
        raise ContractError(
            f"{name} in {what} must be finite, or NaN if the run has diverged, got {short(value)}; "
            f"a table holds numbers up to {_LARGEST:.2g}."
        )
    return number


def _run(record: Record, steps: Steps, budget: int, seed: int, further: Mapping[str, float]) -> Run:
    """A run from what its steps gave."""

    def series(name: str) -> NDArray[np.float32]:
        return np.array([step[name] for step in steps], np.float32)

    found = {name: series(name) for name in record.ranges}
    good = np.isfinite([found[metric.name][1:] for metric in record.metrics]).all(axis=0)
    count = int(good.sum())
    return Run(budget, seed, {"status": SUCCESS if count == budget else DIVERGED, "steps": count}, found, further)
