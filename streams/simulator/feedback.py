"""Reviews, survey answers and recommendations, which follow from the customer's experiences."""

from functools import partial
from typing import TYPE_CHECKING, Final

from streams.simulator.customers import Customer
from streams.simulator.fulfilment import Order
from streams.simulator.phrases import phrase
from streams.simulator.seasons import DAY, HOUR

if TYPE_CHECKING:
    from streams.simulator.shop import Shop

_PLATFORMS = ("instagram", "tiktok", "facebook", "whatsapp", "youtube")
_RATINGS = (1, 5)
_NPS = (0, 10)
_CES = (1, 7)
_CSAT = (1, 5)
_SCALES: Final = {"nps": _NPS, "ces": _CES, "csat": _CSAT}
_DELIGHTED = 0.3


class Feedback:
    """Emits the feedback of customers, solicited or not."""

    def __init__(self, shop: "Shop") -> None:
        self._shop = shop
        self._world = shop.world
        self._random = shop.world.random

    def _score(self, around: float, spread: float, scale: tuple[int, int]) -> int:
        least, most = scale
        return min(max(round(self._random.gauss(around, spread)), least), most)

    def after_purchase(self, order: Order, *, faulty: bool) -> None:
        """Schedule the feedback of the days after a purchase.

        Args:
            order: the purchase.
            faulty: whether a product was faulty.
        """
        customer = order.customer
        opinionated = 0.06 + 0.16 * abs(customer.mood)
        if self._world.chance(opinionated):
            self._world.after(self._world.lognormal(2 * DAY, 0.7), partial(self.review, order, faulty=faulty))
        if self._world.chance(0.07):
            self._world.after(self._world.lognormal(3 * DAY, 0.5), self.answer_nps, customer)
        if self._world.chance(0.03):
            self._answer(
                customer, "ces", self._score(5.6 + 1.2 * customer.mood, 1.1, _CES), order_id=order.id
            )
        if customer.mood > _DELIGHTED and self._world.chance(0.05):
            self._world.after(self._world.lognormal(DAY, 0.8), self._share, customer)

    def review(self, order: Order, *, faulty: bool) -> None:
        """Emit a review; some are revised or removed later.

        Args:
            order: the order that is reviewed.
            faulty: whether a product was faulty.
        """
        customer = order.customer
        rating = self._score(4.1 + 1.1 * customer.mood - 1.8 * faulty - 1.0 * order.late, 0.8, _RATINGS)
        review = self._world.new_id("v")
        self._submit(customer, review, rating, order)
        if self._world.chance(0.015):
            self._world.after(9 * DAY * self._random.random(), self._remove, customer, review)
        elif self._world.chance(0.035):
            self._world.after(6 * DAY * self._random.random(), self._revise, customer, review, order)

    def _submit(self, customer: Customer, review: str, rating: int, order: Order) -> None:
        fields: dict[str, object] = {}
        if self._world.chance(0.7):
            fields = {"text": phrase(rating, self._random), "language": "en"}
        elif self._world.chance(0.33):
            fields = {
                "sentiment": round(max(-1.0, min(1.0, (rating - 3) / 2 + self._random.gauss(0, 0.2))), 3)
            }
        self._world.emit(
            "review.submitted",
            customer,
            channel=customer.channel,
            review_id=review,
            rating=rating,
            order_id=order.id,
            **fields,
        )

    def _revise(self, customer: Customer, review: str, order: Order) -> None:
        self._submit(customer, review, self._score(3.8 + 1.5 * customer.mood, 0.8, _RATINGS), order)

    def _remove(self, customer: Customer, review: str) -> None:
        self._world.emit("review.removed", customer, review_id=review)

    def answer_nps(self, customer: Customer) -> None:
        """Emit an NPS answer: how likely the customer is to recommend the shop."""
        self._answer(customer, "nps", self._score(7.6 + 2.8 * customer.mood, 1.5, _NPS))

    def after_ticket(self, customer: Customer, ticket: str, *, slow: bool) -> None:
        """Emit a CSAT answer about a ticket.

        Args:
            customer: the customer.
            ticket: id of the ticket.
            slow: whether the first response came later than expected.
        """
        score = self._score(4.1 + 0.9 * customer.mood - 1.2 * slow, 0.8, _CSAT)
        self._answer(customer, "csat", score, ticket_id=ticket)

    def _answer(self, customer: Customer, survey: str, score: int, **about: object) -> None:
        answer = {"survey": survey, "score": score, "answer_id": self._world.new_id("s"), **about}
        self._world.emit("survey.answered", customer, **answer)
        self._shop.corrections.after_answer(customer, answer, *_SCALES[survey])

    def _share(self, customer: Customer) -> None:
        platform = self._world.pick(_PLATFORMS)
        self._world.emit("experience.shared", customer, channel="social", platform=platform)
        if self._world.chance(0.6):
            friend = self._world.lognormal(30 * HOUR, 0.8)
            self._world.after(friend, self._shop.customers.arrive, customer.id)
