"""How long units are expected to take, for the estimate of the time left."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lcbench.collection.unit import Unit

if TYPE_CHECKING:
    from lcbench.collection.collecting import Collection


def expected_seconds(collection: "Collection", units: Sequence[Unit]) -> dict[Unit, float]:
    """How long each unit is expected to take, by the collection's cost model.

    Args:
        collection: A calibrated collection.
        units: Units of it.

    Returns:
        Seconds of an epoch of one run. All units train equally many epochs, so units compare as these do; a stack
        needs less than its runs alone, by a factor that this leaves open.
    """
    from lcbench.collection.networks.cost import CostModel
    from lcbench.table.store import read_json

    model = CostModel.from_json(read_json(collection.workplace.cost))
    data = {name: collection.workplace.read_data(name) for name in {unit.dataset for unit in units}}
    plan = collection.plan
    configs = dict(zip(plan.configs.index, plan.single_configs, strict=True))
    return {unit: plan.problem.step_seconds(model, data[unit.dataset], configs[unit.config_id]) for unit in units}
