"""One customer: the events behind the profile, merged ids and their merges."""

import csv
import io
import json
from contextlib import asynccontextmanager
from itertools import product
from urllib.parse import quote

from yarl import URL

from models.facts.control import Merge
from models.facts.fact import REGISTRY_ADDRESS, Fact
from streams.partitioner import tasks_of
from tests.support.api_worker import NAMES, TASKS, Worker, get
from tests.support.partitions import HOUR, NOW


async def test_events_of_a_customer_are_paged(session):
    path, found = "/customers/customer%2001/why?limit=2", []
    while path is not None:
        _, headers, body = await get(session, path)
        found.append([event["time"] for event in json.loads(body)["events"]])
        assert all(event["counts_for"] for event in json.loads(body)["events"])
        path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
    assert [len(times) for times in found] == [2, 2, 1]
    times = [time for page in found for time in page]
    assert times == sorted(times)


def merge(tasks, event, customer, into):
    """Apply an event `customer.merged`, with all messages that it sends to tasks."""
    claim = Merge(at=NOW - HOUR, event=event, customer=customer, into=into)
    tasks[0].partition.process_one(REGISTRY_ADDRESS, Fact("", claim))
    while any(sent := [task.partition.drain_messages() for task in tasks.values()]):
        for to, fact in (character for characters in sent for character in characters):
            for number in tasks if to is None else tasks_of([to.encode()], TASKS):
                tasks[number].partition.process_one(to or "", fact)


@asynccontextmanager
async def merged():
    """Run two workers that own different parts of a merged customer."""
    one, other = Worker([0, 2]), Worker([1])
    at = {tasks_of([name.encode()], TASKS)[0]: name for name in NAMES}
    merge(one.tasks | other.tasks, "m1", at[0], at[1])
    merge(one.tasks | other.tasks, "m2", at[2], at[0])
    async with one.served("t") as session, other.served("t") as second:
        one.addresses = other.addresses = {0: one.address, 1: other.address, 2: one.address}
        for each in (session, second):
            each.headers["Authorization"] = "Bearer t"
        yield (session, second), at[1], [at[0], at[2]]


async def test_merged_id_redirects_to_the_canonical_id(described):
    async with merged() as (sessions, name, others):
        for session, identity, what in product(
            sessions, others, ["", "/why", "?format=json", "/why?format=json"]
        ):
            path = f"/customers/{quote(identity)}{what}"
            async with session.get(URL(path, encoded=True), allow_redirects=False) as response:
                assert response.status == 307
                assert response.headers["Location"] == f"/customers/{quote(name)}{what}"
                problem = json.loads(await response.read())
            assert problem["detail"] == f"customer {identity!r} was merged into {name!r}"
            described_at = f"/customers/{{customer_id}}{what.partition('?')[0]}"
            answers = described["paths"][described_at]["get"]["responses"]
            assert answers["307"] == {"$ref": "#/components/responses/307"}
            assert json.loads((await get(session, path))[2])["customer_id"] == name


async def test_identities_list_every_id_and_its_merge():
    async with merged() as (sessions, name, others):
        for session, identity in product(sessions, [name, *others]):
            path = f"/customers/{quote(identity)}/identities"
            found = json.loads((await get(session, path))[2])
            assert (found["customer_id"], found["identities"]) == (name, sorted(others))
            assert [(each["id"], each["customer_id"], each["into"]) for each in found["merges"]] == [
                ("m1", others[0], name),
                ("m2", others[1], others[0]),
            ]
            rows = csv.DictReader(io.StringIO((await get(session, path, Accept="text/csv"))[2].decode()))
            assert [row["id"] for row in rows] == ["m1", "m2"]
        assert json.loads((await get(sessions[1], "/customers/nobody/identities"))[2]) == {
            "customer_id": "nobody",
            "identities": [],
            "merges": [],
        }


async def test_events_of_a_merged_customer_include_the_merges():
    async with merged() as (sessions, name, others):
        for session in sessions:
            path, found = f"/customers/{quote(name)}/why?limit=4", []
            while path is not None:
                _, headers, body = await get(session, path)
                found += json.loads(body)["events"]
                path = headers["Link"].split(">")[0][1:] if "Link" in headers else None
            assert len(found) == 3 * 5 + 2
            merges = [event for event in found if event["type"] == "customer.merged"]
            assert [(event["id"], event["says"], event["counts_for"]) for event in merges] == [
                ("m1", {"customer_id": others[0], "into": name}, ["merged"]),
                ("m2", {"customer_id": others[1], "into": others[0]}, ["merged"]),
            ]
