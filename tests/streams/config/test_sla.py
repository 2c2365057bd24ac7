"""The table `[sla]` of the TOML file."""

import pytest

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.sla_policy import SlaPolicy, SlaTargets
from streams.config import sla
from streams.errors import SettingsError

DEFAULTS = Definitions().sla
HOUR = 3600
TIERS = ("member", "silver", "gold", "vip")


def read(table):
    return sla.read(table, DEFAULTS, ("support", "night"), TIERS, "in retention.toml")


def test_empty_table_leaves_the_defaults():
    found = read({})
    assert found.sla == DEFAULTS
    assert found.sla_policies == dict.fromkeys(PRIORITIES, SlaPolicy())
    assert found.sla_policies["low"].pause == ("pending",)


def test_former_form_sets_the_targets_of_one_priority():
    found = read({"urgent": {"first_response": "30m", "resolution": "8h"}})
    assert found.sla == {**DEFAULTS, "urgent": (1800, 8 * HOUR)}


def test_keys_of_the_table_are_the_default_of_all_priorities():
    found = read({
        "first_response": "2h",
        "schedule": "support",
        "pause": [],
        "high": {"first_response": "1h", "schedule": "night"},
        "low": {"pause": ["pending", "on_hold"], "next_response": "1d"},
    })  # fmt: skip
    assert [found.sla[priority][0] // HOUR for priority in PRIORITIES] == [2, 2, 1, 2]
    assert found.sla["high"][1] == DEFAULTS["high"][1]
    assert found.sla_policies["normal"] == SlaPolicy(schedule="support", pause=())
    assert found.sla_policies["high"] == SlaPolicy(schedule="night", pause=())
    low = SlaPolicy(schedule="support", pause=("pending", "on_hold"), next_response=24 * HOUR)
    assert found.sla_policies["low"] == low


def test_tier_has_the_targets_of_its_priority_but_for_its_own():
    found = read({
        "tier": {"gold": {"resolution": "9h"}, "vip": {"resolution": "6h"}},
        "high": {"first_response": "4h", "next_response": "8h", "tier": {"vip": {"first_response": "1h"}}},
    })  # fmt: skip
    assert found.sla_policies["high"].tiers == {
        "gold": SlaTargets(4 * HOUR, 9 * HOUR, 8 * HOUR),
        "vip": SlaTargets(1 * HOUR, 6 * HOUR, 8 * HOUR),
    }
    assert found.sla_policies["low"].tiers["vip"] == SlaTargets(DEFAULTS["low"][0], 6 * HOUR)


@pytest.mark.parametrize(
    ("table", "name", "expected"),
    [
        ({"hgih": {}}, "sla.hgih", "did you mean high?"),
        ({"high": {"scedule": "support"}}, "sla.high.scedule", "did you mean schedule?"),
        ({"schedule": "suport"}, "sla.schedule", "did you mean support?"),
        ({"high": {"schedule": 1}}, "sla.high.schedule", "1 is not a schedule; expected support, night"),
        ({"pause": "pending"}, "sla.pause", "expected a list of statuses"),
        ({"low": {"pause": ["waiting"]}}, "sla.low.pause", "'waiting' is not a status"),
        ({"low": {"pause": [["pending"]]}}, "sla.low.pause", "is not a status"),
        ({"next_response": 8}, "sla.next_response", "expected a duration"),
        ({"tier": 1}, "sla.tier", "a table for each tier"),
        ({"high": {"tier": {"vpi": {}}}}, "sla.high.tier.vpi", "did you mean vip?"),
        ({"high": {"tier": {"vip": "1h"}}}, "sla.high.tier.vip", "a table with durations"),
        ({"high": {"tier": {"vip": {"pause": []}}}}, "sla.high.tier.vip.pause", "unknown key"),
        (
            {"high": {"tier": {"vip": {"resolution": "0h"}}}},
            "sla.high.tier.vip.resolution",
            "expected a duration",
        ),
    ],
)
def test_invalid_key_of_the_targets_is_named(table, name, expected):
    with pytest.raises(SettingsError) as caught:
        read(table)
    assert caught.value.name == name
    assert expected in str(caught.value)
