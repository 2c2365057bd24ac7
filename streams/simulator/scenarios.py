"""What may go wrong, or change, in a shop: causes, never effects.

A scenario changes how many agents come to work, how long a parcel travels and the like, over a period. That
customers then wait, complain, and buy no more, follows from what they meet.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Causes:
    """How the shop is run, as multiples of normal where not said otherwise."""

    #: Support agents at work, of those the load asks for.
    staff: float = 1.0
    #: The carrier's time from door to door.
    transit: float = 1.0
    #: The suppliers' time to deliver.
    supply: float = 1.0
    #: Share of card payments that fail.
    card_failures: float = 0.02
    #: New customers a day.
    arrivals: float = 1.0
    #: Whether support is staffed for the work that comes in, or stays as it was.
    hiring: bool = True


NORMAL: Final = Causes()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Causes, and what they stand for."""

    description: str
    causes: Causes


SCENARIOS: Final[dict[str, Scenario]] = {
    "steady": Scenario("everything as usual", NORMAL),
    "support-backlog": Scenario("two agents of three are gone", Causes(staff=0.33)),
    "late-deliveries": Scenario("parcels travel twice as long as promised", Causes(transit=2.2)),
    "stockouts": Scenario("suppliers take five times as long", Causes(supply=5.0)),
    "payment-outage": Scenario("three card payments of four fail", Causes(card_failures=0.75)),
    "growth": Scenario(
        "four times as many new customers, and nobody hired for them", Causes(arrivals=4.0, hiring=False)
    ),
}
