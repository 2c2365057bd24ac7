"""Test the forms of a report: their content, and that every text is escaped."""

import re
from html.parser import HTMLParser

import pytest
from msgspec import structs

from models.definitions.definitions import Definitions
from models.definitions.segments import Segment
from streams.report import html_form, markdown_form, style, text_form
from streams.report.explanation import Explanation
from streams.report.numbers import Numbers
from streams.report.sections import Source
from streams.report.urgent import Urgent
from tests.support.partitions import DAY, NOW, Shop
from tests.support.reports import filled, numbers_of, report_of

FORMS = [text_form, markdown_form, html_form]
EVIL = '<script>alert("1 & 2")</script>|*_[x](y)'
#: Moves the cursor, and looks like a line of its own.
FORGED = "x\x1b[2J\nAll is well\r"
EXPLANATION = Explanation(
    title=EVIL, sentences=(EVIL,), by="country", terms=((EVIL, "1 %", "2 %", "+1 points", "0 points"),)
)


class Page(HTMLParser):
    """The elements, texts and attributes of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.texts.append(data)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_report_of_a_week_has_its_numbers_and_changes(form):
    text = form.write(report_of())
    assert "Week of 23 February 2026" in text
    assert "23 February to 1 March 2026" in text
    assert "60.0" in text  # 12 of 20 stayed
    assert "38.7\N{EN DASH}78.1 %" in text
    assert "360.00 USD" in text
    assert "First response by an agent too late" in text
    assert "Time to the second order" in text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_report_without_periods_is_about_a_window(form):
    text = form.write(report_of(Definitions(), period="month"))
    assert "The last 30 days" in text
    assert "No calendar months are configured" in text


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_number_that_does_not_exist_yet_is_no_data_yet(form):
    source = Source(now=numbers_of(Shop()), before=Numbers(()))
    text = form.write(report_of(source=source))
    assert "There is no data yet." in text
    assert "no data yet" in text
    assert "nan" not in text.lower()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_alerts_of_prometheus_take_the_place_of_thresholds(form):
    fires = report_of(alerts=[Urgent("page", "Parcels are late", "Forty of them.")])
    assert "Parcels are late" in form.write(fires)
    assert "No alert fires in Prometheus" in form.write(report_of(alerts=[])).replace("\\", "")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_numbers_before_catching_up_have_a_notice(form):
    numbers = numbers_of(filled(Shop()))
    behind = Numbers([*numbers.metrics(), *(replaced(metric) for metric in numbers.metrics())])
    assert "still catching up" in form.write(report_of(source=Source(now=behind, before=Numbers(()))))


def replaced(metric):
    """Return the record that says that the workers are catching up."""
    return type(metric)(metric="retention_caught_up", labels={}, value=0.0, as_of=metric.as_of)


def test_html_escapes_every_text():
    report = report_of(explanations=[EXPLANATION], alerts=[Urgent(EVIL, EVIL, EVIL)], notices=[EVIL])
    page = Page(html_form.write(report))
    assert "script" not in page.tags
    assert sum(EVIL.lower() in text.lower() for text in page.texts) >= 6


def test_markdown_escapes_every_text():
    report = report_of(explanations=[EXPLANATION], alerts=[Urgent(EVIL, EVIL, EVIL)], notices=[EVIL])
    text = markdown_form.write(report)
    assert "<script>" not in text
    assert "[x](y)" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} <= {6, 9}


@pytest.mark.parametrize("form", [text_form, markdown_form], ids=lambda form: form.__name__)
def test_text_of_others_forges_no_line(form):
    explanation = structs.replace(EXPLANATION, title=FORGED, sentences=(FORGED,), terms=((FORGED,) * 5,))
    text = form.write(report_of(explanations=[explanation], alerts=[Urgent(*[FORGED] * 3)], notices=[FORGED]))
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line.lower().startswith("all is well")]


def test_html_refers_to_no_other_file():
    text = html_form.write(report_of())
    page = Page(text)
    assert not {"script", "img", "link", "iframe", "a"} & set(page.tags)
    assert page.tags.count("svg") == 5  # the mark, and four pictures
    assert not [value for name, value in page.attributes if name in {"href", "src"}]
    assert re.findall(r"https?://[^\"]+|url\(", text) == ["http://www.w3.org/2000/svg"] * 4


def test_every_styled_class_has_its_colours_in_the_dark_too():
    dark = style.sheet().partition("(max-width")[0]
    for name, declarations in style.CLASSES.items():
        if "[" in declarations:
            assert f".{name}{{" in dark


def test_rare_columns_and_tiles_have_a_phone_style():
    text = html_form.write(report_of())
    for name in ("tile", "half", "rare", "panel"):
        assert f".{name}{{" in text.partition("max-width:")[2]
        assert re.search(rf'class="[^"]*\b{name}\b', text)


@pytest.mark.parametrize("referrer", [None, "zoe"])
def test_referred_customers_have_a_figure_beside_others(referrer):
    definitions = Definitions(
        segments=(Segment(name="friends", origin="referred"),), segment_windows=("7d",), min_cell=1
    )
    shop = filled(Shop(definitions))
    shop.order("o3", NOW - 10 * DAY, customer="customer 0")
    shop.order("o1", NOW - 10 * DAY, customer="friend", referrer=referrer)
    customers = report_of(source=Source(now=numbers_of(shop), before=Numbers(()))).sections[0]
    found = {figure.title: figure.value for figure in customers.figures if "who stayed" in figure.title}
    of_segment = {"Referred customers who stayed": "0.0 %", "Others who stayed": "100.0 %"}
    assert found == {"Customers who stayed": "50.0 %"} | (of_segment if referrer else {})


def test_shop_without_tickets_has_nothing_about_support():
    shop = Shop()
    shop.order("o1", NOW - 2 * DAY)
    report = report_of(source=Source(now=numbers_of(shop), before=Numbers(())))
    assert [section.title for section in report.sections] == ["Customers", "Orders and money"]
    assert "too late" not in text_form.write(report)


def test_trend_begins_with_the_first_customer():
    assert [row.label for row in report_of().trend] == ["16 Feb", "23 Feb"]


def test_running_period_is_not_compared_with_a_whole_one():
    report = report_of(period="2026-03")
    orders = next(one for section in report.sections for one in section.figures if one.title == "Orders")
    assert (orders.change, orders.judgement) == ("not compared", "none")
    assert report.notices == ["The month is not over: its numbers so far are not compared with a whole one."]
    assert report.subtitle == "As of 5 March 2026, 10:00 UTC"
