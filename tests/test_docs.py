"""What the documentation shows works, and what it links to is there."""

import re
from pathlib import Path

import pytest

from lcbench.simulate import OPTIMIZERS, study

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")]
DECISIONS = sorted(path for path in (ROOT / "docs" / "decisions").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_has_its_three_parts_and_fits_on_a_page(page):
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Choice", "Price"]
    assert len(text.splitlines()) < 60


def test_every_decision_is_in_the_index_under_its_title():
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^(\d+)\. \[(.*)\]\((.*)\)$", index, re.MULTILINE)
    titles = [page.read_text(encoding="utf-8").splitlines()[0] for page in DECISIONS]
    assert [(f"# {number}. {title}", name) for number, title, name in listed] == list(
        zip(titles, [page.name for page in DECISIONS], strict=True)
    )
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_recipe_of_an_optimizer_works(bench, monkeypatch):
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), re.DOTALL)
    made: dict[str, object] = {}
    exec(source, made)  # noqa: S102  # the page's own example
    monkeypatch.setitem(OPTIMIZERS, "screening", made["Screening"])
    once, again = (study.study(bench, ["alpha"], ["random", "screening"], range(2), budget="10x") for _ in range(2))
    assert once.equals(again)
    own = once[once["optimizer"] == "screening"]
    assert set(own["budget"]) == {12, 50}
    short, long = (own[own["budget"] == budget] for budget in (12, 50))
    assert 0.3 < len(long) / len(short) < 0.9
    assert set(long["trial"]) <= set(short["trial"])
