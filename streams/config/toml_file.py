"""The definitions and settings in the TOML file, for example.

base_currency = "EUR"
windows = ["7d", "30d", "90d", "365d"]
horizon_days = 800
lifecycle_days = 90
keep_first_order = true
channels = ["web", "store"]
payment_methods = ["card", "wallet"]
teams = ["billing", "logistics"]
experiments = ["checkout-v2"]
max_experiments = 50
max_variants = 10
further_metrics = ["order_kinds", "second_order", "review_rate"]

[rates]                 # units of the base currency for one unit; optional for the base currency itself
USD = 0.92

[sla.urgent]            # omitted priorities and tiers keep their defaults; more in `streams.config.sla`
first_response = "30m"
resolution = "8h"

[schedules.support]     # more in `streams.config.schedules`
zone = "Europe/Berlin"
mon = ["09:00-18:00"]

[tiers]
silver = 200

[actions]
off = ["ask_for_referral"]
weekly_cap = 2
held_out = 0.1

[actions.expiry]
win_back = "21d"

[periods]
zone = "Europe/Berlin"  # also of the months of cohorts
week_starts = "monday"
kinds = ["week", "month", "quarter", "year"]
close_after = "72h"

[cohorts]               # by the month of the first order
unit = "30d"
periods = 12
export = "curves"
complete_from = "2021-01-01"

[[segments]]            # with `segment_windows`, `min_cell` and `max_series` beside the first keys
name = "country"
field = "country"
values = ["DE", "AT"]

[risk]
model = "risk-2026-06-30-1f0c8d2e.toml"    # written by `retention fit`; relative to this file
"""

import tomllib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from models.definitions.action_policy import ActionPolicy
from models.definitions.cohorts import CohortDefinitions
from models.definitions.definitions import Definitions, tiers_of
from models.definitions.periods import PeriodDefinitions
from models.definitions.risk_model import RiskModel
from models.definitions.segments import Segment
from models.metrics.segment_series import check_budget
from streams.config import risk_file, schedules, sla
from streams.config.definition_errors import violation
from streams.config.paths import path_of
from streams.config.toml_values import check_keys, did_you_mean, duration
from streams.errors import SettingsError

#: Schedules are checked over the horizon, up to this many days.
_LONGEST_HORIZON_DAYS: Final = 36_500
#: Keys of the definitions. The table `sla` holds `sla_policies` too.
_FIELDS: Final = tuple(name for name in Definitions.__struct_fields__ if name != "sla_policies")
#: Tables whose keys are the fields of a struct.
_TABLES: Final = {"cohorts": CohortDefinitions, "periods": PeriodDefinitions}


def read(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file.

    Raises:
        SettingsError: the file cannot be read, or is not TOML.
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
    """Return a value of the TOML file as the text that an environment variable would have.

    Args:
        name: name of the setting.
        value: its value in the file.
        path: path of the file, for error messages.
        switch: whether the setting is true or false.

    Raises:
        SettingsError: the value is neither text nor a whole number, nor a boolean of a switch.
    """
    if switch and isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SettingsError(name, "expected a string or a whole number", source=f"in {path}")
    return str(value)


def definitions(document: Mapping[str, Any], *, known: Collection[str], path: Path | None) -> Definitions:
    """Return the definitions in a TOML file.

    Args:
        document: content of the whole file.
        known: names of settings and sections, which are not definitions.
        path: path of the file, for error messages.

    Raises:
        SettingsError: a name is unknown, or a value has the wrong type or violates a rule of `Definitions`.
    """
    source = f"in {path}"
    for name in document:
        if name not in known and name not in _FIELDS:
            raise SettingsError(
                name,
                "unknown setting",
                source=source,
                hint=did_you_mean(name, [*known, *_FIELDS], "docs/reference/settings.md lists all settings"),
            )
    given = {name: document[name] for name in _FIELDS if name in document}
    defaults = Definitions()
    given |= _support(given, defaults, path)
    for name in ("tiers", "rates"):
        _check_numbers(name, given.get(name), source)
    if isinstance(given.get("tiers"), dict):
        check_keys("tiers", given["tiers"], defaults.tiers, source)
        given["tiers"] = {**defaults.tiers, **given["tiers"]}
    if "base_currency" in given or "rates" in given:
        given["rates"] = _rates(given, defaults.base_currency)
    _check_tables(given, source)
    if "actions" in given:
        given["actions"] = _actions(given["actions"], defaults.actions.expiry, source)
    if "risk" in given:
        given["risk"] = _risk(given["risk"], path, source)
    try:
        found = msgspec.convert(given, Definitions)
        check_budget(found)
    except ValueError as error:  # of msgspec too
        raise violation(str(error), source) from None
    _check_complete_from(found.cohorts, source)
    return found


def _check_complete_from(cohorts: CohortDefinitions | None, source: str) -> None:
    begins = None if cohorts is None else cohorts.complete_from
    if begins is not None and begins > datetime.now(UTC).date() + timedelta(days=1):  # it is a local date
        problem = f"{begins} is in the future, so that no cohort would be compared"
        hint = "expected the date from which on the history is complete, such as 2021-01-01"
        raise SettingsError("cohorts.complete_from", problem, source=source, hint=hint)


def _support(given: Mapping[str, Any], defaults: Definitions, path: Path | None) -> dict[str, Any]:
    """Return the schedules, and the targets that may name them."""
    found: dict[str, Any] = {}
    if "schedules" in given:
        found["schedules"] = schedules.read(given["schedules"], _horizon(given, defaults), path)
    if "sla" in given:
        names = found.get("schedules", {})
        found |= sla.read(given["sla"], defaults.sla, names, tiers_of(defaults), f"in {path}")._asdict()
    return found


def _horizon(given: Mapping[str, Any], defaults: Definitions) -> int:
    """Return the horizon in days; the default if the file has an invalid one, which is found later."""
    days = given.get("horizon_days", defaults.horizon_days)
    return days if isinstance(days, int) and 0 < days < _LONGEST_HORIZON_DAYS else defaults.horizon_days


def _check_tables(given: Mapping[str, Any], source: str) -> None:
    for name, table in _TABLES.items():
        if isinstance(given.get(name), dict):
            check_keys(name, given[name], table.__struct_fields__, source)
    segments = given.get("segments")
    for index, segment in enumerate(segments if isinstance(segments, list) else ()):
        if isinstance(segment, dict):
            check_keys(f"segments[{index}]", segment, Segment.__struct_encode_fields__, source)


def _check_numbers(name: str, table: object, source: str) -> None:
    for key, value in table.items() if isinstance(table, dict) else ():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingsError(
                f"{name}.{key}", f"{value!r} is not valid", source=source, hint="expected a number"
            )


def _rates(given: Mapping[str, Any], base_currency: str) -> object:
    rates = given.get("rates", {})
    if not isinstance(rates, dict):
        return rates
    return {str(given.get("base_currency", base_currency)): 1.0, **rates}


def _actions(table: object, expiry: Mapping[str, int], source: str) -> object:
    """Return the table `actions` with durations in seconds, and defaults for omitted expiries."""
    if not isinstance(table, dict):
        return table
    check_keys("actions", table, ActionPolicy.__struct_fields__, source)
    if not isinstance(given := table.get("expiry", {}), dict):
        return table
    check_keys("actions.expiry", given, expiry, source)
    read = {name: duration(f"actions.expiry.{name}", value, source) for name, value in given.items()}
    return {**table, "expiry": {**expiry, **read}}


def _risk(table: object, path: Path | None, source: str) -> RiskModel:
    """Return the model of the file that the table `risk` names."""
    if not isinstance(table, dict) or set(table) != {"model"} or not isinstance(table["model"], str):
        raise SettingsError(
            "risk",
            "expected the key `model` alone",
            source=source,
            hint='such as model = "risk-2026-06-30.toml"',
        )
    beside = Path() if path is None else path.parent
    try:
        return risk_file.read(beside / path_of(table["model"]))
    except (ValueError, risk_file.ModelFileError) as error:
        raise SettingsError(
            "risk.model", str(error), source=source, hint="`retention fit` writes a model file"
        ) from None
