"""The numbers of a report from a running worker, which answers for all workers."""

import time
from collections.abc import Sequence
from typing import Final, NamedTuple

import aiohttp

from models.contract.messages import Metric
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import Movement
from streams.errors import RetentionError
from streams.http.live_page import firing_alerts
from streams.operations import worker_api
from streams.report.content import Material, subject_of
from streams.report.explanation import earlier_metrics, explanations_of, queries
from streams.report.notices import age_notices
from streams.report.numbers import Numbers
from streams.report.sections import Source
from streams.report.urgent import Urgent
from streams.secret import Secret

#: Parameters of `/explain` that the questions set.
_PARAMETERS: Final = ("metric", "window", "against", "by", "sla", "basis")


class Worker(NamedTuple):
    """A running worker.

    Attributes:
        url: its address, such as `http://127.0.0.1:6066`.
        token: bearer token of the workers; None without one.
    """

    url: str
    token: Secret | None


async def material_of(worker: Worker, period: str, prometheus: str | None) -> Material:
    """Return what a report is made of.

    Args:
        worker: any worker of the group.
        period: kind or label of the period.
        prometheus: URL of the Prometheus whose alerts the report shows; None for no alerts.

    Raises:
        WorkerUnavailable: no worker responds, or it is not ready yet.
        RequestRefused: the worker refuses the request.
        RetentionError: there are no numbers yet, or no such period.
    """
    numbers = Numbers(await worker_api.get(worker.url, "/metrics.json", {}, list[Metric], worker.token))
    subject = subject_of(numbers, period)
    movements, unexplained = await _movements(worker, queries(subject))
    alerts, silent = await _alerts(prometheus)
    return Material(
        source=Source(now=numbers, before=Numbers(earlier_metrics(movements))),
        explanations=explanations_of(movements),
        notices=[*age_notices(numbers, time.time()), *unexplained, *silent],
        alerts=alerts,
    )


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


async def _alerts(prometheus: str | None) -> tuple[list[Urgent] | None, list[str]]:
    """Return the alerts that fire, and a notice if Prometheus does not respond."""
    if prometheus is None:
        return None, []
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10.0)) as session:
            found = await firing_alerts.ask(session, prometheus)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        return None, [f"Prometheus does not respond ({reason}), so its alerts are not in this report."]
    return [Urgent(alert.severity, alert.summary, alert.description) for alert in found], []
