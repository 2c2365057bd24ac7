"""All checks, in the order in which they make sense."""

from collections.abc import AsyncIterator, Mapping

from streams import admin
from streams.doctor import group, local, read_model, registry, rights, topics
from streams.doctor.finding import Finding
from streams.errors import RetentionError
from streams.settings import Settings


async def diagnose(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Give the findings as they come: this machine's first, then Kafka's if it answers."""
    for finding in local.findings(settings, environ):
        yield finding
    async for finding in read_model.findings(settings):
        yield finding
    async for finding in registry.findings(settings):
        yield finding
    try:
        async with admin.connect(settings) as client:
            async for finding in rights.findings(client, settings):
                yield finding
            async for finding in topics.findings(client, settings):
                yield finding
            async for finding in group.findings(client, settings):
                yield finding
    except RetentionError as error:
        yield Finding("fail", error.message, error.hint)
