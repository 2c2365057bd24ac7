"""The flows of customers by calendar period (docs/metrics.md, "Closed periods")."""

from collections.abc import Iterable, Sequence
from typing import Final

from models.aggregation.period_sums import PeriodSums
from models.customers.customer import AppliedTicket, Customer
from models.entities import flows
from models.entities.feedback import NPS
from models.entities.flows import Flow, csat_flows, difference, nps_flows, order_flows, ticket_flows
from models.entities.orders import Order
from models.facts.claims import Answered, rank
from models.schedules.periods import Calendar

#: Measures that metrics of periods use, besides those of `nps` answers. A change of another one is no change
#: of a period.
_MEASURES: Final = frozenset({
    flows.ORDERS, flows.NET, flows.PLACED, flows.REFUNDED, flows.DECIDED, flows.BREACHED,
    flows.CSAT_ANSWERS, flows.SATISFIED,
})  # fmt: skip


class PeriodFlows:
    """Applies the flows of entities to the sums of the period in which each counts, and retracts them.

    The name of a sum is the measure of its flows (`models.entities.flows`), with their detail if they have
    one: `("orders",)`, `("net", "EUR")`, `("breached", "resolution")`.

    Args:
        sums: sums of the partition.
    """

    def __init__(self, sums: PeriodSums) -> None:
        self._sums: Final = sums
        self._calendars: Final = sums.calendars

    def replace_order(self, customer: Customer, old: Order | None, new: Order | None) -> None:  # noqa: ARG002
        """Replace an order. None: it does not exist."""
        self._replace(order_flows(old), order_flows(new))

    def replace_ticket(
        self,
        customer: Customer,  # noqa: ARG002
        old: AppliedTicket | None,
        new: AppliedTicket | None,
    ) -> None:
        """Replace a ticket with its outcome. None: it does not exist."""
        self._replace(*[() if each is None else ticket_flows(*each) for each in (old, new)])

    def replace_answers(
        self,
        customer: Customer,  # noqa: ARG002
        old: Sequence[Answered],
        new: Sequence[Answered],
    ) -> None:
        """Replace answers that hold. Of `nps` answers, a customer's latest one of each period counts."""
        self._replace(csat_flows(old), csat_flows(new))
        for answers, sign in ((old, -1), (new, 1)):
            for calendar in self._calendars:
                self._add_nps(calendar, answers, sign)

    def _replace(self, old: Iterable[Flow], new: Iterable[Flow]) -> None:
        for (measure, time, weight, detail), number in difference(old, new):
            if measure in _MEASURES:
                self._sums.add(time, (measure, detail) if detail else (measure,), number * weight)

    def _add_nps(self, calendar: Calendar, answers: Sequence[Answered], sign: int) -> None:
        for number, answer in _latest_by_period(answers, calendar).items():
            for flow in nps_flows(answer):
                self._sums.add_in(calendar.kind, number, (flow.measure,), sign)


def _latest_by_period(answers: Sequence[Answered], calendar: Calendar) -> dict[int, Answered]:
    """Return period -> the latest `nps` answer in it."""
    latest: dict[int, Answered] = {}
    for answer in answers:
        if answer.survey == NPS:
            number = calendar.number(answer.time)
            known = latest.get(number)
            if known is None or rank(answer) > rank(known):
                latest[number] = answer
    return latest
