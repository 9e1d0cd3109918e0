"""The published ``results`` of runs that were not published: made from their curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from lcbench.official.layout import FINAL, TAGS

if TYPE_CHECKING:
    from lcbench.official.released import Released

TEST_SPLIT = 0.33


def made_results(released: Released, dataset: str) -> list[dict[str, Any]]:
    """The results of each configuration, increasing; ``final_*`` are the last logged values.

    ``final_test_cross_entropy`` is published as that of two softmaxes, which our runs lack, and so is left out.
    """
    facts: Any = released.bench.dataset_table.loc[dataset]
    task = facts["openml_task_id"]
    shared = {
        "OpenML_task_id": None if pd.isna(task) else int(task),
        "test_split": TEST_SPLIT,
        "budget": released.budget,
        "seed": released.seed,
        **{name: int(facts[name]) for name in ("instances", "classes", "features")},
    }
    logged = set(released.tags(dataset)) - {TAGS["test_cross_entropy"]}
    last = {
        result: released.log(dataset, TAGS[name])[:, -1].tolist()
        for result, name in FINAL.items()
        if TAGS[name] in logged
    }
    return [
        {"model_parameters": n, **{result: values[row] for result, values in last.items()}, **shared}
        for row, n in enumerate(released.n_parameters(dataset))
    ]
