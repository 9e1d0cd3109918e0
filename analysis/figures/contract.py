"""The contract of a figure: it returns its numbers and draws them, and its docstring is its caption."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Protocol, cast

from lcbench.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from lcbench.table.benchmark import Benchmark


class NothingToDrawError(InputError):
    """A table or study without what a figure shows; the message says what it would need."""


class Drawable(Protocol):
    """A module or a class with a caption as its docstring."""

    @property
    def frame(self) -> Any:
        """The numbers.

        ``frame(bench, metric)``; of studies ``frame(bench, metric, traces)``, ``frame(systems)``, or
        ``frame(bench, metric, traces, searches)``.

        Raises:
            NothingToDrawError: If there is nothing to show.
        """

    def draw(self, frame: "pd.DataFrame") -> "Figure":
        """The picture of these numbers and of nothing else."""


def caption(drawable: Drawable, frame: "pd.DataFrame") -> tuple[str, str]:
    """The caption of a figure: its first sentence, and the rest.

    The rest is what its docstring says, and what ``notes(frame)`` says of these numbers where the figure has that, such
    as which lines end early.
    """
    title, _, rest = (getdoc(drawable) or "").partition("\n\n")
    notes = getattr(drawable, "notes", None)
    said = [" ".join(part.split()) for part in rest.split("\n\n") if part]
    return " ".join(title.split()), "\n\n".join([*said, *(notes(frame) if notes else ())])


LABELS = ("metric", "metric_unit", "goal", "fidelity")
"""Columns that tell a picture what its numbers are of: a metric with unit and goal, and what a budget counts."""


def labelled(found: "pd.DataFrame", bench: "Benchmark", metric: str | None) -> "pd.DataFrame":
    """Numbers with the columns :data:`LABELS`, so that they can be drawn wherever they are read again."""
    known = bench.metric(metric)
    words = (known.name, known.unit, known.goal, bench.fidelity.label)
    return found.assign(**dict(zip(LABELS, words, strict=True)))


def label_of(frame: "pd.DataFrame", name: str = "metric") -> str:
    """One of :data:`LABELS` as words for an axis."""
    return str(frame[name].iloc[0]).replace("_", " " if name == "metric" else "_")


def metric_label(frame: "pd.DataFrame", *, more: str = "") -> str:
    """The metric with its unit, for an axis."""
    return f"{label_of(frame)}{more} ({label_of(frame, 'metric_unit')})"


def check_curves(bench: "Benchmark") -> None:
    """Check that there is something between the start and the end of a run.

    Raises:
        NothingToDrawError: If runs are of one step, as in a table of final values.
    """
    if bench.budgets[-1] == 1:
        raise NothingToDrawError("it shows curves, this table has final values alone (one step).")


@dataclass(frozen=True, slots=True)
class FigureSpec:
    """One entry of the registry.

    Attributes:
        target: The figure, ``module`` or ``module:Class`` within :mod:`lcbench.analysis.figures`.
        needs_traces: Whether it shows the traces of a study.
        needs_systems: Whether it shows a study of systems, and nothing of a table.
        needs_searches: Whether it shows one-shot searches; the traces of a study beside them, if there are any.
        replayed: The same comparison by the traces of a study of optimizers, a target as well; "" if there is none.
    """

    target: str
    needs_traces: bool = False
    needs_systems: bool = False
    needs_searches: bool = False
    replayed: str = ""

    def shown(self, traces: "pd.DataFrame | None", systems: "pd.DataFrame | None") -> "FigureSpec":
        """What is drawn of these: itself, or by replay where there are traces and no study of systems."""
        by_replay = self.replayed and traces is not None and systems is None
        return FigureSpec(self.replayed, needs_traces=True) if by_replay else self

    @property
    def is_of_table(self) -> bool:
        """Whether it shows a table, alone or with the traces of a study on it."""
        return not (self.needs_systems or self.needs_searches)

    @property
    def needs_a_study(self) -> bool:
        """Whether it shows a study of any kind, and not the table by itself."""
        return self.needs_traces or self.needs_systems or self.needs_searches

    def load(self) -> Drawable:
        """Import the figure."""
        module, _, name = self.target.partition(":")
        found = import_module(f"lcbench.analysis.figures.{module}")
        return cast(Drawable, getattr(found, name) if name else found)

    def frame(
        self,
        bench: "Benchmark",
        metric: str | None = None,
        traces: "pd.DataFrame | None" = None,
        systems: "pd.DataFrame | None" = None,
        searches: "pd.DataFrame | None" = None,
    ) -> "pd.DataFrame":
        """The figure's numbers.

        Args:
            bench: The table.
            metric: Name of a metric; by default the table's objective.
            traces: What a study gave, one row per result.
            systems: What a study of systems gave, see :mod:`lcbench.simulate.study.systems.file`.
            searches: What a study of one-shot searches gave, see :mod:`lcbench.simulate.study.one_shot.file`.

        Raises:
            NothingToDrawError: If there is nothing to show.
        """
        if self.needs_systems:
            return self._of_systems(systems)
        if self.needs_searches:
            return self._of_searches(bench, metric, traces, searches)
        if not self.needs_traces:
            return self.load().frame(bench, metric)
        if traces is None:
            raise NothingToDrawError(
                "it shows a study; run 'lcbench simulate DIR --out traces.parquet' and give --traces traces.parquet."
            )
        return self.load().frame(bench, metric, traces)

    def _of_systems(self, systems: "pd.DataFrame | None") -> "pd.DataFrame":
        if systems is None or not len(systems):
            said = "it shows a study of systems; run 'lcbench study OUT --datasets ...' and give --systems OUT"
            if self.replayed:
                needs = getattr(FigureSpec(self.replayed).load(), "NEEDS")  # noqa: B009  # not of every figure
                said += (
                    f". By replay: run 'lcbench simulate DIR {needs} --out traces.parquet' and give --traces "
                    "traces.parquet"
                )
            raise NothingToDrawError(f"{said}.")
        return self.load().frame(systems)

    def _of_searches(
        self,
        bench: "Benchmark",
        metric: str | None,
        traces: "pd.DataFrame | None",
        searches: "pd.DataFrame | None",
    ) -> "pd.DataFrame":
        if searches is None:
            raise NothingToDrawError(
                "it shows one-shot searches; run 'lcbench one-shot --datasets ...' and give "
                "--one-shot searches.parquet."
            )
        return self.load().frame(bench, metric, traces, searches)


def chosen(kind: str, text: str, known: Iterable[str]) -> list[str]:
    """The names in a list such as ``"regret, rank"``, each once.

    Raises:
        UnknownNameError: If there is no such name; ``kind`` says what it would be a name of.
    """
    known, names = list(known), [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise UnknownNameError(kind, name, known)
    return list(dict.fromkeys(names))
