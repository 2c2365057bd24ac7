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
class Turn:
    """What changes, so many days after the scenario began, and stays so."""

    what: str
    causes: Causes
    after_days: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One turn of things, or several."""

    turns: tuple[Turn, ...]

    @property
    def description(self) -> str:
        """All of it."""
        return ", then ".join(turn.what for turn in self.turns)


def _from_the_start(what: str, causes: Causes) -> Scenario:
    return Scenario((Turn(what, causes),))


SCENARIOS: Final[dict[str, Scenario]] = {
    "steady": _from_the_start("everything as usual", NORMAL),
    "support-backlog": _from_the_start("two agents of three are gone", Causes(staff=0.33)),
    "late-deliveries": _from_the_start("parcels travel twice as long as promised", Causes(transit=2.2)),
    "stockouts": _from_the_start("suppliers take five times as long", Causes(supply=5.0)),
    "payment-outage": _from_the_start("three card payments of four fail", Causes(card_failures=0.75)),
    "growth": _from_the_start(
        "four times as many new customers, and nobody hired for them", Causes(arrivals=4.0, hiring=False)
    ),
    "bad-autumn": Scenario(
        (
            Turn("four support agents of five leave", Causes(staff=0.2)),
            Turn("parcels travel three times as long as promised", Causes(staff=0.2, transit=3.0), 10.0),
        )
    ),
}
