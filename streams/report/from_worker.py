"""The numbers of a report from a running worker, which answers for all workers."""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import aiohttp

from models.contract.messages import Metric
from models.definitions.windows import US_PER_SECOND
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import Movement
from models.query.periods import CalendarPeriod
from models.query.strata import SPANS
from streams.errors import RetentionError
from streams.http.live_page import firing_alerts
from streams.operations import worker_api
from streams.report import from_prometheus
from streams.report.content import Material, subject_of
from streams.report.explanation import DISTANCES, earlier_metrics, explanations_of, queries
from streams.report.notices import age_notices
from streams.report.numbers import Numbers, instant
from streams.report.periods import Subject
from streams.report.restated import restatement_of
from streams.report.sections import Source
from streams.report.urgent import Urgent
from streams.secret import Secret

#: Parameters of `/explain` that the questions set.
_PARAMETERS: Final = ("metric", "window", "against", "by", "sla", "basis")
#: Severities of alerts that need nobody, such as the one that fires for ever to show that alerts arrive.
_QUIET: Final = frozenset({"none", "info"})
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0)


class Worker(NamedTuple):
    """A running worker.

    Attributes:
        url: its address, such as `http://127.0.0.1:6066`.
        token: bearer token of the workers; None without one.
    """

    url: str
    token: Secret | None


async def material_of(worker: Worker, period: str, prometheus: str | None, zone: str = "UTC") -> Material:
    """Return what a report is made of.

    Args:
        worker: any worker of the group.
        period: kind or label of the period.
        prometheus: URL of the Prometheus that has the alerts and the earlier values; None for neither.
        zone: IANA name of the zone in which the report names instants.

    Raises:
        WorkerUnavailable: no worker responds, or it is not ready yet.
        RequestRefused: the worker refuses the request.
        RetentionError: there are no numbers yet, or no such period.
    """
    numbers = Numbers(await worker_api.get(worker.url, "/metrics.json", {}, list[Metric], worker.token))
    subject = subject_of(numbers, period)
    movements, unexplained = await _movements(worker, queries(subject))
    alerts, silent = await _alerts(prometheus)
    published = await _published(prometheus, subject, numbers.as_of or 0.0)
    before = Numbers([*published.numbers.metrics(), *earlier_metrics(movements)])
    return Material(
        source=Source(now=numbers, before=before),
        explanations=explanations_of(movements),
        notices=[*age_notices(numbers, time.time(), zone), *unexplained, *silent],
        alerts=alerts,
        compared=published.compared,
        uncompared=published.uncompared,
        zone=zone,
        closed=await _closed(worker, numbers, subject, zone),
    )


async def _closed(worker: Worker, numbers: Numbers, subject: Subject, zone: str) -> str:
    """Return when the latest frozen values of a period were frozen; empty unless the report names them."""
    period = subject.period
    if period is None or restatement_of(numbers, period) is None:
        return ""
    path = f"/periods/{period.kind}/{period.label}"
    try:
        found = await worker_api.get(worker.url, path, {}, CalendarPeriod, worker.token)
    except RetentionError:  # the values are known, from the series
        return ""
    frozen = [version.closed.timestamp() for version in found.versions if version.closed is not None]
    return instant(frozen[-1], zone) if frozen else ""


async def _movements(worker: Worker, questions: Sequence[ExplainQuery]) -> tuple[list[Movement], list[str]]:
    """Return the answers of `/explain`, and a notice if the worker has none."""
    found = []
    for question in questions:
        chosen = ((name, getattr(question, name)) for name in _PARAMETERS)
        query = {name: value for name, value in chosen if value is not None}
        try:
            found.append(await worker_api.get(worker.url, "/explain", query, Movement, worker.token))
        except RetentionError as error:
            return found, [f"Why numbers moved is unknown: {error.message}."]
    return found, []


class _Published(NamedTuple):
    """The values that were published at the earlier instant.

    Attributes:
        numbers: the values; none without Prometheus.
        compared: what a reader has to know about them.
        uncompared: why other numbers have no earlier value.
    """

    numbers: Numbers
    compared: str
    uncompared: str


async def _published(prometheus: str | None, subject: Subject, at: float) -> _Published:
    """Return the values of the subject's window that Prometheus has of the earlier instant."""
    distance = DISTANCES[subject.against]
    if prometheus is None:
        hint = f"with RETENTION_PROMETHEUS, the report compares them with the values of {distance} before"
        return _Published(Numbers(()), "", f"A worker has windows as of now only; {hint}.")
    before = at - SPANS[subject.against] / US_PER_SECOND
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            samples = await from_prometheus.ask(session, prometheus, subject.window, before)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return _Published(Numbers(()), "", f"Prometheus has no earlier values: {_reason(error)}.")
    compared = f"Compared with what was published {distance} before, without later corrections."
    uncompared = f"Of numbers that are not compared, Prometheus has no value {distance} before."
    numbers = Numbers.of_samples(samples, round(before * US_PER_SECOND))
    return _Published(numbers, compared if samples else "", uncompared)


async def _alerts(prometheus: str | None) -> tuple[list[Urgent] | None, list[str]]:
    """Return the alerts that fire, and a notice if Prometheus does not respond."""
    if prometheus is None:
        return None, []
    try:
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            found = await firing_alerts.ask(session, prometheus)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return None, [
            f"Prometheus does not respond ({_reason(error)}), so its alerts are not in this report."
        ]
    wanted = [alert for alert in found if alert.severity not in _QUIET]
    return [Urgent(alert.severity, alert.summary, alert.description) for alert in wanted], []


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
