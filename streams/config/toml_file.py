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

from models.definitions.action_policy import ActionPolicy
from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.risk_model import RiskModel
from streams.config import risk_file
from streams.errors import SettingsError

_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
_FIELDS: Final = Definitions.__struct_fields__
_TARGETS: Final = ("first_response", "resolution")
#: Nothing is known of a customer for longer; and times are counted in microseconds of 64 bits.
_LONGEST_SECONDS: Final = 3650 * 86_400
#: What msgspec calls what TOML holds.
_KINDS: Final = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "object": "a table",
    "str": "text",
}


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


def text(name: str, value: object, path: Path | None, *, switch: bool) -> str:
    """Return a value as text, as if it came from the environment; true or false, where it is a `switch`."""
    if switch and isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingsError(name, "expected a string or a whole number", source=f"in {path}")
    return str(value)


def definitions(document: Mapping[str, Any], *, known: Collection[str], path: Path | None) -> Definitions:
    """Return the definitions of a file's content.

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
                name,
                "no such setting",
                source=source,
                hint=did_you_mean(name, [*known, *_FIELDS], "docs/reference/settings.md lists all settings"),
            )
    given = {name: document[name] for name in _FIELDS if name in document}
    defaults = Definitions()
    if "sla" in given:
        given["sla"] = {**defaults.sla, **_targets(given["sla"], source)}
    for name in ("tiers", "rates"):
        _demand_numbers(name, given.get(name), source)
    if isinstance(given.get("tiers"), dict):
        _demand_known("tiers", given["tiers"], defaults.tiers, source)
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
        name, problem, hint = _split(str(error))
        raise SettingsError(name, problem, source=source, hint=hint) from None


def _demand_numbers(name: str, table: object, source: str) -> None:
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsError(
                f"{name}.{key}", f"{value!r} is not valid", source=source, hint="expected a number"
            )


def _demand_known(name: str, table: Mapping[str, Any], known: Collection[str], source: str) -> None:
    for key in table:
        if key not in known:
            hint = did_you_mean(key, known, f"expected {', '.join(known)}")
            raise SettingsError(f"{name}.{key}", "there is no such thing", source=source, hint=hint)


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
        targets[priority] = _target(f"sla.{priority}", target, source)
    return targets


def _target(name: str, table: object, source: str) -> tuple[int, int]:
    if not isinstance(table, dict):
        hint = 'such as first_response = "30m" and resolution = "8h"'
        raise SettingsError(name, "expected a table with two durations", source=source, hint=hint)
    _demand_known(name, table, _TARGETS, source)
    for part in _TARGETS:
        if part not in table:
            raise SettingsError(name, f"{part} is missing", source=source, hint='such as "8h"')
    first_response, resolution = (_duration(f"{name}.{part}", table[part], source) for part in _TARGETS)
    return first_response, resolution


def _actions(table: object, expiry: Mapping[str, int], source: str) -> object:
    """Put the defaults in the place of expiries that are left out."""
    if not isinstance(table, dict):
        return table
    _demand_known("actions", table, ActionPolicy.__struct_fields__, source)
    if not isinstance(given := table.get("expiry", {}), dict):
        return table
    _demand_known("actions.expiry", given, expiry, source)
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
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST_SECONDS:
        raise SettingsError(name, f"{value!r} is more than ten years", source=source)
    return seconds


def _split(message: str) -> tuple[str, str, str]:
    """Split what msgspec or a rule of ours says into the name, the problem, and what is expected."""
    problem, _, path = message.partition(" - at `$.")
    name = path.rstrip("`")
    if kinds := re.fullmatch(r"Expected `(\w+)`, got `(\w+)`", problem):
        expected, got = (_KINDS.get(kind, kind) for kind in kinds.groups())
        return name, f"is {got}", f"expected {expected}"
    if rule := re.fullmatch(r"(\w+): (.*)", problem):
        return ".".join(filter(None, [name, rule[1]])), rule[2], ""
    return name, problem, ""


def did_you_mean(name: str, names: Collection[str], otherwise: str) -> str:
    """Return a hint that names the most similar of `names`; `otherwise` without a similar one."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {close[0]}?" if close else otherwise
