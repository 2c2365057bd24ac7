"""Run all checks: those of this machine first, then those that need a connection."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from streams.config.load import Settings
from streams.errors import RetentionError
from streams.kafka import admin
from streams.operations.doctor import acls, group, machine, read_model, schedules, schema_registry, topics
from streams.operations.doctor.finding import Finding


async def diagnose(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Yield the findings of all checks. A Kafka that does not answer is one finding.

    Args:
        settings: the settings to check.
        environ: environment variables.
    """
    for finding in machine.findings(settings, environ):
        yield finding
    for finding in schedules.findings(settings.definitions, datetime.now(UTC)):
        yield finding
    async for finding in read_model.findings(settings):
        yield finding
    async for finding in schema_registry.findings(settings):
        yield finding
    try:
        async with admin.connect(settings) as client:
            async for finding in acls.findings(client, settings):
                yield finding
            async for finding in topics.findings(client, settings):
                yield finding
            async for finding in group.findings(client, settings):
                yield finding
    except RetentionError as error:
        yield Finding("fail", error.message, error.hint)
