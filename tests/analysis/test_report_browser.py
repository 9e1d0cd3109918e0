"""The page of ``lcbench report`` in a real browser, headless."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lcbench.analysis.report.page import Contents, build
from lcbench.collection.networks.metrics import METRICS

webdriver = pytest.importorskip(
    "selenium.webdriver", reason="the browser is driven by selenium, which is not installed"
)
exceptions = pytest.importorskip("selenium.common.exceptions")
ui = pytest.importorskip("selenium.webdriver.support.ui")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="needs Debian's chromium and chromium-driver"),
    pytest.mark.xdist_group("browser"),
]
PATIENCE = 120
"""Seconds after which the page counts as broken, however busy the machine is."""

SCREENSHOT = Path(__file__).parents[2] / "build" / "report.png"
"""Kept after the tests; git ignores the folder."""

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,1000")


@pytest.fixture(scope="module")
def page(bench, make_traces, tmp_path_factory):
    pytest.importorskip("plotly", reason="the page needs plotly (extra `report`)")
    path = tmp_path_factory.mktemp("browser") / "report.html"
    path.write_text(
        build(Contents(bench, figures=("budget_correlation",), traces=make_traces(bench))), encoding="utf-8"
    )
    return path


@pytest.fixture(scope="module")
def started() -> Iterator["webdriver.Chrome"]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    try:
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    except exceptions.WebDriverException as error:
        pytest.skip(f"chromium is installed but does not start here: {error.msg}")
    driver.set_script_timeout(PATIENCE)
    driver.set_page_load_timeout(PATIENCE)
    yield driver
    driver.quit()


@pytest.fixture
def browser(started, page) -> Iterator["webdriver.Chrome"]:
    """The page, opened afresh and drawn; no complaint in the console when the test is over."""
    started.get(page.as_uri())
    until(started, "return document.body.dataset.ready === 'yes'")
    yield started
    assert [entry for entry in started.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert started.execute_script("return document.getElementById('problem').hidden")


def until(driver, script: str, *arguments: object) -> None:
    """Wait for a condition of the page."""
    ui.WebDriverWait(driver, PATIENCE).until(lambda d: d.execute_script(script, *arguments), script)


def drawn_points(driver) -> list[float]:
    """What stands up in the scatter."""
    return driver.execute_script("return Array.from(document.getElementById('scatter').data[0].y)")


def choose(driver, select: str, text: str) -> None:
    ui.Select(driver.find_element("id", select)).select_by_visible_text(text)


def means(bench, dataset: str, metric: str, budget: int) -> np.ndarray:
    return bench.array(dataset, metric, budget)[:, :, -1].mean(axis=1, dtype=float)


def test_it_opens_and_shows_the_table(browser, bench):
    span = np.ptp(bench.array("alpha"))
    np.testing.assert_allclose(drawn_points(browser), means(bench, "alpha", "valid_accuracy", 50), atol=span / 4000)
    milliseconds = browser.execute_script("return Number(document.body.dataset.drawn)")
    SCREENSHOT.parent.mkdir(exist_ok=True)
    assert browser.save_screenshot(str(SCREENSHOT))
    print(f"drawn {milliseconds} ms after it was opened; screenshot: {SCREENSHOT}")  # noqa: T201  # for those who look


def test_the_figures_come_after_the_explorer(browser):
    size = browser.execute_script(
        "const [image] = document.querySelectorAll('#figures .figures #figure-budget_correlation img');"
        "return image.decode().then("
        "() => [image.naturalWidth, document.getElementById('pictures').content.childElementCount])"
    )
    assert size[0] > 100
    assert size[1] == 0


def test_it_asked_nothing_of_a_network(browser):
    asked = browser.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert [address for address in asked if not address.startswith(("data:", "blob:"))] == []


def test_choosing_a_data_set_metric_and_budget_changes_the_plot(browser, bench):
    before = drawn_points(browser)
    choose(browser, "dataset", "beta")
    until(browser, "return document.getElementById('scatter-title').textContent.startsWith('beta')")
    assert drawn_points(browser) != before
    np.testing.assert_allclose(drawn_points(browser), means(bench, "beta", "valid_accuracy", 50), atol=1e-3)
    choose(browser, "metric", "test cross entropy (nats)")
    until(browser, "return document.getElementById('scatter').layout.yaxis.title.text.includes('cross entropy')")
    choose(browser, "budget", "12 epochs")
    until(browser, "return document.getElementById('scatter-title').textContent.endsWith('12 epochs')")
    np.testing.assert_allclose(drawn_points(browser), means(bench, "beta", "test_cross_entropy", 12), atol=1e-3)


def test_every_colour_and_every_axis_can_be_chosen(browser, bench):
    for name in bench.space:
        choose(browser, "colour", name)
        until(
            browser,
            "return document.getElementById('scatter').data[0].marker.colorbar.title.text === arguments[0]",
            name,
        )
    for text in (*bench.space, "seconds of the run", "metric after 12 epochs"):
        draws = browser.execute_script("return Number(document.body.dataset.draws)")
        choose(browser, "across", next(iter(bench.space)) if text == "learning_rate" else text)
        until(browser, "return Number(document.body.dataset.draws) >= arguments[0]", draws)
    until(browser, "return document.getElementById('scatter').layout.xaxis.title.text.endsWith('12 epochs')")
    across = browser.execute_script("return Array.from(document.getElementById('scatter').data[0].x)")
    np.testing.assert_allclose(across, means(bench, "alpha", "valid_accuracy", 12), atol=1e-3)


def test_a_click_keeps_a_configuration_and_shows_its_curves_over_seeds(browser, bench):
    browser.find_element("id", "clear").click()
    until(browser, "return document.getElementById('curves').data.length === 0")
    places = browser.execute_script(
        """const box = document.getElementById("scatter"), [x, y] = [box._fullLayout.xaxis, box._fullLayout.yaxis];
        box.scrollIntoView({ behavior: "instant", block: "center" });
        const { left, top } = box.getBoundingClientRect(), [points] = box.data;
        const place = (across, i) => [left + x._offset + x.d2p(across), top + y._offset + y.d2p(points.y[i])];
        return points.x.map(place);"""
    )
    config = most_lonely(np.array(places))
    pointer = webdriver.ActionChains(browser)
    pointer.w3c_actions.pointer_action.move_to_location(*map(round, places[config]))
    pointer.w3c_actions.pointer_action.click()
    pointer.perform()
    until(browser, "return lcbench.state.kept.length === 1 && document.getElementById('curves').data.length === 2")
    assert browser.execute_script("return lcbench.state.kept") == [config]
    thin, thick = browser.execute_script(
        "return document.getElementById('curves').data.map((each) => Array.from(each.y))"
    )
    curves = bench.array("alpha")[config]
    for seed in range(3):
        np.testing.assert_allclose(thin[seed * 52 : seed * 52 + 51], curves[seed], atol=1e-3)
    np.testing.assert_allclose(thick, curves.mean(axis=0), atol=1e-3)
    assert f"#{bench.configs.index[config]}" in browser.find_element("id", "kept").text


def most_lonely(points: np.ndarray) -> int:
    """The point farthest from its nearest neighbour: a click cannot mean another one."""
    away = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(away, np.inf)
    return int(away.min(axis=1).argmax())


def test_brushing_an_axis_fades_the_others(browser, bench):
    box = browser.find_element("id", "parallel")
    browser.execute_script("arguments[0].scrollIntoView({ behavior: 'instant', block: 'center' })", box)
    width, height = box.size["width"], box.size["height"]
    drag = webdriver.ActionChains(browser).move_to_element_with_offset(box, 64 - width // 2, 2)  # the first axis
    drag.click_and_hold().move_by_offset(0, -height // 2 + 20).release().perform()
    until(browser, "return document.getElementById('scatter').data[0].selectedpoints")
    inside = set(browser.execute_script("return document.getElementById('scatter').data[0].selectedpoints"))
    first = bench.configs[next(iter(bench.space))].to_numpy()
    assert 0 < len(inside) < len(first)
    assert min(first[list(inside)]) > max(np.delete(first, list(inside)))  # the upper part of that axis
    browser.find_element("id", "unbrush").click()
    until(browser, "return !document.getElementById('scatter').data[0].selectedpoints")


def test_all_curves_are_decoded_as_python_decodes_them(browser, bench):
    script = """const done = arguments[arguments.length - 1];
        lcbench.curvesOf(...arguments[0]).then((block) => done([Array.from(block.values, (v) => v), block.error]));"""
    for place in ((0, 0, 0), (1, list(METRICS).index("test_accuracy"), 2)):
        values, error = browser.execute_async_script(script, place)
        wanted = bench.array(bench.datasets[place[0]], list(METRICS)[place[1]], bench.budgets[place[2]]).astype(float)
        np.testing.assert_allclose(np.reshape(values, wanted.shape), wanted, rtol=0, atol=error + 1e-12)


def test_optimizers_stand_side_by_side(browser, bench):
    panels = browser.find_elements("css selector", "#panels h3")
    assert [panel.text for panel in panels] == ["random", "bohb"]
    assert (
        browser.execute_script("return document.getElementById('panel-0').data.length") == 1 + 3 + 1
    )  # others, seeds, median


def test_a_data_set_without_a_run_of_the_study_says_so(browser):
    note = browser.find_element("id", "traces-note")
    assert not note.is_displayed()
    browser.execute_script("lcbench.page.traces = lcbench.page.traces.filter((run) => run.dataset === 'alpha')")
    choose(browser, "dataset", "beta")
    until(browser, "return document.getElementById('panels').hidden")
    assert note.text == "The study has no run on beta; it has alpha."
    choose(browser, "dataset", "alpha")
    until(browser, "return !document.getElementById('panels').hidden")


@pytest.mark.parametrize("width", [400, 1200])
def test_it_fits_the_screen(browser, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        until(browser, "return window.innerWidth === arguments[0]", width)
        until(browser, "return document.documentElement.scrollWidth <= arguments[0]", width)
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
