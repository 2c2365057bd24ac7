"""Scenarios: changed conditions in the shop, such as fewer agents or slower parcels.

A scenario changes causes, never effects. Long waits, complaints and churn follow from the simulation.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions under which the shop runs.

    Attributes:
        staff: share of the required support agents who are at work.
        transit: transit time of parcels, as a multiple of normal.
        supply: delivery time of suppliers, as a multiple of normal.
        card_failures: share of card payments that fail.
        arrivals: new customers a day, as a multiple of normal.
        hiring: whether support staff follows the load; False keeps the present staff.
    """

    staff: float = 1.0
    transit: float = 1.0
    supply: float = 1.0
    card_failures: float = 0.02
    arrivals: float = 1.0
    hiring: bool = True


NORMAL: Final = Conditions()


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the conditions, which holds until the next one.

    Attributes:
        description: the change in words.
        conditions: the new conditions.
        after_days: days from the start of the scenario to the change.
    """

    description: str
    conditions: Conditions
    after_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One or more changes of the conditions.

    Attributes:
        changes: the changes, in the order of their times.
    """

    changes: tuple[Change, ...]

    @property
    def description(self) -> str:
        """The changes in words."""
        return ", then ".join(change.description for change in self.changes)


def _single(description: str, conditions: Conditions) -> Scenario:
    return Scenario((Change(description, conditions),))


SCENARIOS: Final[dict[str, Scenario]] = {
    "steady": _single("everything as usual", NORMAL),
    "support-backlog": _single("two of three support agents are away", Conditions(staff=0.33)),
    "late-deliveries": _single("parcels travel twice as long as promised", Conditions(transit=2.2)),
    "stockouts": _single("suppliers take five times as long", Conditions(supply=5.0)),
    "payment-outage": _single("three of four card payments fail", Conditions(card_failures=0.75)),
    "growth": _single(
        "four times as many new customers, with the same staff", Conditions(arrivals=4.0, hiring=False)
    ),
    "bad-autumn": Scenario(
        (
            Change("four of five support agents leave", Conditions(staff=0.2)),
            Change(
                "parcels travel three times as long as promised", Conditions(staff=0.2, transit=3.0), 10.0
            ),
        )
    ),
}
