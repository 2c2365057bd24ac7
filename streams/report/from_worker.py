"""The numbers of a report from a running worker, which answers for all workers."""

import time

import aiohttp
import msgspec

from streams.errors import RetentionError
from streams.http.live_page import firing_alerts
from streams.report.burning import Burning
from streams.report.content import Material, subject_of
from streams.report.notices import age_notices
from streams.report.numbers import Numbers
from streams.report.sections import Source
from streams.report.worker_api import WorkerApi


async def material_of(api: WorkerApi, period: str, prometheus: str | None) -> Material:
    """Return what a report is made of.

    Args:
        api: client of the worker.
        period: kind or label of the period.
        prometheus: URL of the Prometheus whose alerts the report shows; None for no alerts.

    Raises:
        WorkerUnavailable: no worker responds, or it is not ready yet.
        RetentionError: the worker refuses, or its answer is of another program.
    """
    numbers = _read(await api.get("/metrics.json"))
    subject_of(numbers, period)
    alerts, notices = await _alerts(prometheus)
    notices = [*age_notices(numbers, time.time()), *notices]
    return Material(source=Source(now=numbers, before=Numbers(())), notices=notices, alerts=alerts)


def _read(body: bytes) -> Numbers:
    try:
        return Numbers.read(body)
    except msgspec.MsgspecError:
        raise RetentionError(
            "the answer to /metrics.json is not that of a worker", "check the address in --url"
        ) from None


async def _alerts(prometheus: str | None) -> tuple[list[Burning] | None, list[str]]:
    """Return the alerts that fire, and a notice if Prometheus does not respond."""
    if prometheus is None:
        return None, []
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10.0)) as session:
            found = await firing_alerts.ask(session, prometheus)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        reason = str(error) or type(error).__name__
        return None, [f"Prometheus does not respond ({reason}): what burns is by the thresholds alone."]
    return [Burning(alert.severity, alert.summary, alert.description) for alert in found], []
