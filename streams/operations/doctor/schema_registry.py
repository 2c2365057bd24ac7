"""The schema registry: whether it answers, and lets us in."""

from collections.abc import AsyncIterator

from streams.config.load import Settings
from streams.mapping.schema_registry import RegistryUnavailable
from streams.operations.doctor.finding import Finding


async def findings(settings: Settings) -> AsyncIterator[Finding]:
    """Ask the registry, if there is one: a worker would wait for it, and read nothing that needs it."""
    registry = settings.mappings.registry
    if registry is None:
        return
    try:
        await registry.ask()
    except RegistryUnavailable as error:
        yield Finding("fail", error.message, error.hint)
    else:
        yield Finding("ok", f"the schema registry at {settings.schema_registry} answers")
