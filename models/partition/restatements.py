"""Facts that change closed periods: find them, and their causes (docs/metrics.md, "Closed periods").

A fact counts if it changes what its customer adds to a closed period or to the one before it. While the
partition is live, the sums by period record what a fact changes. In bootstrap mode there are no sums, and for
a fact ahead of the clock they change later: there, what the customer adds is derived before and after.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from models.aggregation.period_sums import Cause, PeriodKeys, PeriodTable, changed_periods
from models.customers.customer import Customer
from models.customers.facts_by_entity import CustomerFacts
from models.customers.period_contributions import PeriodContributions
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS
from models.facts import claims, log_pages
from models.facts.claims import Answered, AnswersWithdrawn, Claim
from models.facts.control import IdentityErased, KeptOrder, Redirected
from models.facts.fact import AnyClaim, Fact
from models.facts.fact_log import FactLog
from models.facts.origins import has_origin
from models.partition.customers import PartitionCustomers
from models.partition.metadata import PartitionMetadata
from models.partition.restatement_counts import RestatementCounts, stop_counting

#: Key of a customer, a fact, and the fact encoded.
_Addressed = tuple[bytes, Fact, bytes]
_Process = Callable[[Iterable[_Addressed]], int]

#: Claim class -> cause, of the facts that can change a period. Those of merged identities count as `merged`.
_CAUSE_OF: Final[dict[type[Claim], Cause]] = {
    **dict.fromkeys([claims.Placed, claims.LinePlaced, KeptOrder], "late"),
    **dict.fromkeys([claims.Opened, claims.Replied, claims.StatusChanged, Answered], "late"),
    **dict.fromkeys([claims.Amended, claims.Cancelled, claims.OrderRestored], "amended"),
    **dict.fromkeys([claims.TicketUpdated, claims.TicketWithdrawn, claims.TicketRestored], "amended"),
    AnswersWithdrawn: "amended",
    **dict.fromkeys([claims.Completed, claims.Reversed], "refunded"),
    Redirected: "merged",
    IdentityErased: "erased",
}
#: Claim classes that can change an older period than that of their own time. A ticket that is opened late may
#: have been solved before.
_BACKWARD: Final = frozenset({
    claims.Placed, claims.LinePlaced, claims.Amended, claims.Cancelled, claims.OrderRestored,
    claims.Completed, claims.Reversed, claims.Opened, claims.TicketWithdrawn, claims.TicketRestored,
    Answered, AnswersWithdrawn,
})  # fmt: skip


class Restatements:
    """Counts the facts of a partition that change closed periods.

    Args:
        definitions: the kinds of periods, and the definitions of their values.
        fact_log: the fact logs of all customers, beside which the counts are kept.
        customers: the partition's customers.
        metadata: holds the clock.

    Attributes:
        counts: the counts.
    """

    def __init__(
        self,
        definitions: Definitions,
        fact_log: FactLog,
        customers: PartitionCustomers,
        metadata: PartitionMetadata,
    ) -> None:
        self.counts = RestatementCounts(definitions, fact_log, metadata)
        self._fact_log = fact_log
        self._customers = customers
        self._metadata = metadata
        self._contributions = PeriodContributions(definitions)
        self._is_processing_one = False
        customers.on_superseded = self._count_superseded

    def process(self, facts: Iterable[_Addressed], process: _Process) -> int:
        """Process facts, and count those that change closed periods.

        Args:
            facts: the facts, in their order.
            process: processes facts, and returns how many of them are known already.

        Returns:
            Number of facts that are known already.
        """
        if not self.counts.is_counting:
            return process(facts)
        closed_until = self.counts.counted_until()
        known = 0
        batch: list[_Addressed] = []
        for addressed in facts:
            claim = addressed[1].claim
            if type(claim) in _CAUSE_OF and (claim.time < closed_until or _is_backward(claim)):
                known += process(batch)
                batch = []
                known += self._process_one(addressed, process, closed_until)
            else:
                batch.append(addressed)
        return known + process(batch)

    def _process_one(self, addressed: _Addressed, process: _Process, closed_until: int) -> int:
        _, fact, _ = addressed
        self._is_processing_one = True
        if self._customers.is_live and fact.claim.time <= self._metadata.now:
            known, changed = self._recorded(addressed, process)
        else:
            known, changed = self._compared(addressed, process, closed_until)
        self._is_processing_one = False
        self.counts.add(_cause(fact.claim), changed)
        return known

    def _count_superseded(self, key: bytes, before: list[Fact], after: list[Fact]) -> None:
        """Count a fact that supersedes another content of its event id in a closed period.

        Only this finds it if the fact's own time is later. `_process_one` counts the others itself.

        Args:
            key: key of the customer's row.
            before: fact log before the fact.
            after: fact log with the fact.
        """
        if self._is_processing_one or not self.counts.is_counting:
            return
        old, new = (self._sums(_customer(key, facts)) for facts in (before, after))
        known = {id(fact) for fact in before}
        added = [fact for fact in after if id(fact) not in known and fact.time != TIMELESS]
        cause: Cause = "merged" if any(has_origin(fact.claim.id) for fact in added) else "amended"
        self.counts.add(cause, changed_periods(old, new))

    def _recorded(self, addressed: _Addressed, process: _Process) -> tuple[int, PeriodKeys]:
        """Process a fact in live mode, and return the periods whose sums it changes."""
        sums = self._customers.updates.aggregates.periods
        if sums is None:
            return process([addressed]), set()
        sums.start_recording()
        known = process([addressed])
        return known, sums.stop_recording()

    def _compared(
        self, addressed: _Addressed, process: _Process, closed_until: int
    ) -> tuple[int, PeriodKeys]:
        """Process a fact, and return the periods to which its customer adds something else after it."""
        key, fact, _ = addressed
        if isinstance(fact.claim, IdentityErased):
            key = fact.claim.identity.encode()
        row = self._fact_log.rows.get(key)
        if fact.claim.time != TIMELESS and row is not None and log_pages.count(row) > 1:
            # Deriving a customer of thousands of facts for each of them would take minutes.
            known = process([addressed])
            return known, set() if known else self.counts.periods_of(fact.claim.time)
        facts = self._fact_log.read(key)
        before = _customer(key, facts)
        if fact.claim.time >= closed_until and not _concerns(before.facts, fact, closed_until):
            return process([addressed]), set()
        # Another content of a known event may be about another entity than that content.
        replaces = fact.claim.time == TIMELESS or any(each.claim.id == fact.claim.id for each in facts)
        about = None if replaces else fact
        sums_before = self._sums(before, about)
        known = process([addressed])
        if known:
            return known, set()
        return known, changed_periods(
            sums_before, self._sums(_customer(key, self._fact_log.read(key)), about)
        )

    def _sums(self, customer: Customer, about: Fact | None = None) -> PeriodTable:
        return self._contributions.of(customer, self._metadata.now, about)


def _customer(key: bytes, facts: Sequence[Fact]) -> Customer:
    """Return a customer with all facts of a log, also those ahead of the clock."""
    return Customer(key, CustomerFacts.of(key, facts))


def restatements(
    definitions: Definitions,
    fact_log: FactLog,
    customers: PartitionCustomers,
    metadata: PartitionMetadata,
) -> Restatements | None:
    """Return the counts of a partition. None unless kinds of periods are configured."""
    if definitions.periods.kinds:
        return Restatements(definitions, fact_log, customers, metadata)
    stop_counting(fact_log)
    return None


def _is_backward(claim: AnyClaim) -> bool:
    return type(claim) in _BACKWARD and not (type(claim) is Answered and claim.answer is None)


def _cause(claim: AnyClaim) -> Cause:
    event_id = claim.event if isinstance(claim, KeptOrder) else claim.id
    return "merged" if has_origin(event_id) else _CAUSE_OF[type(claim)]


def _concerns(facts: CustomerFacts, fact: Fact, before: int) -> bool:
    """Return whether a fact is about an entity that a customer has had since before a time (microseconds)."""
    claim = fact.claim
    known: Sequence[Claim]
    if isinstance(claim, claims.Completed | claims.Reversed):
        known = facts.orders.get(claim.order, ())
    elif isinstance(claim, Answered | AnswersWithdrawn):
        known = [
            each
            for each in facts.customer_claims
            if isinstance(each, Answered) and each.answer == claim.answer
        ]
    else:
        known = [*facts.orders.get(fact.entity, ()), *facts.tickets.get(fact.entity, ())]
    return any(each.time < before for each in known)
