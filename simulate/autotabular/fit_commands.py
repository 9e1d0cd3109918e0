"""The commands ``lcbench fit`` and ``lcbench predict``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from lcbench.collection.data.table_file import Reading
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.space import Config

_FILE = "a CSV (or TSV, also compressed), Parquet or ARFF file."
_Separator = Annotated[
    str, typer.Option(help="Between values of a text file: one character, or comma, semicolon, tab, pipe, space.")
]
_Decimal = Annotated[str, typer.Option(help="Decimal sign in a text file: . or ,")]
_Encoding = Annotated[str, typer.Option(help="Encoding of a text file, such as cp1252; UTF-8 by default.")]

INTERRUPTED = 130
NONE = "none"


def fit(
    train: Annotated[Path, typer.Argument(metavar="FILE", help=f"Rows to learn from: {_FILE}")],
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
    separator: _Separator = "",
    decimal: _Decimal = "",
    encoding: _Encoding = "",
    dates: Annotated[
        str,
        typer.Option(
            help="Columns of dates: refuse; parts (year, month, day of week, days elapsed); text (categories)."
        ),
    ] = "refuse",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print neither progress nor result.")] = False,
) -> None:
    """Find a classifier for a table: baselines, networks, and the best ensemble of them, within a given time.

    Stopped at any time, OUT holds the best model so far, and the same command resumes where it stopped, also with
    more time or other workers. 'lcbench collect --problem full --configs OUT/search/configs.parquet' makes a benchmark
    of the networks that were tried. Exit codes: 0 done; 2 it cannot be done; 130 stopped with Ctrl-C.
    """
    from lcbench.collection.data.table_file import Reading
    from lcbench.console import ERR, OUT
    from lcbench.errors import InputError
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.simulate.autotabular.folder import Folder
    from lcbench.simulate.autotabular.settings import seconds_of

    if workers < 1:
        raise InputError(f"workers must be at least 1, got {workers}.")
    reading = Reading(separator, decimal, encoding, dates)
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
        dates=dates,
        memory_limit=memory,
        scheduler=scheduler,
        verbose=not quiet,
    )
    features, classes = _rows(train, target, reading)
    place: dict[str, Any] = {"resume" if Folder(out).card.is_file() else "folder": out}
    try:
        classifier.fit(features, classes, **place)
    except KeyboardInterrupt:
        ERR.print(*_stopped(out), sep="\n", soft_wrap=True, highlight=False)
        raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        OUT.print(*_left_out(classifier), *_summary(classifier, out), sep="\n", soft_wrap=True, highlight=False)


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder made by lcbench fit.")],
    rows: Annotated[Path, typer.Argument(metavar="FILE", help=f"Rows to predict: {_FILE}")],
    out: Annotated[Path | None, typer.Option(help="CSV file for the predictions; by default they are printed.")] = None,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Add a column with the probability of each class.")
    ] = False,
    separator: _Separator = "",
    decimal: _Decimal = "",
    encoding: _Encoding = "",
) -> None:
    """Predict the classes of new rows, one line for each, in their order.

    The file must have the columns of training, which are read as they were there; the target may be among them and is
    ignored, and columns that training left out may be missing.
    """
    import sys

    from lcbench.collection.data.table_file import Reading
    from lcbench.output import writable_file
    from lcbench.simulate.autotabular.classifier import AutoTabularClassifier
    from lcbench.terminal import printable
    from lcbench.writing import write_text

    if out is not None:
        out = writable_file(out)
    classifier = AutoTabularClassifier.load(model)
    frame = _new_rows(rows, Reading(separator, decimal, encoding), classifier)
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


def _rows(path: Path, target: str, reading: "Reading | None" = None) -> "tuple[pd.DataFrame, pd.Series]":
    """Features and classes of a file."""
    from lcbench.collection.data.table_file import Reading, read_rows

    return read_rows(path, target, reading or Reading())


def _left_out(classifier: "AutoTabularClassifier") -> list[str]:
    """Name the columns without information."""
    empty = classifier.ensemble_.models[0].columns.empty
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


def _new_rows(path: Path, reading: "Reading", classifier: "AutoTabularClassifier") -> "pd.DataFrame":
    """The rows of a file as training read its own: text as text; its decimal sign unless another is given."""
    from dataclasses import replace

    from lcbench.collection.data.delimited import read_delimited
    from lcbench.collection.data.table_file import READERS, read_table, suffix_of

    columns = classifier.ensemble_.models[0].columns
    as_text = columns.read_as_text(styled=not reading.decimal)
    if READERS.get(suffix_of(path)) is read_delimited and not reading.decimal:
        reading = replace(reading, decimal=columns.decimal)
    reading = replace(reading, dates=str(classifier.dates))
    frame = read_table(path, reading, as_text=(*as_text, classifier.target_name_))
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
