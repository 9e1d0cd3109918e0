"""The commands ``lcbench fit`` and ``lcbench predict``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.space import Config

INTERRUPTED = 130
NONE = "none"


def fit(
    train: Annotated[Path, typer.Argument(metavar="FILE", help="Rows to learn from: a CSV, Parquet or ARFF file.")],
    target: Annotated[str, typer.Option(help="Name of the column to predict.")],
    out: Annotated[Path, typer.Option(help="Folder for the model and its search.")],
    limit: Annotated[str, typer.Option("--time", help="How long to search, such as 90s, 10m or 2h.")] = "10m",
    trials: Annotated[int | None, typer.Option(help="Largest number of models to fit.")] = None,
    workers: Annotated[int, typer.Option(help="How many models are fitted at once, on one core each.")] = 2,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Dask's scheduler, tcp://HOST:PORT; its workers (--no-nanny) fit in place of processes."),
    ] = None,
    metric: Annotated[str, typer.Option(help="What is optimized: a scorer of scikit-learn.")] = "accuracy",
    seed: Annotated[int, typer.Option(help="Source of all randomness.")] = 0,
    folds: Annotated[
        int | None,
        typer.Option(help="Folds of a cross-validation; 0 to hold a third out; 5 for up to 5000 rows by default."),
    ] = None,
    memory: Annotated[float, typer.Option(help="Memory limit of a process in MiB.")] = 4096.0,
    baselines: Annotated[
        str, typer.Option(help="Models before the networks: all, none, or names, such as catboost,knn.")
    ] = "all",
    portfolio: Annotated[
        str,
        typer.Option(help="First networks: greedy, simple, none, or a folder of lcbench portfolio build."),
    ] = "greedy",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor result.")] = False,
) -> None:
    """Find a classifier for a table: baselines, networks, and the best ensemble of them, within a given time.

    Stopped at any time, OUT holds the best model so far, and the same command resumes where it stopped, also with
    more time or other workers. 'lcbench collect --space full --configs OUT/search/configs.parquet' makes a benchmark of
    the networks that were tried. Exit codes: 0 done; 2 it cannot be done; 130 stopped with Ctrl-C.
    """
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.simulate.autotabular.folder import Folder
    from lcbench.simulate.autotabular.settings import seconds_of

    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}.")
    splitter = "auto" if folds is None else folds or None
    classifier = AutoTabularClassifier(
        seconds_of(limit),
        workers,
        metric,
        seed,
        trials=trials,
        baselines=None if baselines == NONE else baselines,
        portfolio=portfolio_of(portfolio),
        splitter=splitter,
        memory_limit=memory,
        scheduler=scheduler,
        verbose=not quiet,
    )
    features, classes = _rows(train, target)
    place: dict[str, Any] = {"resume" if Folder(out).card.is_file() else "folder": out}
    try:
        classifier.fit(features, classes, **place)
    except KeyboardInterrupt:
        ERR.print(*_stopped(out), sep="\n", soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        OUT.print(*_left_out(features), *_summary(classifier, out), sep="\n", soft_wrap=True, highlight=False)


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder made by lcbench fit.")],
    rows: Annotated[Path, typer.Argument(metavar="FILE", help="Rows to predict: a CSV, Parquet or ARFF file.")],
    out: Annotated[Path | None, typer.Option(help="CSV file for the predictions; by default they are printed.")] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Add a column with the probability of each class.")
    ] = False,
) -> None:
    """Predict the classes of new rows, one line for each, in their order.

    The file must have the columns of training; the target may be among them and is ignored.
    """
    import sys

    from lcbench.collection.data.table_file import read_table
    from lcbench.files import write_text
    from lcbench.output import writable_file
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.terminal import printable

    if out is not None:
        out = writable_file(out)
    classifier = AutoTabularClassifier.load(model)
    frame = _without_target(read_table(rows), classifier)
    table = _predictions(classifier, frame, probabilities=probabilities)
    text = table.to_csv(index=False)
    if out is None:
        sys.stdout.write(printable(text) if sys.stdout.isatty() else text)
    else:
        write_text(out, text)


def portfolio_of(asked: str) -> "str | Sequence[Config] | None":
    """Read a portfolio as written on a command line: a name of the shipped ones, none, or a folder.

    Raises:
        InputError: If it is nothing of that.
        FolderError: If there is no portfolio in the folder, or it is damaged.
    """
    from lcbench.errors import InputError
    from lcbench.simulate.autotabular.settings import PORTFOLIOS
    from lcbench.simulate.transfer.shipped import load_portfolio

    if asked in PORTFOLIOS:
        return asked
    if asked == NONE:
        return None
    if not Path(asked).is_dir():
        raise InputError(
            f"portfolio must be {', '.join(PORTFOLIOS)}, {NONE} or a folder made by 'lcbench portfolio build', "
            f"got {asked}."
        )
    return load_portfolio(folder=asked)


def _rows(path: Path, target: str) -> "tuple[pd.DataFrame, pd.Series]":
    """Features and classes of a file."""
    from lcbench.collection.data.table_file import read_table
    from lcbench.errors import DataError, UnknownNameError

    frame = read_table(path)
    frame.columns = frame.columns.astype(str)
    if list(frame.columns).count(target) != 1:
        raise UnknownNameError(f"target column of {path.name}", target, frame.columns)
    if frame.empty:
        raise DataError(f"{path} must have at least one row, got none.")
    return frame.drop(columns=target), frame[target]


def _left_out(features: "pd.DataFrame") -> list[str]:
    """Name the columns without information."""
    from lcbench.collection.data.dataset import empty_columns

    empty = empty_columns(features)
    return [f"left out, for want of a single value: {', '.join(empty)}"] if empty else []


def _summary(classifier: "AutoTabularClassifier", out: Path) -> list[str]:
    """Describe the result of a search, in lines."""
    board, course = classifier.leaderboard(), classifier.trajectory()
    best, name = board.iloc[0], classifier.metric
    failed = int((board["status"] != "success").sum())
    used = board[board["weight"] > 0].sort_values("weight", ascending=False)
    parts = ", ".join(f"{kind} {weight:.2f}" for kind, weight in zip(used["kind"], used["weight"], strict=True))
    count = f"{len(used)} model{'s' if len(used) != 1 else ''}"
    return [
        f"ensemble of {count}: {name} {course['ensemble'].iloc[-1]:.4f} on the rows that validate",
        f"  {parts}",
        f"best model alone: {name} {best['score']:.4f}, {best['kind']}"
        + (f" at {best['budget']} epochs" if best["kind"] == "network" else ""),
        f"{len(board)} models tried in {course['time'].iloc[-1]:.0f} s"
        + (f", {failed} of them without success" if failed else "")
        + f"; the model is in {out}",
        f"predict with: lcbench predict {out} NEW.csv",
    ]


def _stopped(out: Path) -> list[str]:
    """Say after Ctrl-C what the folder holds, whatever was interrupted."""
    from lcbench.simulate.autotabular import journal
    from lcbench.simulate.autotabular.folder import Folder

    entries = journal.read(Folder(out).results)
    if not entries or not entries[-1].weights:
        return ["", f"stopped before there was a model; the same command resumes in {out}."]
    return [
        "",
        f"stopped; {len(entries)} models were tried, and {out} holds the best ensemble of them, ready to predict.",
        "The same command resumes from there.",
    ]


def _without_target(frame: "pd.DataFrame", classifier: "AutoTabularClassifier") -> "pd.DataFrame":
    frame.columns = frame.columns.astype(str)
    name = classifier.target_name_
    known = set(getattr(classifier, "feature_names_in_", ()))
    return frame.drop(columns=name) if name in frame.columns and name not in known else frame


def _predictions(classifier: "AutoTabularClassifier", frame: "pd.DataFrame", *, probabilities: bool) -> "pd.DataFrame":
    """The table of predictions."""
    import pandas as pd

    chances = classifier.predict_proba(frame)
    columns = {classifier.target_name_: classifier.classes_[chances.argmax(axis=1)]}
    if probabilities:
        columns |= {f"probability of {name}": chances[:, i] for i, name in enumerate(classifier.classes_)}
    return pd.DataFrame(columns)
