"""analysis -> simulate -> collection -> lcbench, without exceptions; and nothing that runs code out of a data file."""

import ast
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
ORDER = ("lcbench", "collection", "simulate", "analysis")  # each may import those before it
FILES = sorted(path.relative_to(ROOT).as_posix() for package in ORDER for path in (ROOT / package).rglob("*.py"))


@cache
def nodes(path: str) -> tuple[ast.AST, ...]:
    """What a file imports and calls, parsed."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"), path)
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom | ast.Call))


def imports(path: str) -> Iterator[tuple[str, ...]]:
    """Dotted names of all modules and members that a file imports, wherever in it."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (tuple(name.name.split(".")) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield from ((*str(node.module).split("."), name.name) for name in node.names)


def room_of(module: tuple[str, ...]) -> str:
    """The room of ours that a module belongs to: ``lcbench.simulate.run`` to ``simulate``."""
    inside = module[1] if module[0] == "lcbench" and len(module) > 1 else ""
    return inside if inside in ORDER else module[0]


def calls(path: str) -> Iterator[str]:
    """Dotted names of everything that a file calls."""
    return (ast.unparse(node.func) for node in nodes(path) if isinstance(node, ast.Call))


def against(wrong: Callable[[str], set[str]], files: Sequence[str] = FILES) -> dict[str, set[str]]:
    """For each file that has something wrong, what it is."""
    return {path: found for path in files if (found := wrong(path))}


def test_there_is_something_to_read():
    assert len(FILES) > 100
    assert {path.split("/")[0] for path in FILES} == set(ORDER)


def test_packages_import_along_the_arrows_only():
    def wrong(path: str) -> set[str]:
        above = ORDER[ORDER.index(path.split("/")[0]) + 1 :]
        return {".".join(module) for module in imports(path) if room_of(module) in above}

    assert against(wrong) == {}


def test_reading_a_file_never_executes_anything():
    modules = {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve"}
    functions = {"torch.load", "joblib.load", "eval", "exec", "pd.read_pickle"}
    harmless = {("pickle", "PicklingError")}  # an exception, of what cannot be sent to another process
    sent = {"lcbench/work/packed.py": {("cloudpickle",)}}  # through pipes between processes, never from a file
    plain = {"lcbench/table/doors/_plain_pickle.py": {("pickle", "Unpickler")}}  # its subclass looks up no name

    def wrong(path: str) -> set[str]:
        named = set(imports(path)) - harmless - plain.get(path, set()) - sent.get(path, set())
        return {name[0] for name in named} & modules | set(calls(path)) & functions

    assert against(wrong) == {}


def test_only_collection_knows_torch_and_openml():
    others = [path for path in FILES if not path.startswith("collection/")]
    assert against(lambda path: {module[0] for module in imports(path)} & {"torch", "openml"}, others) == {}


def test_randomness_is_never_global():
    """Generators are handed in: no call on the module ``numpy.random`` but its constructors, and none on ``random``."""
    made = {"default_rng", "Generator", "SeedSequence", "PCG64", "SFC64", "Philox"}

    def wrong(path: str) -> set[str]:
        called = re.findall(r"^(?:(?:np|numpy)\.)?random\.(\w+)", "\n".join(calls(path)), re.MULTILINE)
        return set(called) - made

    assert against(wrong) == {}


def test_every_package_lies_inside_lcbench():
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["tool"]["setuptools"]
    beside = {*ORDER[1:], "data"}
    assert settings["package-dir"] == {f"lcbench.{name}": name for name in beside}
    for name in beside:
        assert (ROOT / "lcbench" / name).resolve() == ROOT / name


def test_every_folder_with_code_is_a_package():
    for path in FILES:
        assert (ROOT / path).with_name("__init__.py").is_file(), path


def test_folders_of_tests_are_no_packages():
    assert not list((ROOT / "tests").rglob("__init__.py"))
