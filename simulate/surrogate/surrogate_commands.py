"""The command ``lcbench surrogate``."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lcbench.table.table_commands import Along, AnyFolder, At, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.progress import Progress, TaskID

    from lcbench.simulate.surrogate.card import Card
    from lcbench.simulate.surrogate.fitting import Plan
    from lcbench.table.benchmark import Benchmark


def surrogate(
    folder: AnyFolder = None,
    datasets: Annotated[
        list[str] | None,
        typer.Option("--datasets", "--dataset", help="Data sets, comma-separated or given again; all by default."),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help="What is predicted beside the seconds; comma-separated.", show_default="the table's objective"
        ),
    ] = None,
    model: Annotated[
        str, typer.Option(help="catboost, lightgbm, forest, or best: the best of them by cross-validation.")
    ] = "best",
    schedule: Annotated[
        str, typer.Option(help="adaptive: each budget is a run of its own; non-adaptive: promoted trials go on.")
    ] = "adaptive",
    folds: Annotated[int, typer.Option(help="Folds of the cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(help="Of the folds and of the models' own randomness.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder for the surrogates: one folder OUT/DATASET/METRIC each.")] = Path(
        "surrogates"
    ),
    at: At = None,
    fidelity: Along = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor cards.")] = False,
) -> None:
    """Fit models that predict whole curves of any configuration, and print how good they are.

    What is finished stays: run the same command again to go on.
    """
    from lcbench.console import OUT
    from lcbench.output import writable_folder
    from lcbench.simulate.surrogate.card import card_table
    from lcbench.simulate.surrogate.fitting import plan

    bench = opened(folder, at, fidelity)
    plans = [
        plan(bench, dataset, each, model=model, schedule=schedule, folds=folds, seed=seed)
        for dataset in _names(",".join(datasets or bench.datasets))
        for each in _names(metric or bench.metric().name)
    ]
    writable_folder(out)
    for card in fit_all(bench, plans, out, quiet=quiet):
        if not quiet:
            OUT.print(card_table(card))
    if not quiet:
        OUT.print(f"surrogates in {out}: {len(plans)}", soft_wrap=True)


def fit_all(bench: "Benchmark", plans: "Sequence[Plan]", out: Path, *, quiet: bool) -> "Iterator[Card]":
    """Fit and save what is not there yet; a card for each plan, in order.

    Raises:
        PlanConflictError: If a folder holds a surrogate that was fitted otherwise.
    """
    from lcbench.console import progress
    from lcbench.simulate.surrogate.fitting import carry_out
    from lcbench.simulate.surrogate.folder import save

    finished = [_finished(_place(out, plan), plan) for plan in plans]
    with progress(quiet=quiet) as bar:
        task = bar.add_task("surrogate", total=sum(plan.steps for plan in plans), note="")
        for plan, card in zip(plans, finished, strict=True):
            name = f"{plan.dataset}, {plan.metric}"
            if card is None:
                fitted = carry_out(bench, plan, partial(_advance, bar, task, name))
                save(_place(out, plan), fitted)
                card = fitted.card
            else:
                bar.update(task, advance=plan.steps, note=f"{name}: was there")
            yield card


def _advance(bar: "Progress", task: "TaskID", name: str, what: str) -> None:
    bar.update(task, advance=1, note=f"{name}: {what}")


def _place(out: Path, plan: "Plan") -> Path:
    return out / plan.dataset / plan.metric


def _finished(place: Path, plan: "Plan") -> "Card | None":
    """The card of a surrogate that is there already; None if there is none."""
    from lcbench.errors import PlanConflictError
    from lcbench.simulate.surrogate.folder import MANIFEST, load

    if not (place / MANIFEST).is_file():
        return None
    card = load(place).card
    other = [name for name, value in plan.facts.items() if card.facts.get(name) != value]
    if other:
        raise PlanConflictError(
            f"{place} must hold a surrogate fitted as asked, got one with another {', '.join(other)}; "
            "choose another --out."
        )
    return card


def _names(text: str) -> list[str]:
    """The names in a comma-separated list, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
