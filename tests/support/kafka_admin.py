"""Apply the output of `retention doctor --setup` with an independent client, as an administrator does."""

import argparse
import asyncio
import json
import shlex

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from streams.operations.doctor import setup

_RESOURCES = {"topic": 2, "group": 3, "cluster": 4, "transactional_id": 5}
_OPERATIONS = {"Read": 3, "Write": 4, "Create": 5, "Delete": 6, "Describe": 8, "DescribeConfigs": 10}
_LITERAL, _ALLOW, _ANY_HOST = 3, 3, "*"


def parsed(command):
    """Return the ACLs of one `kafka-acls.sh --add` command: (resource, name, operation, principal)."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    for name in ("bootstrap-server", "command-config", "allow-principal"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--resource-pattern-type", choices=["literal"], default="literal")
    parser.add_argument("--add", action="store_true", required=True)
    parser.add_argument("--operation", action="append", choices=_OPERATIONS, required=True)
    for resource in _RESOURCES:
        parser.add_argument(f"--{resource.replace('_', '-')}", action="append", default=[])
    found = parser.parse_args(shlex.split(command)[1:])
    return [
        (resource, name, operation, found.allow_principal)
        for resource in _RESOURCES
        for name in getattr(found, resource)
        for operation in found.operation
    ]


def printed(text, use):
    """Return the ACLs of one section of `--setup commands`."""
    [section] = [part for part in text.split("\n\n") if part.startswith(f"# Rights: {use}")]
    return [acl for command in section.splitlines()[1:] for acl in parsed(command)]


class Administrator:
    """A client with all rights, which creates topics, and grants and revokes rights."""

    def __init__(self, bootstrap):
        self._client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        self._granted = set()

    async def __aenter__(self):
        await self._client.start()
        return self

    async def __aexit__(self, *_):
        try:
            await self.take_back(list(self._granted))
        finally:
            await self._client.close()

    async def make_topics(self, settings):
        topics = json.loads(setup.render(settings, "json"))["topics"]
        made = [
            NewTopic(topic["name"], topic["partitions"], topic["replication"], topic_configs=topic["config"])
            for topic in topics
        ]
        response = await self._client.create_topics(made)
        assert not any(code for _, code, *_ in response.topic_errors), response
        while {t["name"] for t in topics} - set(await self._client.list_topics()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    async def grant(self, acls):
        for resource, name, operation, principal in acls:
            of = (_RESOURCES[resource], name, _LITERAL, principal, _ANY_HOST, _OPERATIONS[operation], _ALLOW)
            response = await self._client._send_to_controller(CreateAclsRequest(*of))
            assert not any(code for code, _ in response.creation_responses), response
            self._granted.add((resource, name, operation, principal))

    async def take_back(self, acls):
        for resource, name, operation, principal in acls:
            of = (_RESOURCES[resource], name, _LITERAL, principal, _ANY_HOST, _OPERATIONS[operation], _ALLOW)
            response = await self._client._send_to_controller(DeleteAclsRequest(*of))
            assert [len(found) for _, _, found in response.filter_responses] == [1], response
            self._granted.remove((resource, name, operation, principal))
