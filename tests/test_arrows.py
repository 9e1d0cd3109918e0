"""analysis -> simulate -> lcbench <- collection, and nothing else; and nothing that runs code out of a data file."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "lcbench": {"lcbench"},
    "collection": {"collection", "lcbench"},
    "simulate": {"simulate", "lcbench"},
    "analysis": {"analysis", "simulate", "lcbench"},
}
EXCEPTIONS = {
    "simulate/training.py": {"collection"},  # the live backend trains for real
    "simulate/autotabular/": {"collection"},  # so does the tool, see docs/decisions/0038-autotabular.md
    "simulate/study/systems/rows.py": {
        "collection"
    },  # and whoever lets the tool search, see 0040-studies-of-systems.md
    "simulate/study/systems/running.py": {"collection"},
    "simulate/transfer/": {"collection"},  # so does whoever builds a portfolio
}
FILES = sorted(path.relative_to(ROOT).as_posix() for package in ALLOWED for path in (ROOT / package).rglob("*.py"))


def imports(path: str) -> Iterator[tuple[str, ...]]:
    """Dotted names of all modules and members that a file imports, wherever in it."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Import):
            yield from (tuple(name.name.split(".")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield from ((*str(node.module).split("."), name.name) for name in node.names)


def package_of(module: tuple[str, ...]) -> str:
    """The package of ours that a module belongs to: ``lcbench.simulate.run`` to ``simulate``."""
    inside = module[1] if module[0] == "lcbench" and len(module) > 1 else ""
    return inside if inside in ALLOWED else module[0]


def calls(path: str) -> Iterator[str]:
    """Dotted names of everything that a file calls."""
    for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8"), path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_there_is_something_to_read():
    assert len(FILES) > 20
    assert {path.split("/")[0] for path in FILES} == set(ALLOWED)


@pytest.mark.parametrize("path", FILES)
def test_packages_import_along_the_arrows_only(path):
    found = {package_of(module) for module in imports(path)} & set(ALLOWED)
    excepted = {package for place, own in EXCEPTIONS.items() if path.startswith(place) for package in own}
    assert found <= ALLOWED[path.split("/")[0]] | excepted


@pytest.mark.parametrize("path", FILES)
def test_reading_a_file_never_executes_anything(path):
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
    assert not {module[0] for module in imports(path)} & forbidden
    assert not {name for name in calls(path) if name in ("torch.load", "joblib.load", "eval", "exec", "pd.read_pickle")}


@pytest.mark.parametrize("path", [path for path in FILES if not path.startswith("collection/")])
def test_only_collection_knows_torch_and_openml(path):
    assert not {module[0] for module in imports(path)} & {"torch", "openml"}


@pytest.mark.parametrize("path", FILES)
def test_randomness_is_never_global(path):
    """Generators are handed in: no call on the module ``numpy.random`` but its constructors, and none on ``random``."""
    made = {"default_rng", "Generator", "SeedSequence", "PCG64", "SFC64", "Philox"}
    called = re.findall(r"^(?:(?:np|numpy)\.)?random\.(\w+)", "\n".join(calls(path)), re.MULTILINE)
    assert set(called) <= made


def test_every_package_lies_inside_lcbench():
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["tool"]["setuptools"]
    beside = {*ALLOWED, "data"} - {"lcbench"}
    assert settings["package-dir"] == {f"lcbench.{name}": name for name in beside}
    for name in beside:
        assert (ROOT / "lcbench" / name).resolve() == ROOT / name


def test_every_folder_with_code_is_a_package():
    for path in FILES:
        assert (ROOT / path).with_name("__init__.py").is_file(), path


def test_folders_of_tests_are_no_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))
