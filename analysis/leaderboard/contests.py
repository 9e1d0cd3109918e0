"""Contests: the optimizers of all studies that were run under the same conditions, ranked together."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lcbench.analysis.anytime import anytime_regret
from lcbench.errors import DamagedFileError, InputError
from lcbench.simulate.optimizers.spec import SOURCE
from lcbench.simulate.study import by_variant, optimized, overtuning, read, statistics, test_regrets
from lcbench.simulate.study.description import Description, read_description
from lcbench.simulate.study.objectives import names_of
from lcbench.simulate.study.regret import areas, normalized_regrets
from lcbench.simulate.study.tested import is_tested
from lcbench.table.metric import Metric
from lcbench.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Study:
    """One file.

    Attributes:
        path: Where it is.
        description: What it says of itself.
        metric: What it optimized.
        traces: Its rows, several portfolios and numbers of workers as optimizers of their own.
    """

    path: Path
    description: Description
    metric: Metric
    traces: pd.DataFrame

    @property
    def conditions(self) -> Mapping[str, Any]:
        """All settings that the numbers depend on, beside the version of lcbench and the optimizers' sources.

        Portfolios are among them: optimizers that begin with one do not stand beside those of another file that do not.
        """
        settings = self.description.settings.items()
        known = {name: value for name, value in settings if name != "lcbench" and not name.startswith(SOURCE)}
        begun = ", ".join(map(str, self.description.names.get("portfolios", ())))
        return {"study of": self.description.title, **known, "portfolio": begun}


@dataclass(frozen=True, slots=True)
class Contest:
    """Studies of the same conditions.

    Attributes:
        conditions: What they have in common.
        metric: What they optimized.
        datasets: All data sets of any of them.
        ranked: Index ``optimizer``, the best mean rank first, of those that were run on all data sets: ``rank`` (mean
            over data sets of the rank by mean normalized regret over the optimizer's seeds), ``regret``, ``low`` and
            ``high`` (95 % bootstrap interval over data sets, or over the seeds of the only one), ``test_regret`` and
            ``overtuning`` (NaN where unknown), ``area``, ``seeds`` (the fewest on any data set) and ``file``.
        lacking: For each optimizer that is not ranked the data sets that it lacks.
        curves: Of :func:`lcbench.analysis.anytime.anytime_regret`, for those that are ranked.
        studies: The studies.
    """

    conditions: Mapping[str, Any]
    metric: Metric
    datasets: tuple[str, ...]
    ranked: pd.DataFrame
    lacking: Mapping[str, tuple[str, ...]]
    curves: pd.DataFrame
    studies: tuple[Study, ...]

    @property
    def objectives(self) -> tuple[str, ...]:
        """Names of several objectives, whose hypervolume difference stands wherever regret is said; none with one."""
        return names_of(self.studies[0].traces)


STUDIES = Wanted("a folder of studies, files of 'lcbench simulate --out'", file=False, folder=True)
"""Where :func:`studies_in` looks."""


def studies_in(folder: Path, left_out: list[str]) -> Iterator[Study]:
    """The studies of optimizers in a folder and the folders in it, by the names of their files.

    Args:
        folder: Where to look.
        left_out: Takes a line for each Parquet file that is none, or does not say its conditions.
    """
    for path in sorted(folder.rglob("*.parquet")):
        name = path.relative_to(folder)
        if any(part.endswith(".parts") for part in name.parts):
            continue
        try:
            description, metric = read_description(path), optimized(path)
            if description is None or metric is None or "optimizers" not in description.names:
                left_out.append(f"{name}: no study of optimizers that says its settings")
                continue
            yield Study(name, description, metric, by_variant(read(path)))
        except (DamagedFileError, InputError) as error:
            left_out.append(f"{name}: {error}")


def contests(studies: Iterable[Study], rng: np.random.Generator) -> list[Contest]:
    """Group studies by their conditions and rank each group; the contest with the most optimizers first.

    Args:
        studies: From :func:`studies_in`.
        rng: For the intervals.

    Raises:
        InputError: If there is none.
    """
    groups: dict[str, list[Study]] = {}
    for study in studies:
        groups.setdefault(repr(sorted(study.conditions.items())), []).append(study)
    if not groups:
        raise InputError("a leaderboard needs at least one study, got none; write some with lcbench simulate --out.")
    found = [_contest(group, rng) for group in groups.values()]
    return sorted(found, key=lambda each: -len(each.ranked))


def _contest(studies: list[Study], rng: np.random.Generator) -> Contest:
    """Rank the optimizers of one group; a name that several files have takes the file's name with it."""
    entries: dict[str, tuple[str, pd.DataFrame]] = {}
    counts = pd.Series([name for study in studies for name in study.traces["optimizer"].unique()]).value_counts()
    for study in studies:
        for name, rows in study.traces.groupby("optimizer", sort=False):
            label = f"{name} ({study.path.stem})" if counts[name] > 1 else str(name)
            entries[label] = (str(study.path), rows.assign(optimizer=label))
    datasets = tuple(dict.fromkeys(name for _, rows in entries.values() for name in rows["dataset"].unique()))
    lacking = {
        label: tuple(name for name in datasets if name not in set(rows["dataset"]))
        for label, (_, rows) in entries.items()
    }
    whole = {label: entry for label, entry in entries.items() if not lacking[label]}
    curves = [anytime_regret(rows) for _, rows in whole.values()]
    return Contest(
        studies[0].conditions,
        studies[0].metric,
        datasets,
        _ranked(whole, rng) if whole else pd.DataFrame(),
        {label: names for label, names in lacking.items() if names},
        pd.concat(curves, ignore_index=True) if curves else pd.DataFrame(),
        tuple(studies),
    )


def _ranked(entries: Mapping[str, tuple[str, pd.DataFrame]], rng: np.random.Generator) -> pd.DataFrame:
    rows, scores = {}, {}
    for label, (file, traces) in entries.items():
        runs = normalized_regrets(traces, (1.0,))[1.0]
        means = runs.groupby("dataset", sort=False).mean()
        low, high = statistics.bootstrap_interval(means if len(means) > 1 else runs, rng)
        tested = is_tested(traces)
        rows[label] = {
            "regret": means.mean(),
            "low": float(low),
            "high": float(high),
            "test_regret": test_regrets(traces, (1.0,))[1.0].mean() if tested else np.nan,
            "overtuning": overtuning(traces, (1.0,))[1.0].mean() if tested else np.nan,
            "area": areas(traces).mean(),
            "seeds": int(traces.groupby("dataset")["seed"].nunique().min()),
            "file": file,
        }
        scores[label] = means
    found = pd.DataFrame(rows).T.rename_axis("optimizer")
    found.insert(0, "rank", statistics.ranks(pd.DataFrame(scores)).mean())
    return found.sort_values(["rank", "regret"], kind="stable")
