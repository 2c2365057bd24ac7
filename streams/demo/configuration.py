"""The configuration of the demo: that of the user, or the one of the simulated shop."""

from pathlib import Path
from typing import Final

from msgspec.structs import replace

from models.definitions.definitions import Definitions
from models.definitions.schedules import Schedule
from streams.config.load import Settings, load

#: Configuration of the simulated shop. It has hours of support.
SHOP_FILE: Final = Path(__file__).with_name("shop.toml")


def configured(settings: Settings) -> Settings:
    """Return the settings with the configuration of the simulated shop, unless they name another file."""
    if settings.config is not None:
        return settings
    definitions = load({}, {"RETENTION_CONFIG": str(SHOP_FILE)}).definitions
    return replace(settings, config=SHOP_FILE, definitions=definitions)


def support_hours(definitions: Definitions) -> Schedule | None:
    """Return the schedule of tickets with the priority `normal`. None if their targets run at any hour."""
    name = definitions.sla_policies["normal"].schedule
    return None if name is None else definitions.schedules[name]
