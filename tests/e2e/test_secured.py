"""A Kafka with TLS, SASL and its authorizer on: workers may do what was printed, and nothing else."""

import asyncio

import pytest

from streams.doctor import setup
from streams.settings import load
from tests.acls import Administrator, printed
from tests.e2e.cluster import Cluster
from tests.e2e.deployment import Deployment
from tests.e2e.events import Style, by_thing, duplicated, history
from tests.secured import SECRETS, environ


@pytest.fixture
def deploy(secured_kafka, tmp_path, unique):
    """Make a group of workers that come in by SCRAM."""
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


async def test_with_exactly_the_printed_topics_and_rights_all_numbers_arrive(
    deploy, administrator, secured_kafka
):
    """One worker has a password; the other a token, and its sessions end every few seconds."""
    events = history(91, size=2000)
    deployment = deploy()
    settings = load({}, deployment.settings)
    await administrator.make_topics(settings)
    await administrator.grant(printed(setup.told(settings, "commands"), "worker"))
    with secured_kafka.tokens.serving() as url:
        secured_kafka.tokens.life = 5
        by_token = environ(secured_kafka.ways_in()["oauth"]) | {"RETENTION_OAUTH_TOKEN_URL": url}
        by_token |= {"RETENTION_SASL_USERNAME": "", "RETENTION_SASL_PASSWORD": ""}
        deployment.start()
        deployment.start(**by_token)
        await deployment.sharing()
        await deployment.cluster.produce(duplicated(events, 91), [Style(), Style(by_thing)])
        await deployment.equal(events)
        await asyncio.sleep(6)  # by then, no connection is left that the token opened first
        more = history(92, size=300)
        await deployment.cluster.produce(more)
        await deployment.equal([*events, *more])
        assert len(secured_kafka.tokens.asked) > 1
        assert len(deployment.alive) == 2
        assert not any(secret in worker.log for worker in deployment.workers for secret in SECRETS)
        assert [await worker.stop() for worker in deployment.workers] == [0, 0]
