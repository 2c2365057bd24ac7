"""Keep a customer's first order and latest attributes beyond the horizon.

docs/metrics.md, "First order" and "Segments".
"""

from models.definitions.segments import customer_attributes
from models.facts.attributes import kept_attributes
from models.facts.control import KeptAttributes, KeptOrder
from models.facts.fact import Fact
from models.facts.first_order import earlier, kept_order
from models.partition.customers import PartitionCustomers


class KeptFacts:
    """Stores kept orders and attributes, unless the fact log has an earlier order or a later value.

    Args:
        customers: the partition's customers.
    """

    def __init__(self, customers: PartitionCustomers) -> None:
        self._customers = customers

    def keep_order(self, key: bytes, kept: KeptOrder) -> None:
        """Store an order from beyond the horizon, if it is the customer's first."""
        customers = self._customers
        customer = customers.customer(key) if customers.is_live else None  # decoded before the log changes
        facts = customers.fact_log(key)
        known = kept_order(facts, customers.horizon, key.decode())
        if earlier(known, kept, key.decode()) is not kept:
            return
        others = [fact for fact in facts if type(fact.claim) is not KeptOrder]
        self._replace(key, facts, others, [Fact("", kept)])
        if customer is not None:
            customers.apply_kept_order(customer, kept)

    def keep_attributes(self, key: bytes, kept: KeptAttributes) -> None:
        """Store attributes from beyond the horizon, as far as they are the customer's latest there."""
        customers = self._customers
        customer = customers.customer(key) if customers.is_live else None  # decoded before the log changes
        facts = customers.fact_log(key)
        known = [fact for fact in facts if isinstance(fact.claim, KeptAttributes)]
        in_segments = customer_attributes(customers.definitions.segments)
        found = kept_attributes([*known, Fact("", kept)], customers.horizon, key.decode(), in_segments)
        if found == known:
            return
        others = [fact for fact in facts if not isinstance(fact.claim, KeptAttributes)]
        self._replace(key, facts, others, found)
        if customer is not None:
            customers.apply_kept_attributes(customer)

    def _replace(self, key: bytes, facts: list[Fact], others: list[Fact], kept: list[Fact]) -> None:
        """Remove all but some facts from a customer's log, and append control facts to it."""
        if len(others) < len(facts):
            self._customers.rewrite_log(key, others)
        for fact in kept:
            self._customers.append_control_fact(key, fact)
