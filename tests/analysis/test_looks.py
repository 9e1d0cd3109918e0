"""Looks of optimizers and files of figures: what stays the same, what differs, what publishers ask for."""

import shutil
import subprocess

import matplotlib as mpl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from lcbench.analysis import style
from lcbench.analysis.looks import _USUAL, looks
from lcbench.errors import InputError

NAMES = st.lists(st.sampled_from([*_USUAL, *(f"own-{i}" for i in range(40))]), unique=True, min_size=1, max_size=32)


@given(NAMES, st.randoms())
def test_no_two_look_alike_and_order_changes_nothing(names, random):
    found = looks(names)
    assert set(found) == set(names)
    assert len({(each.colour, each.dash, each.marker) for each in found.values()}) == len(names)
    shuffled = list(names)
    random.shuffle(shuffled)
    assert looks(shuffled) == found


@given(NAMES)
def test_a_usual_name_looks_the_same_in_every_study(names):
    alone = {name: looks([name])[name] for name in _USUAL}
    assert all(look == alone[name] for name, look in looks(names).items() if name in alone)


@given(NAMES.filter(lambda names: len(names) <= 8))
def test_up_to_eight_have_colours_of_their_own(names):
    assert len({each.colour for each in looks(names).values()}) == len(names)


def drawn() -> Figure:
    with style.look():
        figure = style.figure(2, 1)
        figure.subplots().set_title("a_name of 5 $")
    return figure


def test_pdf_has_truetype_and_svg_has_text():
    assert b"/Type3" not in style.saved(drawn(), "pdf", 100)
    assert b"/TrueType" in style.saved(drawn(), "pdf", 100) or b"/CIDFontType2" in style.saved(drawn(), "pdf", 100)
    assert "a_name of 5 $</text>" in style.saved(drawn(), "svg", 100).decode()


def test_the_same_figure_gives_the_same_bytes():
    for kind in ("png", "svg", "pdf"):
        assert style.saved(drawn(), kind, 80) == style.saved(drawn(), kind, 80)


def test_the_users_matplotlibrc_is_respected_and_left_alone(tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_text("axes.titlesize: 13\nbackend: svg\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    before = dict(mpl.rcParams)
    with style.look():
        assert mpl.rcParams["axes.titlesize"] == 13
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert dict(mpl.rcParams) == before


def test_a_style_file_is_above_the_users_settings(tmp_path, monkeypatch):
    (tmp_path / "matplotlibrc").write_text("font.size: 13\n")
    (tmp_path / "paper.mplstyle").write_text("font.size: 9\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path))
    with style.chosen(style.Style(2.5, tmp_path / "paper.mplstyle")), style.look():
        assert mpl.rcParams["font.size"] == 9
        assert style.figure(7, 3).get_size_inches().tolist() == [2.5, 3]


@pytest.mark.parametrize(
    ("text", "width"), [("3.25in", 3.25), ("3.25", 3.25), ("25.4 mm", 1), ("2.54cm", 1), ("72.27pt", 1)]
)
def test_widths_are_read(text, width):
    assert style.inches(text) == pytest.approx(width)


@pytest.mark.parametrize("text", ["", "wide", "3em", "-1in", "1e3in"])
def test_what_is_no_width_is_refused(text):
    with pytest.raises(InputError, match="width must be such as"):
        style.inches(text)
    with pytest.raises(InputError, match=r"width must be 1\.5 to 40 inches"):
        style.Style(0.2)


def test_pgf_says_what_it_needs(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(InputError, match="pgf needs xelatex"):
        style.saved(drawn(), "pgf", 100)


@pytest.mark.parametrize("program", ["pdflatex", "xelatex"])
def test_a_pgf_compiles_whatever_the_names(program, tmp_path):
    if shutil.which(program) is None or shutil.which("xelatex") is None:
        pytest.skip(f"needs {program} and xelatex, which measures the text")
    with style.look():
        figure = style.figure(2, 1.5)
        panel = figure.subplots()
        panel.plot([1, 2], label="_Mine")
        panel.set_title(r"a_name {x} of 5 % $ & # ~ ^ \ ≤ ± …")
        panel.set_yticks([1, 2], ["data_set", "R&D"])
        (tmp_path / "figure.pgf").write_bytes(style.saved(figure, "pgf", 100))
    document = r"\documentclass{article}\usepackage{pgf}\begin{document}\input{figure.pgf}\end{document}"
    (tmp_path / "paper.tex").write_text(document)
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "paper.pdf").read_bytes().startswith(b"%PDF")
    assert panel.get_title().startswith("a_name {x}")
