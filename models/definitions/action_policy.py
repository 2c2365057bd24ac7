"""The action policy: which actions are issued, and how many (docs/outputs.md, "Actions")."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from msgspec import Struct, field

from models.definitions.windows import US_PER_DAY, US_PER_HOUR

#: All actions. The first two are for the agents who answer tickets; the others reach the customer.
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
#: Actions that reach the customer. They are capped, and suppressed for the control group.
CUSTOMER_FACING: Final = frozenset(range(WIN_BACK, len(ACTIONS)))

#: Action -> seconds after its cause until it expires. `acknowledge` expires at the first-response target.
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
    """The parameters of the actions, with the published defaults (TOML table `[actions]`).

    Attributes:
        off: names of the actions that are never issued.
        weekly_cap: largest number of actions that reach one customer within 7 days.
        held_out: share of customers in the control group, 0 to 1. No action reaches them, so that the effect
            of the actions can be measured.
        hold_out_key: key that selects the control group. Another key selects other customers.
        acknowledge_after: share of the first-response target, below 0.5, after which an unanswered ticket is
            to be acknowledged.
        bad_rating: highest number of stars of a review that asks for an apology.
        expiry: action -> seconds after its cause until it expires.

    Raises:
        ValueError: On construction, if a value is invalid. The message starts with the name of the parameter.
    """

    off: tuple[str, ...] = ()
    weekly_cap: int = 2
    held_out: float = 0.1
    hold_out_key: str = "retention"
    acknowledge_after: float = 0.25
    bad_rating: int = 2
    expiry: Mapping[str, int] = field(default_factory=lambda: dict(_EXPIRY))

    def __post_init__(self) -> None:
        """Check every value."""
        for name in self.off:
            if name not in ACTIONS:
                raise ValueError(f"off: {name!r} is unknown; the actions are {', '.join(ACTIONS)}")
        if self.weekly_cap < 0:
            raise ValueError("weekly_cap: expected 0 or more")
        if not 0 <= self.held_out <= 1:
            raise ValueError(f"held_out: {self.held_out} is not a share between 0 and 1")
        if not 1 <= len(self.hold_out_key.encode()) <= 64:  # noqa: PLR2004 - what BLAKE2b takes
            raise ValueError("hold_out_key: expected 1 to 64 bytes")
        if not 0 <= self.acknowledge_after < 0.5:  # noqa: PLR2004 - half the target
            raise ValueError(f"acknowledge_after: {self.acknowledge_after} is not in 0 to below 0.5")
        if not 1 <= self.bad_rating < _BEST_RATING:
            raise ValueError("bad_rating: expected 1 to 4 stars")
        if set(self.expiry) != set(_EXPIRY):
            raise ValueError(f"expiry: expected exactly these actions: {', '.join(_EXPIRY)}")
        if min(self.expiry.values()) < 1:
            raise ValueError("expiry: expected at least 1 second for each action")


#: Period of `weekly_cap`, microseconds.
WEEK_US: Final = 7 * US_PER_DAY
#: A customer who orders within this time after an action has returned.
RETURN_HOURS: Final = 30 * 24
RETURN_US: Final = RETURN_HOURS * US_PER_HOUR
