"""The tickets of a customer, with the fields that the configured targets need (docs/metrics.md, "SLA")."""

from collections.abc import Sequence

from msgspec.structs import replace

from models.aggregation.aggregates import YEAR
from models.customers.customer import Customer
from models.customers.lifecycle import LifecycleRules, first_since
from models.customers.segment_values import SegmentValues
from models.definitions.definitions import Definitions, has_next_response
from models.definitions.windows import hour
from models.entities import tickets
from models.entities.ticket_corrections import latest_fields
from models.entities.tickets import Ticket
from models.facts.claims import TicketClaim


class TicketRules:
    """Derives tickets, with reply turns, tier, team and segments only if a number needs them.

    Args:
        definitions: the shop's definitions.

    Attributes:
        with_teams: whether tickets count by team.
        by_tier: whether targets depend on the tier, and so on the orders of the customer.
    """

    def __init__(self, definitions: Definitions) -> None:
        self.with_teams = bool(definitions.teams)
        self._teams = frozenset(definitions.teams)
        self.by_tier = any(policy.tiers for policy in definitions.sla_policies.values())
        self._with_turns = has_next_response(definitions)
        self._lifecycle = LifecycleRules(definitions)
        self._segments = SegmentValues(definitions)

    def derive(self, customer: Customer, claims: Sequence[TicketClaim]) -> Ticket | None:
        """Return the ticket that the claims of one `ticket_id` make, as `models.entities.tickets.derive`.

        Args:
            customer: the customer, with the orders that are known now.
            claims: all claims about the ticket, in any order.
        """
        ticket = tickets.derive(claims, with_turns=self._with_turns)
        if ticket is not None and self.with_teams:
            ticket = replace(ticket, team=self._team(claims))
        if ticket is not None and self._segments.tickets:
            ticket = replace(ticket, segments=self._segments.of_claims(customer, claims))
        if ticket is None or not self.by_tier:
            return ticket
        tier = self._tier(customer, ticket.opened)
        return replace(ticket, tier=tier) if tier else ticket

    def _team(self, claims: Sequence[TicketClaim]) -> str:
        """Return the team under which a ticket counts."""
        team = latest_fields(claims).team
        if team is None:
            return "unknown"
        return team if team in self._teams else "other"

    def _tier(self, customer: Customer, opened: int) -> int:
        """Return the tier by the orders of the year up to the opening that were placed not later than it."""
        orders = customer.order_history
        net: dict[str, int] = {}
        for order in orders[first_since(orders, hour(opened) - YEAR.hours + 1) :]:
            if order.time > opened:
                break
            net[order.currency] = net.get(order.currency, 0) + order.net
        return self._lifecycle.tier(net)
