"""The best network of a table against the baselines, on each data set."""

import pandas as pd

from lcbench.analysis.generality import comparable_losses, has_runs
from lcbench.errors import InputError
from lcbench.table.benchmark import Benchmark
from lcbench.table.manifest import BASELINES, table_path

NETWORK = "network"
"""Name of the best network among the models."""


def against_baselines(bench: Benchmark, metric: str | None = None) -> pd.DataFrame:
    """The best configuration on the validation part, and every baseline, on both parts.

    Nothing is chosen by the test part. The best configuration is that of the best mean over seeds after the last epoch
    of the largest budget, the first of equal ones.

    Args:
        bench: The table.
        metric: A metric of the validation part; by default the table's objective.

    Returns:
        One row per data set that has baselines and model: ``dataset``, ``model`` (``"network"`` or a baseline),
        ``config_id`` (-1 for baselines), ``valid`` and ``test`` (means over seeds), ``deviation`` (of the test values
        over seeds, NaN for one), ``seeds`` (how many), ``seconds`` (mean; modelled for networks, measured for
        baselines).

    Raises:
        InputError: If it is no metric of the validation part, or a data set has no finished network.
    """
    valid, test = tested_metrics(bench, metric)
    frames = []
    for dataset in bench.datasets:
        if table_path(BASELINES, dataset) in bench.manifest.files:
            frames += [_network(bench, dataset, valid, test), _others(bench, dataset, valid, test)]
    columns = ["dataset", "model", "config_id", "valid", "test", "deviation", "seeds", "seconds"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def tested_metrics(bench: Benchmark, metric: str | None = None) -> tuple[str, str]:
    """Names of a metric of the validation part and of the one of the test part that belongs to it.

    Raises:
        InputError: If it is none, or the table has no such one of the test part.
    """
    known = bench.metric(metric)
    if known.part != "valid":
        raise InputError(f"models must be chosen by a metric of the validation part, got {known.name}; choose another.")
    return known.name, bench.manifest.record.on_part(known, "test").name


def best_config(bench: Benchmark, dataset: str, metric: str) -> int:
    """The configuration with the best mean over seeds after the last epoch of the largest budget.

    Raises:
        InputError: If no configuration has all its runs of that budget, none of them diverged.
    """
    longest = bench.budgets_of(dataset)[-1]
    losses = pd.Series(comparable_losses(bench, dataset, metric, longest)[:, -1], bench.configs.index)
    losses = losses[has_runs(bench, dataset, [longest]) & (losses < float("inf"))]
    if losses.empty:
        raise InputError(
            f"{dataset} must have a configuration with all its runs of {longest} {bench.fidelity.label}, got none; "
            "collect the rest."
        )
    return int(losses.idxmin())  # type: ignore[call-overload]  # an index may be anything to pandas


def _network(bench: Benchmark, dataset: str, metric: str, test: str) -> pd.DataFrame:
    config_id, longest = best_config(bench, dataset, metric), bench.budgets_of(dataset)[-1]
    row = bench.configs.index.get_loc(config_id)
    valid, tested, seconds = (
        pd.Series(bench.array(dataset, name, longest)[row, :, -1], dtype=float) for name in (metric, test, "seconds")
    )
    found = {"dataset": dataset, "model": NETWORK, "config_id": config_id, "valid": valid.mean()}
    found |= {"test": tested.mean(), "deviation": tested.std(), "seeds": len(tested), "seconds": seconds.mean()}
    return pd.DataFrame([found])


def _others(bench: Benchmark, dataset: str, metric: str, test: str) -> pd.DataFrame:
    groups = bench.baselines(dataset).groupby("baseline", sort=False)
    found = groups.agg(
        valid=(metric, "mean"),
        test=(test, "mean"),
        deviation=(test, "std"),
        seeds=(test, "size"),
        seconds=("seconds", "mean"),
    )
    return found.rename_axis("model").reset_index().assign(dataset=dataset, config_id=-1)
