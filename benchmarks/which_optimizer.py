"""Which optimizer to take under which conditions: studies on all tables at hand, and the page that sums them up.

    python benchmarks/which_optimizer.py --table fcnet=DIR --table hpobench=DIR --work DIR --out docs/which-optimizer.md

Each ``--table`` is a benchmark folder, such as one of ``lcbench import``; the embedded table is always there.
Conditions of a table that is not given are left out. Studies are kept in the folder ``--work``: stopped at any time,
the same command goes on, and with more seeds it adds to them. The page is written from their files.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer

import lcbench
from lcbench.console import progress
from lcbench.simulate.study import Keep, study
from lcbench.simulate.study.comparison import Comparison, compare
from lcbench.table.benchmark import Benchmark

ONE_BUDGET = ("random", "tpe", "kde", "gp-ei", "cma-es", "regularized-evolution", "de")
SEVERAL = ("hyperband", "asha", "bohb", "dehb")
LEVEL = 0.05
EMBEDDED = "embedded"
TABLES: Mapping[str, str] = {
    EMBEDDED: "the embedded table: 200 networks, 5 numbers and 2 integers",
    "lcbench": "final values of the released LCBench: 2000 networks, 4 numbers and 3 integers",
    "fcnet": "FCNet: 62,208 networks, 9 categories and levels",
    "hpobench": "HPOBench's networks: 30,000, levels of 4 or 5 hyperparameters",
    "taskset": "three tasks of TaskSet: 1000 settings of Adam, 8 numbers",
    "conditional": "a small table of Search Space 2: networks whose hyperparameters depend on each other",
}


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A row of the page.

    Attributes:
        question: What varies.
        says: The condition.
        table: One of :data:`TABLES`.
        budget: As of ``lcbench simulate``.
        optimizers: Who plays.
        options: Further arguments of :func:`lcbench.simulate.study.study`.
    """

    question: str
    says: str
    table: str
    budget: str
    optimizers: tuple[str, ...] = ONE_BUDGET
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of its file."""
        return f"{self.table}, {self.question}, {self.says}".replace(" ", "-").replace(",", "")


def conditions() -> Iterator[Condition]:
    """All rows of the page, question by question."""
    everyone = ONE_BUDGET + SEVERAL
    for table in TABLES:
        yield Condition("evaluations", "10 evaluations", table, "10evals", options={"workers": 1})
        if table != EMBEDDED:  # whose 200 rows are half used up by then
            yield Condition("evaluations", "50 evaluations", table, "50evals", options={"workers": 1})
    for budget in ("3x", "30x"):
        yield Condition(
            "fidelities",
            f"{budget[:-1]} runs' time, one budget",
            EMBEDDED,
            budget,
            options={"budgets": (50,), "workers": 1},
        )
        yield Condition(
            "fidelities", f"{budget[:-1]} runs' time, budgets 12, 25, 50", EMBEDDED, budget, everyone, {"workers": 1}
        )
    for recorded in ("mean", "draw"):
        words = {"mean": "mean of the seeds", "draw": "each run of one seed"}[recorded]
        yield Condition("noise", words, EMBEDDED, "30x", everyone, {"recorded": recorded, "workers": 1})
        yield Condition("noise", words, "hpobench", "50evals", options={"recorded": recorded, "workers": 1})
    for workers in (1, 4, 16):
        yield Condition(
            "workers", f"{workers} worker{'s' * (workers > 1)}", EMBEDDED, "30x-epochs", everyone, {"workers": workers}
        )


def _played(condition: Condition, bench: Benchmark, seeds: int, work: Path) -> pd.DataFrame:
    options = {"match": "exact"} | dict(condition.options)
    return study(
        bench,
        None,
        condition.optimizers,
        range(seeds),
        budget=condition.budget,
        keep=Keep(
            work / f"{condition.name}.parquet", command="benchmarks/which_optimizer.py", now=lambda: datetime.now(UTC)
        ),
        jobs=None,
        **options,
    )


def _row(condition: Condition, found: Comparison) -> str:
    best, others = found.frame.loc[found.control], found.frame.drop(found.control)
    alike = [name for name, row in others.iterrows() if row["effect_p_holm"] >= LEVEL]
    random = others.loc["random"] if "random" in others.index else None
    gain = (
        "-"
        if random is None
        else f"{100 * random['effect']:.3g} [{100 * random['effect_low']:.3g}, {100 * random['effect_high']:.3g}]"
    )
    cells = (
        condition.says,
        condition.table,
        f"{found.datasets} x {found.seeds}",
        f"**{found.control}**",
        f"{100 * best['regret']:.3g} [{100 * best['low']:.3g}, {100 * best['high']:.3g}]",
        ", ".join(map(str, alike)) or "-",
        gain,
    )
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| condition | table | data sets x seeds | best rank | its regret, % | not told from it | random is worse by |\n"
    "|---|---|---|---|---|---|---|"
)


def _details(condition: Condition, found: Comparison) -> str:
    head = "| optimizer | regret, % | interval | area, % | rank | p against the best |\n|---|---:|---:|---:|---:|---:|"
    rows = []
    for name, row in found.frame.iterrows():
        regret, low, high, area = (f"{100 * row[column]:.3g}" for column in ("regret", "low", "high", "area"))
        p = "" if np.isnan(row["effect_p_holm"]) else f"{row['effect_p_holm']:.3f}"
        rows.append(f"| {name} | {regret} | {low} to {high} | {area} | {row['rank']:.2f} | {p} |")
    title = f"### {condition.question}: {condition.says}, {condition.table}"
    return "\n".join([title, "", head, *rows])


def _advice(found: Mapping[Condition, Comparison]) -> Iterator[str]:
    """For each optimizer that is ever best or not told from the best, in how many conditions."""
    names: dict[str, list[int]] = {}
    for condition, each in found.items():
        for name, row in each.frame.iterrows():
            wins = names.setdefault(str(name), [0, 0, 0])
            wins[0] += name == each.control
            wins[1] += name == each.control or row["effect_p_holm"] >= LEVEL
            wins[2] += name in condition.optimizers
    yield "| optimizer | best rank | best or not told from it | conditions it played in |\n|---|---:|---:|---:|"
    for name, (best, alike, played) in sorted(names.items(), key=lambda item: (-item[1][1] / item[1][2], item[0])):
        yield f"| {name} | {best} | {alike} | {played} |"


INTRO = """# Which optimizer to take

Written by `benchmarks/which_optimizer.py` from its studies; no number is typed by hand. Regret is normalized (0 is the
best configuration of the table, 100 the worst), at the end of the budget, mean over data sets and seeds, with its 95 %
bootstrap interval over data sets. The best is the one with the best mean rank; another is not told from it if the mixed
model of `lcbench compare` gives p of at least 0.05 after Holm's correction. With few data sets the model's intervals
are wide, and much is not told apart: that is what these tables can say.
"""


def _page(found: Mapping[Condition, Comparison], tables: Mapping[str, Benchmark]) -> str:
    parts = [
        INTRO,
        "Tables:\n",
        *(f"- **{name}**: {TABLES[name]}" for name in tables),
        "",
        "## Over all conditions\n",
        *_advice(found),
    ]
    for question in dict.fromkeys(condition.question for condition in found):
        parts += [f"\n## {question.capitalize()}\n", HEAD]
        parts += [_row(condition, each) for condition, each in found.items() if condition.question == question]
    parts += [
        "\n## Every condition in full\n",
        *(_details(condition, each) + "\n" for condition, each in found.items()),
    ]
    return "\n".join(parts).rstrip() + "\n"


def main(
    out: Annotated[Path, typer.Option(help="The page.")],
    work: Annotated[Path, typer.Option(help="Folder for the studies.")],
    table: Annotated[list[str] | None, typer.Option(help="NAME=DIR; give it again.")] = None,
    seeds: Annotated[int, typer.Option(help="Seeds of each optimizer.")] = 5,
) -> None:
    """Run the studies and write the page."""
    given = dict(each.split("=", 1) for each in table or ())
    tables = {
        name: lcbench.load(*([given[name]] if name in given else []))
        for name in TABLES
        if name in given or name == EMBEDDED
    }
    work.mkdir(parents=True, exist_ok=True)
    asked = [condition for condition in conditions() if condition.table in tables]
    found = {}
    with progress() as bar:
        for condition in bar.track(asked, description="conditions"):
            traces = _played(condition, tables[condition.table], seeds, work)
            found[condition] = compare(traces, None, np.random.default_rng(0))
    out.write_text(_page(found, tables), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
