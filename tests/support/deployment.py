"""Workers of one group on one Kafka, whose numbers the tests compare with the oracle's."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from models.definitions.definitions import Definitions
from models.metrics.catalogue import CATALOGUE
from tests.oracle import Expected, Series, oracle
from tests.support.cluster import Cluster
from tests.support.events import latest
from tests.support.strategies import DEFINITIONS, Event
from tests.support.worker_process import Metrics, WorkerProcess

AS_OF: Series = ("retention_as_of_timestamp_seconds", frozenset())
CAUGHT_UP: Series = ("retention_caught_up", frozenset())
#: Metrics that do not depend on the events alone: actions depend on the time at which they were issued, and
#: changes of a closed period on when the events came.
APART = {"retention_action_return_ratio", "retention_period_changes"}
SERIES = set(CATALOGUE) - {AS_OF[0], CAUGHT_UP[0]} - APART
#: Label of values that depend on when a period was closed.
AS_CLOSED = ("basis", "as_closed")
#: Session timeout of the workers; the default of 10 s would make every test longer.
SESSION_SECONDS = 4
#: Seconds until the numbers must be correct, on two cores that run other programs too.
PATIENCE = 120.0

_CONFIG = "[rates]\n" + "".join(f"{name} = {rate}\n" for name, rate in DEFINITIONS.rates.items())


class Different(AssertionError):
    """Numbers that differ from the oracle's.

    Attributes:
        differences: one line for each series.
    """

    def __init__(self, differences: list[str], more: str) -> None:
        super().__init__("\n".join([f"{len(differences)} differences:", *differences[:15], more]))
        self.differences = differences


class Deployment:
    """Workers of one group. Every process ends with `close`."""

    def __init__(self, cluster: Cluster, group: str, directory: Path, **settings: str) -> None:
        self.cluster = cluster
        self.group = group
        self.workers: list[WorkerProcess] = []
        self.directory = directory
        config = directory / "retention.toml"
        config.write_text(_CONFIG)
        self.settings = {
            "RETENTION_BROKER": cluster.bootstrap,
            "RETENTION_GROUP": group,
            "RETENTION_PARTITIONS": "4",
            "RETENTION_SESSION_TIMEOUT": str(SESSION_SECONDS),
            "RETENTION_CLOCK": "event",
            "RETENTION_CONFIG": str(config),
            "RETENTION_DATA_DIR": str(directory / "data"),
        } | settings

    def start(self, **settings: str) -> WorkerProcess:
        """Start another worker."""
        name = f"worker-{len(self.workers) + 1}"
        worker = WorkerProcess(name, self.settings | settings, self.directory)
        self.workers.append(worker)
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()

    @property
    def alive(self) -> list[WorkerProcess]:
        return [worker for worker in self.workers if worker.alive]

    def _check_alive(self) -> None:
        assert self.alive, f"no worker lives\n{self.tails()}"

    def tails(self) -> str:
        return "\n".join(worker.tail() for worker in self.workers)

    async def until(
        self, condition: Callable[[list[Metrics]], bool], what: str, patience: float = PATIENCE
    ) -> list[Metrics]:
        """Scrape all workers until a condition holds for the metrics of those that respond."""
        begin = time.monotonic()
        while True:
            scraped = await self.scrape()
            if condition(scraped):
                return scraped
            self._check_alive()
            waited = time.monotonic() - begin
            assert waited < patience, f"timed out: {what}\n{self.tails()}"
            await asyncio.sleep(pause_after(waited))

    async def scrape(self) -> list[Metrics]:
        """Return the metrics of each worker that responds."""
        found = await asyncio.gather(*(worker.metrics() for worker in self.alive))
        return [metrics for metrics in found if metrics is not None]

    async def owning(self, tasks: int | None = None) -> list[Metrics]:
        """Wait until every task is owned and running."""
        wanted = tasks or int(self.settings["RETENTION_PARTITIONS"])
        return await self.until(
            lambda scraped: total(scraped, "retention_worker_tasks_owned") == wanted, "all tasks owned"
        )

    async def started(self, count: int) -> None:
        """Start workers, and wait until each owns tasks and every task has an owner."""
        for _ in range(count):
            self.start()
        await self.sharing()

    async def sharing(self) -> None:
        """Wait until every live worker runs tasks, and every task has an owner."""
        wanted = int(self.settings["RETENTION_PARTITIONS"])

        def shared(scraped: list[Metrics]) -> bool:
            owned = [total([metrics], "retention_worker_tasks_owned") for metrics in scraped]
            return len(owned) == len(self.alive) and sum(owned) == wanted and min(owned) > 0

        await self.until(shared, "each worker owns tasks")

    async def equal(
        self,
        events: Sequence[Event],
        now: int | None = None,
        patience: float = PATIENCE,
        definitions: Definitions = DEFINITIONS,
    ) -> Metrics:
        """Wait until the exporter's numbers equal the oracle's and stay so, in `retention.metrics` too.

        Gives the metrics. The oracle's answer is that of all events, so numbers that are still on their way
        do not pass for right.
        """
        at = latest(events) if now is None else now
        return await self.equal_to(expected_series(events, at, definitions), at, patience)

    async def equal_to(
        self, expected: Mapping[Series, float], at: int, patience: float = PATIENCE
    ) -> Metrics:
        """Wait until the exporter's numbers equal the expected ones and stay so, as `equal` does.

        Raises:
            Different: they are not equal in time.
        """
        await self._until_no_difference(expected, at, patience)
        await asyncio.sleep(1.2)  # longer than a tick, and than the interval of 1 s between publications
        metrics = await self._until_no_difference(expected, at, patience)
        await self._published(metrics, patience)
        return metrics

    async def _until_no_difference(
        self, expected: Mapping[Series, float], at: int, patience: float
    ) -> Metrics:
        begin = time.monotonic()
        while True:
            wrong, metrics = self._differences(await self.scrape(), expected, at)
            if not wrong:
                return metrics
            self._check_alive()
            waited = time.monotonic() - begin
            if waited > patience:
                raise Different(wrong, f"after {patience:g} s\n{self.tails()}")
            await asyncio.sleep(pause_after(waited))

    def _differences(
        self, scraped: list[Metrics], expected: Mapping[Series, float], at: int
    ) -> tuple[list[str], Metrics]:
        exporting = [metrics for metrics in scraped if AS_OF in metrics]
        if len(exporting) != 1:
            return [f"{len(exporting)} of {len(scraped)} workers export business series"], {}
        [metrics] = exporting
        if metrics[CAUGHT_UP] != 1:
            return ["retention_caught_up is 0"], metrics
        if round(metrics[AS_OF] * 1e6) != at:
            return [f"as_of is {metrics[AS_OF]!r}, not {at / 1e6!r}"], metrics
        return differences(business(metrics), expected), metrics

    async def _published(self, metrics: Metrics, patience: float) -> None:
        """Wait until `retention.metrics` holds exactly the exported series."""
        exported = {series: value for series, value in business(metrics).items() if series[0] in SERIES}
        deadline = time.monotonic() + patience
        while True:
            published = await self.published()
            wrong = sorted(
                f"{series}: exported {exported.get(series)}, published {published.get(series)}"
                for series in exported.keys() | published.keys()
                if repr(exported.get(series)) != repr(published.get(series))
            )
            if not wrong:
                return
            assert time.monotonic() < deadline, "\n".join(
                [f"{len(wrong)} differ:", *wrong[:10], self.tails()]
            )
            await asyncio.sleep(0.3)

    async def published(self) -> Metrics:
        """Return the committed business series of `retention.metrics`."""
        rows: dict[bytes, bytes] = {}
        for record in await self.cluster.read("retention.metrics"):
            if record.value is None:
                rows.pop(record.key, None)
            else:
                rows[record.key] = record.value
        found = {}
        for value in map(json.loads, rows.values()):
            number = math.nan if value["value"] is None else float(value["value"])
            found[value["metric"], frozenset(value["labels"].items())] = number
        return {
            series: value
            for series, value in found.items()
            if series[0] in SERIES and AS_CLOSED not in series[1]
        }


def pause_after(waited: float) -> float:
    """Return the seconds until the next scrape, a tenth of those waited: each takes a worker 20 ms."""
    return min(max(0.2, waited / 10), 1.0)


def total(scraped: Iterable[Metrics], name: str, **labels: str) -> float:
    """Return the sum of one series, or of all series with this name and these labels, over the workers."""
    wanted = labels.items()
    return sum(
        value
        for metrics in scraped
        for (metric, has), value in metrics.items()
        if metric == name and wanted <= has
    )


def business(metrics: Metrics) -> Metrics:
    """Return the business series, which one worker exports for the whole group."""
    kept = SERIES | {name.removesuffix("_ratio") + "_denominator" for name in SERIES}
    return {
        series: value for series, value in metrics.items() if series[0] in kept and AS_CLOSED not in series[1]
    }


def expected_series(
    events: Iterable[Event], now: int, definitions: Definitions = DEFINITIONS
) -> dict[Series, float]:
    """Return the oracle's result as Prometheus series: ratios with their denominators."""
    series = {}
    for (metric, labels), expected in oracle(events, now, definitions).items():
        if metric in SERIES:
            series |= dict(_exported(metric, labels, expected))
    return series


def _exported(
    metric: str, labels: frozenset[tuple[str, str]], expected: Expected
) -> list[tuple[Series, float]]:
    shown = [((metric, labels), expected.value)]
    if metric.endswith("_ratio") and expected.denominator is not None:
        shown.append(((metric.removesuffix("_ratio") + "_denominator", labels), expected.denominator))
    return shown


def differences(got: Mapping[Series, float], expected: Mapping[Series, float]) -> list[str]:
    """Return one line for each series that differs from the oracle's."""
    return sorted(
        f"{series[0]} {dict(series[1])}: exported {got.get(series)}, oracle {expected.get(series)}"
        for series in got.keys() | expected.keys()
        if got.get(series) != expected.get(series)
        and not _close(series[1], got.get(series), expected.get(series))
    )


def _close(labels: frozenset[tuple[str, str]], got: float | None, expected: float | None) -> bool:
    """Return whether two values agree: quantiles within 1 %, other values to floating-point precision."""
    if got is None or expected is None:
        return False
    if math.isnan(got) or math.isnan(expected):
        return math.isnan(got) and math.isnan(expected)
    if "quantile" in dict(labels):
        return abs(got - expected) <= 0.010000001 * abs(expected)
    return math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-8)
