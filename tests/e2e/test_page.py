"""The live page in a real browser shows the numbers that real workers export, also while workers fail."""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.schedules import Schedule
from models.partition.metadata import ClockJump
from streams.config.load import load
from streams.config.missing_token import MissingToken, missing_token_of
from streams.http.live_page.routes import LivePage
from tests.support.browser import Browser
from tests.support.cli_calls import delete_all
from tests.support.cluster import Cluster
from tests.support.deployment import CAUGHT_UP, Deployment
from tests.support.events import END, history, order
from tests.support.http_server import listening
from tests.support.live_page import Worker, churn, cohort_ages, first_response, number, rate
from tests.support.schedules import weekdays
from tests.support.strategies import ANCHOR, DAY, HOUR
from tests.support.worker_process import Metrics, WorkerProcess

pytestmark = [pytest.mark.program("chromium|google-chrome|chrome", "chromedriver"), pytest.mark.timeout(300)]

LABEL = re.compile(r'(\w+)="([^"]*)"')
OUTSIDE = "retention_opened_outside_hours_ratio"
WINDOWS = ("7d", "30d", "90d", "365d")
SHOWN = """
return [...document.querySelectorAll("data[data-series]")].map((node) =>
  [node.dataset.series, node.dataset.part, node.getAttribute("value"), node.textContent])
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory) -> Iterator[Browser]:
    running = Browser(tmp_path_factory.mktemp("chromium") / "profile")
    yield running
    running.close()


@pytest.fixture
def browser(chromium) -> Browser:
    chromium.renew()
    return chromium


@pytest.fixture(scope="module")
def deployment(embedded_kafka, tmp_path_factory) -> Iterator[Deployment]:
    """Return a worker that has read a history. In event mode its numbers change only with the next event.

    Each test leaves one worker and its events to the next one.
    """
    asyncio.run(delete_all(embedded_kafka.bootstrap))
    workers = Deployment(Cluster(embedded_kafka), "page", tmp_path_factory.mktemp("page"))
    asyncio.run(caught_up(workers))
    yield workers
    workers.close()


async def caught_up(workers: Deployment) -> None:
    events = history(5, size=1000)
    await workers.started(1)
    await workers.cluster.produce(events)
    await workers.equal(events)


@pytest.fixture
def worker(deployment) -> WorkerProcess:
    [running] = deployment.alive
    return running


@pytest.fixture
def page(browser, worker) -> Browser:
    browser.driver.get(f"http://127.0.0.1:{worker.port}/")
    live(browser)
    return browser


def live(browser: Browser) -> None:
    browser.until(lambda: browser.text("#link-text") == "Live", "the page is live")


def choose(page: Browser, fieldset: str, window: str) -> None:
    page.run("document.querySelector(arguments[0]).click()", f'#{fieldset} input[value="{window}"]')


def exported(metrics: Metrics, key: str, part: str) -> float:
    name, _, labels = key.partition("{")
    if part == "1" and not name.endswith("responses"):
        name = name.removesuffix("_ratio") + "_denominator"
    return metrics.get((name, frozenset(LABEL.findall(labels))), math.nan)


def wrong(page: Browser, metrics: Metrics) -> list[str]:
    """Return the numbers on the page that differ from /metrics."""
    shown = page.run(SHOWN)
    assert len(shown) > 80
    return [
        f"{key} part {part}: shown {value!r} ({text}), exported {expected}"
        for key, part, value, text in shown
        if repr(float(value or "nan")) != repr(expected := exported(metrics, key, part))
    ]


async def agrees(page: Browser, worker: WorkerProcess) -> None:
    metrics = await worker.metrics()
    assert metrics
    page.until(lambda: not wrong(page, metrics), f"all equal: {wrong(page, metrics)[:5]}", 20)


async def test_page_values_equal_the_exported_ones_in_every_window(page, worker):
    for window in WINDOWS:
        choose(page, "windows", window)
        choose(page, "support-windows", window)
        await agrees(page, worker)
    for window in ("1h", "24h"):
        choose(page, "support-windows", window)
        await agrees(page, worker)
    assert page.messages() == []
    shows_the_values(page, await worker.metrics())


def shows_the_values(page: Browser, metrics: Metrics) -> None:
    for window in WINDOWS:
        rate = metrics["retention_rate_ratio", frozenset({("window", window), ("method", "cohort")})]
        key = f'retention_rate_ratio{{method="cohort",window="{window}"}}'
        text = page.run(
            "return document.querySelector(`.big data[data-series=${CSS.escape(arguments[0])}]`).textContent",
            key,
        )
        assert float(text.removesuffix("%")) == pytest.approx(100 * rate, abs=0.0501)


async def test_page_shows_changes_without_a_reload(page, worker, deployment):
    page.run("window.mark = true")
    orders = ".stat dd data[data-series^='retention_orders']"
    before = int(page.run("return document.querySelector(arguments[0]).value", orders))
    await deployment.cluster.produce([order(f"late-{n}", f"late-{n}", END + n + 1) for n in range(3)])
    page.until(
        lambda: int(page.run("return document.querySelector(arguments[0]).value", orders)) == before + 3,
        "three more orders",
    )
    await agrees(page, worker)
    assert page.run("return window.mark")


async def test_page_survives_a_restart_of_the_worker(page, worker, deployment):
    page.run("window.mark = true")
    before = page.run(SHOWN)
    worker.kill()
    page.until(lambda: page.text("#link-text").startswith("Disconnected"), "the page notices")
    assert page.text("#announcement")
    assert page.run(SHOWN) == before, "the last numbers stay"
    again = deployment.start(RETENTION_PORT=str(worker.port))
    again.port = worker.port
    await deployment.owning()
    live(page)
    await agrees(page, again)
    await deployment.cluster.produce([order("after", "after", END + 1)])
    orders = "return Number(document.querySelector(\"data[data-series^='retention_orders']\").value)"
    [known] = [float(value) for key, _, value, _ in before if key == 'retention_orders{window="30d"}']
    page.until(lambda: page.run(orders) == known + 1, "one more order")
    assert page.run("return window.mark"), "it was not reloaded"


async def test_every_worker_serves_the_same_page(browser, deployment):
    deployment.start()
    await deployment.sharing()
    [metrics] = [found for found in await deployment.scrape() if CAUGHT_UP in found]
    for each in deployment.alive:
        browser.driver.get(f"http://127.0.0.1:{each.port}/")
        live(browser)
        browser.until(lambda: not wrong(browser, metrics), f"{each.name} shows the same")
    assert await deployment.alive[0].stop() == 0
    await deployment.owning()


@asynccontextmanager
async def served(
    worker: Worker, definitions: Definitions | None = None, **options: Any
) -> AsyncIterator[tuple[LivePage, str]]:
    """Serve the page of a worker in this process. Yield the page and its URL."""
    kafka = {"bootstrap_servers": "127.0.0.1:1"}
    page = LivePage(worker, kafka, definitions or Definitions(), "event", **options)
    app = web.Application()
    page.add_to(app)
    async with listening(app) as url:
        yield page, f"{url}/"


async def test_page_shows_skipped_records_and_clock_jumps(browser):
    worker = Worker()
    async with served(worker) as (_, url):
        await asyncio.to_thread(browser.driver.get, url)
        await asyncio.to_thread(shows_records_without_customer, browser, worker)
        await asyncio.to_thread(shows_the_clock_jump, browser, worker)
        worker.counters.latency.observe(301.0, 5)
        shown = "Latency, 99%\nover 5 min"
        await asyncio.to_thread(browser.until, lambda: shown in stats(browser), "a latency over all")


async def test_page_colours_churn_near_and_above_its_ceiling(browser):
    level = "return document.querySelector('.churn').dataset.level"
    async with served(Worker()) as (page, url):
        page._metrics_view.complete = True
        for value, expected in ((0.74, ""), (0.76, "watch"), (0.81, "alarm")):
            page._metrics_view.series.apply([churn(value)])
            await asyncio.to_thread(browser.driver.get, url)
            await asyncio.to_thread(
                browser.until,
                lambda text=f"{value:.1%}", expected=expected: (
                    text in browser.text(".churn") and browser.run(level) == expected
                ),
                f"{value} is {expected!r}",
            )


@pytest.mark.parametrize("hours", [{}, {"support": weekdays(), "night": weekdays("00:00-06:00")}])
async def test_page_shows_open_time_if_support_has_hours(
    browser: Browser, hours: dict[str, Schedule]
) -> None:
    definitions = Definitions(schedules=hours, sla=dict.fromkeys(PRIORITIES, (8 * 3600, 72 * 3600)))
    clocks = {"calendar": 65 * 3600, "business": 2 * 3600} if hours else {"calendar": 65 * 3600}
    async with served(Worker(), definitions) as (page, url):
        page._metrics_view.series.apply([
            *(first_response(clock, value) for clock, value in clocks.items()),
            *(number("retention_support_open", int(name == "night"), schedule=name) for name in hours),
            *(number(OUTSIDE, len(name) / 10, schedule=name, window="7d") for name in hours),
            number("retention_tickets_paused", 3, priority="high"),
        ])  # fmt: skip
        page._metrics_view.complete = True
        await asyncio.to_thread(browser.driver.get, url)
        await asyncio.to_thread(shows_open_time, browser, hours=bool(hours))
        for width in (360, 1280):
            browser.size(width, 800)
            assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.messages() == []


async def test_page_shows_the_curves_of_configured_cohorts(browser):
    for cohorts in (None, CohortDefinitions(brackets=("7d", "30d", "90d"))):
        async with served(Worker(), Definitions(cohorts=cohorts)) as (page, url):
            page._metrics_view.series.apply(cohort_ages((3, 3, 9), (4, 6, 7), (0, 0, 0), eligible=(10, 8, 0)))
            page._metrics_view.complete = True
            await asyncio.to_thread(browser.driver.get, url)
            await asyncio.to_thread(browser.until, lambda: "retention" in browser.text("#version"), "shown")
            assert browser.run("return document.querySelector('#cohorts').hidden") == (cohorts is None)
            if cohorts is not None:
                await asyncio.to_thread(shows_curves, browser)


async def test_page_of_an_exposed_worker_has_a_warning(browser):
    missing_token = missing_token_of(load({"host": "0.0.0.0"}, {}))
    for shown in (missing_token, None):
        async with served(Worker(), missing_token=shown) as (page, url):
            page._metrics_view.series.apply([rate(0.5)])
            page._metrics_view.complete = True
            await asyncio.to_thread(shows_missing_token, browser, url, shown)


def shows_curves(page: Browser) -> None:
    """Check the numbers of the latest period that is over for a customer, and the table of the curves."""
    ratios = ["in the period\n50.0%", "by its end\n75.0%", "in it or later\n87.5%"]
    assert stats(page, "#cohorts") == [*ratios, "customers\n8 at 7\u201330\u00a0d"]
    page.run("document.querySelector('#cohorts summary').click()")
    rows = "return [...document.querySelectorAll('#cohorts tr')].map((row) => row.innerText)"
    page.until(lambda: len(page.run(rows)) == 3, "the table")
    assert page.run(rows) == [
        "period\tcustomers\tin the period\tby its end\tin it or later",
        "0\u20137\u00a0d\t10\t30.0%\t30.0%\t90.0%",
        "7\u201330\u00a0d\t8\t50.0%\t75.0%\t87.5%",
    ]
    assert page.run("return document.querySelectorAll('#cohorts canvas').length") == 1
    for scheme, width in (("light", 1280), ("dark", 360)):
        page.prefer(color_scheme=scheme)
        page.size(width, 800)
        assert page.run("return document.documentElement.scrollWidth") <= width
    assert page.violations() == []
    assert page.messages() == []


def shows_missing_token(browser: Browser, url: str, missing_token: MissingToken | None) -> None:
    browser.driver.get(url)
    browser.until(lambda: "retention" in browser.text("#version"), "the snapshot has arrived")
    assert browser.text("#missing-token") == (
        f"{missing_token.what}; {missing_token.advice}" if missing_token else ""
    )
    assert browser.run("return document.querySelector('#missing-token').hidden") == (missing_token is None)
    for width in (360, 1280):
        browser.size(width, 800)
        assert browser.run("return document.documentElement.scrollWidth") <= width


def shows_open_time(browser: Browser, *, hours: bool) -> None:
    row = "high8 h2 h" if hours else "high8 h2.7 d"
    browser.until(lambda: row in browser.text("#support"), row)
    assert ("high72 h" if hours else "high3 d") in browser.text("#support")
    shown = stats(browser, "#support")
    assert "Waiting for the customer\n3" in shown
    assert ("Support\nopen: night" in shown) == hours
    choose(browser, "support-windows", "7d")
    outside = [each for each in stats(browser, "#support") if each.startswith("Opened outside hours")]
    named = ["Opened outside hours, support\n70.0%", "Opened outside hours, night\n50.0%"]
    assert outside == (named if hours else [])
    assert any("Next response" in each for each in shown) is False, "no such target is configured"


def stats(browser: Browser, panel: str = "#pipeline") -> list[str]:
    """Return the names and values of the statistics in a panel of the page."""
    shown = f"[...document.querySelectorAll('{panel} .stat:not([hidden])')].map((one) => one.innerText)"
    return list(browser.run(f"return {shown}"))


def explanation(browser: Browser, name: str) -> str:
    """Return the explanation of one of the worker's statistics."""
    terms = browser.driver.find_elements(By.CSS_SELECTOR, "#pipeline .term")
    browser.run("arguments[0].focus()", next(term for term in terms if term.text == name))
    return browser.text("#tip")


def shows_records_without_customer(browser: Browser, worker: Worker) -> None:
    worker.counters.events("orders", 100)
    browser.until(lambda: "Events read\n100" in stats(browser), "what the worker has read")
    assert not [stat for stat in stats(browser) if "No customer id" in stat], "no topic is mapped"
    for topic, count in (("shop.orders", 30), ("shop.tickets", 0)):
        worker.counters.events(topic, 200)
        worker.counters.count_without_customer(topic, count)
    browser.until(lambda: "No customer id\n7.5%" in stats(browser), "the share")
    for width in (360, 820, 1280):
        browser.size(width, 800)
        assert browser.run("return document.documentElement.scrollWidth") <= width
    assert explanation(browser, "No customer id").endswith(": shop.orders 30 of 200, shop.tickets 0 of 200")


def shows_the_clock_jump(browser: Browser, worker: Worker) -> None:
    assert not [stat for stat in stats(browser) if "Clock jump" in stat]
    worker.counters.clock_jump = ClockJump("orders", 3, 1700, ANCHOR, ANCHOR + 400 * DAY)
    line = "Clock jump\n2026-03-05 to 2027-04-09, by orders-3 at 1,700"
    browser.until(lambda: line in stats(browser), "the clock jump")
    assert explanation(browser, "Clock jump") == (
        "The record at offset 1,700 of orders-3 moved the clock of the event times by 400 days,"
        " from 2026-03-05 to 2027-04-09."
    )


def test_page_is_accessible_in_both_themes_and_at_both_sizes(page):
    for summary in page.driver.find_elements(By.CSS_SELECTOR, "section:not([hidden]) summary"):
        summary.click()
    for scheme, background in (("light", "rgb(246, 247, 249)"), ("dark", "rgb(12, 14, 19)")):
        page.prefer(color_scheme=scheme, reduced_motion="reduce")
        assert page.run("return getComputedStyle(document.body).backgroundColor") == background
        for width in (360, 820, 1280):
            page.size(width, 800)
            assert page.run("return document.documentElement.scrollWidth") <= width
            assert page.violations() == [], (scheme, width)
    assert page.messages() == []


async def test_page_is_usable_by_keyboard(page, deployment):
    await deployment.cluster.produce([order("another", "another", END + HOUR)])  # the past has two moments
    reaches_the_window(page)
    explains_every_number(page)
    shows_a_chart_as_a_table(page)


def reaches_the_window(page: Browser) -> None:
    focused = "return document.activeElement.closest('#windows') && document.activeElement.value"
    body = page.driver.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert page.run("return document.activeElement.textContent") == "Skip to the numbers"
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert page.run(focused) == "30d"
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.run(focused) == "90d"
    assert page.text("#flow-title").endswith("90d")
    assert (
        page.run("return document.querySelector('#orders data').dataset.series")
        == 'retention_orders{window="90d"}'
    )
    page.driver.refresh()
    live(page)
    assert page.text("#flow-title").endswith("90d"), "the choice outlives a reload"


def explains_every_number(page: Browser) -> None:
    terms = page.driver.find_elements(By.CSS_SELECTOR, ".term")
    assert len(terms) > 50
    for term in terms:
        if not term.is_displayed():
            continue
        page.run("arguments[0].focus()", term)
        assert term.get_attribute("aria-describedby") == "tip", term.text
        assert len(page.text("#tip")) > 20, term.text
    page.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert page.run("return document.getElementById('tip').hidden")
    page.run("arguments[0].focus()", terms[0])
    assert "Customers who stayed, of those active a window ago." in page.text("#tip")


def shows_a_chart_as_a_table(page: Browser) -> None:
    page.run("document.querySelector('#support summary').focus()")
    page.driver.switch_to.active_element.send_keys(Keys.ENTER)
    page.until(
        lambda: len(page.driver.find_elements(By.CSS_SELECTOR, "#support details tbody tr")) > 1, "rows"
    )
    heads = [head.text for head in page.driver.find_elements(By.CSS_SELECTOR, "#support details thead th")]
    assert heads == ["time", "median", "90th percentile"]
    assert page.run("return document.querySelector('#support canvas').closest('[aria-hidden=true]') !== null")
