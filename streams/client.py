"""How every aiokafka client of ours reaches the broker."""

from typing import Any

from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments that aiokafka's consumers, producers and admin clients have in common."""
    return {
        "bootstrap_servers": settings.broker,
        "client_id": settings.group,
        "request_timeout_ms": 30_000,
        "metadata_max_age_ms": 30_000,
    }
