"""Anybody's optimizer: texts and objects, their labels and arguments, in any number of processes."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcbench import cli
from lcbench.errors import InputError, PlanConflictError
from lcbench.registry import Registry
from lcbench.simulate import OPTIMIZERS, ReplayBackend, WarmStart
from lcbench.simulate.adapters import ADAPTERS
from lcbench.simulate.optimizers import get_optimizer
from lcbench.simulate.optimizers.arguments import arguments_of
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.optimizers.spec import is_multi_fidelity, parse, source_digests, specs_of, split
from lcbench.simulate.study import read, study

MINE = '''
"""Draws uniformly, and trains at one budget."""

from lcbench.simulate import Job


class Mine:
    """Mine.

    Args:
        alpha: A number that changes nothing.
    """

    def __init__(self, domain, budgets, rng, *, alpha=0.5, fail=False):
        self.domain, self.budget, self.rng, self.trials = domain, budgets[-1], rng, 0
        self.fail = fail

    def ask(self):
        if self.fail:
            return 1 // 0
        config = self.domain.sample(self.rng)
        if config is None:
            return None
        self.domain.take(config)
        self.trials += 1
        return Job(self.trials, config, self.budget)

    def tell(self, result):
        pass


EMPTY = 3
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """The name of a file in the working directory."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    return "./mine.py:Mine"


@dataclass(frozen=True)
class Configured:
    """A factory with settings of its own."""

    twice: bool = False

    def __call__(self, domain, budgets, rng):
        return RandomSearch(domain, budgets, rng)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("bohb", "bohb"),
        ("optuna-tpe", "optuna-tpe"),
        (" bohb( eta = 3, min_points=20 ) ", "bohb(eta=3,min_points=20)"),
        ("short=bohb(eta=3)", "short"),
        ("./mine.py:Mine", "Mine"),
        ("./mine.py:Mine(alpha=0.1)", "Mine(alpha=0.1)"),
        ("my own 2=./mine.py:Mine", "my own 2"),
        ("lcbench.simulate.optimizers.bohb:BOHB", "BOHB"),
        ('bohb(variant="nearest")', "bohb(variant='nearest')"),
    ],
)
def test_a_text_has_a_label(mine, text, label):
    assert parse(text).label == label
    assert parse(parse(text).text).factory  # what is kept of it can be read again


def test_a_text_finds_what_the_registries_have():
    for registry in (OPTIMIZERS, ADAPTERS):
        for name in registry:
            assert get_optimizer(name) is registry[name]


def test_arguments_reach_the_optimizer():
    made = get_optimizer("bohb(eta=2, min_points=20, top=0.3)")
    assert made.keywords["eta"] == 2
    assert (made.keywords["settings"].min_points, made.keywords["settings"].top) == (20, 0.3)
    assert made.keywords["settings"].candidates == 64, "what is not given stays"
    assert get_optimizer("forest(beam=3)").keywords["search"].candidates == 1024, "of the forest's own search"
    assert get_optimizer("gp-ucb(kappa=1.0, initial=4)").keywords == {"kappa": 1.0, "initial": 4}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_default_can_be_given_as_an_argument(name):
    for argument in arguments_of(OPTIMIZERS[name]).values():
        if isinstance(argument.default, int | float | str | tuple | None):
            assert get_optimizer(f"{name}({argument.name}={argument.default!r})") is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bohp", "unknown optimizer 'bohp'; nearest: bohb"),
        ("optuna-tp", "unknown optimizer 'optuna-tp'; nearest: optuna-tpe"),
        ("bohb(etta=3)", r"unknown argument of bohb\(etta=3\) 'etta'; nearest: eta"),
        ("bohb(3)", "arguments of bohb must be given by name, got 3; write argument=3"),
        ("bohb(**{})", "must be given by name"),
        ("bohb(eta=3, eta=4)", "must be given once, got eta twice"),
        ("bohb(variant=floor)", "variant of bohb must be a number, a quoted text, .* got floor"),
        ("bohb(eta=__import__('os').getpid())", "eta of bohb must be a number"),
        ("bohb(eta=", "must be written name or name"),
        ("", "must be written name or name"),
        ("bohb(min_points=1)", "min_points must be at least 2, got 1"),
        ("bohb(settings=None,top=0.5)", "must get settings whole or in parts"),
        ("optuna-tpe(seed=3)", "takes no arguments"),
        ("./none.py:Mine", "must be a Python file with the optimizer, got nothing"),
        ("./mine.py:Yours", "has no 'Yours'; the classes in it are Job, Mine"),
        ("./mine.py:EMPTY", "must be a class with ask and tell, or a function"),
        ("./mine.py:Job", "must be a class with ask and tell, or a function"),
        ("./mine.py:Mine(beta=1)", r"unknown argument of Mine\(beta=1\) 'beta'.* Known: alpha, fail"),
        ("./mine.py", r"named with its class, got ./mine.py; write ./mine.py:Class"),
        ("50%=random", r"a label must be LABEL=OPTIMIZER, .* got '50%=random'"),
        ("no.such.module:Mine", "must be in a module that can be imported"),
    ],
)
def test_texts_that_cannot_be(mine, text, message):
    with pytest.raises(InputError, match=message) as raised:
        parse(text)
    assert "\n" not in str(raised.value)


@given(st.lists(st.sampled_from(["a", "b(x=[1,2],y='),(')", "c=./d.py:E(f={'g': (1, 2)})", "f(x='it\\'s, so')"])))
def test_a_list_is_split_at_its_own_commas(parts):
    assert split(",".join(parts)) == parts
    assert split(" , ".join(parts)) == parts


def test_objects_have_labels(mine):
    warm = WarmStart(RandomSearch, [])
    found = specs_of([RandomSearch, partial(OPTIMIZERS["bohb"], eta=2), Configured(), warm, "random"])
    assert [spec.label for spec in found] == ["RandomSearch", "BOHB(eta=2)", "Configured", "WarmStart", "random"]
    assert [spec.label for spec in specs_of({"a": RandomSearch, "b": "bohb(eta=2)"})] == ["a", "b"]
    assert is_multi_fidelity(found[1].factory)
    assert not is_multi_fidelity(warm)
    assert is_multi_fidelity(WarmStart(OPTIMIZERS["bohb"], []))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["random", "random"], "got random twice; give one another label: another=random"),
        ([], "must be at least one, got none"),
        ([lambda domain, budgets, rng: None], "a lambda must have a label"),
        ({"a": lambda: None}, "optimizer a must be made from a domain, budgets and a generator"),
        ({"a": 3}, "optimizer must be a class with ask and tell"),
        (3, "must be a list, a mapping or a text"),
        (RandomSearch, "must be a list, a mapping or a text"),
    ],
)
def test_objects_that_cannot_be(given, message):
    with pytest.raises(InputError, match=message):
        specs_of(given)


def test_an_optimizer_that_was_made_already_is_refused(bench):
    made = RandomSearch(ReplayBackend(bench, "alpha").domain(), (12, 25, 50), np.random.default_rng(0))
    with pytest.raises(InputError, match=r"made anew for every run, .* pass the class, RandomSearch"):
        study(bench, optimizers=[made])


def test_any_number_of_processes_gives_the_same(bench, mine):
    class Local(RandomSearch):
        """Known to this function only."""

    optimizers = {"text": mine, "class": Local, "partial": partial(OPTIMIZERS["bohb"], eta=2), "made": Configured()}
    given = {"optimizers": optimizers, "seeds": [0], "budget": "4evals", "datasets": ["alpha"]}
    here = study(bench, **given)
    pd.testing.assert_frame_equal(here, study(bench, **given, jobs=2))
    assert list(dict.fromkeys(here["optimizer"])) == list(optimizers)


SCRIPT = """
import sys, lcbench
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.study import study

class Mine(RandomSearch):
    pass

bench = lcbench.load(sys.argv[1])
given = dict(optimizers=[Mine, "random"], seeds=[0], budget="4evals")
assert study(bench, **given, jobs=2).equals(study(bench, **given))
"""


@pytest.mark.slow
def test_what_a_script_defines_travels(bench, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    subprocess.run([sys.executable, tmp_path / "script.py", str(bench.folder)], check=True)


def test_the_command_takes_anybodys(bench, mine, capsys):
    line = ["simulate", str(bench.folder), "--seeds", "1", "--budget", "4evals", "--dataset", "alpha", "--quiet"]
    assert cli.run([*line, "--optimizers", f"{mine},x={mine}(alpha=0.1),bohb(eta=3,min_points=20)"]) == 0
    assert set(read(Path("traces.parquet"))["optimizer"]) == {"Mine", "x", "bohb(eta=3,min_points=20)"}
    assert cli.run([*line, "--optimizers", f"{mine}(fail=True)", "--out", "o.parquet"]) == 2
    said = r"optimizer Mine\(fail=True\) failed on alpha, seed 0: ZeroDivisionError: .* \(mine\.py, line 20\)\."
    assert re.search(said, capsys.readouterr().err.replace("\n", " "))


def test_a_study_does_not_go_on_with_other_code(bench, mine, tmp_path):
    def begin(text, stop_after=1):
        done = iter(range(stop_after))
        with pytest.raises(StopIteration):
            study(
                bench,
                ["alpha"],
                text,
                range(5),
                budget="4evals",
                keep=tmp_path / "s.parquet",
                done=lambda _: next(done),
            )

    begin([mine])
    begin(["random", mine])  # others may come
    with pytest.raises(PlanConflictError, match="optimizer Mine"):
        begin(f"Mine={mine}(alpha=0.1)")
    kept = json.dumps(source_digests(specs_of([mine, "bohb", "a=bohb(eta=3)"])))
    assert str(tmp_path) not in kept
    assert json.loads(kept)["optimizer a"] == "bohb(eta=3)"
    (tmp_path / "mine.py").write_text(MINE + "\n# another\n")
    changed = f"""
import lcbench
from pathlib import Path
from lcbench.simulate.study import study
study(lcbench.load({str(bench.folder)!r}), ["alpha"], ["{mine}"], range(5), budget="4evals", keep=Path("s.parquet"))
"""
    done = subprocess.run([sys.executable, "-c", changed], capture_output=True, text=True)
    assert "PlanConflictError" in done.stderr
    assert "optimizer Mine" in done.stderr


def test_an_installed_package_brings_optimizers_by_entry_point(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text(
        "from lcbench.simulate.optimizers.random_search import RandomSearch as Theirs\n"
    )
    installed = tmp_path / "theirs-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text("[lcbench.optimizers]\ntheir-random = theirs:Theirs\nrandom = no:No\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = Registry(
        "optimizer", {"random": "lcbench.simulate.optimizers.random_search:RandomSearch"}, OPTIMIZERS.group
    )
    assert set(found) == {"random", "their-random"}
    assert found["their-random"] is found["random"], "a name of ours stays ours"
