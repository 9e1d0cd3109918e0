"""Studies, surrogates, portfolios and classifiers from elsewhere, damaged in any way, with checksums that hold again.

Each opens and answers, or is refused with an error of ours; nothing else is raised.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
import pytest
from damage import changed_json, damage_file

import lcbench
from lcbench import signature
from lcbench.console import OUT
from lcbench.errors import LcbenchError
from lcbench.simulate import SurrogateBackend, study
from lcbench.simulate.autotabular import AutoTabularClassifier
from lcbench.simulate.study import file, report, systems
from lcbench.simulate.transfer import showing
from lcbench.simulate.transfer.folder import read_folder
from lcbench.table.benchmark import embedded_folder

pytest.importorskip("sklearn", reason="fitting needs the extra 'models'")

ROWS = pd.DataFrame({"x": np.arange(60.0), "c": np.array(["u", "v", "w"])[np.arange(60) % 3]})
MANIFESTS = ("surrogate.json", "portfolio.json", "model.json")


def show_study(place: Path) -> None:
    traces = file.read(place / "s.parquet")
    file.optimized(place / "s.parquet")
    with OUT.capture():
        OUT.print(report.summary_table(traces, "valid_accuracy", np.random.default_rng(0)))
    file.said(traces)


def show_systems(place: Path) -> None:
    from lcbench.simulate.study.systems.report import tables

    with OUT.capture():
        OUT.print(*tables(systems.read(place / "systems.parquet")))


def ask_surrogate(place: Path) -> None:
    backend = SurrogateBackend.load(place)
    curves = backend.curves(backend.surrogate.recorded.configs, backend.budgets[-1])
    assert np.isfinite(curves).any()


def show_portfolio(place: Path) -> None:
    held = read_folder(place)
    held.problems()
    with OUT.capture():
        OUT.print(showing.summary(held), showing.portfolio_table(held, "greedy"), showing.size_table(held))
        OUT.print(*showing.config_lines(held, "simple"), showing.left_out_table(held))


def predict(place: Path) -> None:
    classifier = AutoTabularClassifier.load(place)
    assert len(classifier.predict(ROWS)) == len(ROWS)
    classifier.leaderboard()
    classifier.trajectory()


@dataclass(frozen=True)
class Kind:
    """A kind of folder: how one is made in a new folder, and how it is used."""

    make: Callable[[Path, lcbench.Benchmark], None]
    use: Callable[[Path], None]


def make_study(place: Path, bench: lcbench.Benchmark) -> None:
    metric = bench.metric()
    traces = study.study(bench, ["alpha"], ["random", "hyperband"], range(2), budget="5evals")
    file.write(place / "s.parquet", traces, metric)


def make_portfolio(place: Path, _: lcbench.Benchmark) -> None:
    for path in embedded_folder("portfolio").glob("*.*"):
        shutil.copy(path, place)


def make_classifier(place: Path, _: lcbench.Benchmark) -> None:
    options = {"time_limit": None, "trials": 2, "workers": 0, "portfolio": None, "space": "mlp", "budgets": (1,)}
    made = AutoTabularClassifier(baselines=("knn", "extra_trees"), **options)
    made.fit(ROWS, np.arange(60) % 2).save(place / "m")
    for path in (place / "m").iterdir():
        path.rename(place / path.name)
    (place / "m").rmdir()


KINDS = {
    "study": Kind(make_study, show_study),
    "systems": Kind(
        lambda place, _: shutil.copy(embedded_folder("section5") / "systems.parquet", place) and None, show_systems
    ),
    "surrogate": Kind(
        lambda place, bench: SurrogateBackend.fit(bench, "alpha", model="forest", folds=2).save(place), ask_surrogate
    ),
    "portfolio": Kind(make_portfolio, show_portfolio),
    "classifier": Kind(make_classifier, predict),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, make: Callable[..., lcbench.Benchmark]) -> Path:
    """A folder of each kind."""
    place = tmp_path_factory.mktemp("sound")
    bench = make(place / "bench", ("alpha",), 12, (2, 3), (0, 1))
    for name, kind in KINDS.items():
        (place / name).mkdir()
        kind.make(place / name, bench)
        kind.use(place / name)
    return place


def resigned(folder: Path) -> None:
    """Let all checksums below a folder hold again."""
    for path in sorted(folder.rglob("*.json"), key=lambda path: -len(path.parts)):
        document = json.loads(path.read_text(encoding="utf-8"))
        if path.name not in MANIFESTS or not isinstance(document, dict):
            continue
        signed = document.pop("sha256", None)
        if isinstance(document.get("files"), dict):
            there = {name: path.parent / name for name in document["files"]}
            digests = {name: signature.digest(each) for name, each in there.items() if each.is_file()}
            document["files"] = document["files"] | digests
        path.write_text(signature.sign(document) if signed else json.dumps(document), encoding="utf-8")
    for path in folder.rglob("*.jsonl"):
        last, lines = 0, []
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            event.pop("crc32", None)
            text = json.dumps(event)
            last = crc32(text.encode(), last)
            lines.append(f'{text[:-1]}, "crc32": {last}}}\n')
        path.write_text("".join(lines), encoding="utf-8")


def damage(rng: np.random.Generator, folder: Path) -> None:
    """Damage one file of a folder, and sign what can be signed again."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".md", ".log"))
    path = paths[int(rng.integers(len(paths)))]
    if path.suffix == ".jsonl":
        lines = path.read_text(encoding="utf-8").splitlines()
        number = int(rng.integers(len(lines)))
        lines[number] = changed_json(rng, json.loads(lines[number]))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", errors="surrogatepass")
    elif path.suffix == ".json" and rng.random() < 0.8:
        document = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(changed_json(rng, document), encoding="utf-8", errors="surrogatepass")
    else:
        damage_file(rng, path)
    with suppress(ValueError, TypeError, AttributeError, RecursionError):  # no JSON any more
        resigned(folder)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_folder_answers_or_is_refused(sound: Path, tmp_path: Path, name: str, seed: int) -> None:
    folder = shutil.copytree(sound / name, tmp_path / "copy")
    damage(np.random.default_rng(seed), folder)
    try:
        KINDS[name].use(folder)
    except LcbenchError as error:
        assert len(str(error).splitlines()) <= 2
