"""Contests with other programs: the protocol, its errors, and the same results as those of an optimizer in Python."""

import io
import json
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcbench import cli
from lcbench.errors import InputError
from lcbench.simulate.serve.contest import Line
from lcbench.simulate.serve.protocol import described_space, plain, read_wish
from lcbench.simulate.study import read


class Talk:
    """The standard streams of a contest whose client is a function from the lines so far to its next line."""

    def __init__(self, client) -> None:
        self.client, self.lines = client, []

    def write(self, text):
        self.lines += [json.loads(line) for line in text.splitlines()]

    def flush(self):
        pass

    def readline(self, size=-1):
        assert self.lines[-1]["type"] == "ask", "it is asked before it is read"
        answer = self.client(self.lines)
        return "" if answer is None else (answer if isinstance(answer, str) else json.dumps(answer)) + "\n"

    def of(self, kind):
        return [line for line in self.lines if line["type"] == kind]


@pytest.fixture
def hold(bench, tmp_path, monkeypatch):
    """Holds a contest; gives the talk and the exit code."""

    def held(client, *options):
        talk = Talk(client)
        monkeypatch.setattr(sys, "stdin", talk)
        monkeypatch.setattr(sys, "stdout", talk)
        line = ["serve", str(bench.folder), "--dataset", "alpha", "--budget", "9evals", *options]
        code = cli.run([*line, "--out", str(tmp_path / "s.parquet"), "--quiet"])
        monkeypatch.undo()
        return talk, code

    return held


def configs_of(bench):
    return [
        {name: plain(value) for name, value in row.items() if not pd.isna(value)}
        for row in bench.configs.to_dict("records")
    ]


def test_a_contest(hold, bench, tmp_path):
    configs = configs_of(bench)

    def client(lines):
        number = lines[-1]["trial"]
        if number and lines[-2].get("budget") != 50 and lines[-2]["type"] == "result":
            return {"trial": number - 1, "budget": 50}
        return {"config": configs[number], "budget": 12}

    talk, code = hold(client, "--optimizer-name", "theirs")
    assert code == 0
    assert [line["type"] for line in talk.lines] == ["begin", *["ask", "result"] * 9, "end"]
    begin = talk.lines[0]
    assert (begin["protocol"], begin["dataset"], begin["seed"]) == (1, "alpha", 0)
    assert begin["limit"] == {"amount": 9, "unit": "evaluations"}
    assert [part["name"] for part in begin["space"]] == list(bench.space)
    assert [line["left"] for line in talk.of("ask")] == list(range(9, 0, -1))
    traces = read(tmp_path / "s.parquet")
    assert set(traces["optimizer"]) == {"theirs"}
    told = talk.of("result")
    assert traces["budget"].tolist() == [line["budget"] for line in told] == [12, 50] * 4 + [12]
    np.testing.assert_allclose(traces["loss"], [line["loss"] for line in told])
    np.testing.assert_allclose(traces["finished"], [line["now"] for line in told])
    for line in told:
        assert len(line["curve"]) == line["budget"] + 1, "nothing beyond what has been paid for"
        assert line["config"] == configs[line["trial"]], "a row of the table is itself"
    assert talk.lines[-1]["best"]["loss"] == min(line["loss"] for line in told)


def test_the_same_configuration_twice_is_another_row(hold, bench):
    first = configs_of(bench)[0]
    talk, _ = hold(lambda lines: {"config": first})
    evaluated = [json.dumps(line["config"], sort_keys=True) for line in talk.of("result")]
    assert len(set(evaluated)) == 9
    talk, _ = hold(lambda lines: {"config": first}, "--match", "nearest", "--out", "other.parquet")


def test_several_workers_hear_when_time_has_passed(hold, bench):
    configs = configs_of(bench)
    talk, _ = hold(lambda lines: {"config": configs[lines[-1]["trial"]]}, "--workers", "3")
    assert [line["free"] for line in talk.of("ask")[:3]] == [3, 2, 1]
    assert [line["type"] for line in talk.lines[:5]] == ["begin", "ask", "ask", "ask", "result"]
    assert len(talk.of("result")) == 9
    times = [line["now"] for line in talk.lines if "now" in line]
    assert times == sorted(times)

    def waiting(lines):
        running = lines[-1]["free"] < 3
        return {"wait": True} if running else {"config": configs[lines[-1]["trial"]]}

    talk, _ = hold(waiting, "--workers", "3", "--optimizer-name", "waits")
    assert all(line["worker"] == 0 for line in talk.of("result")), "one at a time"


BAD = [
    ("no json", "must be one JSON object"),
    ("[1]", "must be one JSON object"),
    ('{"config": NaN}', "must be one JSON object"),
    ("[" * 100_000, "must be one JSON object"),
    ('{"config": 3}', "config must be an object"),
    ("{}", "must have one of config, trial, wait and stop, got none"),
    ('{"confg": {}}', "unknown key of a line 'confg'; nearest: config"),
    ('{"config": {}, "trial": 0}', "must have one of"),
    ('{"config": {}}', "must"),
    ('{"config": {"nothing": 1}}', "must"),
    ('{"trial": 0}', "trial must be one with a result"),
    ('{"trial": "a"}', "trial must be a whole number"),
    ('{"wait": true}', "nothing is running that could be waited for"),
    ('{"trial": 0, "parent": 1}', "parent must come with the config"),
]


def test_bad_lines_cost_nothing(hold, bench):
    configs, bad = configs_of(bench), iter([line for line, _ in BAD])
    later = iter([{"config": configs[0], "budget": 13}, {"config": configs[0], "parent": 7}])

    def client(lines):
        return next(bad, None) or next(later, None) or {"config": configs[lines[-1]["trial"]]}

    talk, code = hold(client)
    assert code == 0
    messages = [line["message"] for line in talk.of("error")]
    assert len(messages) == len(BAD) + 2
    for (_, wanted), message in zip(BAD, messages, strict=False):
        assert wanted in message
        assert "\n" not in message
    assert "unknown budget '13'" in messages[-2]
    assert "parent must be a trial with a result, got 7" in messages[-1]
    assert len(talk.of("result")) == 9


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text()
    | st.dictionaries(
        st.sampled_from(["config", "trial", "budget", "wait", "stop"]),
        st.integers() | st.floats() | st.none() | st.text() | st.booleans() | st.lists(st.none()),
    ).map(json.dumps)
)
def test_any_line_is_read_or_refused_in_a_line(text):
    try:
        read_wish(text)
    except InputError as error:
        assert str(error)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1.5", "true"])
def test_no_number_but_a_whole_one_is_a_budget(number):
    with pytest.raises(InputError, match="budget must be a whole number"):
        read_wish(f'{{"config": {{}}, "budget": {number}}}')


def test_a_client_that_stops_at_once_leaves_nothing(hold, tmp_path, capsys):
    _, code = hold(lambda _: {"stop": True})
    assert code == 2
    assert "must ask for a configuration before it stops" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()


def test_a_client_may_stop(hold, tmp_path, bench):
    configs = configs_of(bench)

    def client(lines):
        return {"stop": True} if lines[-1]["trial"] == 4 else {"config": configs[lines[-1]["trial"]]}

    talk, code = hold(client, "--workers", "2")
    assert code == 0
    assert talk.lines[-1]["reason"] == "stopped"
    assert len(read(tmp_path / "s.parquet")) == 4, "what was running has ended"


def test_a_client_that_goes_away_leaves_nothing(hold, tmp_path, bench, capsys):
    configs = configs_of(bench)
    _, code = hold(lambda lines: None if lines[-1]["trial"] == 4 else {"config": configs[lines[-1]["trial"]]})
    assert code == 2
    assert "but it went away" in capsys.readouterr().err
    assert not (tmp_path / "s.parquet").exists()


def test_a_pipe_that_nobody_reads_is_a_client_that_went_away():
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    with pytest.raises(InputError, match="went away"):
        Line(io.StringIO(), Closed()).write("ask")
    with pytest.raises(InputError, match="went away"):
        Line(io.StringIO("\n\n"), io.StringIO()).read()
    long = Line(io.StringIO("x" * 3_000_000 + "\n{}\n"), io.StringIO())
    with pytest.raises(InputError, match="must be one JSON object"):
        read_wish(long.read())
    assert long.read() == "{}\n", "one line, however long, is one error"


def test_conditions_and_kinds_are_described():
    from ConfigSpace import ConfigurationSpace, Constant, EqualsCondition, Float, Integer, OrdinalHyperparameter

    space = ConfigurationSpace({"kind": ["a", "b"], "n": Integer("n", (1, 8), log=True)})
    space.add(width := Float("width", (0.0, 1.0)), OrdinalHyperparameter("size", [1, 2]), Constant("c", 3))
    space.add(EqualsCondition(width, space["kind"], "a"))
    found = {part["name"]: part for part in json.loads(json.dumps(plain(described_space(space))))}
    assert found["n"] == {"name": "n", "type": "integer", "lower": 1, "upper": 8, "log": True, "default": 3}
    assert found["kind"] == {"name": "kind", "type": "categorical", "choices": ["a", "b"], "default": "a"}
    assert found["width"]["condition"] == "width | kind == 'a'"
    assert (found["size"]["type"], found["c"]["choices"]) == ("ordinal", [3])


def test_a_study_that_is_there_is_completed(hold, bench, tmp_path):
    """One contest for each data set and seed that the study has."""
    study = ["--budget", "9evals", "--workers", "1", "--out", str(tmp_path / "s.parquet"), "--quiet"]
    line = ["simulate", str(bench.folder), "--dataset", "alpha,beta", "--seeds", "2", "--optimizers", "random"]
    assert cli.run([*line, *study]) == 0
    configs = configs_of(bench)
    talk, code = hold(lambda lines: {"config": configs[lines[-1]["trial"]]})
    assert code == 0
    assert [(line["dataset"], line["seed"]) for line in talk.of("begin")] == [
        ("alpha", 0), ("alpha", 1), ("beta", 0), ("beta", 1)
    ]  # fmt: skip
    assert len(talk.of("end")) == 4
    runs = read(tmp_path / "s.parquet").groupby(["optimizer", "dataset", "seed"]).size()
    assert (len(runs), set(runs)) == (8, {9})
    talk, code = hold(lambda lines: None)
    assert (code, talk.lines) == (0, []), "there is nothing left to do"
    assert cli.run([*line[:-1], "random,bohb", *study]) == 0, "others join later"
