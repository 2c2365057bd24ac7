"""The alerts that a Prometheus has firing, for who looks at the live page or at the demo."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import aiohttp
import msgspec
from msgspec import Struct

log = logging.getLogger(__name__)

_POLL_SECONDS = 5.0
_TIMEOUT = aiohttp.ClientTimeout(total=5.0)
_SEVERITIES: Final = ("critical", "warning")
#: How an alert's name ends, and that of the louder one about the same thing (prometheus/alertmanager.yml).
_LOUDER: Final = {"BudgetEroding": "BudgetBurning", "ChurnRising": "ChurnAboveCeiling"}


class Alert(Struct, frozen=True):
    """One alert that fires.

    Attributes:
        name: of the rule.
        severity: `critical` wakes a person, `warning` waits for the working day.
        team: whom it is for.
        summary: what is wrong, in a line.
        description: the same with its numbers.
        since: seconds since the epoch.
        runbook: what to do about it; empty where no page says.
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
    """Return the firing alerts, the worst first, of a response of `/api/v1/alerts`.

    As in Alertmanager, of two about one thing only the louder is heard.

    Raises:
        ValueError: it is none.
    """
    firing = [rule for rule in _decode(answer).data.alerts if rule.state == "firing"]
    loud = {_about(rule) for rule in firing}
    heard = [_alert(rule) for rule in firing if not (_louder(rule) and _about(rule, _louder(rule)) in loud)]
    return sorted(heard, key=lambda alert: (_rank(alert), alert.since, alert.name, alert.summary))


def _louder(rule: _Rule) -> str:
    name = rule.labels.get("alertname", "")
    return next((name.removesuffix(low) + high for low, high in _LOUDER.items() if name.endswith(low)), "")


def _about(rule: _Rule, name: str = "") -> frozenset[tuple[str, str]]:
    """Everything that it says of itself but how urgent it is, as if its name were another."""
    labels = rule.labels | ({"alertname": name} if name else {})
    return frozenset((label, value) for label, value in labels.items() if label != "severity")


def _alert(rule: _Rule) -> Alert:
    labels, fields = rule.labels, rule.annotations
    name = labels.get("alertname", "")
    return Alert(
        name=name,
        severity=labels.get("severity", ""),
        team=labels.get("team", ""),
        summary=fields.get("summary", name),
        description=fields.get("description", ""),
        since=rule.active_at.timestamp(),
        runbook=_page(fields, "runbook_url"),
    )


def _rank(alert: Alert) -> int:
    return _SEVERITIES.index(alert.severity) if alert.severity in _SEVERITIES else len(_SEVERITIES)


def _page(fields: Mapping[str, str], name: str) -> str:
    address = fields.get(name, "")
    return address if address.startswith(("http://", "https://")) else ""


class Alerts:
    """Asks a Prometheus every few seconds.

    Args:
        url: the Prometheus'; none: there is none to ask.
    """

    def __init__(self, url: str | None) -> None:
        #: None while there is no answer.
        self.firing: list[Alert] | None = None
        self.known = False  #: whether there has ever been one
        self.url = url
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the background. No failure ends it."""
        if self.url is not None:
            self._task = asyncio.create_task(self._run(self.url))

    async def stop(self) -> None:
        """Stop polling Prometheus."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, url: str) -> None:
        fields = True  # whether the last thing that was said of it is that it answers
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                try:
                    self.firing = await ask(session, url)
                    self.known = fields = True
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                    if fields:
                        log.warning("no alerts from %s: %s", url, error)
                    self.firing, fields = None, False
                await asyncio.sleep(_POLL_SECONDS)


async def ask(session: aiohttp.ClientSession, url: str) -> list[Alert]:
    """Return the alerts that fire in a Prometheus.

    Raises:
        aiohttp.ClientError: it does not answer, or not with 200.
        ValueError: not as a Prometheus does.
    """
    async with session.get(f"{url.rstrip('/')}/api/v1/alerts", raise_for_status=True) as response:
        return read(await response.read())
