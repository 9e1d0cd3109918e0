import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed_trials import ListedDomain, play

from lcbench.errors import InputError
from lcbench.simulate import OPTIMIZERS, Job, ReplayBackend, Result, simulate
from lcbench.simulate.optimizers.asha import ASHA, ASHAStopping, Rung
from lcbench.simulate.optimizers.rungs import geometric_rungs
from lcbench.table.curve import Curve
from lcbench.table.metric import Metric

LOSSES = (0.5, 0.2, 0.8, 0.1, 0.6, 0.3, 0.4, 0.7, 0.9)


def without_worker(played):
    return [step[:4] for step in played]


def test_promotion_on_one_worker():
    """Nine trials, rungs of 1, 3 and 9 epochs at 10 s, eta 3; a trial that continues pays its new epochs.

    ::

        trial   0 1 2 1 1 3 3 3 4 5  6   7   8   5 5  3 3 3 3 3 3
        epochs  1 1 1 3 3 1 3 3 1 1  1   1   1   3 3  9 9 9 9 9 9
                0  20  40  60  80  100 110 120 130   150       210 s

    At 30 s one of three may go on: trial 1. At 60 s, of four, trial 3 is the best one, so it goes on too, though one of
    four has gone on before. From then on two more results are too few, until at 130 s, with nine results, the best
    three may go on: 3 and 1 have, 5 does. Then the second rung has three results, and its best is trial 3.
    """
    assert without_worker(play(ASHA, LOSSES, budgets=(1, 3, 9))) == [
        (0, 1, 0, 10), (1, 1, 10, 20), (2, 1, 20, 30), (1, 3, 30, 50), (3, 1, 50, 60), (3, 3, 60, 80), (4, 1, 80, 90),
        (5, 1, 90, 100), (6, 1, 100, 110), (7, 1, 110, 120), (8, 1, 120, 130), (5, 3, 130, 150), (3, 9, 150, 210),
    ]  # fmt: skip


def test_promotion_on_two_workers():
    """Rungs of 1 and 2 epochs, eta 2, each trial better than the one before: nobody ever waits.

    ::

        worker 0  |0  |1+ |2+ |3+ |
        worker 1  |1  |2  |3  |4  |4+ |
                  0   10  20  30  40  50 s

    At 40 s, of five results two may go on: trial 4 and then trial 3, which has gone on before.
    """
    assert play(ASHA, (0.5, 0.4, 0.3, 0.2, 0.1), budgets=(1, 2), workers=2) == [
        (0, 1, 0, 10, 0), (1, 1, 0, 10, 1), (1, 2, 10, 20, 0), (2, 1, 10, 20, 1), (2, 2, 20, 30, 0),
        (3, 1, 20, 30, 1), (3, 2, 30, 40, 0), (4, 1, 30, 40, 1), (4, 2, 40, 50, 0),
    ]  # fmt: skip


def test_promotion_from_scratch_pays_all_epochs():
    played = without_worker(play(ASHA, LOSSES[:3], budgets=(1, 3, 9), resumes=False))
    assert played[-1] == (1, 3, 30, 60)


def test_stopping_on_one_worker():
    """The same rungs. The first trial goes on alone, and so does each that is better than all before.

    ::

        trial   0 0 0 0 0 0 0 0 0 1 1 1 1 1 1 1 1 1 2 3 3 3 4
        epochs  1 3 3 9 9 9 9 9 9 1 3 3 9 9 9 9 9 9 1 1 3 3 1
                0  20            90 100            180     220 s

    At 190 s, trial 2 has two better ones and may have floor(2 / 3) = 0. At 200 s, trial 3 has one, and may have
    floor(3 / 3) = 1; at 220 s, on the second rung, one of three is too many again. At 230 s, trial 4 has two, and may
    have floor(4 / 3) = 1.
    """
    assert without_worker(play(ASHAStopping, (0.5, 0.2, 0.8, 0.4, 0.45), budgets=(1, 3, 9))) == [
        (0, 1, 0, 10), (0, 3, 10, 30), (0, 9, 30, 90), (1, 1, 90, 100), (1, 3, 100, 120), (1, 9, 120, 180),
        (2, 1, 180, 190), (3, 1, 190, 200), (3, 3, 200, 220), (4, 1, 220, 230),
    ]  # fmt: skip


def test_stopping_keeps_a_trial_on_a_worker_without_a_pause():
    """Two workers that are free at one time: both trials go on, before anything new begins."""
    assert play(ASHAStopping, (0.2, 0.2, 0.9), budgets=(1, 2), workers=2)[:4] == [
        (0, 1, 0, 10, 0), (1, 1, 0, 10, 1), (0, 2, 10, 20, 0), (1, 2, 10, 20, 1),
    ]  # fmt: skip


def result(trial, loss):
    metric = Metric("loss", "units", "minimize", 0.0)
    return Result(Job(trial, {}, 1), Curve([loss] * 2, [0.0, 1.0]), loss, 0.0, 1.0, 0, metric)


def filled(losses):
    rung = Rung()
    for trial, loss in enumerate(losses):
        rung.wait(result(trial, loss))
    return rung


@pytest.mark.parametrize(("n", "promoted"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (8, 2), (9, 3)])
def test_a_third_of_a_rung_is_promoted_rounded_down(n, promoted):
    rung = filled(LOSSES[:n])
    found = [rung.promote(3) for _ in range(promoted)]
    assert [job.trial for job in found] == np.argsort(LOSSES[:n])[:promoted].tolist()
    assert rung.promote(3) is None


def test_of_equal_losses_the_earlier_is_promoted():
    assert filled([0.5, 0.5, 0.5]).promote(3).trial == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), max_size=40), st.integers(2, 4))
def test_promotions_are_those_of_algorithm_2_written_out(steps, eta):
    """Losses come in, and at some times a worker asks; ``promotable`` is computed as the paper writes it."""
    rung, losses, promoted = Rung(), [], set()
    for loss, asks in steps:
        rung.wait(result(len(losses), float(loss)))
        losses.append(loss)
        if asks:
            candidates = sorted(range(len(losses)), key=lambda i: (losses[i], i))[: len(losses) // eta]
            promotable = [trial for trial in candidates if trial not in promoted]
            job = rung.promote(eta)
            assert (job.trial if job else None) == (promotable[0] if promotable else None)
            promoted |= {job.trial} if job else set()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=40), st.integers(2, 4))
def test_stopping_is_by_numpys_quantile(losses, eta):
    rung = Rung()
    for i, loss in enumerate(losses):
        goes_on = rung.add(float(loss)) <= (len(rung) - 1) // eta
        assert goes_on == (loss <= np.quantile(losses[: i + 1], 1 / eta) + 1e-9)


@pytest.mark.parametrize("optimizer", [ASHA, ASHAStopping])
def test_a_diverged_run_never_goes_on(optimizer):
    curves = [np.full(10, np.nan), np.full(10, np.nan), np.full(10, np.nan), np.full(10, 0.5)]
    longer = {trial for trial, budget, *_ in play(optimizer, curves, budgets=(1, 3, 9)) if budget > 1}
    assert longer == {3}


@pytest.mark.parametrize(
    ("budgets", "eta", "rungs"),
    [
        ((12, 25, 50), 2, (12, 25, 50)),
        ((1, 3, 9, 27, 81), 3, (1, 3, 9, 27, 81)),
        (range(1, 51), 2, (1, 3, 6, 12, 25, 50)),
        (range(1, 51), 3, (1, 5, 16, 50)),
        (range(1, 82), 3, (1, 3, 9, 27, 81)),
        ((40, 50), 2, (50,)),
        ((1, 50), 2, (1, 50)),
        ((7,), 4, (7,)),
    ],
)
def test_rungs_are_a_factor_of_eta_apart(budgets, eta, rungs):
    assert geometric_rungs(tuple(budgets), eta) == rungs


@pytest.mark.parametrize("name", ["asha", "asha-stopping"])
def test_rungs_out_of_all_epochs_of_a_table(bench, name):
    backend = ReplayBackend(bench, "alpha", schedule="non-adaptive", budgets=range(1, 51))
    optimizer = OPTIMIZERS[name](backend.domain(), backend.budgets, np.random.default_rng(0))
    trace = simulate(optimizer, backend, workers=4, evaluations=100)
    assert {r.job.budget for r in trace.results} <= {1, 3, 6, 12, 25, 50}
    assert max(r.job.budget for r in trace.results) == 50


def test_rungs_that_are_given():
    played = play(ASHA, LOSSES, budgets=range(1, 10), eta=3, rungs=(2, 9))
    assert {budget for _, budget, *_ in played} == {2, 9}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eta": 1}, "eta must be an integer of at least 2"),
        ({"rungs": (1, 4, 9)}, r"rungs must be some of the budgets \(1, 3, 9\), .* got 1, 4, 9"),
        ({"rungs": (9, 3)}, "increasing, the largest last, got 9, 3"),
        ({"rungs": (1, 3)}, "the largest last, got 1, 3"),
        ({"rungs": ()}, "got none"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    for optimizer in (ASHA, ASHAStopping):
        with pytest.raises(InputError, match=message):
            optimizer(ListedDomain(3), (1, 3, 9), np.random.default_rng(0), **settings)
