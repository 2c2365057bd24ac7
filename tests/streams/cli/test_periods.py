"""`retention periods` without Kafka; with workers: tests/e2e/test_periods.py."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from models.contract.messages import ClosedPeriod, Metric
from models.definitions.definitions import Definitions
from models.definitions.periods import PERIOD_KINDS, PeriodDefinitions
from streams.cli.group import run
from streams.errors import RetentionError
from streams.kafka.outbox import Outgoing
from streams.operations import erasure, periods
from streams.rollup.closed_periods import ClosedPeriods
from streams.rollup.protocol import Reopening
from tests.support.closed_periods import Evaluation, at

EVERY = Definitions(periods=PeriodDefinitions(kinds=PERIOD_KINDS))


class Workers:
    """The topics as workers leave them: October and its weeks are closed, and it is 5 November."""

    def __init__(self, now="2026-11-05"):
        self.closed = ClosedPeriods("retention", EVERY)
        self.now = now
        self.records = self.closed.close(self.evaluation(7), at("2026-10-01"))
        self.metrics = [as_now(9)]
        self.running = True
        self.requests = []

    def evaluation(self, lost):
        return Evaluation(self.now, lost=lost, definitions=EVERY)

    async def topic(self, _settings, topic):
        return {"retention.periods": self.records, "retention.metrics": self.metrics}[topic]

    async def receive(self, _settings, request):
        self.requests.append(request)
        if self.running:
            self.records += self.closed.reopen(request)
            self.records += self.closed.close(self.evaluation(9), at("2026-11-04"))


def as_now(value):
    labels = {"kind": "month", "period": "2026-10", "basis": "as_now", "set": "lost"}
    metric = Metric(metric="retention_period_customers", labels=labels, value=value, as_of=datetime.now(UTC))
    return Outgoing(b"series", msgspec.json.encode(metric))


@pytest.fixture
def workers(monkeypatch):
    workers = Workers()

    async def now(*_):
        return datetime(2026, 11, 5, tzinfo=UTC)

    monkeypatch.setattr(periods, "_records", workers.topic)
    monkeypatch.setattr(periods, "_send", workers.receive)
    monkeypatch.setattr(periods, "_POLL_SECONDS", 0.0)
    monkeypatch.setattr(erasure, "event_time", now)
    return workers


@pytest.fixture
def ask(workers, tmp_path, capsys):
    """Return a way to run a command, with the topics of the workers."""
    del workers
    config = tmp_path / "retention.toml"
    config.write_text('[periods]\nkinds = ["week", "month", "quarter", "year"]\n')

    def ask(*arguments, configured=config):
        code = run(["periods", *arguments, *(("--config", str(configured)) if configured else ())])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return ask


def test_frozen_versions_are_listed_by_kind(ask):
    code, out, err = ask("list")
    assert (code, err) == (0, "4 frozen versions\n")
    assert [line.split()[:3] for line in out.splitlines() if "2026-11-05 00:00" in line] == [
        ["week", "2026-10-26", "1"],
        ["month", "2026-10", "1"],
        ["quarter", "2026-Q3", "1"],
        ["year", "2025", "1"],
    ]
    assert ask("list", "--kind", "month")[2] == "1 frozen version\n"


def test_list_as_json_has_the_records(ask, workers):
    _, out, _ = ask("list", "--json")
    decode = msgspec.json.Decoder(ClosedPeriod).decode
    found = {decode(line).period: decode(line) for line in out.splitlines()}
    assert found == {decode(record.value).period: decode(record.value) for record in workers.records}


def test_month_is_shown_with_its_difference(ask):
    code, out, _ = ask("show", "2026-10")
    assert code == 0
    rows = [line.split() for line in out.splitlines()]
    assert ["customers,", "lost", "7", "9", "2"] in rows


def test_record_of_another_program_does_not_matter(ask, workers):
    workers.metrics = [Outgoing(b"junk", b"junk"), Outgoing(b"gone", None), *workers.metrics]
    workers.records = [Outgoing(b"junk", b"junk"), *workers.records]
    code, out, _ = ask("show", "2026-10")
    assert (code, "customers, lost" in out) == (0, True)


def test_month_that_is_not_published_is_shown_without_difference(ask, workers):
    workers.metrics = []
    code, _, err = ask("show", "2026-10")
    assert (code, err) == (
        0,
        "month 2026-10 is not exported any more: no values as known now.\n",
    )


def test_reopened_month_has_two_versions(ask, workers):
    assert ask("reopen", "2026-10", "--because", "stolen card")[:2] == (
        0,
        "froze month 2026-10 as version 2\n",
    )
    assert workers.requests == [Reopening("month", "2026-10", 2, "stolen card")]
    _, out, _ = ask("show", "2026-10")
    assert "stolen card" in out
    assert ["customers,", "lost", "7", "9", "9", "0"] in [line.split() for line in out.splitlines()]
    _, out, _ = ask("reopen", "2026-10", "--because", "again", "--json")
    assert (json.loads(out)["version"], json.loads(out)["because"]) == (3, "again")


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("2026-11", "month 2026-11 is still running", "it closes at 2026-12-04 00:00 UTC"),
        ("2026-12", "month 2026-12 has not begun", "it closes at 2027-01-04 00:00 UTC"),
        ("2026-10-27", "'2026-10-27' is not the name of a period", "a week is its first date"),
        ("2026-13", "'2026-13' is not the name of a period", "2026-10-05 or 2026-10"),
        ("2026-1", "'2026-1' is not the name of a period", "2026-10-05 or 2026-10"),
        ("2026-10\n", "'2026-10\\n' is not the name of a period", "2026-10-05 or 2026-10"),
        ("\x1b[2J\udce9", "'\\x1b[2J\\udce9' is not the name of a period", "2026-10-05 or 2026-10"),
        ("9999-12", "'9999-12' is not the name of a period", "2026-10-05 or 2026-10"),
        ("october", "'october' is not the name of a period", "2026-10-05 or 2026-10 or 2026-Q4 or 2026"),
        ("2026-08", "month 2026-08 was not closed by group retention", "when they have caught up"),
    ],
)
@pytest.mark.parametrize("action", ["show", "reopen"])
def test_period_without_a_frozen_version_is_an_error(ask, workers, action, name, error, hint):
    because = ("--because", "why") if action == "reopen" else ()
    code, out, err = ask(action, name, *because)
    assert (code, out, workers.requests) == (1, "", [])
    assert err.startswith(f"retention: {error}\n")
    assert hint in err


def test_period_over_and_not_closed_names_its_close(ask, monkeypatch):
    async def now(*_):
        return datetime(2026, 11, 10, tzinfo=UTC)

    monkeypatch.setattr(erasure, "event_time", now)
    _, _, err = ask("show", "2026-11-02")
    assert "week 2026-11-02 is over and not closed yet\n  it closes at 2026-11-12 00:00 UTC" in err


def test_second_request_while_one_waits_is_an_error(ask, workers):
    workers.records += workers.closed.reopen(Reopening("month", "2026-10", 2, "first"))
    code, _, err = ask("reopen", "2026-10", "--because", "second")
    assert (code, workers.requests) == (1, [])
    assert "is already being reopened as version 2: first" in err


def test_two_requests_at_one_moment_name_the_first(ask, workers, monkeypatch):
    async def receive(settings, request):
        await workers.receive(settings, msgspec.structs.replace(request, because="theirs"))

    monkeypatch.setattr(periods, "_send", receive)
    code, _, err = ask("reopen", "2026-10", "--because", "mine")
    assert code == 1
    assert "reopened by another request at the same moment: theirs" in err


def test_workers_that_do_not_freeze_in_time_are_an_error(ask, workers, monkeypatch):
    workers.running = False
    monkeypatch.setattr(periods, "TIMEOUT_SECONDS", 0.05)
    code, _, err = ask("reopen", "2026-10", "--because", "why")
    assert code == 1
    assert "the workers did not freeze version 2 of 2026-10 within 0 s" in err


def test_reason_is_one_line_without_control_characters(ask, workers):
    code, out, _ = ask("reopen", "2026-10", "--because", "one\n\x1b[2Jtwo\t")
    assert (code, workers.requests[0].because) == (0, "one \x1b[2Jtwo")
    _, out, _ = ask("show", "2026-10")
    assert "one ·[2Jtwo" in out


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ((), "Missing option '--because'"),
        (("--because", " \n"), "the reason is empty"),
        (("--because", "x" * 1_001), "1001 characters are more than 1000"),
        (("--because", "caf\udce9"), "the reason is not UTF-8"),
    ],
)
def test_invalid_reason_is_an_error(ask, workers, reason, problem):
    code, _, err = ask("reopen", "2026-10", *reason)
    assert (code, workers.requests, problem in err) == (2, [], True)


def test_shop_without_periods_is_an_error(ask):
    code, _, err = ask("list", configured=None)
    assert code == 1
    assert err == (
        "retention: no periods are closed\n"
        "  list their kinds in the configuration: `kinds` in the table [periods]\n"
    )


def test_missing_broker_is_an_error(tmp_path, capsys):
    config = tmp_path / "retention.toml"
    config.write_text('[periods]\nkinds = ["month"]\n')
    for arguments in (["list"], ["show", "2026-10"], ["reopen", "2026-10", "--because", "why"]):
        code = run(["periods", *arguments, "--config", str(config), "--broker", "127.0.0.1:1"])
        assert code == 3
        assert "127.0.0.1:1" in capsys.readouterr().err


def test_period_error_is_one_that_a_user_can_correct():
    assert issubclass(periods.UnknownPeriod, RetentionError)
