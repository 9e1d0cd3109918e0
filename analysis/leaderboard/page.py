"""The page of a leaderboard: its words, tables and pictures in one file that needs nothing from elsewhere."""

from collections.abc import Iterator, Sequence
from math import isnan

import pandas as pd

from lcbench.analysis.figures import FIGURES
from lcbench.analysis.figures._lines import limited
from lcbench.analysis.figures.contract import caption
from lcbench.analysis.leaderboard.contests import Contest
from lcbench.analysis.report.markup import beside, document, image, table, text
from lcbench.simulate.study.objectives import DIFFERENCE


def page(title: str, contests: Sequence[Contest], left_out: Sequence[str]) -> str:
    """The page as HTML.

    Args:
        title: Its heading.
        contests: What it shows, in this order.
        left_out: A line for each file that is not shown.
    """
    parts = {
        "contests": "\n".join(_contest(number, each) for number, each in enumerate(contests, start=1)),
        "left_out": _left_out(left_out),
    }
    here = "lcbench.analysis.leaderboard"
    return document(here, title, parts, "img-src data:", style=beside(here, "page.css"))


def _contest(number: int, contest: Contest) -> str:
    head = contest.conditions
    subject = " and ".join(contest.objectives) or contest.metric.label
    heading = f"{subject} within {head['budget']}, {head['study of']}"
    facts = {**head, "data sets": f"{len(contest.datasets)}: {', '.join(contest.datasets)}"}
    pairs = "".join(f"<dt>{text(label)}</dt><dd>{text(value)}</dd>" for label, value in facts.items())
    parts = [f'<section id="contest-{number}"><h2>{text(heading)}</h2>']
    if len(contest.ranked):
        parts += [_ranking(contest), _picture(contest)]
    parts += [
        f'<p class="left-out"><b>{text(name)}</b> not ranked: no runs on {text(", ".join(lacks))}</p>'
        for name, lacks in contest.lacking.items()
    ]
    parts += [f"<details><summary>Conditions and studies</summary><dl>{pairs}</dl>{_studies(contest)}</details>"]
    return "\n".join([*parts, "</section>"])


def _ranking(contest: Contest) -> str:
    judged = "hypervolume difference" if contest.objectives else "regret"
    columns = {"": "number", "optimizer": "", "mean rank": "number", f"{judged}, %": "number"}
    columns |= {
        "95 % interval": "number",
        "test regret, %": "number",
        "overtuning, %": "number",
        "area, %": "number",
        "seeds": "number",
        "file": "where",
    }
    return table(columns, _rows(contest), "ranking")


def _rows(contest: Contest) -> Iterator[tuple[object, ...]]:
    for place, (name, row) in enumerate(contest.ranked.iterrows(), start=1):
        interval = "-" if isnan(row["low"]) else f"{_percent(row['low'])} to {_percent(row['high'])}"
        tested = _percent(row["test_regret"]), _percent(row["overtuning"])
        yield (
            place,
            name,
            f"{row['rank']:.2f}",
            _percent(row["regret"]),
            interval,
            *tested,
            _percent(row["area"]),
            row["seeds"],
            row["file"],
        )


def _percent(value: float) -> str:
    return "-" if isnan(value) else f"{100 * value:.2f}"


def _picture(contest: Contest) -> str:
    metric = contest.metric
    words = {"metric": metric.name, "metric_unit": metric.unit, "goal": metric.goal, "fidelity": "steps"}
    frame = contest.curves.assign(**limited(pd.concat([study.traces for study in contest.studies])), **words)
    if not frame["regret"].notna().any():
        return ""
    drawn = FIGURES["hypervolume" if contest.objectives else "regret"].load()
    if contest.objectives:
        frame = frame.rename(columns={"regret": DIFFERENCE}).assign(objectives=",".join(contest.objectives))
    title, rest = caption(drawn, frame)
    return (
        f'<div class="figures"><figure class="wide"><img alt="{text(title)}" src="{image(drawn.draw(frame))}">'
        f"<figcaption><b>{text(title)}</b> {text(rest)}</figcaption></figure></div>"
    )


def _studies(contest: Contest) -> str:
    """Where the numbers come from: each file, and the commands that made it."""
    columns = {"file": "where", "made": "", "processor": "", "runs": "number", "command": ""}
    rows = [
        (study.path, each.get("created", "-"), each["processor"], each["runs"], each["command"])
        for study in contest.studies
        for each in study.description.made
    ]
    return table(columns, rows, "studies")


def _left_out(lines: Sequence[str]) -> str:
    return "\n".join(f'<p class="left-out">left out: {text(line)}</p>' for line in lines)
