"""The routes of one customer: the profile, the events behind it, and the ids."""

from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import web

from models.contract.messages import Profile
from models.definitions.definitions import Definitions
from models.facts.control import AliasAdded, StoredControlFact
from models.partition.partition import Partition
from models.query import responses
from models.query.customers import Customers
from models.query.explanation import EventPosition, Explainer
from models.query.identities import identities_of
from models.query.parameters import EventQuery, Query
from streams.http.api import cursors, parameters
from streams.http.api.all_tasks import AllTasks
from streams.http.api.cursors import EventCursor
from streams.http.api.http_responses import encode, respond, with_errors
from streams.http.api.problem_errors import ProblemError
from streams.http.api.remote_tasks import TASK_HEADER

_Q = TypeVar("_Q", bound=Query)

#: The task whose partition has the registry of identities.
_REGISTRY_TASK: Final = 0


class CustomerRoutes:
    """Serves `/customers/{customer_id}` and the paths below it.

    Args:
        tasks: the tasks of all workers.
        definitions: the shop's definitions.
    """

    def __init__(self, tasks: AllTasks, definitions: Definitions) -> None:
        self._tasks = tasks
        self._definitions = definitions
        self._customers = Customers(definitions)
        self._explainer = Explainer(definitions)

    def add_to(self, app: web.Application) -> None:
        """Add the routes to an application."""
        app.router.add_get("/customers/{customer_id}", with_errors(self._profile))
        app.router.add_get("/customers/{customer_id}/why", with_errors(self._why))
        app.router.add_get("/customers/{customer_id}/identities", with_errors(self._identities))

    async def _profile(self, request: web.Request) -> web.Response:
        query = self._parameters(Query, request)
        customer_id, task = self._customer_of(request)
        if self._tasks.is_remote(task, request):
            profile = await self._tasks.forward(request, task, dict(request.query), Profile)
        else:
            profile = self._local_profile(request, task, customer_id)
        return respond(request, query, profile, Profile, [encode(profile)])

    def _local_profile(self, request: web.Request, task: int, customer_id: str) -> Profile:
        partition, customer = self._tasks.local.customer(task, customer_id)
        _redirect_if_merged(request, partition, customer_id)
        profile = self._customers.profile(customer, partition.now)
        if profile is None:
            raise _unknown_customer(customer_id)
        return profile

    async def _why(self, request: web.Request) -> web.Response:
        query = self._parameters(EventQuery, request)
        customer_id, task = self._customer_of(request)
        if self._tasks.is_remote(task, request):
            why = await self._tasks.forward(request, task, dict(request.query), responses.Why)
        else:
            partition = self._tasks.local.partition(task)
            _redirect_if_merged(request, partition, customer_id, "/why")
            why = await self._explain(request, query, partition, customer_id)
        return respond(request, query, why, responses.Reason, map(encode, why.events), cursor=why.next)

    async def _explain(
        self, request: web.Request, query: EventQuery, partition: Partition, customer_id: str
    ) -> responses.Why:
        cursor = None if query.cursor is None else cursors.decode(query.cursor, EventCursor)
        key = customer_id.encode()
        facts, future = partition.facts(key)
        control = [fact for fact in partition.fact_log(key) if isinstance(fact.claim, StoredControlFact)]
        merges: list[responses.MergeSeen] = []
        if any(type(fact.claim) is AliasAdded for fact in control):
            merges = (await self._identities_of(request, customer_id)).merges
        page = self._explainer.explain(
            key,
            [*facts, *control],
            future,
            partition.now,
            merges=merges,
            after=None if cursor is None else EventPosition(cursor.time, cursor.id),
            limit=query.limit,
        )
        if page is None:
            raise _unknown_customer(customer_id)
        why, position = page
        if position is None:
            return why
        return msgspec.structs.replace(why, next=cursors.encode(EventCursor(position.time, position.id)))

    async def _identities(self, request: web.Request) -> web.Response:
        query = self._parameters(Query, request)
        found = await self._identities_of(request, request.match_info["customer_id"])
        return respond(request, query, found, responses.MergeSeen, map(encode, found.merges))

    async def _identities_of(self, request: web.Request, customer_id: str) -> responses.Identities:
        """Return the ids of a customer, from the worker that has the registry of identities."""
        is_forwarded = request.headers.get(TASK_HEADER) == str(_REGISTRY_TASK)
        if not is_forwarded and not self._tasks.local.owns(_REGISTRY_TASK):
            path = f"/customers/{quote(customer_id, safe='')}/identities"
            return await self._tasks.get(request, _REGISTRY_TASK, path, responses.Identities)
        registry = self._tasks.local.partition(_REGISTRY_TASK).cross_partition.registry
        return identities_of(customer_id, registry.component(customer_id))

    def _customer_of(self, request: web.Request) -> tuple[str, int]:
        """Return the customer id in the path, and the customer's task."""
        customer_id = request.match_info["customer_id"]
        return customer_id, self._tasks.of_customer(customer_id)

    def _parameters(self, kind: type[_Q], request: web.Request) -> _Q:
        return parameters.read(kind, request.query.items(), self._definitions)


def _redirect_if_merged(request: web.Request, partition: Partition, customer_id: str, path: str = "") -> None:
    """Raise a redirect to the canonical id if the customer was merged.

    Args:
        request: the request, whose parameters the redirect keeps.
        partition: the customer's partition.
        customer_id: the requested id.
        path: the requested path below the customer.

    Raises:
        ProblemError: 307. The redirect is temporary, because a later merge may change the canonical id.
    """
    canonical = partition.cross_partition.canonical_id_of(customer_id.encode())
    if canonical is None:
        return
    parameters_text = request.rel_url.raw_query_string
    target = f"/customers/{quote(canonical, safe='')}{path}"
    raise ProblemError(
        HTTPStatus.TEMPORARY_REDIRECT,
        f"customer {customer_id!r} was merged into {canonical!r}",
        headers={"Location": target + (parameters_text and f"?{parameters_text}")},
    )


def _unknown_customer(customer_id: str) -> ProblemError:
    return ProblemError(HTTPStatus.NOT_FOUND, f"unknown customer {customer_id!r}")
