"""Check the schema registry: whether it answers, and whether it accepts the credentials."""

from collections.abc import AsyncIterator

from streams.config.load import Settings
from streams.mapping.schema_registry import RegistryUnavailable, SchemaRegistry
from streams.operations.doctor.finding import Finding


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding about the schema registry if one is configured.

    A worker waits for the registry, and reads no record whose schema it needs until it answers.

    Args:
        settings: the mappings, and the address of the registry.
    """
    access = settings.registry_access
    if access is None:
        return
    try:
        await SchemaRegistry(access).check()
    except RegistryUnavailable as error:
        yield Finding("fail", error.message, error.hint)
    else:
        yield Finding("ok", f"the schema registry at {settings.schema_registry} answers")
