"""Apply the contributions of refunds to the aggregates, apart from their effect on orders."""

from collections.abc import Iterable

from models.customers.customer import Customer
from models.entities import refunds
from models.entities.exposures import Exposure
from models.entities.refunds import RefundAggregator


class RefundContributions:
    """Applies and retracts the contributions of refunds, which depend on the orders that they name."""

    def __init__(self, aggregator: RefundAggregator) -> None:
        self._aggregator = aggregator

    def add(self, customer: Customer, refund_ids: Iterable[str], sign: int) -> list[Exposure]:
        """Apply refunds, or retract them, and return the customer's exposures by them.

        Args:
            customer: the customer with the refunds.
            refund_ids: refunds to apply.
            sign: 1 to apply, -1 to retract.
        """
        section, has_order = customer.facts.refunds, customer.has_order
        found = [refunds.derive(section.get(refund_id, ()), has_order) for refund_id in refund_ids]
        for refund in found:
            self._aggregator.add(refund, sign)
        return [exposure for refund in found for exposure in refunds.exposures(refund)]
