"""The alerts that fire in a Prometheus, for the live page and the demo."""

import asyncio
import contextlib
import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

_POLL_SECONDS = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
_SEVERITIES: Final = ("critical", "warning")
#: End of an alert's name, and of the more urgent alert that inhibits it (prometheus/alertmanager.yml).
_INHIBITED_BY: Final = {"BudgetEroding": "BudgetBurning", "ChurnRising": "ChurnAboveCeiling"}


class Alert(Struct, frozen=True):
    """One alert that fires.

    Attributes:
        name: name of the rule.
        severity: `critical` pages a person, `warning` waits for the working day.
        team: team that handles it.
        summary: the problem in one line.
        description: the problem with its numbers.
        since: time since which it fires, seconds since the epoch.
        runbook: URL of its section in the runbook; empty without one.
    """

    name: str
    severity: str
    team: str
    summary: str
    description: str
    since: float
    runbook: str


class _Rule(Struct):
    state: str
    labels: dict[str, str]
    annotations: dict[str, str]
    active_at: datetime = msgspec.field(name="activeAt")


class _Rules(Struct):
    alerts: list[_Rule]


class _Answer(Struct):
    data: _Rules


_decode: Final = msgspec.json.Decoder(_Answer).decode


def read(answer: bytes) -> list[Alert]:
    """Return the firing alerts, most urgent first.

    As in Alertmanager, an alert is left out if a more urgent one with the same labels fires.

    Args:
        answer: body of a response of `/api/v1/alerts`.

    Raises:
        ValueError: the body is not such a response.
    """
    firing = [rule for rule in _decode(answer).data.alerts if rule.state == "firing"]
    identities = {_labels(rule) for rule in firing}
    shown = [_alert(rule) for rule in firing if not _is_inhibited(rule, identities)]
    return sorted(shown, key=lambda alert: (_rank(alert), alert.since, alert.name, alert.summary))


def _is_inhibited(rule: _Rule, firing: Collection[frozenset[tuple[str, str]]]) -> bool:
    name = rule.labels.get("alertname", "")
    return any(
        _labels(rule, name.removesuffix(end) + urgent) in firing
        for end, urgent in _INHIBITED_BY.items()
        if name.endswith(end)
    )


def _labels(rule: _Rule, name: str | None = None) -> frozenset[tuple[str, str]]:
    """Return the labels of an alert without its severity, under another name if given."""
    labels = rule.labels | ({"alertname": name} if name else {})
    return frozenset((label, value) for label, value in labels.items() if label != "severity")


def _alert(rule: _Rule) -> Alert:
    labels, annotations = rule.labels, rule.annotations
    name = labels.get("alertname", "")
    return Alert(
        name=name,
        severity=labels.get("severity", ""),
        team=labels.get("team", ""),
        summary=annotations.get("summary", name),
        description=annotations.get("description", ""),
        since=rule.active_at.timestamp(),
        runbook=_runbook(annotations),
    )


def _rank(alert: Alert) -> int:
    return _SEVERITIES.index(alert.severity) if alert.severity in _SEVERITIES else len(_SEVERITIES)


def _runbook(annotations: Mapping[str, str]) -> str:
    """Return the URL of an alert's runbook, empty unless it is one that a link may have."""
    address = annotations.get("runbook_url", "")
    return address if address.startswith(("http://", "https://")) else ""


class Alerts:
    """Polls a Prometheus for its firing alerts.

    Args:
        url: URL of the Prometheus. None polls nothing.

    Attributes:
        firing: the alerts that fire. None while Prometheus does not respond.
        known: whether Prometheus has responded at least once.
        url: URL of the Prometheus.
    """

    def __init__(self, url: str | None) -> None:
        self.firing: list[Alert] | None = None
        self.known = False
        self.url = url
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start to poll in the background. No failure ends it."""
        if self.url is not None:
            self._task = asyncio.create_task(self._run(self.url))

    async def stop(self) -> None:
        """Stop polling Prometheus."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, url: str) -> None:
        reachable = True  # logged once, when it changes to False
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                try:
                    self.firing = await ask(session, url)
                    self.known = reachable = True
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    if reachable:
                        log.warning("cannot read alerts from %s: %s", url, error)
                    self.firing, reachable = None, False
                await asyncio.sleep(_POLL_SECONDS)


async def ask(session: aiohttp.ClientSession, url: str) -> list[Alert]:
    """Return the alerts that fire in a Prometheus.

    Args:
        session: HTTP client.
        url: URL of the Prometheus.

    Raises:
        aiohttp.ClientError: the server does not respond, or not with 200.
        ValueError: the response is not one of Prometheus.
    """
    async with session.get(f"{url.rstrip('/')}/api/v1/alerts", raise_for_status=True) as response:
        return read(await response.read())
