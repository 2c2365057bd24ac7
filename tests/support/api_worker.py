"""A worker that serves the query API over partitions in memory."""

from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from models.facts.claims import Answered, Opened
from models.metrics.cohorts import cohort_totals
from models.metrics.periods import period_totals
from models.metrics.totals import Totals
from models.query.periods import FrozenPeriods
from streams.http.api.local_tasks import LocalTasks
from streams.http.api.problem_middleware import problem_responses
from streams.http.api.remote_tasks import RemoteTasks
from streams.http.api.routes import Api
from streams.http.auth import require_token
from streams.http.worker_proof import proof_of
from streams.partitioner import tasks_of
from streams.rollup.publisher import AS_OF
from streams.secret import Secret
from tests.support.http_server import listening
from tests.support.partitions import DAY, HOUR, NOW, Shop

TASKS = 3
NAMES = [f"customer {number:02}" for number in range(40)]
AS_OF_ROW = b'{"metric":"%s","labels":{},"value":%d,"as_of":"2026-03-05T10:00:00Z"}' % (
    AS_OF.encode(),
    NOW // 10**6,
)
GAUGE = b'{"metric":"retention_customers","labels":{},"value":40,"as_of":"2026-03-05T10:00:00Z"}'


class Task:
    """A running task that has caught up."""

    def __init__(self, definitions=None):
        self.shop = Shop(definitions)
        self.partition = self.shop.partition
        self.running = True
        self.caught_up = True


class Worker:
    """A worker that owns all tasks, or the given ones."""

    def __init__(self, owned=range(TASKS), definitions=None):
        self.definitions = definitions or Shop().definitions
        self.tasks = {number: Task(definitions) for number in owned}
        self.addresses = {}
        self.versions = []
        self.address = "http://127.0.0.1:1"
        for name in NAMES:
            task = self.tasks.get(tasks_of([name.encode()], TASKS)[0])
            if task is not None:
                fill(task.shop, name)
        for task in self.tasks.values():
            task.partition.advance(NOW)

    def totals(self):
        """Return the totals of all tasks of this worker."""
        partials = [task.partition.evaluate(NOW) for task in self.tasks.values()]
        for partial in partials:
            partial.counted_since = dict.fromkeys(self.definitions.periods.kinds, 0)
        return Totals(partials, self.definitions, NOW)

    def cohorts(self):
        """Return the cohorts of all tasks of this worker."""
        return cohort_totals(self.totals())

    def frozen_periods(self):
        """Return the periods of all tasks of this worker, with the versions that a test has set."""
        found = period_totals(self.totals())
        return found and FrozenPeriods(found, self.versions, self.definitions)

    @asynccontextmanager
    async def served(self, token=None, routes=()):
        secret = token and Secret(token)
        proof = proof_of(secret, "shop")
        access = require_token(secret, proof, lambda: self.address)
        app = web.Application(middlewares=[access, problem_responses])
        owners = RemoteTasks(lambda: self.addresses, lambda: self.address, proof)
        series = {SERIES: GAUGE, AS_OF: AS_OF_ROW}.get
        api = Api(
            LocalTasks(self.tasks.get),
            owners,
            TASKS,
            self.definitions,
            series,
            cohorts=self.cohorts,
            periods=self.frozen_periods,
        )
        api.add_to(app)
        app.add_routes(routes)
        async with listening(app) as self.address, aiohttp.ClientSession(self.address) as session:
            yield session


SERIES = 'retention_customers{set="end",window="30d"}'


def fill(shop, name):
    shop.order("o1", NOW - DAY, customer=name, promised=NOW - HOUR)
    shop.order("o2", NOW - 40 * DAY, customer=name)
    shop.process(Opened, "t1", NOW - 3 * HOUR, 3, False, "web", customer=name)
    shop.process(Opened, "t2", NOW - 3 * HOUR, 1, False, "web", customer=name)
    shop.process(Answered, "", NOW - DAY, 0, 3, customer=name)


async def get(session, path, **headers):
    async with session.get(path, headers=headers) as response:
        return response.status, response.headers, await response.read()
