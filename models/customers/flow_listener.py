"""The interface of listeners that sum the flows of entities, by segment or by calendar period."""

from collections.abc import Sequence
from typing import Protocol

from models.customers.customer import AppliedTicket, Customer
from models.entities.orders import Order
from models.facts.claims import Answered


class FlowListener(Protocol):
    """Receives each entity before and after a change, and applies the difference of its flows.

    The flows of an entity are those of `models.entities.flows`. A listener gets every change: by a fact, a
    merge, an erasure, the horizon, or time alone. It starts empty: each entity of a restored customer arrives
    as a change from None.
    """

    def replace_order(self, customer: Customer, old: Order | None, new: Order | None) -> None:
        """Replace an order of a customer. None: it does not exist."""

    def replace_ticket(
        self, customer: Customer, old: AppliedTicket | None, new: AppliedTicket | None
    ) -> None:
        """Replace a ticket of a customer with its outcome. None: it does not exist."""

    def replace_answers(self, customer: Customer, old: Sequence[Answered], new: Sequence[Answered]) -> None:
        """Replace answers of a customer that hold.

        Args:
            customer: the customer.
            old: answers that held before the change. Answers in both sequences may be left out of both, but
                if an `nps` answer changes, both have all of them.
            new: answers that hold after the change.
        """
