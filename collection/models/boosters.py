"""Boosters' own files, checked before the library that predicts with them sees them.

LightGBM and CatBoost follow the numbers in their files without looking where these lead: a changed digit can end the
process, or let it read anywhere in its memory. So

- a LightGBM text is taken apart here: whatever is not a number in its place, a test of an input that there is, or a
  tree that ends in its leaves is refused, and the library gets a text put together from what was checked;
- a CatBoost file, which is binary, is first read in a process of its own, which writes it out as JSON; that must be a
  model of as many inputs, whose tests are on borders of theirs. It takes a second or two, once for each file, and not
  at all for a file that this process has written.
"""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lcbench.errors import DamagedFileError
from lcbench.files import read_bytes
from lcbench.signature import digest

_MOST = 1 << 30  # bytes
_PATIENCE = 600  # seconds for a file that takes one
_CHILD = Path(__file__).with_name("_catboost_child.py")

_sound: set[str] = set()
"""Digests of CatBoost's files that this process has written or checked."""

_HEADER = (
    *("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective"),
    *("feature_names", "feature_infos", "tree_sizes"),
)
_OF_TESTS = ("split_gain", "internal_value", "internal_weight", "internal_count")
_OF_LEAVES = ("leaf_weight", "leaf_count")
_OBJECTIVE = re.compile(r"multiclass num_class:(\d{1,6})")
_PLAIN_NAME = re.compile(r"[^\s\"\\,:\[\]{}]{1,200}")


def lightgbm_text(path: Path, inputs: int, classes: int) -> str:
    """Read a LightGBM text of one tree a class and round, with tests on numbers only.

    Returns:
        The model as LightGBM writes it, of the parts that were checked.

    Raises:
        DamagedFileError: If it is anything else.
    """
    try:
        return _checked(read_bytes(path, _MOST).decode("utf-8"), inputs, classes)
    except (LookupError, ValueError, OverflowError) as error:
        raise DamagedFileError(
            f"{path} must hold a LightGBM model of {inputs} inputs and {classes} classes, got something else ({error})."
        ) from error


def _checked(text: str, inputs: int, classes: int) -> str:
    body, end, _ = text.partition("\nend of trees\n")
    head, *trees = body.split("\nTree=")
    first, *lines = head.strip().split("\n")
    if first != "tree" or not end or not trees or len(trees) % classes:
        raise ValueError("no whole rounds of trees")
    said = dict(line.split("=", 1) for line in lines)
    names, ranges = said["feature_names"].split(" "), said["feature_infos"].split(" ")
    objective = _OBJECTIVE.fullmatch(said["objective"])
    counts = [said["num_class"], said["num_tree_per_iteration"], str(int(said["max_feature_idx"]) + 1)]
    sound = set(said) == set(_HEADER) and objective is not None and int(objective[1]) == classes
    if not sound or counts != [str(classes), str(classes), str(inputs)] or said["label_index"] != "0":
        raise ValueError("another head")
    if said["version"] not in ("v3", "v4") or len(names) != inputs or len(ranges) != inputs:
        raise ValueError("other inputs")
    if not all(map(_PLAIN_NAME.fullmatch, names)) or not all(map(_is_range, ranges)):
        raise ValueError("names or ranges of inputs that cannot be")
    parts = [f"Tree={number}\n{_tree(tree, number, inputs)}\n\n\n" for number, tree in enumerate(trees)]
    head = "\n".join(f"{name}={said[name]}" for name in _HEADER if name != "tree_sizes")
    sizes = " ".join(str(len(part)) for part in parts)
    return f"tree\n{head}\ntree_sizes={sizes}\n\n{''.join(parts)}end of trees\n\npandas_categorical:null\n"


def _is_range(text: str) -> bool:
    """Whether it is what LightGBM notes of an input: none, or the smallest and the largest value."""
    return text == "none" or (text[:1] + text[-1:] == "[]" and len(_numbers(text[1:-1].replace(":", " "))) == 2)


def _tree(text: str, number: int, inputs: int) -> str:
    """One tree, checked: each of its tests and leaves is reached once from the first test."""
    own, *lines = text.strip().split("\n")
    said = dict(line.split("=", 1) for line in lines)
    leaves = int(said["num_leaves"])
    tests = leaves - 1
    if own != str(number) or leaves < 1 or said["num_cat"] != "0" or said.get("is_linear", "0") != "0":
        raise ValueError(f"tree {number} of another kind")
    if len(_numbers(said["leaf_value"])) != leaves or len(_numbers(said["shrinkage"])) != 1:
        raise ValueError(f"other leaves of tree {number}")
    if tests:
        left, right, feature, kinds = (
            _integers(said[name]) for name in ("left_child", "right_child", "split_feature", "decision_type")
        )
        if any(len(part) != tests for part in (left, right, feature, kinds, _numbers(said["threshold"]))):
            raise ValueError(f"other tests of tree {number}")
        if not (0 <= feature.min() <= feature.max() < inputs) or not (0 <= kinds.min() <= kinds.max() < 16):
            raise ValueError(f"tests of other inputs in tree {number}")
        if (kinds & 1).any() or sorted([*left.tolist(), *right.tolist()]) != [*range(-leaves, 0), *range(1, tests)]:
            raise ValueError(f"no tree {number}")
        if any(0 <= child <= test for side in (left, right) for test, child in enumerate(side.tolist())):
            raise ValueError(f"a circle in tree {number}")
    for names, length in ((_OF_TESTS, tests), (_OF_LEAVES, leaves)):
        if any(name in said and len(_numbers(said[name])) not in (length, 0) for name in names):
            raise ValueError(f"other notes in tree {number}")
    known = ("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child")
    order = (*known, "right_child", "leaf_value", *_OF_LEAVES, *_OF_TESTS[1:], "is_linear", "shrinkage")
    return "\n".join(f"{name}={said[name]}" for name in order if name in said)


_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


def _numbers(text: str) -> NDArray[np.float64]:
    """Finite numbers between single spaces."""
    parts = text.split(" ") if text else []
    if not all(map(_NUMBER.fullmatch, parts)):
        raise ValueError("something that is no number")
    found = np.array(parts, np.float64)
    if not np.isfinite(found).all():
        raise ValueError("a number that is not finite")
    return found


def _integers(text: str) -> NDArray[np.int64]:
    numbers = _numbers(text)
    if (numbers != np.floor(numbers)).any() or (np.abs(numbers) > 2**31).any() or "." in text or "e" in text.lower():
        raise ValueError("something that is no integer")
    return numbers.astype(np.int64)


def wrote_catboost(path: Path) -> None:
    """Take note of a file that this process has written: it need not be checked."""
    _sound.add(digest(path))


def check_catboost(path: Path, inputs: int) -> None:
    """Have a CatBoost file read in a process of its own, unless it is known.

    Raises:
        DamagedFileError: If that process ends, or finds something else than a model of so many inputs.
    """
    known = digest(path)
    if known in _sound:
        return
    command = [sys.executable, "-P", str(_CHILD), str(path), str(inputs)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)  # noqa: S603  # ours
        said = ended.stdout.strip().splitlines()[-1:] if ended.returncode == 0 else []
    except subprocess.TimeoutExpired:
        said = []
    if said != ["sound"]:
        reason = said[0] if said else "the process that read it ended"
        raise DamagedFileError(f"{path} cannot be read as a CatBoost model ({reason}); restore it or fit again.")
    _sound.add(known)
