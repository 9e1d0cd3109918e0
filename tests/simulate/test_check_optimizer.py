"""check_optimizer finds what is wrong with an optimizer, and says it; the command that lists optimizers."""

import random

import numpy as np
import pytest

from lcbench import cli
from lcbench.errors import InputError, UnknownNameError
from lcbench.simulate import OPTIMIZERS, Job
from lcbench.simulate.adapters import ADAPTERS
from lcbench.simulate.optimizers.random_search import RandomSearch
from lcbench.simulate.testing import LAWS, check_optimizer
from lcbench.testing import BrokenLawError, check_problem


class Sound:
    """Draws, and trains at the largest budget."""

    def __init__(self, domain, budgets, rng):
        self.domain, self.budgets, self.rng, self.trials = domain, budgets, rng, 0

    def drawn(self):
        return self.domain.sample(self.rng)

    def ask(self):
        config = self.drawn()
        if config is None:
            return None
        self.domain.take(config)
        self.trials += 1
        return Job(self.trials, config, self.budgets[-1])

    def tell(self, result):
        pass


class UnknownBudget(Sound):
    def ask(self):
        job = super().ask()
        return job and Job(job.trial, job.config, job.budget + 1)


class SharedState(Sound):
    made = 0

    def __init__(self, domain, budgets, rng):
        super().__init__(domain, budgets, np.random.default_rng(SharedState.made))
        SharedState.made += 1


class NumpysOwn(Sound):
    def drawn(self):
        np.random.rand()  # noqa: NPY002  # what must not be
        return super().drawn()


class PythonsOwn(Sound):
    def drawn(self):
        return self.domain.sample(np.random.default_rng(random.randrange(1000)))  # noqa: S311  # what must not be


class NeedsNumbers(Sound):
    def tell(self, result):
        if not np.isfinite(result.loss):
            raise ValueError("not finite")


class Repeats(Sound):
    def ask(self):
        self.trials += 1
        config = self.domain.sample(self.rng)
        return None if config is None else Job(self.trials, config, self.budgets[-1])


class Silent(Sound):
    def ask(self):
        job = super().ask()
        return job and Job(job.trial, job.config, self.budgets[0])


class Refusing(Sound):
    def ask(self):
        return "x = 0.5"


@pytest.mark.parametrize(
    ("made", "law", "message"),
    [
        (
            UnknownBudget,
            "asks for what there is",
            r"on a continuous space, .*budget of a job must be one of the backend",
        ),
        (Refusing, "asks for what there is", "must ask for a Job or None"),
        (SharedState, "same seed, same jobs", "result 0 is of .* draw from the generator that it is given"),
        (NumpysOwn, "leaves global random states alone", "it draws from a global random state"),
        (PythonsOwn, "leaves global random states alone", "global random state"),
        (
            NeedsNumbers,
            "survives diverged runs",
            r"tell fails with ValueError: not finite \(test_check_optimizer.py, line",
        ),
        (Repeats, "ends with the table", r"trials \d+ and \d+ have the same row; call domain.take"),
        (Silent, "says whether it is multi-fidelity", "its class must say multi_fidelity = True"),
    ],
)
def test_each_law_can_be_broken(made, law, message):
    with pytest.raises(BrokenLawError, match=message) as raised:
        check_optimizer(made, laws=[law])
    assert isinstance(raised.value, AssertionError)
    assert isinstance(raised.value, InputError)
    assert f"optimizer {made.__name__} breaks the law {law!r}" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_every_law_has_a_test():
    marks = test_each_law_can_be_broken.pytestmark
    assert {law for _, law, _ in marks[0].args[1]} == set(LAWS)


def test_what_is_sound_keeps_all_laws_and_no_state_is_touched():
    before = random.getstate(), str(np.random.get_state())  # noqa: NPY002
    check_optimizer(Sound)
    assert before == (random.getstate(), str(np.random.get_state()))  # noqa: NPY002


def test_laws_have_names():
    with pytest.raises(UnknownNameError, match="unknown law 'same seed'; nearest: same seed, same jobs"):
        check_optimizer(RandomSearch, laws=["same seed"])


def test_the_door_leads_to_both():
    from lcbench.collection.problem import get_problem

    check_problem(get_problem("mlp"))


def test_optimizers_are_listed(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setitem(OPTIMIZERS, "broken", "no.such.module:Thing")
    assert cli.run(["optimizers"]) == 0
    said = capsys.readouterr().out
    for name in (*OPTIMIZERS, *ADAPTERS):
        assert f" {name} " in said
    assert "cannot be used" in said


def test_one_is_described_with_its_arguments(capsys):
    assert cli.run(["optimizers", "bohb"]) == 0
    said = capsys.readouterr().out
    for argument in ("eta", "variant", "min_points", "random_fraction"):
        assert argument in said
    assert "Fraction q of the results that count as good" in said
    assert cli.run(["optimizers", "optuna-tpe"]) == 0
    assert "takes no arguments" in capsys.readouterr().out
    assert cli.run(["optimizers", "bohp"]) == 2
    assert "nearest: bohb" in capsys.readouterr().err


def test_the_command_checks(tmp_path, capsys):
    assert cli.run(["optimizers", "random", "--check"]) == 0
    assert [line.split(maxsplit=1)[0] for line in capsys.readouterr().out.splitlines()] == ["kept"] * len(LAWS)
    (tmp_path / "mine.py").write_text(
        "from lcbench.simulate.optimizers.random_search import RandomSearch\n"
        "class Mine(RandomSearch):\n"
        "    multi_fidelity = True\n"
    )
    assert cli.run(["optimizers", f"{tmp_path}/mine.py:Mine", "--check"]) == 2
    assert "its class must say multi_fidelity = False" in capsys.readouterr().err
    assert cli.run(["optimizers", "--check"]) == 2
