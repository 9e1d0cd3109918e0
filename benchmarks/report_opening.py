"""How soon the page of `lcbench report` is drawn in a real browser: a fresh Chromium each time, and opened again.

    python benchmarks/report_opening.py report.html [--rounds 7] [--trace]

Needs Debian's chromium and chromium-driver, and selenium. Milliseconds count from the start of the navigation to the
time when the explorer is drawn (``document.body.dataset.drawn``), with a window of 1200 x 1000 and no GPU. "First" is
the first page of a browser with an empty profile, "again" the same page opened a second time in it. ``--trace`` prints
where the main thread's time went in one more opening, from the browser's own timeline.
"""

import argparse
import json
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

OPTIONS = ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1200,1000")
PATIENCE = 120
CATEGORIES = "devtools.timeline,v8,disabled-by-default-v8.compile,loading,blink.user_timing"
SHOWN = 18


def main() -> None:
    """Open, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--trace", action="store_true")
    arguments = parser.parse_args()
    address = arguments.page.resolve().as_uri()
    found = [opened_twice(address) for _ in range(arguments.rounds)]
    print(f"{arguments.page.name}: {arguments.page.stat().st_size / 1e6:.1f} MB, {arguments.rounds} fresh browsers")
    for name, times in zip(("first", "again"), zip(*found, strict=True), strict=True):
        print(f"{name}: median {statistics.median(times):.0f} ms, {min(times)} to {max(times)}")
    if arguments.trace:
        show(traced(address))


def browser(*, trace: bool = False) -> "webdriver.Chrome":
    """A fresh one, with an empty profile."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for option in OPTIONS:
        options.add_argument(option)
    if trace:
        options.set_capability("goog:loggingPrefs", {"performance": "ALL"})
        options.add_experimental_option("perfLoggingPrefs", {"traceCategories": CATEGORIES})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.set_page_load_timeout(PATIENCE)
    time.sleep(1)  # what a browser does at its own start is not the page's
    return driver


def opened_twice(address: str) -> tuple[int, int]:
    """Milliseconds until the page is drawn, first and again."""
    driver = browser()
    try:
        return drawn(driver, address), drawn(driver, address)
    finally:
        driver.quit()


def drawn(driver: "webdriver.Chrome", address: str) -> int:
    """Open the page, wait until it has drawn everything, give when the explorer was there."""
    driver.get(address)
    script = "return document.body.dataset.ready === 'yes' && Number(document.body.dataset.drawn)"
    return int(WebDriverWait(driver, PATIENCE).until(lambda each: each.execute_script(script)))


def traced(address: str) -> list[dict[str, Any]]:
    """Events of the browser's timeline during one opening."""
    driver = browser(trace=True)
    try:
        drawn(driver, address)
        messages = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))  # type: ignore[no-untyped-call]
        return [message["params"] for message in messages if message["method"] == "Tracing.dataCollected"]
    finally:
        driver.quit()


def show(events: Iterable[dict[str, Any]]) -> None:
    """The kinds of events that took most of the page's main thread, without what lies inside other kinds."""
    complete = [event for event in events if event.get("ph") == "X" and event.get("dur")]
    threads = Counter[tuple[int, int]]()
    for event in complete:
        threads[event["pid"], event["tid"]] += event["dur"] if event["name"] in ("ParseHTML", "EvaluateScript") else 0
    main_thread = threads.most_common(1)[0][0]
    own = Counter[str]()
    stack: list[dict[str, Any]] = []
    for event in sorted(complete, key=lambda each: (each["ts"], -each["dur"])):
        if (event["pid"], event["tid"]) != main_thread:
            continue
        while stack and stack[-1]["ts"] + stack[-1]["dur"] <= event["ts"]:
            stack.pop()
        if stack:
            own[stack[-1]["name"]] -= event["dur"]
        own[event["name"]] += event["dur"]
        stack.append(event)
    for name, microseconds in own.most_common(SHOWN):
        print(f"{microseconds / 1000:8.1f} ms {name}")


if __name__ == "__main__":
    main()
