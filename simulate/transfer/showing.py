"""Portfolios as tables for people."""

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from lcbench.console import table
from lcbench.simulate.transfer.folder import PortfolioFolder
from lcbench.simulate.transfer.greedy import (
    greedy_portfolio,
    leave_one_out,
    leave_one_out_random,
    leave_one_out_simple,
    portfolio_regret,
)
from lcbench.simulate.transfer.plan import METRIC

_SIZES = (1, 2, 4, 8, 16, 32)


def summary(held: PortfolioFolder) -> list[tuple[str, str]]:
    """Summary of a folder, as labels and texts."""
    plan, about = held.plan, held.manifest["provenance"]
    evaluations = held.manifest["evaluations"]
    return [
        ("folder", str(held.folder)),
        ("data sets", f"{len(held.datasets)} of {len(plan['datasets'])}{'' if held.complete else ' (not complete)'}"),
        ("searches", f"BOHB, {plan['trials']} evaluations each at {', '.join(map(str, plan['budgets']))} epochs"),
        ("space", f"{plan['space']}, categories {plan['encoding']}, seed {plan['seed']}"),
        ("evaluations", f"{evaluations}, {len(held.manifest['without a run'])} without a run"),
        ("candidates", str(held.candidates.num_rows)),
        ("made", f"{about['created']} on {about['processor']}"),
    ]


def portfolio_table(held: PortfolioFolder, name: str) -> Table:
    """A portfolio, a configuration a row."""
    found = dict(zip(*(held.candidates[column].to_pylist() for column in ("candidate", "dataset")), strict=True))
    rows = [
        [row["size"], found[row["candidate"]], f"{row['regret']:.2%}", row["best_on"]]
        for row in held.portfolio(name).to_pylist()
    ]
    return table(f"the {name} portfolio", ["", "found on", "mean regret so far", "best on"], rows)


def config_lines(held: PortfolioFolder, name: str) -> list[str]:
    """The configurations of a portfolio, a line each, with the hyperparameters that are active."""
    return [
        f"{place}: " + ", ".join(f"{key} {_short(value)}" for key, value in config.items())
        for place, config in enumerate(held.configs(name), start=1)
    ]


def size_table(held: PortfolioFolder) -> Table:
    """Mean relative regret by size: of the data sets it was built on, and of each one that was left out."""
    curves = regrets_by_size(held)
    sizes = [size for size in _SIZES if size <= len(held.regrets)]
    rows: list[list[object]] = [
        [size, *(_percent(curve[size - 1 : size]) for curve in curves.values())] for size in sizes
    ]
    if can_leave_out(held):
        whole = leave_one_out_simple(held.regrets, held.found_on).mean()
        rows.append(["all others", "", f"{whole:.2%}", f"{whole:.2%}"])
    return table(f"mean relative regret in {METRIC}, by size", ["size", *curves], rows)


def can_leave_out(held: PortfolioFolder) -> bool:
    """Whether there is a candidate for every data set that was found on another one."""
    return len(held.regrets) > 1


def regrets_by_size(held: PortfolioFolder) -> dict[str, NDArray[np.float64]]:
    """Mean relative regret after 1, 2, ... configurations of different portfolios.

    A data set that is left out has neither a column nor an incumbent among those that its portfolio is chosen from.
    """
    regrets, n = held.regrets.to_numpy(), len(held.regrets)
    curves = {"greedy, same data sets": portfolio_regret(regrets, greedy_portfolio(regrets, n)).mean(axis=1)}
    if can_leave_out(held):
        curves["greedy, left out"] = leave_one_out(regrets, n, held.found_on).mean(axis=1)
        curves["random, left out"] = leave_one_out_random(regrets, n, held.found_on).mean(axis=1)
    return curves


def left_out_table(held: PortfolioFolder) -> Table:
    """Leave-one-out result on each data set: that of the portfolio of all others."""
    found = leave_one_out(held.regrets, held.manifest["size"], held.found_on)
    random = leave_one_out_random(held.regrets, len(found), held.found_on)
    sizes = [each for each in _SIZES if each <= len(found)]
    rows = [
        [name, *(f"{found[each - 1, i]:.2%}" for each in sizes), f"{random[-1, i]:.2%}"]
        for i, name in enumerate(held.datasets)
    ]
    rows.append(["mean", *(f"{found[each - 1].mean():.2%}" for each in sizes), f"{random[-1].mean():.2%}"])
    columns = ["data set", *(f"first {each}" for each in sizes), f"random {len(found)}"]
    return table("relative regret of the greedy portfolio built without the data set", columns, rows)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _percent(values: NDArray[np.float64]) -> str:
    """A share in percent; nothing where there is none."""
    return "".join(f"{value:.2%}" for value in values)
