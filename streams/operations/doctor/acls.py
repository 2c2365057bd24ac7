"""Access rights: whether Kafka allows what a worker does, and what else one may want to do."""

from collections.abc import AsyncIterator

from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.kafka import acls
from streams.operations.doctor import setup
from streams.operations.doctor.finding import Finding


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Compare the rights that there are with those that are needed."""
    lacking = await acls.missing(client, acls.worker_acls(settings))
    if lacking:
        yield Finding(
            "fail", f"Kafka does not allow a worker: {_named(lacking)}", _granting(settings, lacking)
        )
    else:
        yield Finding("ok", "Kafka allows all that a worker does")
    unseen = await acls.missing(client, acls.operator_acls(settings))
    if unseen:
        what = f"Kafka does not let me look: {_named(unseen)}"
        yield Finding("warn", what, _granting(settings, unseen))


def _named(rights: list[acls.AclRequirement]) -> str:
    return "; ".join(map(str, rights))


def _granting(settings: Settings, rights: list[acls.AclRequirement]) -> str:
    return "\n".join(setup.acl_commands(settings, rights, setup.principal_of(settings)))
