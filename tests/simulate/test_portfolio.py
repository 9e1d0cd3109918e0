"""The meta-matrix by hand, the order of the evaluations, and what a search is told."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from lcbench.errors import DamagedFileError, InputError, NewerFormatError, NotABenchmarkError, UnknownNameError
from lcbench.simulate.domain import SpaceDomain
from lcbench.simulate.transfer._schedule import Schedule
from lcbench.simulate.transfer.evaluation import DIVERGED, FAILED, SUCCESS, Evaluation, EvaluationTask
from lcbench.simulate.transfer.folder import MANIFEST, read_folder
from lcbench.simulate.transfer.greedy import leave_one_out, leave_one_out_random, leave_one_out_simple
from lcbench.simulate.transfer.matrix import MATRIX_SCHEMA, config_columns, greedy, matrix_row, matrix_values, simple
from lcbench.simulate.transfer.plan import BuildPlan, extends
from lcbench.simulate.transfer.shipped import shipped
from lcbench.simulate.transfer.storage import BuildFolder
from lcbench.space import paper
from lcbench.work import differences
from lcbench.writing import write_json

SPACE = paper.mlp()


def plan(**changes) -> BuildPlan:
    return BuildPlan(**({"sources": ("a:a", "a:b", "a:c"), "trials": 6, "budgets": (1, 2), "space": "mlp"} | changes))


def evaluation_of(accuracy: float, budget: int, status: str = SUCCESS) -> Evaluation:
    valid = np.full(budget + 1, accuracy)
    return Evaluation(status, valid, np.arange(budget + 1.0), accuracy - 0.1)


def matrix(accuracies: dict[int, dict[str, float]]) -> pa.Table:
    """Candidates by number, their accuracies by data set."""
    rows = [
        matrix_row(
            EvaluationTask(name, number, 2, {}), evaluation_of(value, 2, SUCCESS if value == value else DIVERGED)
        )
        for number, own in accuracies.items()
        for name, value in own.items()
    ]
    return pa.Table.from_pylist(rows, schema=MATRIX_SCHEMA)


BY_HAND = matrix(
    {
        7: {"x": 0.8, "y": 0.5, "z": 0.9},
        2: {"x": 0.6, "y": 1.0, "z": 0.9},
        9: {"x": 0.8, "y": 0.9, "z": float("nan")},
    }
)
"""Relative regrets: 7 has 0, 0.5, 0; 2 has 0.25, 0, 0; 9 has 0, 0.1, 1 (it diverged)."""


def test_the_matrix_keeps_its_order_and_its_gaps():
    values = matrix_values(BY_HAND)
    assert values.index.tolist() == [7, 2, 9]
    assert values.columns.tolist() == ["x", "y", "z"]
    assert values.loc[2].tolist() == [0.6, 1.0, 0.9]
    assert np.isnan(values.loc[9, "z"])
    assert matrix_values(BY_HAND, "test_accuracy").loc[7, "x"] == pytest.approx(0.7)
    assert matrix_values(BY_HAND, "seconds").loc[7, "x"] == 2.0


def test_the_greedy_portfolio_by_hand():
    """Alone 2 is the best (mean 0.25 / 3); to it 7 and 9 add the same (0), and 7 comes first."""
    found = greedy(BY_HAND, 2)
    assert found["candidate"].tolist() == [2, 7]
    np.testing.assert_allclose(found["regret"], [0.25 / 3, 0.0], atol=1e-12)
    assert found["best_on"].tolist() == [2, 1]
    assert greedy(BY_HAND, 16)["candidate"].tolist() == [2, 7, 9]


def test_the_simple_portfolio_has_all_incumbents_the_best_on_average_first():
    found = simple(BY_HAND)
    assert found["candidate"].tolist() == [2, 7, 9]  # means 0.25 / 3, 0.5 / 3, 1.1 / 3
    np.testing.assert_allclose(found["regret"], [0.25 / 3, 0.0, 0.0], atol=1e-12)


def test_what_is_left_out_takes_its_incumbent_along():
    regrets = np.array([[0.0, 0.5, 0.4], [0.3, 0.0, 0.2], [0.1, 0.6, 0.0]])
    found_on = [0, 1, 2]
    # x out: of 1 (0.0, 0.2) and 2 (0.6, 0.0) the sums are 0.2 and 0.6, so 1 first: 0.3, then 0.1
    # y out: of 0 (0.0, 0.4) and 2 (0.1, 0.0) the sums are 0.4 and 0.1, so 2 first: 0.6, then 0.5
    # z out: of 0 (0.0, 0.5) and 1 (0.3, 0.0) the sums are 0.5 and 0.3, so 1 first: 0.2, then 0.2
    np.testing.assert_allclose(leave_one_out(regrets, 16, found_on), [[0.3, 0.6, 0.2], [0.1, 0.5, 0.2]])
    np.testing.assert_allclose(leave_one_out_simple(regrets, found_on), [0.1, 0.5, 0.2])
    means = [(0.3 + 0.1) / 2, (0.5 + 0.6) / 2, (0.4 + 0.2) / 2]
    np.testing.assert_allclose(leave_one_out_random(regrets, 16, found_on), [means, [0.1, 0.5, 0.2]])
    assert leave_one_out(regrets, 16).shape == (3, 3)  # configurations of no data set stay


def test_hyperparameters_that_are_inactive_are_null_and_others_keep_their_types():
    space = paper.full()
    configs = [{"network_type": "resnet", "use_dropout": True, "resnet_num_groups": 3}, {"network_type": "mlp"}]
    columns = config_columns(space, configs)
    assert list(columns) == list(space)
    assert columns["use_dropout"].to_pylist() == [True, None]
    assert columns["resnet_num_groups"].to_pylist() == [3, None]
    assert columns["momentum"].to_pylist() == [None, None]


class Training:
    """Pretends to train: the accuracy follows from the data set and the configuration; everything is counted."""

    def __init__(self, given: BuildPlan, fails: tuple[str, ...] = ()) -> None:
        self.plan, self.fails = given, fails
        self.trained: list[EvaluationTask] = []
        self.kept: dict[EvaluationTask, Evaluation] = {}

    def schedule(self) -> Schedule:
        return Schedule(self.plan, ["a", "b", "c"], lambda: SpaceDomain(SPACE), self.kept.get)

    def train(self, evaluation: EvaluationTask) -> Evaluation:
        self.trained.append(evaluation)
        if evaluation.dataset in self.fails:
            made = Evaluation.without_run(evaluation.budget, FAILED, "ValueError: no")
        else:
            peak = {"a": 0.2, "b": 0.5, "c": 0.8}[evaluation.dataset]
            made = evaluation_of(1 - abs(evaluation.config["max_dropout"] - peak), evaluation.budget)
        self.kept[evaluation] = made
        return made

    def play(self, schedule: Schedule, workers: int = 1, evaluations: int = 10**6) -> None:
        """Train with so many workers, the one that began first ending first."""
        at_work: list[EvaluationTask] = []
        while True:
            while len(at_work) < workers and len(self.trained) < evaluations and (one := schedule.next()) is not None:
                at_work.append(one)
            if not at_work:
                return
            one = at_work.pop(0)
            schedule.tell(one, self.train(one))


def outcome(schedule: Schedule) -> list[tuple]:
    """All that was found, in order."""
    told = [(each, made.status, made.valid[-1]) for name in "abc" for each, made in schedule.searches[name].told]
    return told + sorted((each.key, made.status) for each, made in schedule.crossings())


def test_a_build_trains_every_search_and_every_incumbent_elsewhere_once():
    training = Training(plan())
    schedule = training.schedule()
    training.play(schedule)
    assert len(training.trained) == len(set(training.trained)) == schedule.total == 3 * 6 + 3 * 2
    assert schedule.finished() == ["a", "b", "c"]
    best = {each.dataset: each for each in schedule.incumbents(["a", "b", "c"])}
    for name, search in schedule.searches.items():
        finals = {each: made.valid[-1] for each, made in search.told if each.budget == 2}
        assert finals[best[name]] == max(finals.values())
    crossed = {(each.dataset, each.config_id) for each, _ in schedule.crossings()}
    assert crossed == {(a, best[b].config_id) for a in "abc" for b in "abc" if a != b}
    assert all(each.budget == 2 for each, _ in schedule.crossings())


def test_the_matrix_of_what_is_done_is_made_whole_before_searches_go_on():
    training = Training(plan())
    training.play(training.schedule())
    assert [each.dataset for each in training.trained] == ["a"] * 6 + ["b"] * 6 + ["a", "b"] + ["c"] * 6 + list("abcc")


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_workers_change_nothing(workers):
    one, many = Training(plan()), Training(plan())
    first, second = one.schedule(), many.schedule()
    one.play(first)
    many.play(second, workers)
    assert outcome(first) == outcome(second)


@pytest.mark.parametrize("stopped_after", [0, 1, 5, 6, 12, 13, 17, 20, 23, 24])
def test_a_build_that_was_stopped_goes_on_with_what_is_missing(stopped_after):
    whole = Training(plan())
    first = whole.schedule()
    whole.play(first)
    stopped = Training(plan())
    stopped.play(stopped.schedule(), evaluations=stopped_after)
    again = stopped.schedule()
    stopped.play(again)
    assert len(stopped.trained) == len(set(stopped.trained)) == len(whole.trained)
    assert outcome(again) == outcome(first)


def test_failures_are_told_as_diverged_and_the_rest_goes_on():
    training = Training(plan(), fails=("b",))
    schedule = training.schedule()
    training.play(schedule)
    assert schedule.searches["b"].incumbent is None
    assert [each.dataset for each in schedule.incumbents(["a", "b", "c"])] == ["a", "c"]
    assert schedule.finished() == ["a", "b", "c"]
    failed = [each for each, made in schedule.crossings() if made.status == FAILED]
    assert [each.dataset for each in failed] == ["b", "b"]


def test_an_incumbent_that_failed_elsewhere_is_tried_again_and_a_search_is_not():
    training = Training(plan(), fails=("b",))
    training.play(training.schedule())
    training.fails, before = (), len(training.trained)
    schedule = training.schedule()
    training.play(schedule)
    assert [(each.dataset, each.budget) for each in training.trained[before:]] == [("b", 2), ("b", 2)]
    assert not [each for each, made in schedule.crossings() if made.status == FAILED]


def test_an_incumbent_that_was_trained_elsewhere_already_is_not_trained_again():
    """Both searches meet the same configurations: one incumbent, known on both data sets."""
    given = plan(sources=("a:a", "a:b"), trials=3)
    made: list[EvaluationTask] = []

    class OneConfig(SpaceDomain):
        def sample(self, rng):
            return dict(SPACE.get_default_configuration())

    schedule = Schedule(given, ["a", "b"], lambda: OneConfig(SPACE), lambda evaluation: None)
    while (one := schedule.next()) is not None:
        made.append(one)
        schedule.tell(one, evaluation_of(0.5, one.budget))
    assert all(0 <= each.config_id < 3 for each in made if each.dataset == "a")
    assert len(schedule.incumbents(["a", "b"])) == 1
    assert schedule.crossings() == []


def test_a_plan_refuses_what_cannot_be():
    for changes, said in (
        ({"sources": ("a:a",)}, "datasets must be at least two, so that one can be tried on the other, got a:a."),
        ({"sources": ()}, "got none"),
        ({"trials": 2}, "trials must be at least 3: BOHB's first bracket, got 2."),
        ({"seed": -1}, "seed must be at least 0, got -1."),
        ({"patience": 0}, "patience must be at least 1 epoch, got 0."),
        ({"trial_seconds": 0.0}, "trial_seconds must be more than 0, got 0.0."),
        ({"space": "fulll"}, "unknown problem 'fulll'"),
        ({"budgets": (4, 2)}, "budgets must be increasing"),
    ):
        with pytest.raises(InputError) as error:
            plan(**changes)
        assert said in str(error.value)
    assert plan(budgets=(12, 25, 50), trials=7).fewest_trials == 7  # 4 + 2 + 1


def test_differences_of_plans_are_named():
    assert differences(plan().describe(), plan().describe()) == []
    other = plan(trials=9, budgets=(1, 3)).describe()
    assert differences(plan().describe(), other) == ["trials: there 6, asked 9", "budgets: there 1,2, asked 1,3"]


def test_a_plan_is_extended_by_data_sets_at_its_end_only():
    before = plan(sources=("a:a", "a:b")).describe() | {"data": {}}
    assert extends(before, plan(sources=("a:a", "a:b", "a:c")).describe())
    assert extends(before, plan(sources=("a:a", "a:b")).describe())
    for other in (
        plan(sources=("a:a", "a:c", "a:b")),
        plan(sources=("a:b", "a:a")),
        plan(sources=("a:a", "a:b", "a:c"), trials=9),
    ):
        assert not extends(before, other.describe())
    assert not extends({}, plan().describe())


def test_what_was_damaged_is_trained_again(tmp_path: Path):
    kept, one = BuildFolder(tmp_path), EvaluationTask("a", 3, 2, {})
    assert kept.recall(one) is None
    kept.write_ended(one, Evaluation.without_run(2, FAILED, "ValueError: no", 4.0))
    found = kept.recall(one)
    assert (found.status, found.reason, found.seconds.tolist()) == (FAILED, "ValueError: no", [0.0, 2.0, 4.0])
    assert kept.count() == 1
    for content in ("", "{}", '{"status": "odd", "reason": "", "seconds": 1}'):
        kept.ended_file(one).write_text(content)
        assert kept.recall(one) is None
        assert not kept.ended_file(one).exists()
    kept.run_file(one).parent.mkdir(parents=True)
    kept.run_file(one).write_bytes(b"PAR1 cut off")
    assert kept.recall(one) is None
    assert kept.count() == 0


def test_a_folder_without_a_portfolio_is_said_to_be_so(tmp_path: Path):
    with pytest.raises(NotABenchmarkError, match="must be a portfolio, a folder made by 'lcbench portfolio build'"):
        read_folder(tmp_path)
    write_json(tmp_path / MANIFEST, {"format_version": 99})
    with pytest.raises(NewerFormatError, match="update lcbench"):
        read_folder(tmp_path)
    for document in ("[]", '{"format_version": 1}'):
        (tmp_path / MANIFEST).write_text(document)
        with pytest.raises(DamagedFileError):
            read_folder(tmp_path)
    with pytest.raises(UnknownNameError, match="unknown portfolio 'gredy'; nearest: greedy"):
        shipped().configs("gredy")
