"""Search Space 2: the paper's table with its conditions, and configurations that lack what is inactive."""

import io
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from ConfigSpace import AndConjunction, Categorical, ConfigurationSpace, EqualsCondition, OrConjunction

from lcbench.errors import InputError
from lcbench.space import paper
from lcbench.space.encoding import Encoding
from lcbench.space.rules import active_names
from lcbench.space.spaces import check_configs, from_json, records, sample, to_frame, to_json

SPACE = paper.full()

RANGES = {
    "mlp_num_layers": (1, 6, False),
    "mlp_max_units": (64, 1024, True),
    "mlp_max_dropout": (0.0, 1.0, False),
    "resnet_num_groups": (1, 5, False),
    "resnet_blocks_per_group": (1, 3, False),
    "resnet_max_units": (32, 512, True),
    "resnet_max_dropout": (0.0, 1.0, False),
    "max_shake_drop": (0.0, 1.0, False),
    "batch_size": (16, 512, True),
    "sgd_learning_rate": (1e-4, 1e-1, True),
    "sgd_weight_decay": (1e-5, 1e-1, False),
    "momentum": (0.1, 0.999, False),
    "adam_learning_rate": (1e-4, 1e-1, True),
    "adam_weight_decay": (1e-5, 1e-1, False),
    "mixup_alpha": (0.0, 1.0, False),
    "svd_target_dim": (10, 256, False),
}
"""The numbers of Table 2: lower, upper, logarithmic (whole where the bounds are)."""

CHOICES = {
    "network_type": {"resnet", "mlp"},
    "use_dropout": {False, True},
    "use_shake_drop": {False, True},
    "use_shake_shake": {False, True},
    "optimizer": {"sgd", "adam"},
    "training_technique": {"standard", "mixup"},
    "preprocessor": {"none", "truncated_svd"},
}
"""The categories of Table 2."""

LINEAR_MODEL = {
    "network_type": "mlp",
    "mlp_num_layers": 1,
    "mlp_max_units": 64,
    "mlp_max_dropout": 0.0,
    "batch_size": 32,
    "optimizer": "adam",
    "adam_learning_rate": 0.01,
    "adam_weight_decay": 0.01,
    "training_technique": "standard",
    "preprocessor": "none",
}


def drawn(n: int = 200) -> pd.DataFrame:
    return sample(SPACE, n, np.random.default_rng(0))


class TestTable2:
    def test_the_numbers(self):
        numbers = {name: part for name, part in SPACE.items() if name not in CHOICES}
        assert {name: (part.lower, part.upper, part.log) for name, part in numbers.items()} == RANGES
        for name, (low, _, _) in RANGES.items():
            assert isinstance(SPACE[name].lower, int) == isinstance(low, int)

    def test_the_categories(self):
        assert {name: set(SPACE[name].choices) for name in SPACE if name in CHOICES} == CHOICES

    def test_nothing_else(self):
        assert len(SPACE) == len(RANGES) + len(CHOICES) == 23

    def test_what_is_there_in_a_linear_model(self):
        assert set(active_names(SPACE, LINEAR_MODEL)) == set(LINEAR_MODEL)

    def test_what_is_there_in_a_resnet_with_everything(self):
        resnet = {"network_type": "resnet", "use_dropout": True, "use_shake_drop": True, "optimizer": "sgd"}
        resnet |= {"training_technique": "mixup", "preprocessor": "truncated_svd"}
        missing = set(SPACE) - set(active_names(SPACE, resnet))
        assert missing == {
            "mlp_num_layers",
            "mlp_max_units",
            "mlp_max_dropout",
            "adam_learning_rate",
            "adam_weight_decay",
        }

    def test_a_child_of_what_is_inactive_is_inactive(self):
        assert "resnet_max_dropout" not in active_names(SPACE, LINEAR_MODEL | {"use_dropout": True})


class TestConfigurations:
    def test_each_drawn_one_has_what_configspace_says_is_active(self):
        for config in records(SPACE, drawn()):
            assert list(config) == active_names(SPACE, config)

    def test_values_are_of_pythons_own_types(self):
        kinds = {name: int if isinstance(low, int) else float for name, (low, _, _) in RANGES.items()}
        kinds |= {name: type(next(iter(choices))) for name, choices in CHOICES.items()}
        for config in records(SPACE, drawn()):
            assert {name: type(value) for name, value in config.items()} == {name: kinds[name] for name in config}

    def test_checking_changes_nothing_that_was_drawn(self):
        pd.testing.assert_frame_equal(check_configs(SPACE, drawn()), drawn())

    def test_through_the_unit_cube_and_back(self):
        cube = Encoding(SPACE).vectors(drawn())
        assert (np.isnan(cube) == drawn().isna()).all(axis=None)
        back = check_configs(SPACE, to_frame(SPACE, Encoding(SPACE).decode(cube)))
        for there, here in zip(records(SPACE, back), records(SPACE, drawn()), strict=True):
            assert there == pytest.approx(here)

    @pytest.mark.parametrize("n", [1, 2, 200])
    def test_through_parquet_and_back(self, n):
        """Also with few rows, where columns have no value at all."""
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pandas(drawn(n), preserve_index=False), file)
        read = pq.read_table(file).to_pandas()
        assert records(SPACE, read) == records(SPACE, check_configs(SPACE, read)) == records(SPACE, drawn(n))

    def test_through_csv_and_back(self):
        read = pd.read_csv(io.StringIO(drawn().to_csv(index=False)), engine="python")
        assert records(SPACE, check_configs(SPACE, read)) == records(SPACE, drawn())

    def test_through_json_and_back(self):
        document = json.loads(json.dumps(to_json(SPACE)))
        assert from_json(document) == SPACE
        written = json.loads(json.dumps(records(SPACE, drawn())))
        assert records(SPACE, check_configs(SPACE, to_frame(SPACE, written))) == records(SPACE, drawn())

    def test_half_of_the_networks_are_resnets(self):
        """Of 400, 200 with standard deviation 10."""
        assert 0.4 < (drawn(400)["network_type"] == "resnet").mean() < 0.6


class TestComplaints:
    def check(self, **changes):
        check_configs(SPACE, to_frame(SPACE, [LINEAR_MODEL, LINEAR_MODEL | changes]))

    def test_what_must_not_be_there(self):
        wanted = r"configuration in row 1: momentum must be missing unless optimizer == 'sgd', got 0\.9; leave it empty"
        with pytest.raises(InputError, match=wanted):
            self.check(momentum=0.9)

    def test_what_must_be_there(self):
        with pytest.raises(InputError, match="mixup_alpha must have a value where training_technique == 'mixup', got"):
            self.check(training_technique="mixup")

    def test_what_is_out_of_range(self):
        with pytest.raises(InputError, match=r"mlp_num_layers must be an integer in \[1, 6\], got 7"):
            self.check(mlp_num_layers=7)

    def test_what_is_no_boolean(self):
        with pytest.raises(InputError, match=r"use_dropout must be one of \[False, True\], got 'yes'"):
            self.check(use_dropout="yes")

    def test_what_is_always_there(self):
        with pytest.raises(InputError, match="row 1: optimizer must be one of"):
            self.check(optimizer=None)


class TestConjunctions:
    def space(self, kind) -> ConfigurationSpace:
        space = ConfigurationSpace(space=[Categorical(name, ["no", "yes"]) for name in "abc"])
        space.add(kind(*[EqualsCondition(space["c"], space[parent], "yes") for parent in "ab"]))
        return space

    @pytest.mark.parametrize("kind, holds", [(AndConjunction, all), (OrConjunction, any)])
    def test_and_or(self, kind, holds):
        space = self.space(kind)
        for a in ("no", "yes"):
            for b in ("no", "yes"):
                wanted = holds(value == "yes" for value in (a, b))
                assert ("c" in active_names(space, {"a": a, "b": b})) == wanted
                row = {"a": a, "b": b} | ({"c": "no"} if wanted else {})
                check_configs(space, to_frame(space, [row]))
