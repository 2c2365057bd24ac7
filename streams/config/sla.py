"""The table `[sla]` of the TOML file, for example.

[sla]                           # the same keys as below: the default of all priorities
pause = ["pending"]             # statuses in which the resolution does not run; this is the default
schedule = "support"            # a table [schedules.NAME]; without it the targets run always

[sla.high]
first_response = "4h"
resolution = "24h"
next_response = "8h"            # without it there is no such target

[sla.high.tier.vip]             # other targets for a loyalty tier
first_response = "1h"
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from models.definitions.definitions import PRIORITIES
from models.definitions.sla_policy import TICKET_STATUSES, SlaPolicy, SlaTargets
from streams.config.toml_values import check_keys, did_you_mean, duration
from streams.errors import SettingsError

_TARGETS: Final = SlaTargets._fields
_KEYS: Final = (*_TARGETS, "pause", "schedule", "tier")


class SlaDefinitions(NamedTuple):
    """The parts of `Definitions` that the table holds.

    Attributes:
        sla: priority -> (first response, resolution), seconds.
        sla_policies: priority -> its other targets, its schedule and its pause.
    """

    sla: dict[str, tuple[int, int]]
    sla_policies: dict[str, SlaPolicy]


def read(
    table: object,
    defaults: Mapping[str, tuple[int, int]],
    schedules: Collection[str],
    tiers: Collection[str],
    source: str,
) -> SlaDefinitions:
    """Return the targets of all priorities.

    Args:
        table: the table.
        defaults: priority -> (first response, resolution) if the table names none, seconds.
        schedules: names of the configured schedules.
        tiers: names of the loyalty tiers.
        source: origin of the table, for error messages.

    Raises:
        SettingsError: a key is unknown, or its value is invalid.
    """
    if not isinstance(table, dict):
        raise SettingsError("sla", "expected a table for each priority", source=source)
    for key in table:
        if key not in PRIORITIES and key not in _KEYS:
            otherwise = f"expected {', '.join(PRIORITIES)}, or {', '.join(_KEYS)}"
            hint = did_you_mean(key, (*PRIORITIES, *_KEYS), otherwise)
            raise SettingsError(f"sla.{key}", "unknown priority", source=source, hint=hint)
    reader = _Reader(schedules, tiers, source)
    common = reader.keys("sla", {key: value for key, value in table.items() if key in _KEYS})
    found = SlaDefinitions({}, {})
    for priority in PRIORITIES:
        own = reader.keys(f"sla.{priority}", table.get(priority, {}))
        first_response, resolution = defaults[priority]
        targets = {
            "first_response": first_response,
            "resolution": resolution,
            **common.targets,
            **own.targets,
        }
        policy = {**common.policy, **own.policy}
        by_tier = {
            tier: SlaTargets(**targets | common.tiers.get(tier, {}) | own.tiers.get(tier, {}))
            for tier in (*common.tiers, *own.tiers)
        }
        found.sla[priority] = targets["first_response"], targets["resolution"]
        found.sla_policies[priority] = SlaPolicy(
            **policy, next_response=targets.get("next_response"), tiers=by_tier
        )
    return found


class _Keys(NamedTuple):
    """The keys of `[sla]` or of a priority, as far as they are given.

    Attributes:
        targets: target -> seconds.
        policy: `schedule` and `pause`.
        tiers: tier -> target -> seconds.
    """

    targets: dict[str, int]
    policy: dict[str, Any]
    tiers: dict[str, dict[str, int]]


class _Reader:
    """Reads tables of targets.

    Args:
        schedules: names of the configured schedules.
        tiers: names of the loyalty tiers.
        source: origin of the tables, for error messages.
    """

    def __init__(self, schedules: Collection[str], tiers: Collection[str], source: str) -> None:
        self._schedules = schedules
        self._tiers = tiers
        self._source = source

    def keys(self, name: str, table: object) -> _Keys:
        """Return the keys of a table: `sla`, or that of a priority."""
        if not isinstance(table, dict):
            hint = 'such as first_response = "30m" and resolution = "8h"'
            raise SettingsError(name, "expected a table with durations", source=self._source, hint=hint)
        check_keys(name, table, _KEYS, self._source)
        policy: dict[str, Any] = {}
        if "schedule" in table:
            policy["schedule"] = self._schedule(f"{name}.schedule", table["schedule"])
        if "pause" in table:
            policy["pause"] = self._pause(f"{name}.pause", table["pause"])
        return _Keys(self._targets(name, table), policy, self._by_tier(f"{name}.tier", table.get("tier", {})))

    def _targets(self, name: str, table: Mapping[str, object]) -> dict[str, int]:
        return {
            target: duration(f"{name}.{target}", table[target], self._source)
            for target in _TARGETS
            if target in table
        }

    def _by_tier(self, name: str, tables: object) -> dict[str, dict[str, int]]:
        if not isinstance(tables, dict):
            raise SettingsError(name, "expected a table for each tier", source=self._source)
        check_keys(name, tables, self._tiers, self._source)
        found = {}
        for tier, table in tables.items():
            if not isinstance(table, dict):
                hint = 'such as first_response = "1h"'
                problem = "expected a table with durations"
                raise SettingsError(f"{name}.{tier}", problem, source=self._source, hint=hint)
            check_keys(f"{name}.{tier}", table, _TARGETS, self._source)
            found[tier] = self._targets(f"{name}.{tier}", table)
        return found

    def _schedule(self, name: str, value: object) -> str:
        if isinstance(value, str) and value in self._schedules:
            return value
        expected = (
            f"expected {', '.join(self._schedules)}" if self._schedules else "no schedule is configured"
        )
        hint = did_you_mean(str(value), self._schedules, f"{expected}; a table [schedules.NAME] defines one")
        raise SettingsError(name, f"{value!r} is not a schedule", source=self._source, hint=hint)

    def _pause(self, name: str, value: object) -> tuple[str, ...]:
        hint = f"expected some of {', '.join(TICKET_STATUSES)}"
        if not isinstance(value, list):
            raise SettingsError(name, "expected a list of statuses", source=self._source, hint=hint)
        for status in value:
            if status not in TICKET_STATUSES:
                raise SettingsError(name, f"{status!r} is not a status", source=self._source, hint=hint)
        return tuple(value)
