"""The TOML file: settings by their names, and the definitions.

base_currency = "EUR"
windows = ["7d", "30d", "90d", "365d"]
horizon_days = 800
lifecycle_days = 90
channels = ["web", "store"]
payment_methods = ["card", "wallet"]

[rates]                 # base units for one major unit; the base currency's own may be left out
USD = 0.92

[sla.urgent]            # priorities that are left out keep their defaults, and so do tiers
first_response = "30m"
resolution = "8h"

[tiers]
silver = 200

[actions]
off = ["ask_for_referral"]
weekly_cap = 2
held_out = 0.1

[actions.expiry]
win_back = "21d"

[risk]
model = "risk-2026-06-30-1f0c8d2e.toml"    # of `retention fit`; relative to this file
"""

import difflib
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from models.definitions import PRIORITIES, Definitions
from models.risk_model import RiskModel
from streams import risk_file
from streams.errors import SettingsError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_FIELDS: Final = Definitions.__struct_fields__


def read(path: Path) -> dict[str, Any]:
    """Read the file.

    Raises:
        SettingsError: it cannot be read, or is no TOML.
    """
    source = f"file {path}"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError("RETENTION_CONFIG", f"cannot be read: {error.strerror}", source=source) from None
    except UnicodeDecodeError:
        raise SettingsError("RETENTION_CONFIG", "is not UTF-8", source=source) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError("RETENTION_CONFIG", f"is not TOML: {error}", source=source) from None


def text(name: str, value: object, path: Path | None) -> str:
    """Give a setting's value as text, as if it came from the environment."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingsError(name, "expected a string or a whole number", source=f"in {path}")
    return str(value)


def definitions(document: Mapping[str, Any], *, known: Collection[str], path: Path | None) -> Definitions:
    """Make the definitions of a file's content.

    Args:
        document: the whole content.
        known: names in it that are settings, not definitions.
        path: for errors.

    Raises:
        SettingsError: an unknown name, a wrong type, or a rule of `Definitions` broken.
    """
    source = f"in {path}"
    for name in document:
        if name not in known and name not in _FIELDS:
            raise SettingsError(
                name, "no such setting", source=source, hint=_did_you_mean(name, [*known, *_FIELDS])
            )
    given = {name: document[name] for name in _FIELDS if name in document}
    defaults = Definitions()
    if "sla" in given:
        given["sla"] = {**defaults.sla, **_targets(given["sla"], source)}
    if isinstance(given.get("tiers"), dict):
        given["tiers"] = {**defaults.tiers, **given["tiers"]}
    if "base_currency" in given or "rates" in given:
        given["rates"] = _rates(given, defaults.base_currency)
    if "actions" in given:
        given["actions"] = _actions(given["actions"], defaults.actions.expiry, source)
    if "risk" in given:
        given["risk"] = _risk(given["risk"], path, source)
    try:
        return msgspec.convert(given, Definitions)
    except msgspec.ValidationError as error:
        name, problem = _split(str(error))
        raise SettingsError(name, problem, source=source) from None


def _rates(given: Mapping[str, Any], base_currency: str) -> object:
    rates = given.get("rates", {})
    if not isinstance(rates, dict):
        return rates
    return {str(given.get("base_currency", base_currency)): 1.0, **rates}


def _targets(table: object, source: str) -> dict[str, tuple[int, int]]:
    if not isinstance(table, dict):
        raise SettingsError("sla", "expected a table for each priority", source=source)
    targets = {}
    for priority, target in table.items():
        if priority not in PRIORITIES:
            raise SettingsError(
                f"sla.{priority}", "no such priority", source=source, hint=f"expected {', '.join(PRIORITIES)}"
            )
        if not isinstance(target, dict) or set(target) != {"first_response", "resolution"}:
            raise SettingsError(
                f"sla.{priority}", "expected exactly first_response and resolution", source=source
            )
        targets[priority] = (
            _duration(f"sla.{priority}.first_response", target["first_response"], source),
            _duration(f"sla.{priority}.resolution", target["resolution"], source),
        )
    return targets


def _actions(table: object, expiry: Mapping[str, int], source: str) -> object:
    """Put the defaults in the place of expiries that are left out."""
    if not isinstance(table, dict) or not isinstance(given := table.get("expiry", {}), dict):
        return table
    read = {name: _duration(f"actions.expiry.{name}", value, source) for name, value in given.items()}
    return {**table, "expiry": {**expiry, **read}}


def _risk(table: object, path: Path | None, source: str) -> RiskModel:
    """Read the model that a table names."""
    if not isinstance(table, dict) or set(table) != {"model"} or not isinstance(table["model"], str):
        raise SettingsError(
            "risk", "expected exactly model", source=source, hint='such as model = "risk-2026-06-30.toml"'
        )
    beside = Path() if path is None else path.parent
    try:
        return risk_file.read(beside / Path(table["model"]).expanduser())
    except risk_file.ModelFileError as error:
        raise SettingsError(
            "risk.model", str(error), source=source, hint="make one with `retention fit`"
        ) from None


def _duration(name: str, value: object, source: str) -> int:
    """Read `90m` as seconds."""
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise SettingsError(
            name,
            f"{value!r} is not valid",
            source=source,
            hint='expected a duration such as "30m", "8h" or "2d"',
        )
    return int(match[1]) * _SECONDS[match[2]]


def _split(message: str) -> tuple[str, str]:
    """Split what msgspec or `Definitions` says into the name and the problem."""
    problem, _, path = message.partition(" - at `$.")
    if path:
        return path.rstrip("`"), problem
    name, _, problem = message.partition(": ")
    return name, problem


def _did_you_mean(name: str, names: Collection[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else f"expected one of {', '.join(sorted(names))}"
