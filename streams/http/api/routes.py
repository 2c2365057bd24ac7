"""The routes of the query API, and who answers: this worker for its own tasks, the others for theirs."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web
from msgspec import Raw, Struct

from models.contract.messages import Metric, Profile
from models.definitions.definitions import Definitions
from models.facts.control import AliasAdded, StoredControlFact
from models.outputs.ids import to_datetime
from models.partition.partition import Partition
from models.query import responses
from models.query.customers import Customers
from models.query.explanation import EventPosition, Explainer
from models.query.identities import identities_of
from models.query.matching_gauge import matching_gauge
from models.query.parameters import EventQuery, Format, Listing, Query
from streams.http.api import cursors, formats, openapi, parameters
from streams.http.api.cursors import Moment, Place
from streams.http.api.endpoints import Endpoint, endpoints_of
from streams.http.api.local_tasks import PAGE_SECONDS, LocalTasks
from streams.http.api.problem_errors import Refusal
from streams.http.api.remote_tasks import TASK_HEADER, RemoteResponse, RemoteTasks
from streams.partitioner import tasks_of
from streams.rollup.publisher import series_key

_Q = TypeVar("_Q", bound=Query)

_HEADERS: Final = {"Cache-Control": "no-store", "Vary": "Accept, Authorization"}


class _Part(Struct, frozen=True):
    """A page as it is passed on: its items are not looked into."""

    items: list[Raw]
    as_of: datetime
    next: str | None


_decode_identities: Final = msgspec.json.Decoder(responses.Identities).decode
_decode_part: Final = msgspec.json.Decoder(_Part).decode
_encode: Final = msgspec.json.Encoder().encode


class Api:
    """Serves `/customers`, `/tickets`, `/orders` and `/openapi.json`.

    Args:
        reader: of this worker's tasks.
        owners: the other workers.
        tasks: how many there are, of all workers.
        definitions: the parameters of the metrics.
        series: gives the current value of a series of `retention.metrics`, by its key.
    """

    def __init__(
        self,
        reader: LocalTasks,
        owners: RemoteTasks,
        tasks: int,
        definitions: Definitions,
        series: Callable[[str], bytes | None],
    ) -> None:
        self._reader = reader
        self._owners = owners
        self._tasks = tasks
        self._definitions = definitions
        self._series = series
        self._customers = Customers(definitions)
        self._explainer = Explainer(definitions)

    def add_to(self, app: web.Application) -> None:
        """Serve with `app`."""
        for asked in endpoints_of(self._definitions):
            app.router.add_get(asked.path, _answered(self._lister(asked)))
        app.router.add_get("/customers/{customer_id}", _answered(self._customer))
        app.router.add_get("/customers/{customer_id}/why", _answered(self._why))
        app.router.add_get("/customers/{customer_id}/identities", _answered(self._identities))
        app.router.add_get("/openapi.json", self._openapi)
        app.on_cleanup.append(self._stop)

    async def _stop(self, _: web.Application) -> None:
        await self._owners.close()

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.Response(body=_encode(openapi.document()), content_type=formats.JSON)

    # One customer.

    async def _customer(self, request: web.Request) -> web.Response:
        question = self._read(Query, request)
        customer_id, task = self._whom(request)
        if self._elsewhere(task, request):
            return _passed_on(await self._ask(request, task, dict(request.query)))
        partition, customer = self._reader.customer(task, customer_id)
        _stay(request, partition, customer_id)
        profile = self._customers.profile(customer, partition.now)
        if profile is None:
            raise _unknown(customer_id)
        return _one(request, question.format, Profile, profile)

    async def _why(self, request: web.Request) -> web.Response:
        question = self._read(EventQuery, request)
        customer, task = self._whom(request)
        if self._elsewhere(task, request):
            return _passed_on(await self._ask(request, task, dict(request.query)))
        partition = self._reader.partition(task)
        _stay(request, partition, customer, "/why")
        after = None if question.cursor is None else cursors.parsed(question.cursor, Moment)
        place = None if after is None else EventPosition(after.time, after.id)
        key = customer.encode()
        facts, later = partition.facts(key)
        stated = [fact for fact in partition.fact_log(key) if isinstance(fact.claim, StoredControlFact)]
        merges: Sequence[responses.MergeSeen] = ()
        if any(type(fact.claim) is AliasAdded for fact in stated):
            merges = (await self._one_with(request, customer)).merges
        found = self._explainer.explain(
            key, [*facts, *stated], later, partition.now, merges=merges, after=place, limit=question.limit
        )
        if found is None:
            raise _unknown(customer)
        why, more = found
        if more is not None:
            why = msgspec.structs.replace(why, next=cursors.written(Moment(more.time, more.id)))
        if formats.wanted(question.format, request.headers.get("Accept", "")) == "json":
            return _response(_encode(why), formats.JSON, request, why.next)
        rows = formats.as_csv(responses.Reason, map(_encode, why.events))
        return _response(rows, formats.CSV, request, why.next)

    async def _identities(self, request: web.Request) -> web.Response:
        question = self._read(Query, request)
        found = await self._one_with(request, request.match_info["customer_id"])
        if formats.wanted(question.format, request.headers.get("Accept", "")) == "json":
            return _response(_encode(found), formats.JSON, request, None)
        rows = formats.as_csv(responses.MergeSeen, map(_encode, found.merges))
        return _response(rows, formats.CSV, request, None)

    async def _one_with(self, request: web.Request, customer: str) -> responses.Identities:
        """Return the identities of a customer: the registry of them is with the first task."""
        if not self._reader.owns(0) and request.headers.get(TASK_HEADER) != "0":
            path = f"/customers/{quote(customer, safe='')}/identities"
            asked = {"format": "json"}
            answer = await self._owners.ask(0, path, asked, request.headers.get("Authorization"))
            if answer.status != HTTPStatus.OK:
                raise _Passed(answer)
            return _decode_identities(answer.body)
        return identities_of(customer, self._reader.partition(0).cross_partition.registry.component(customer))

    def _whom(self, request: web.Request) -> tuple[str, int]:
        customer = request.match_info["customer_id"]
        return customer, tasks_of([customer.encode()], self._tasks)[0]

    # Lists.

    def _lister(self, asked: Endpoint) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            question = self._read(asked.question, request)
            place = Place(0) if question.cursor is None else cursors.parsed(question.cursor, Place)
            if not 0 <= place.task < self._tasks:
                raise _other_list()
            only = request.headers.get(TASK_HEADER)
            page = await self._page(request, asked, question, place, only=only is not None)
            if formats.wanted(question.format, request.headers.get("Accept", "")) == "json":
                whole = responses.Page(page.items, page.as_of, page.next, self._gauge(question))
                return _response(_encode(whole), formats.JSON, request, page.next)
            rows = formats.as_csv(asked.item, map(bytes, page.items))
            return _response(rows, formats.CSV, request, page.next)

        return answer

    def _gauge(self, question: Query) -> responses.Gauge | None:
        counted = matching_gauge(question)
        if counted is None:
            return None
        metric, labels = counted
        key = series_key(metric, labels)
        value = self._series(key)
        if value is None:
            return None
        row = msgspec.json.decode(value, type=Metric)
        number = row.value if row.numerator is msgspec.UNSET else row.numerator
        return responses.Gauge(key, number, row.as_of)

    async def _page(
        self, request: web.Request, asked: Endpoint, question: Listing, place: Place, *, only: bool
    ) -> _Part:
        """Return a page of the cursor's task and, unless `only`, of the tasks after it."""
        items: list[Raw] = []
        moments: list[datetime] = []
        until = time.monotonic() + PAGE_SECONDS
        for task in range(place.task, place.task + 1 if only else self._tasks):
            start = place if task == place.task else Place(task)
            room = question.limit - len(items)
            if room == 0 or (moments and time.monotonic() > until):
                return _Part(items, min(moments), cursors.written(start))
            part = await self._part(request, asked, question, start, room)
            items += part.items
            moments.append(part.as_of)
            if part.next is not None:
                return _Part(items, min(moments), part.next)
        return _Part(items, min(moments), None)

    async def _part(
        self, request: web.Request, asked: Endpoint, question: Listing, place: Place, limit: int
    ) -> _Part:
        if self._elsewhere(place.task, request):
            query = dict(request.query) | {
                "format": "json",
                "limit": str(limit),
                "cursor": cursors.written(place),
            }
            answer = await self._ask(request, place.task, query)
            if answer.status != HTTPStatus.OK:
                raise _Passed(answer)
            return _decode_part(answer.body)
        found = await self._reader.part(asked, question, place, limit)
        more = None if found.next is None else cursors.written(found.next)
        return _Part([Raw(_encode(item)) for item in found.items], to_datetime(found.as_of), more)

    # The others.

    def _elsewhere(self, task: int, request: web.Request) -> bool:
        """Whether a task is another worker's: one that was asked by another worker answers itself."""
        return TASK_HEADER not in request.headers and not self._reader.owns(task)

    async def _ask(self, request: web.Request, task: int, query: Mapping[str, str]) -> RemoteResponse:
        wanted = formats.wanted(None, request.headers.get("Accept", ""))
        # The answer's Location and Link go to the asker as they are: with nothing that was not asked for.
        accepted = {} if wanted == "json" else {"format": wanted}
        return await self._owners.ask(
            task, request.rel_url.raw_path, {**accepted, **query}, request.headers.get("Authorization")
        )

    def _read(self, kind: type[_Q], request: web.Request) -> _Q:
        return parameters.read(kind, request.query.items(), self._definitions)


class _Passed(Exception):
    """Another worker's answer is the whole answer."""

    def __init__(self, answer: RemoteResponse) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _answered(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal.response()
        except _Passed as passed:
            return _passed_on(passed.answer)

    return answer


def _stay(request: web.Request, partition: Partition, customer: str, what: str = "") -> None:
    """Go on if a customer is known by this name; `what` is asked of them.

    Raises:
        Refusal: 307: they were merged, and are known by another. It may be yet another tomorrow.
    """
    name = partition.cross_partition.canonical_id_of(customer.encode())
    if name is None:
        return
    query = request.rel_url.raw_query_string
    raise Refusal(
        HTTPStatus.TEMPORARY_REDIRECT,
        f"{customer!r} was merged: the customer is known as {name!r}",
        headers={"Location": f"/customers/{quote(name, safe='')}{what}{query and '?' + query}"},
    )


def _unknown(customer: str) -> Refusal:
    return Refusal(HTTPStatus.NOT_FOUND, f"nothing is known of a customer {customer!r}")


def _other_list() -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, "`cursor` is of another group of workers", parameter="cursor")


def _one(request: web.Request, asked: Format | None, kind: type[Struct], item: Struct) -> web.Response:
    body = _encode(item)
    if formats.wanted(asked, request.headers.get("Accept", "")) == "json":
        return _response(body, formats.JSON, request, None)
    return _response(formats.as_csv(kind, [body]), formats.CSV, request, None)


def _response(body: bytes, content_type: str, request: web.Request, more: str | None) -> web.Response:
    headers = {**_HEADERS, "Content-Type": content_type}
    if more is not None:
        headers["Link"] = f'<{request.rel_url.update_query(cursor=more)}>; rel="next"'
    return web.Response(body=body, headers=headers)


def _passed_on(answer: RemoteResponse) -> web.Response:
    return web.Response(body=answer.body, status=answer.status, headers={**_HEADERS, **answer.headers})
