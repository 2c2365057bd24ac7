"""The events of the topics `tickets` and `reviews` (docs/metrics.md, "Events")."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from models.contract.event import Attributes, Event, Id, Time

Priority = Literal["low", "normal", "high", "urgent"]


class TicketOpened(Event, tag="ticket.opened", frozen=True):
    """A ticket was opened."""

    ticket_id: Id
    priority: Priority = "normal"
    opened_by: Literal["customer", "agent"] = "customer"
    order_id: Id | None = None
    team: Id | None = None
    category: Id | None = None
    attributes: Attributes | None = None


class TicketReplied(Event, tag="ticket.replied", frozen=True):
    """An agent, a bot or the customer replied in a ticket."""

    ticket_id: Id
    author: Literal["agent", "bot", "customer"]
    public: bool = True
    promised_at: Time | None = None
    agent: Id | None = None


class TicketStatusChanged(Event, tag="ticket.status_changed", frozen=True):
    """The status of a ticket changed."""

    ticket_id: Id
    status: Literal["open", "pending", "on_hold", "solved", "closed"]


class TicketTransferred(Event, tag="ticket.transferred", frozen=True):
    """A ticket was transferred to another agent or team."""

    ticket_id: Id
    to: str | None = None


#: Fields of a ticket that may change.
TICKET_FIELDS: Final = ("priority", "team", "category", "agent")


class TicketUpdated(Event, tag="ticket.updated", frozen=True):
    """One or more of these fields of a ticket changed. A field that is absent did not change."""

    ticket_id: Id
    priority: Priority | None = None
    team: Id | None = None
    category: Id | None = None
    agent: Id | None = None

    def __post_init__(self) -> None:
        """Check that a field changed."""
        if all(getattr(self, field) is None for field in TICKET_FIELDS):
            raise ValueError("Expected one of `priority`, `team`, `category` and `agent`")


class TicketWithdrawn(Event, tag="ticket.withdrawn", frozen=True):
    """A ticket must not count, because it is spam, was deleted, was merged into another one, or is a test.

    Any other `reason`, or none, counts as `other`.
    """

    ticket_id: Id
    reason: str | None = None


class TicketRestored(Event, tag="ticket.restored", frozen=True):
    """A withdrawn ticket counts after all."""

    ticket_id: Id


class ReviewSubmitted(Event, tag="review.submitted", frozen=True):
    """A review was written or changed.

    Attributes:
        review_id: id of the review.
        rating: 1 to 5 stars.
        order_id: order that the review mentions.
        sku: product that the review is about.
        text: text of the review.
        language: ISO 639 code of the text.
        sentiment: sentiment of the text, if the producer scored it.
        text_unchanged: whether the text, and so the sentiment, is that of the version before. It is ignored
            in an event that has `text` or `sentiment`.
    """

    review_id: Id
    rating: Annotated[int, Meta(ge=1, le=5)]
    order_id: Id | None = None
    sku: Id | None = None
    text: str | None = None
    language: str | None = None
    sentiment: Annotated[float, Meta(ge=-1, le=1)] | None = None
    text_unchanged: bool | None = None


class ReviewRemoved(Event, tag="review.removed", frozen=True):
    """A review was removed permanently."""

    review_id: Id


#: Survey -> lowest and highest score.
SCORES: Final = {"nps": (0, 10), "ces": (1, 7), "csat": (1, 5)}


class SurveyAnswered(Event, tag="survey.answered", frozen=True):
    """A customer answered one of the three surveys."""

    survey: Literal["nps", "ces", "csat"]
    score: Annotated[int, Meta(ge=0, le=10)]
    ticket_id: Id | None = None
    order_id: Id | None = None
    answer_id: Id | None = None

    def __post_init__(self) -> None:
        """Check that the score is on the scale of its survey."""
        lowest, highest = SCORES[self.survey]
        if not lowest <= self.score <= highest:
            raise ValueError(f"Expected `score` of {self.survey} to be {lowest} to {highest}")


class SurveyWithdrawn(Event, tag="survey.withdrawn", frozen=True):
    """The answers with this id must not count."""

    answer_id: Id


class ExperienceShared(Event, tag="experience.shared", frozen=True):
    """A customer recommended the shop to others."""

    platform: str
