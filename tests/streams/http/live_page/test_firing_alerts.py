"""Responses of Prometheus 3. tests/e2e/test_demo.py runs a real one."""

import asyncio
import json

import pytest
from aiohttp import web

from streams.http.live_page import firing_alerts
from streams.http.live_page.firing_alerts import Alerts
from streams.monitoring import alerting_files


def rule(name, *, severity="warning", state="firing", at="2026-06-30T12:00:00.5Z", runbook="http://r/#x"):
    return {
        "labels": {"alertname": name, "severity": severity, "team": "support", "priority": "high"},
        "annotations": {"summary": f"{name} is", "description": "so much", "runbook_url": runbook},
        "state": state,
        "activeAt": at,
        "value": "1e+00",
    }


def answer(*rules):
    return json.dumps({"status": "success", "data": {"alerts": rules}}).encode()


def test_alerts_are_sorted_by_severity_and_age():
    response = answer(
        rule("A", at="2026-06-30T12:00:02Z"),
        rule("B", at="2026-06-30T12:00:01.123456789Z"),
        rule("C", state="pending"),
        rule("D", severity="critical", at="2026-06-30T13:00:00+01:00"),
    )
    assert [alert.name for alert in firing_alerts.read(response)] == ["D", "B", "A"]
    [alert] = firing_alerts.read(answer(rule("A")))
    assert (alert.summary, alert.description, alert.team) == ("A is", "so much", "support")
    assert alert.since == 1782820800.5
    assert alert.runbook == "http://r/#x"


def names(*rules):
    return [alert.name for alert in firing_alerts.read(answer(*rules))]


@pytest.mark.parametrize(
    ("urgent", "other"),
    [
        ("RetentionResolutionBudgetBurning", "RetentionResolutionBudgetEroding"),
        ("RetentionChurnAboveCeiling", "RetentionChurnRising"),
    ],
)
def test_more_urgent_alert_inhibits_the_other(urgent, other):
    rules = (alerting_files.directory() / "rules" / "alerts.yml").read_text()
    assert all(f"alert: {name}\n" in rules for name in (urgent, other))
    critical, warning = rule(urgent, severity="critical"), rule(other)
    assert names(critical, warning) == [urgent]
    assert names(critical | {"state": "pending"}, warning) == [other]
    about_another = warning | {"labels": warning["labels"] | {"priority": "low"}}
    assert names(critical, about_another) == [urgent, other]
    assert names(critical, rule("RetentionNpsFalling")) == [urgent, "RetentionNpsFalling"]


def test_runbook_that_is_not_a_url_is_left_out():
    [alert] = firing_alerts.read(answer(rule("A", runbook="javascript:alert(1)")))
    assert alert.runbook == ""


def test_foreign_alert_may_lack_labels():
    bare = rule("A") | {"labels": {"alertname": "A"}, "annotations": {}}
    [alert] = firing_alerts.read(answer(bare))
    assert (alert.summary, alert.severity) == ("A", "")


@pytest.mark.parametrize("response", [b"", b"<html>", b"{}", b'{"data": {"alerts": [{}]}}'])
def test_invalid_response_raises_value_error(response):
    with pytest.raises(ValueError, match=r"."):
        firing_alerts.read(response)


async def test_polling_continues_after_errors(monkeypatch):
    monkeypatch.setattr(firing_alerts, "_POLL_SECONDS", 0.01)
    answers = [web.Response(body=answer(rule("A"))), web.Response(status=503), web.Response(body=b"?")]

    async def handler(_):
        return answers.pop(0) if answers else web.Response(body=answer(rule("B")))

    app = web.Application()
    app.router.add_get("/prefix/api/v1/alerts", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    watched = Alerts(f"http://127.0.0.1:{runner.addresses[0][1]}/prefix/")
    seen = []
    watched.start()
    try:
        async with asyncio.timeout(10):
            while seen[-1:] != [["B"]]:
                names = None if watched.firing is None else [alert.name for alert in watched.firing]
                if seen[-1:] != [names]:
                    seen.append(names)
                await asyncio.sleep(0.001)
        assert seen == [None, ["A"], None, ["B"]]
    finally:
        await watched.stop()
        await runner.cleanup()


async def test_without_a_url_nothing_is_polled():
    watched = Alerts(None)
    watched.start()
    await watched.stop()
    assert watched.firing is None
