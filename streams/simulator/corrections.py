"""What the shop, its bank and its customers take back or change afterwards.

Corrections have a random generator of their own: what the customers decide does not depend on them.
"""

from random import Random
from typing import TYPE_CHECKING, Final

from streams.simulator.seasons import DAY, HOUR, MINUTE

if TYPE_CHECKING:
    from streams.simulator.customers import Customer
    from streams.simulator.fulfilment import Order
    from streams.simulator.shop import Shop
    from streams.simulator.support import Ticket

#: Tickets opened by mistake or as spam, for each ticket of a customer.
_JUNK: Final = 0.03
#: Reasons of 10 withdrawals.
_REASONS: Final = ("spam",) * 6 + ("merged", "merged", "deleted", "test")
#: Share of the withdrawn tickets that were withdrawn by mistake.
_WITHDRAWN_BY_MISTAKE: Final = 0.15
_RAISED: Final = 0.15
_HIGHER: Final = {"low": "normal", "normal": "high", "high": "urgent"}
_RESTORED_ORDERS: Final = 0.15
_BOUNCED_REFUNDS: Final = 0.03
_PAID_AGAIN: Final = 0.7
_CHANGED_ANSWERS: Final = 0.05
_WITHDRAWN_ANSWERS: Final = 0.015


class Corrections:
    """Schedules corrections of orders, refunds, tickets and answers.

    Args:
        shop: the shop.
        seed: seed of the random generator of the corrections.
    """

    def __init__(self, shop: "Shop", seed: int) -> None:
        self._shop = shop
        self._world = shop.world
        self._random = Random(f"corrections {seed}")

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _about(self, seconds: float) -> float:
        """Return a random duration in seconds with this mean."""
        return self._random.expovariate(1 / seconds)

    # Tickets.

    def after_contact(self, ticket: "Ticket") -> None:
        """Schedule a higher priority of a new ticket, and perhaps open a ticket that will be withdrawn."""
        if ticket.priority in _HIGHER and self._chance(_RAISED):
            self._world.after(self._random.random() * 3 * HOUR, self._raise_priority, ticket)
        if self._chance(_JUNK):
            self._world.after(self._about(HOUR), self._open_junk, ticket.customer)

    def _raise_priority(self, ticket: "Ticket") -> None:
        if not ticket.answered and ticket.status == "open":
            self._shop.support.change_priority(ticket, _HIGHER[ticket.priority])

    def _open_junk(self, customer: "Customer") -> None:
        ticket = self._shop.support.open_junk(customer)
        self._world.after(self._about(40 * MINUTE), self._withdraw, ticket)

    def _withdraw(self, ticket: "Ticket") -> None:
        reason = _REASONS[int(self._random.random() * len(_REASONS))]
        self._shop.support.emit(ticket, "withdrawn", reason=reason)
        if self._chance(_WITHDRAWN_BY_MISTAKE):
            self._world.after(self._about(5 * HOUR), self._shop.support.restore, ticket)

    # Orders and refunds.

    def after_cancellation(self, order: "Order") -> None:
        """Schedule that some customers want a cancelled order after all."""
        if not order.shipped and self._chance(_RESTORED_ORDERS):
            self._world.after(self._about(2 * HOUR), self._shop.fulfilment.restore, order)

    def after_refund(self, order: "Order", refund: str, amount: int) -> None:
        """Schedule that the bank returns the money of some refunds."""
        if self._chance(_BOUNCED_REFUNDS):
            self._world.after(DAY + self._about(2 * DAY), self._bounce, order, refund, amount)

    def _bounce(self, order: "Order", refund: str, amount: int) -> None:
        about: dict[str, object] = {"refund_id": refund, "order_id": order.id}
        self._world.emit("refund.reversed", order.customer, reason="account closed", **about)
        if self._chance(_PAID_AGAIN):
            self._world.after(self._about(2 * DAY), self._pay_again, order, about | {"amount": amount})

    def _pay_again(self, order: "Order", refund: dict[str, object]) -> None:
        self._world.emit("refund.completed", order.customer, **refund)

    # Answers.

    def after_answer(
        self, customer: "Customer", answer: dict[str, object], lowest: int, highest: int
    ) -> None:
        """Schedule that some customers change or withdraw their answer.

        Args:
            customer: the customer.
            answer: fields of the `survey.answered` event.
            lowest: lowest score of the survey.
            highest: highest score of the survey.
        """
        if self._chance(_CHANGED_ANSWERS):
            step = self._random.choice((-2, -1, 1, 2))
            score = min(max(int(str(answer["score"])) + step, lowest), highest)
            self._world.after(
                self._about(10 * MINUTE), self._answer_again, customer, answer | {"score": score}
            )
        elif self._chance(_WITHDRAWN_ANSWERS):
            self._world.after(self._about(DAY), self._withdraw_answer, customer, answer["answer_id"])

    def _answer_again(self, customer: "Customer", answer: dict[str, object]) -> None:
        self._world.emit("survey.answered", customer, **answer)

    def _withdraw_answer(self, customer: "Customer", answer_id: object) -> None:
        self._world.emit("survey.withdrawn", customer, answer_id=answer_id)
