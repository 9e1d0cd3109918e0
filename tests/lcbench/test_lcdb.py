"""LCDB 1.0: every score and every time as in the CSV, over the anchors; gaps stay gaps."""

import numpy as np
import pandas as pd
import pytest
from field_tables import package_folder

import lcbench
from lcbench import cli
from lcbench.errors import DamagedFileError, InputError, UnknownNameError
from lcbench.table.doors._foreign import bring
from lcbench.table.doors.lcdb import ALL, FIT_SECONDS, PARTS, lcdb
from lcbench.table.store import read_manifest

COLUMNS = ["openmlid", "learner", "size_train", "size_test", "outer_seed", "inner_seed", "traintime"]


def rows() -> pd.DataFrame:
    """Two data sets of 23 and 50 training rows, two learners, three splits; the third is there for one learner."""
    rng = np.random.default_rng(0)
    found = []
    for dataset, anchors in ((44, [16, 23]), (7, [16, 23, 32, 45, 50])):
        for learner in ("SVC_linear", "sklearn.naive_bayes.BernoulliNB"):
            for outer, inner in [(0, 0), (0, 1), (1, 24)][: 3 if learner == "SVC_linear" else 2]:
                found += [(dataset, learner, size, 9, outer, inner, rng.random(), *rng.random(3)) for size in anchors]
    return pd.DataFrame(found, columns=[*COLUMNS, *(f"score_{part}" for part in PARTS)])


@pytest.fixture
def write(tmp_path):
    def write(frame: pd.DataFrame, name: str = "database-accuracy.csv"):
        frame.to_csv(tmp_path / name, index=False)
        return tmp_path / name

    return write


def same(bench, frame: pd.DataFrame, score: str = "accuracy", learner: str | None = None) -> int:
    """Hold each row of a CSV against the table; how many there were."""
    anchors, held = list(bench.fidelity.steps), 0
    learners = {name: number for number, name in bench.configs.get("learner", pd.Series()).items()}
    for number, part in frame.groupby("openmlid", sort=False):
        name = f"openml-{number}" + (f"-{learner.rpartition('.')[2]}" if learner else "")
        runs = bench.to_pandas(name)
        place = {key: at for at, key in enumerate(zip(runs["config_id"], runs["seed"], strict=True))}
        ids = part["learner"].map(learners) if learner is None else np.zeros(len(part), int)
        at = [place[key] for key in zip(ids, 100 * part["outer_seed"] + part["inner_seed"], strict=True)]
        assert set(at) == set(place.values())
        step = part["size_train"].map({size: index + 1 for index, size in enumerate(anchors)}).to_numpy()
        columns = {f"{each}_{score}": f"score_{each}" for each in PARTS} | {FIT_SECONDS: "traintime"}
        on = ~np.isnan(step)
        assert (runs[ALL].to_numpy()[np.array(at)[~on]] == part["size_train"][~on]).all()
        for ours, theirs in columns.items():
            curves, wanted = np.stack(runs[ours].tolist()), part[theirs].to_numpy()
            got = curves[np.array(at)[on], step[on].astype(int)]
            np.testing.assert_array_equal(got, wanted[on].astype(np.float32))
            np.testing.assert_array_equal(runs[f"{ours}_{ALL}"].to_numpy()[np.array(at)[~on]], wanted[~on])
            assert np.isfinite(curves).sum() + np.isfinite(runs[f"{ours}_{ALL}"]).sum() == np.isfinite(wanted).sum()
        held += len(part)
    return held


def test_every_row_comes_in(write, tmp_path, capsys):
    frame, out = rows(), tmp_path / "out"
    assert cli.run(["import", "lcdb", str(write(frame)), str(out)]) == 0
    assert capsys.readouterr().out == f"10 runs on 2 data sets are in {out}.\n"
    bench = lcbench.load(out)
    assert bench.datasets == ("openml-44", "openml-7")
    assert (bench.budgets, bench.seeds, bench.fidelity.steps) == ((2, 4), (0, 1, 124), (16, 23, 32, 45))
    assert bench.configs["learner"].tolist() == ["SVC_linear", "sklearn.naive_bayes.BernoulliNB"]
    assert same(bench, frame) == len(frame)
    first = frame[frame["openmlid"] == 7][:5]
    assert bench.curve("openml-7", 0, "valid_accuracy", 4, 0)[1:] == pytest.approx(first["score_valid"].to_numpy()[:4])
    assert bench.curve("openml-7", 0, "seconds", 4, 0)[1:] == pytest.approx(first["traintime"].to_numpy()[:4].cumsum())
    assert bench.to_pandas("openml-7")[ALL].tolist() == [50] * 5
    assert bench.to_pandas("openml-44")[ALL].tolist() == [0] * 5


def test_learners_may_be_tasks(write, tmp_path):
    frame, out = rows(), tmp_path / "out"
    bring(lcdb(write(frame), learners="task"), out)
    bench = lcbench.load(out)
    assert len(bench.datasets) == 4
    assert len(bench.configs) == 1
    for learner, part in frame.groupby("learner"):
        assert same(bench, part, learner=learner) == len(part)
    assert bench.dataset_table.loc["openml-7-BernoulliNB", "learner"] == "sklearn.naive_bayes.BernoulliNB"


def test_anchors_that_are_missing_are_gaps_of_the_curve(write, tmp_path):
    frame = rows()
    frame = frame.drop(frame[(frame["openmlid"] == 7) & (frame["size_train"].isin([23, 50]))].index[:3])
    bring(lcdb(write(frame, "logloss.csv")), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    assert bench.metric().goal == "minimize"
    assert same(bench, frame, "logloss") == len(frame)
    assert np.isnan(bench.curve("openml-7", 0, "valid_logloss", 4)[2])
    seconds = bench.curve("openml-7", 0, "seconds", 4)
    assert seconds[2] == seconds[1]


def test_names_of_data_sets_are_those_beside(write, tmp_path):
    pd.DataFrame({"openmlid": [44], "Name": ["spambase"]}).to_csv(tmp_path / "datasets.csv", index=False)
    bring(lcdb(write(rows()).parent), tmp_path / "out")
    assert lcbench.load(tmp_path / "out").dataset_table["title"].to_dict() == {"openml-44": "spambase", "openml-7": ""}


def test_curves_may_be_cut_to_one_budget(write, tmp_path):
    path, frame = write(rows()), rows()
    bring(lcdb(path, anchors=3), tmp_path / "three")
    bench = lcbench.load(tmp_path / "three")
    assert (bench.datasets, bench.budgets, bench.fidelity.steps) == (("openml-7",), (3,), (16, 23, 32))
    assert same(bench, frame[(frame["openmlid"] == 7) & (frame["size_train"] <= 32)]) == 15
    bring(lcdb(path, anchors=2), tmp_path / "two")
    assert lcbench.load(tmp_path / "two").datasets == ("openml-44", "openml-7")
    with pytest.raises(InputError, match=r"anchors must be from 1 to 4 \(16, 23, ... 45 rows\), got 5"):
        lcdb(path, anchors=5)


def edited(name: str) -> pd.DataFrame:
    frame = rows()
    if name == "a column too few":
        return frame.drop(columns="traintime")
    if name == "no rows":
        return frame[:0]
    if name == "text for a number":
        return frame.astype({"score_test": object}).replace({"score_test": {frame["score_test"][3]: "high"}})
    if name == "a score above 1":
        frame.loc[3, "score_test"] = 2.0
    elif name == "a negative time":
        frame.loc[3, "traintime"] = -1.0
    elif name == "a row twice":
        return pd.concat([frame, frame[-1:]])
    elif name == "data sets apart":
        return pd.concat([frame[1:], frame[:1]])
    elif name == "two sizes off the grid":
        frame.loc[0, "size_train"] = 17
        frame.loc[1, "size_train"] = 18
    elif name == "a gap in the key":
        return frame.astype({"outer_seed": "Int64"}).replace({"outer_seed": {1: pd.NA}})
    elif name == "an inner seed of 100":
        frame.loc[0, "inner_seed"] = 100
    return frame


@pytest.mark.parametrize(
    "name",
    [
        *("a column too few", "no rows", "text for a number", "a score above 1", "a negative time", "a row twice"),
        *("data sets apart", "two sizes off the grid", "a gap in the key", "an inner seed of 100"),
    ],
)
def test_a_csv_that_is_something_else_is_refused(write, tmp_path, name):
    path = write(edited(name))
    with pytest.raises(DamagedFileError) as refused:
        bring(lcdb(path), tmp_path / "out")
    assert len(str(refused.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_bad_options(write, tmp_path):
    path = write(rows())
    with pytest.raises(UnknownNameError, match="unknown role of the learners 'model'"):
        lcdb(path, "model")
    with pytest.raises(UnknownNameError, match="unknown score 'rmse'"):
        lcdb(path, score="rmse")
    with pytest.raises(InputError, match="must say the score"):
        lcdb(write(rows(), "mine.csv"))
    with pytest.raises(InputError, match=r"got a folder without database-auc\.csv"):
        lcdb(tmp_path, score="auc")
    with pytest.raises(InputError, match=r"must be a CSV of LCDB.*got nothing there"):
        lcdb(tmp_path / "nowhere.csv")


@pytest.mark.slow
@pytest.mark.parametrize("score", ["accuracy", "auc"])
def test_the_published_table_comes_in_whole(tmp_path, score):
    package = package_folder("lcdb")
    bring(lcdb(package, score=score), tmp_path / "out")
    bench = lcbench.load(tmp_path / "out")
    frame = pd.read_csv(package / f"database-{score}.csv")
    assert same(bench, frame, score) == {"accuracy": 1_953_371, "auc": 1_151_985}[score]
    if score == "accuracy":
        runs = sum(record.rows for path, record in read_manifest(bench.folder).files.items() if path.startswith("runs"))
        assert runs == 124_029
        assert len(bench.datasets) == 248
