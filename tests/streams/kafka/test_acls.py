"""Rights: the printed ones are enough; a missing one is named, and the doctor prints it."""

import asyncio
import json
import shlex
from functools import partial

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.cli.group import run
from streams.config.load import load
from streams.errors import AccessDenied, TopicsMissing
from streams.kafka import acls, admin
from streams.kafka.topics import INPUTS, Names
from streams.operations.doctor import setup
from streams.service import prepare_topics
from tests.support.cluster import Cluster
from tests.support.kafka_admin import Administrator, parsed, printed
from tests.support.secured_kafka import USER, environ


@pytest.fixture
def variables(secured_kafka, unique):
    own = {"GROUP": unique, "PARTITIONS": 2, "CREATE_TOPICS": "false"}
    return environ(secured_kafka.ways_in()["scram-512"] | own)


@pytest.fixture
def settings(variables):
    return load({}, variables)


@pytest.fixture
async def administrator(secured_kafka):
    await Cluster(secured_kafka).wipe()
    async with Administrator(secured_kafka.bootstrap) as administrator:
        yield administrator


async def until(find, expected, seconds=10):
    """Brokers learn of a new right from their controller, a moment later."""
    async with asyncio.timeout(seconds):
        while await find() != expected:  # noqa: ASYNC110 - Kafka tells nobody
            await asyncio.sleep(0.02)


async def test_printed_rights_suffice_and_missing_ones_are_named(settings, administrator, unique):
    await administrator.make_topics(settings)
    granted = printed(setup.render(settings, "commands"), "worker")
    assert {principal for *_, principal in granted} == {f"User:{USER}"}
    await administrator.grant(granted)
    rights = acls.worker_acls(settings)
    async with admin.connect(settings) as client:
        await until(lambda: acls.missing(client, rights), [])
        await acls.require(client, rights)
        for acl in granted:
            resource, name, operation, _ = acl
            await administrator.take_back([acl])
            lost = acls.AclRequirement(resource.replace("_", "-"), name, (operation.upper(),))
            await until(lambda: acls.missing(client, rights), [lost])
            with pytest.raises(AccessDenied, match=f"{operation.upper()} on {lost.resource} {name}"):
                await acls.require(client, rights)
            await administrator.grant([acl])
            await until(lambda: acls.missing(client, rights), [])
    assert (await prepare_topics(settings))[f"{unique}-facts"] == 2


async def test_missing_topics_are_named_and_not_created(settings, administrator, secured_kafka, unique):
    await administrator.make_topics(settings)
    await administrator.grant(printed(setup.render(settings, "commands"), "worker"))
    cluster = Cluster(secured_kafka)
    await cluster.delete("orders", f"{unique}-ticks")
    async with admin.connect(settings) as client:
        await until(lambda: acls.missing(client, acls.worker_acls(settings)), [])
    with pytest.raises(TopicsMissing, match=f"topics are missing: orders, {unique}-ticks; `retention"):
        await prepare_topics(settings)
    assert "orders" not in await cluster.topics()


async def test_right_to_create_topics_grants_nothing_else(variables, administrator):
    settings = load({"create_topics": "true"}, variables)
    granted = printed(setup.render(settings, "commands"), "worker")
    assert not [acl for acl in granted if acl[0] == "cluster"]
    await administrator.grant(granted)
    async with admin.connect(settings) as client:
        await until(lambda: acls.missing(client, acls.worker_acls(settings)), [])
    assert len(await prepare_topics(settings)) == len(setup.required_by(settings))


async def test_rights_printed_by_doctor_mend_its_findings(
    variables, administrator, secured_kafka, monkeypatch, capsys
):

    settings = load({}, variables)
    await administrator.make_topics(settings)
    for use in setup.uses(settings):
        await administrator.grant(printed(setup.render(settings, "commands"), use))
    async with admin.connect(settings) as client:
        every = [right for rights in setup.uses(settings).values() for right in rights]
        await until(lambda: acls.missing(client, every), [])
    await administrator.take_back([("topic", "refunds", "Read", f"User:{USER}")])
    await Cluster(secured_kafka).delete("tickets")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    def doctor():
        code = run(["doctor", "--port", "0"])
        return code, capsys.readouterr().out

    code, out = await asyncio.to_thread(doctor)
    assert code == 1
    assert "fail  Kafka does not allow a worker: READ on topic refunds\n" in out
    assert "fail  missing topics: tickets\n" in out
    assert variables["RETENTION_SASL_PASSWORD"] not in out
    commands = [line.strip() for line in out.splitlines() if line.startswith("      kafka-")]
    [for_topic] = [command for command in commands if command.startswith("kafka-topics.sh")]
    [for_right] = [command for command in commands if command.startswith("kafka-acls.sh")]
    assert "--topic tickets --partitions 2 --replication-factor 1" in for_topic
    assert parsed(for_right) == [("topic", "refunds", "Read", f"User:{USER}")]
    await administrator.grant(parsed(for_right))
    await Cluster(secured_kafka).create({shlex.split(for_topic)[8]: 2})
    code, out = await asyncio.to_thread(doctor)
    assert code == 0, out
    assert "ok    Kafka allows everything that a worker does" in out


ORDER = {"id": "e", "type": "order.placed", "time": "2026-01-01T00:00:00Z", "customer_id": "c"}
ORDER |= {"order_id": "o", "amount": 1, "currency": "USD"}
#: Uses whose rights are enough for a command; the last one deletes the topics.
COMMANDS = [
    (["load"], ["load", "events.jsonl"]),
    (["doctor"], ["dead-letters", "list"]),
    (["doctor", "dead-letters redrive"], ["dead-letters", "redrive", "--file", "letters.jsonl"]),
    (["erase"], ["erase", "c", "--yes"]),
    (["reset"], ["reset", "--yes"]),
]


async def test_each_command_needs_exactly_the_rights_of_its_use(
    settings, variables, administrator, tmp_path, monkeypatch
):
    await administrator.make_topics(settings)
    (tmp_path / "events.jsonl").write_text(json.dumps(ORDER))
    (tmp_path / "letters.jsonl").write_text(json.dumps({"topic": "orders", "value": ORDER}))
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    text = setup.render(settings, "commands")
    for uses, command in COMMANDS:
        granted = [acl for use in uses for acl in printed(text, use)]
        await until(partial(asyncio.to_thread, run, command), AccessDenied.exit_code, seconds=60)
        await administrator.grant(granted)
        await until(partial(asyncio.to_thread, run, command), 0, seconds=60)
        await administrator.take_back(granted)


async def test_rights_of_an_autoscaler_are_enough_to_read_the_lag(settings, administrator):
    """What KEDA does: read the committed offsets of the group, and the ends of its topics."""
    await administrator.make_topics(settings)
    await administrator.grant(printed(setup.render(settings, "commands"), "scale"))
    facts = TopicPartition(Names(settings.group).facts, 0)

    async def lag():
        async with admin.connect(settings) as client:
            offsets = await client.list_consumer_group_offsets(settings.group)
        consumer = AIOKafkaConsumer(**settings.client_options())
        await consumer.start()
        try:
            return offsets, await consumer.end_offsets([facts])
        finally:
            await consumer.stop()

    async with admin.connect(settings) as client:
        await until(lambda: acls.missing(client, acls.scaler_acls(settings)), [])
    assert await lag() == ({}, {facts: 0})


def test_every_output_form_has_the_same_topics_and_rights(settings):
    made = json.loads(setup.render(settings, "json", "User:CN=shop"))
    strimzi = json.loads(setup.render(settings, "strimzi", "User:CN=shop"))["items"]
    topics = [item["spec"] for item in strimzi if item["kind"] == "KafkaTopic"]
    assert [(t["topicName"], t["partitions"], t["config"]) for t in topics] == [
        (t["name"], t["partitions"], t["config"]) for t in made["topics"]
    ]
    [user] = [item for item in strimzi if item["kind"] == "KafkaUser"]
    assert user["metadata"]["name"] == "cn-shop"
    rights = {
        (acl["resource"]["type"].lower(), acl["resource"]["name"], operation.upper())
        for acl in user["spec"]["authorization"]["acls"]
        for operation in acl["operations"]
    }
    assert rights == {
        (acl["resource"].replace("-", ""), acl["name"], operation.replace("_", ""))
        for acl in made["acls"]
        for operation in acl["operations"]
        if acl["use"] not in {"scale", "reset"}
    }
    commands = setup.render(settings, "commands")
    by_use = {use: printed(commands, use) for use in setup.uses(settings)}
    assert sum(map(len, by_use.values())) == sum(len(acl["operations"]) for acl in made["acls"])
    assert {acl["principal"] for acl in made["acls"]} == {"User:CN=shop"}


def test_autoscaler_can_only_describe_what_the_group_reads():
    settings = load({}, {})
    rights = acls.scaler_acls(settings)
    assert {operation for right in rights for operation in right.operations} == {"DESCRIBE"}
    names = Names(settings.group)
    topics = {right.name for right in rights if right.resource == "topic"}
    assert topics == {*INPUTS, names.facts, names.ticks, names.partials}
    assert [right.name for right in rights if right.resource == "group"] == [settings.group]


def test_three_replicas_require_two_in_sync(variables):
    topics = json.loads(setup.render(load({"replication": 3}, variables), "json"))["topics"]
    assert {topic["config"]["min.insync.replicas"] for topic in topics} == {"2"}


@pytest.mark.parametrize(
    ("pattern", "name", "prefixed"),
    [
        ("shop-.*", "shop-", True),
        (r"shop\.orders\.v[0-9]+", "shop.orders.v", True),
        (r"eu\.*", "eu", True),
        ("orders?", "order", True),
        ("a{2}b", "*", False),
        (".*-orders", "*", False),
        ("eu-orders|us-orders", "*", False),
    ],
)
def test_input_pattern_needs_a_prefixed_right(pattern, name, prefixed):
    assert acls.pattern_acl(pattern) == acls.AclRequirement("topic", name, ("READ",), prefixed)


def test_foreign_inputs_are_only_read_and_patterns_are_prefixes(variables, tmp_path):
    config = tmp_path / "retention.toml"
    given = (
        '[[inputs]]\npattern = "shop-.*"\nkind = "orders"\n[[inputs]]\ntopic = "theirs"\nkind = "orders"\n'
    )
    config.write_text(given)
    settings = load({"config": str(config), "create_topics": "true"}, variables)
    commands = setup.render(settings, "commands").splitlines()
    of_worker, of_scaler = [one for one in commands if one.endswith("--resource-pattern-type prefixed")]
    assert "--operation Read --topic shop- " in of_worker
    assert "--operation Describe --topic shop- " in of_scaler
    assert not [command for command in commands if "--topic orders" in command and "Read" in command]
    rights = json.loads(setup.render(settings, "json"))["acls"]
    assert [right["name"] for right in rights if right["pattern"] == "prefixed"] == ["shop-", "shop-"]
    by_name = {right["name"]: right["operations"] for right in rights if right["use"] == "worker"}
    assert by_name["theirs"] == ["READ"]
    assert by_name["retention.metrics"] == ["READ", "WRITE", "CREATE"]
