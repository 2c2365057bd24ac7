"""Check the access rights: whether Kafka allows what a worker and an operator do."""

from collections.abc import AsyncIterator

from aiokafka.admin import AIOKafkaAdminClient

from streams.config.load import Settings
from streams.kafka import acls
from streams.operations.doctor import setup
from streams.operations.doctor.finding import Finding


async def findings(client: AIOKafkaAdminClient, settings: Settings) -> AsyncIterator[Finding]:
    """Yield the access rights that a worker and an operator lack.

    Args:
        client: connection to Kafka.
        settings: the group, the inputs and the connection.
    """
    lacking = await acls.missing(client, acls.worker_acls(settings))
    if lacking:
        yield Finding(
            "fail", f"Kafka does not allow a worker: {_named(lacking)}", _granting(settings, lacking)
        )
    else:
        yield Finding("ok", "Kafka allows everything that a worker does")
    hidden = await acls.missing(client, acls.operator_acls(settings))
    if hidden:
        what = f"Kafka does not allow the doctor: {_named(hidden)}"
        yield Finding("warn", what, _granting(settings, hidden))


def _named(rights: list[acls.AclRequirement]) -> str:
    return "; ".join(map(str, rights))


def _granting(settings: Settings, rights: list[acls.AclRequirement]) -> str:
    return "\n".join(setup.acl_commands(settings, rights, setup.principal_of(settings)))
