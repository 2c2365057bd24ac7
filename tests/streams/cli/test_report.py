"""`retention report`: the week or the month on one page."""

import io
import re
import sys
from datetime import UTC, datetime, timedelta

import pytest

from streams.cli.group import run
from streams.local.ports import free_port

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
PERIODS = '[periods]\nzone = "Europe/Berlin"\nkinds = ["week", "month"]\n'


def order(number, age):
    return {
        "id": f"e{number}",
        "type": "order.placed",
        "time": (NOW - timedelta(days=age)).isoformat(),
        "customer_id": f"c{number % 5}",
        "order_id": f"o{number}",
        "amount": 1000,
        "currency": "USD",
    }


@pytest.fixture
def events(events_file):
    """Return a file with ten orders of five customers, of the two weeks before the present one."""
    return events_file(*(order(number, 4 + number) for number in range(10)))


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "retention.toml"
    path.write_text(PERIODS)
    return path


def test_week_of_files_is_reported_as_text(retention, events, config):
    result = retention("report", "--input", events, "--config", config, "--now", "2026-03-05T10:00:00Z")
    assert result.code == 0
    assert result.out.startswith("Week of 23 February 2026\n")
    assert "Net revenue was 70.00 USD" in result.out


def test_html_goes_to_the_output_file(retention, events, config, tmp_path):
    page = tmp_path / "week.html"
    arguments = ("--input", events, "--config", config, "--period", "2026-02", "--format", "html")
    result = retention("report", *arguments, "--output", page)
    assert (result.code, result.out) == (0, "")
    assert page.read_text().startswith("<!doctype html>\n")
    assert "<title>February 2026" in page.read_text()


def test_mail_has_its_recipient(retention, events, config):
    arguments = ("--input", events, "--config", config, "--format", "mail", "--to", "Boss <boss@example.com>")
    result = retention("report", *arguments)
    assert result.code == 0
    assert "\nTo: Boss <boss@example.com>\n" in result.out


@pytest.mark.parametrize("to", ["boss", "a@", "<@", "a@[", "a@b.c, d@e.f", "boss@example.com\nBcc: x@y.z"])
def test_text_that_is_not_one_address_is_exit_code_2(retention, to):
    assert retention("report", "--format", "mail", "--to", to).code == 2


def test_recipient_of_no_mail_is_exit_code_2(retention):
    assert retention("report", "--to", "boss@example.com").code == 2


def test_changes_of_a_window_of_files_are_known(retention, events):
    result = retention("report", "--input", events, "--period", "week")
    assert "compared with a week before" in result.out
    assert re.search(r"\nOrders +7 +3 ", result.out)


def test_rejected_lines_are_counted_in_the_exit_code(retention, events_file):
    result = retention("report", "--input", events_file(order(0, 1), b"no JSON"))
    assert result.code == 9
    assert "The last 7 days" in result.out


def test_worker_that_does_not_respond_is_exit_code_3(retention):
    result = retention("report", "--worker", f"http://127.0.0.1:{free_port()}")
    assert (result.code, result.out) == (3, "")
    assert result.err.startswith("retention: no worker responds at http://127.0.0.1:")


IMPOSSIBLE = ["2026-13", "2026-00", "2026-1", "2026-02-30", "0000", "\uff12026", "2026-10\n"]


@pytest.mark.parametrize("period", ["fortnight", "2026-13-01x", "", *IMPOSSIBLE])
def test_unknown_period_is_exit_code_2(retention, period):
    result = retention("report", "--period", period)
    assert result.code == 2
    assert "neither a kind" in result.err


def test_files_without_a_valid_event_are_an_error(retention, events_file):
    assert retention("report", "--input", events_file()).code == 1


@pytest.mark.parametrize("form", ["html", "mail"])
def test_file_on_standard_output_is_utf_8(events, form, monkeypatch):
    shown = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(shown, "latin-1", write_through=True))
    to = ("--to", "ann@example.org") if form == "mail" else ()
    assert run(["report", "--input", str(events), "--format", form, *to]) == 0
    assert "Retention" in shown.getvalue().decode()
