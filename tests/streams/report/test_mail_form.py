"""Test a report as a mail: a transfer agent changes nothing in it, and every client can show it."""

import email
import email.policy
from datetime import UTC, datetime

import pytest

from streams.report import mail_form
from tests.support.reports import report_of

AT = datetime(2026, 3, 5, 10, tzinfo=UTC)
#: Octets of a line that every transfer agent accepts (RFC 5321), and above which Gmail cuts a mail off.
LONGEST_LINE, LONGEST_BODY = 998, 102_000


@pytest.fixture(scope="module")
def written():
    return mail_form.write(report_of(), ["shop@example.com", "boss@example.com"], AT)


@pytest.fixture(scope="module")
def message(written):
    return email.message_from_string(written, policy=email.policy.default)


def html_of(message):
    return message.get_body(("html",)).get_content()


def test_mail_is_plain_ascii_in_short_lines(written):
    assert written.isascii()
    assert "\r" not in written
    assert max(map(len, written.splitlines())) <= LONGEST_LINE


def test_mail_names_its_recipients_and_the_result(message):
    assert message["To"] == "shop@example.com, boss@example.com"
    assert message["Date"].datetime == AT
    assert message["Subject"] == "Week of 23 February 2026: 60.0 % of customers stayed"


def test_mail_has_text_and_html_of_the_same_report(message):
    assert message.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        assert "360.00 USD" in message.get_body((kind,)).get_content()


def test_mail_draws_without_svg_images_or_scripts(message):
    html = html_of(message)
    assert not any(f"<{tag}" in html for tag in ("svg", "img", "script", "link"))
    assert html.count('class="block-retained"') >= 3
    assert len(html.encode()) < LONGEST_BODY


def test_bars_are_as_long_as_their_values(message):
    cells = html_of(message).split('<td class="block-retained"')[1:]
    assert 'width="100%"' in cells[0]


def test_mail_without_recipients_has_no_to():
    assert email.message_from_string(mail_form.write(report_of(), [], AT))["To"] is None
