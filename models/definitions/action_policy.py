"""What the shop does for its customers, and how much of it (docs/outputs.md, "Actions")."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from msgspec import Struct, field

from models.definitions.windows import US_PER_DAY, US_PER_HOUR

#: What can be done. The first two are for who answers tickets; the others reach the customer.
ActionName = Literal[
    "acknowledge",
    "escalate",
    "win_back",
    "recover_service",
    "recover_cart",
    "apologise_late_delivery",
    "ask_for_review",
    "ask_for_referral",
    "reward_loyalty",
]
ACTIONS: Final[tuple[ActionName, ...]] = get_args(ActionName)
(
    ACKNOWLEDGE,
    ESCALATE,
    WIN_BACK,
    RECOVER_SERVICE,
    RECOVER_CART,
    APOLOGISE,
    ASK_FOR_REVIEW,
    ASK_FOR_REFERRAL,
    REWARD_LOYALTY,
) = range(len(ACTIONS))
#: Those that somebody feels who has had too many of them: capped, and withheld from who is held out.
CUSTOMER_FACING: Final = frozenset(range(WIN_BACK, len(ACTIONS)))

#: Action -> seconds after its cause in which it is worth doing. Acknowledging ends with its target.
_EXPIRY: Final = {
    "escalate": 3 * 86_400,
    "win_back": 21 * 86_400,
    "recover_service": 7 * 86_400,
    "recover_cart": 3 * 86_400,
    "apologise_late_delivery": 7 * 86_400,
    "ask_for_review": 14 * 86_400,
    "ask_for_referral": 14 * 86_400,
    "reward_loyalty": 14 * 86_400,
}
_BEST_RATING: Final = 5


class ActionPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The actions' parameters, with the defaults.

    Attributes:
        off: actions that are not to be asked for.
        weekly_cap: how many actions may reach one customer within 7 days.
        held_out: the share of customers whom no action reaches, so that one sees what the actions are worth.
        hold_out_key: decides who they are; another key, others.
        acknowledge_after: the share of a first-response target after which nobody's answer is asked for;
            below a half, since by then somebody should have.
        bad_rating: a review of so many stars or fewer asks for an apology.
        expiry: action -> seconds after its cause in which it is worth doing.

    Raises:
        ValueError: on construction, a value breaks one of these rules; the message starts with its name.
    """

    off: tuple[str, ...] = ()
    weekly_cap: int = 2
    held_out: float = 0.1
    hold_out_key: str = "retention"
    acknowledge_after: float = 0.25
    bad_rating: int = 2
    expiry: Mapping[str, int] = field(default_factory=lambda: dict(_EXPIRY))

    def __post_init__(self) -> None:
        """Hold every rule at once."""
        for name in self.off:
            if name not in ACTIONS:
                raise ValueError(f"off: {name!r} is none of {', '.join(ACTIONS)}")
        if self.weekly_cap < 0:
            raise ValueError("weekly_cap: less than 0")
        if not 0 <= self.held_out <= 1:
            raise ValueError(f"held_out: {self.held_out} is no share between 0 and 1")
        if not 1 <= len(self.hold_out_key.encode()) <= 64:  # noqa: PLR2004 - what BLAKE2b takes
            raise ValueError("hold_out_key: 1 to 64 bytes are needed")
        if not 0 <= self.acknowledge_after < 0.5:  # noqa: PLR2004 - half the target
            raise ValueError(f"acknowledge_after: {self.acknowledge_after} is not in 0 to below 0.5")
        if not 1 <= self.bad_rating < _BEST_RATING:
            raise ValueError("bad_rating: expected 1 to 4 stars")
        if set(self.expiry) != set(_EXPIRY):
            raise ValueError(f"expiry: exactly these are needed: {', '.join(_EXPIRY)}")
        if min(self.expiry.values()) < 1:
            raise ValueError("expiry: a time of less than a second")


#: Within so long, no more than `weekly_cap` actions reach a customer.
WEEK_US: Final = 7 * US_PER_DAY
#: Who orders within this long after an action has come back.
RETURN_HOURS: Final = 30 * 24
RETURN_US: Final = RETURN_HOURS * US_PER_HOUR
