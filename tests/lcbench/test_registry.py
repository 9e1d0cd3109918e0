"""What a registry answers to names: as a mapping does, and in one sentence."""

import pytest

from lcbench.errors import UnknownNameError
from lcbench.registry import Registry
from lcbench.simulate import OPTIMIZERS
from lcbench.simulate.optimizers.random_search import RandomSearch


@pytest.fixture
def registry():
    return Registry("optimizer", {"random": RandomSearch, "elsewhere": "no.such.package:Optimizer"})


def test_an_unknown_name_says_the_nearest():
    for unknown in (UnknownNameError, KeyError, ValueError):
        with pytest.raises(unknown, match=r"^unknown optimizer 'bohp'; nearest: bohb.*\. Known: random, "):
            OPTIMIZERS["bohp"]


def test_it_is_a_mapping_still(registry):
    assert dict.fromkeys(registry) == {"random": None, "elsewhere": None}
    assert len(registry) == 2
    assert registry.get("bohp") is None
    assert registry.get("random") is RandomSearch
    assert registry.pop("bohp", "nothing") == "nothing"
    assert registry.setdefault("new", RandomSearch) is registry["new"] is RandomSearch
    del registry["new"]
    with pytest.raises(KeyError, match="unknown optimizer 'new'"):
        del registry["new"]


def test_looking_whether_a_name_is_there_imports_nothing(registry):
    assert "elsewhere" in registry
    with pytest.raises(ModuleNotFoundError):
        registry["elsewhere"]


@pytest.mark.parametrize("name", [["random"], None, 3, RandomSearch])
def test_what_is_no_name(registry, name):
    assert name not in registry
    with pytest.raises(UnknownNameError, match="unknown optimizer"):
        registry[name]
