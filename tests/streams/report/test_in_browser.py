"""A report in a real browser: no part is wider than the screen, and it is accessible."""

import pytest

from streams.report import bars, html_form
from streams.report.urgent import Urgent
from tests.streams.report.test_forms import EXPLANATION
from tests.support.browser import Browser
from tests.support.reports import report_of

pytestmark = [pytest.mark.program("chromium|google-chrome|chrome", "chromedriver"), pytest.mark.timeout(300)]


@pytest.fixture
def browser(tmp_path):
    running = Browser(tmp_path / "profile")
    yield running
    running.close()


def test_page_fits_every_screen_and_is_accessible(browser, tmp_path):
    page, mailed = tmp_path / "week.html", tmp_path / "mail.html"
    alerts = [Urgent("critical", "Parcels are late", "Forty."), Urgent("warning", "Churn rises", "By 2 %.")]
    report = report_of(explanations=[EXPLANATION], alerts=alerts, notices=["Old."])
    page.write_text(html_form.write(report))
    mailed.write_text(html_form.write(report, bars))
    for scheme in ("light", "dark"):
        browser.prefer(color_scheme=scheme)
        for width, shown in ((375, page), (820, page), (375, mailed)):
            browser.size(width, 900)
            browser.driver.get(shown.as_uri())
            assert browser.violations() == [], (scheme, width, shown.name)
            assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.messages() == []
