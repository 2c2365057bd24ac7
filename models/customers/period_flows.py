"""The flows of customers by calendar period (docs/metrics.md, "Closed periods")."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from models.aggregation.period_sums import Name, PeriodSums
from models.customers.customer import AppliedTicket, Customer
from models.entities.feedback import NPS
from models.entities.flows import Flow, csat_flows, difference, nps_flows, order_flows, ticket_flows
from models.entities.orders import Order
from models.facts.claims import Answered, rank
from models.schedules.periods import Calendar

#: Kind and number of a period, with the name of a sum.
_Cell = tuple[str, int, Name]


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
        self._apply([*self._nps_cells(old)], [*self._nps_cells(new)])

    def _replace(self, old: Iterable[Flow], new: Iterable[Flow]) -> None:
        self._apply([*self._cells(old)], [*self._cells(new)])

    def _apply(self, old: Sequence[tuple[_Cell, int]], new: Sequence[tuple[_Cell, int]]) -> None:
        for cell, weight in difference(old, new):
            self._sums.add_in(*cell, weight)

    def _cells(self, flows: Iterable[Flow]) -> Iterator[tuple[_Cell, int]]:
        for measure, time, weight, detail in flows:
            for calendar in self._calendars:
                yield (calendar.kind, calendar.number(time), _name(measure, detail)), weight

    def _nps_cells(self, answers: Sequence[Answered]) -> Iterator[tuple[_Cell, int]]:
        for calendar in self._calendars:
            for number, answer in _latest_by_period(answers, calendar).items():
                for measure, _, weight, detail in nps_flows(answer):
                    yield (calendar.kind, number, _name(measure, detail)), weight


def _name(measure: str, detail: str) -> Name:
    return (measure, detail) if detail else (measure,)


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
