"""Workers on a Kafka with TLS, SASL and ACLs need exactly the rights that `doctor --setup` prints."""

import pytest

from streams.config.load import load
from streams.errors import AccessDenied
from streams.operations.doctor import setup
from tests.support.cluster import Cluster
from tests.support.deployment import Deployment
from tests.support.events import Style, by_thing, duplicated, history
from tests.support.kafka_admin import Administrator, printed
from tests.support.secured_kafka import SECRETS, USER, environ


@pytest.fixture
def deploy(secured_kafka, tmp_path, unique):
    """Return a function that makes a group of workers that authenticate with SCRAM."""
    made = []

    def make(**more):
        settings = environ(secured_kafka.ways_in()["scram-512"]) | {"RETENTION_CREATE_TOPICS": "false"}
        made.append(Deployment(Cluster(secured_kafka), unique, tmp_path, **settings | more))
        return made[-1]

    yield make
    for deployment in made:
        deployment.close()


@pytest.fixture
async def administrator(secured_kafka):
    await Cluster(secured_kafka).wipe()
    async with Administrator(secured_kafka.bootstrap) as administrator:
        yield administrator


async def test_printed_topics_and_acls_are_enough_for_a_worker(
    deploy, administrator, secured_kafka, monkeypatch
):
    """One worker authenticates with a password, the other with a token whose sessions end every few seconds.

    Both lose a right for a moment while events arrive.
    """
    events = history(91, size=1000)
    deployment = deploy()
    settings = load({}, deployment.settings)
    await administrator.make_topics(settings)
    await administrator.grant(printed(setup.render(settings, "commands"), "worker"))
    with secured_kafka.tokens.serving() as url:
        monkeypatch.setattr(secured_kafka.tokens, "life", 4)
        by_token = environ(secured_kafka.ways_in()["oauth"]) | {"RETENTION_OAUTH_TOKEN_URL": url}
        by_token |= {"RETENTION_SASL_USERNAME": "", "RETENTION_SASL_PASSWORD": ""}
        deployment.start()
        deployment.start(**by_token)
        await deployment.sharing()
        of_orders = ("topic", "orders", "Read", f"User:{USER}")
        await administrator.take_back([of_orders])
        await deployment.cluster.produce(duplicated(events, 91), [Style(), Style(by_thing)])
        for worker in deployment.workers:
            await worker.until_logged(
                "lets this worker read orders; trying again|Topic orders is not authorized"
            )
        await administrator.grant([of_orders])
        await deployment.equal(events)
        assert len(secured_kafka.tokens.requests) > 1
        assert len(deployment.alive) == 2
        assert not any(secret in worker.log for worker in deployment.workers for secret in SECRETS)
        assert [await worker.stop() for worker in deployment.workers] == [0, 0]


async def test_worker_without_access_logs_the_reason_and_exits(deploy, administrator, secured_kafka):
    deployment = deploy()
    settings = load({}, deployment.settings)
    await administrator.make_topics(settings)
    acls = printed(setup.render(settings, "commands"), "worker")
    await administrator.grant(acl for acl in acls if acl[:2] != ("group", settings.group))
    expected = {
        deployment.start(RETENTION_SASL_PASSWORD="wrong"): "refuses user shop by SCRAM-SHA-512",
        deployment.start(
            RETENTION_TLS_CA_FILE=str(secured_kafka.certificates.foreign_ca)
        ): "is not trusted: unable to get local issuer certificate",
        deployment.start(RETENTION_BROKER=secured_kafka.address("OTHER")): "certificate for another name",
        deployment.start(): f"Kafka does not allow: READ on group {settings.group}",
    }
    for worker, what in expected.items():
        assert await worker.exit_code(60) == AccessDenied.exit_code, worker.tail()
        first, *hints = worker.log.splitlines()
        assert first.startswith("retention: ")
        assert what in first
        assert len(hints) == 1
        assert not any(secret in worker.log for secret in SECRETS)
