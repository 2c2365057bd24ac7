"""Facts that change closed periods: find them, and their causes (docs/metrics.md, "Closed periods").

A fact counts if it changes what its customer adds to a closed period or to the one before it. While the
partition is live, the sums by period record what a fact changes. In bootstrap mode there are no sums, and for
a fact ahead of the clock they change later: there, what the customer adds is derived before and after.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from models.aggregation.period_sums import Cause, PeriodKeys
from models.customers.period_changes import PeriodChanges
from models.definitions.definitions import Definitions
from models.definitions.windows import TIMELESS
from models.facts import claims, log_pages
from models.facts.claims import Answered, AnswersWithdrawn, Claim, RefundClaim, Replied, rank
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
#: have been solved before, and a reply may contain a promise of the past.
_BACKWARD: Final = frozenset({
    claims.Placed, claims.LinePlaced, claims.Amended, claims.Cancelled, claims.OrderRestored,
    claims.Completed, claims.Reversed, claims.Opened, claims.TicketWithdrawn, claims.TicketRestored,
    Answered, AnswersWithdrawn, Replied,
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
        self._changes = PeriodChanges(definitions)
        self._counts_itself = False
        customers.on_superseded = self._count_superseded

    def process(self, facts: Iterable[_Addressed], process: _Process) -> int:
        """Process facts, and count those that change closed periods.

        Nearly all facts can change no closed period, and are processed in one batch.

        Args:
            facts: the facts, in their order.
            process: processes facts, and returns how many of them are known already.

        Returns:
            Number of facts that are known already.
        """
        if not self.counts.is_counting:
            return process(facts)
        counted_until = self.counts.counted_until()
        known = 0
        batch: list[_Addressed] = []
        for addressed in facts:
            claim = addressed[1].claim
            kind = type(claim)
            if kind in _CAUSE_OF and (
                claim.time < counted_until
                or (kind in _BACKWARD and self._may_concern(addressed, counted_until))
            ):
                known += process(batch)
                batch = []
                known += self._process_one(addressed, process, counted_until)
            else:
                batch.append(addressed)
        return known + process(batch)

    def _may_concern(self, addressed: _Addressed, counted_until: int) -> bool:
        """Return whether a recent fact of a class in `_BACKWARD` may change a closed period.

        False is certain.

        Decoding the customer for each fact would take ten times as long as processing it.
        """
        key, fact, _ = addressed
        if type(fact.claim) is Replied:
            return _earliest(fact.claim) < counted_until
        row = self._fact_log.rows.get(key)
        if row is None:
            return False
        if log_pages.count(row) > 1:
            return self._is_recorded(fact) or bool(self._about_same(key, fact))
        if log_pages.may_hold(row, log_pages.short_hash(fact.claim.id)):
            return True
        return any(log_pages.may_mention(row, name) for name in _names_of(fact))

    def _is_recorded(self, fact: Fact) -> bool:
        return self._customers.is_live and fact.claim.time <= self._metadata.now

    def _process_one(self, addressed: _Addressed, process: _Process, counted_until: int) -> int:
        _, fact, _ = addressed
        if self._is_recorded(fact):
            known, changed = self._recorded(addressed, process)
        else:
            known, changed = self._compared(addressed, process, counted_until)
        self.counts.add(_cause(fact.claim), changed)
        return known

    def _process_single(self, addressed: _Addressed, process: _Process) -> int:
        """Process a fact whose changes the caller counts."""
        self._counts_itself = True
        known = process([addressed])
        self._counts_itself = False
        return known

    def _count_superseded(self, key: bytes, before: list[Fact], after: list[Fact]) -> None:
        """Count a fact that supersedes another content of its event id in a closed period.

        Only this finds it if the fact's own time is later. `_process_single` counts the others itself.

        Args:
            key: key of the customer's row.
            before: fact log before the fact.
            after: fact log with the fact.
        """
        if self._counts_itself or not self.counts.is_counting:
            return
        known = {id(fact) for fact in before}
        added = [fact.claim for fact in after if id(fact) not in known and fact.time != TIMELESS]
        cause: Cause = _cause(max(added, key=rank)) if added else "amended"
        self.counts.add(cause, self._changes.between(key, before, after, self._metadata.now))

    def _recorded(self, addressed: _Addressed, process: _Process) -> tuple[int, PeriodKeys]:
        """Process a fact in live mode, and return the periods whose sums it changes."""
        sums = self._customers.updates.aggregates.periods
        if sums is None:
            return process([addressed]), set()
        sums.start_recording()
        known = self._process_single(addressed, process)
        return known, sums.stop_recording()

    def _compared(
        self, addressed: _Addressed, process: _Process, counted_until: int
    ) -> tuple[int, PeriodKeys]:
        """Process a fact, and return the periods to which its customer adds something else after it."""
        key, fact, _ = addressed
        if isinstance(fact.claim, IdentityErased):
            key = fact.claim.identity.encode()
        row = self._fact_log.rows.get(key)
        if fact.claim.time != TIMELESS and row is not None and log_pages.count(row) > 1:
            return self._estimated(addressed, process)
        before = self._fact_log.read(key)
        if _earliest(fact.claim) >= counted_until and not _concerns(before, fact, counted_until):
            return process([addressed]), set()
        known = self._process_single(addressed, process)
        if known:
            return known, set()
        # Another content of a known event may be about another entity than that content.
        replaces = fact.claim.time == TIMELESS or any(each.claim.id == fact.claim.id for each in before)
        after, about = self._fact_log.read(key), None if replaces else fact
        return 0, self._changes.between(key, before, after, self._metadata.now, about)

    def _estimated(self, addressed: _Addressed, process: _Process) -> tuple[int, PeriodKeys]:
        """Process a fact of a customer with many, and return the periods that it probably changes.

        These are the periods of all facts about the same thing. To derive a customer of thousands of facts
        for each of them would take minutes.
        """
        key, fact, _ = addressed
        times = [each.claim.time for each in [fact, *self._about_same(key, fact)]]
        known = self._process_single(addressed, process)
        return known, set() if known else set().union(*map(self.counts.periods_of, times))

    def _about_same(self, key: bytes, fact: Fact) -> list[Fact]:
        """Return the known facts, without control facts, about what a fact is about."""
        names = _names_of(fact)
        found = log_pages.read_mentions(self._fact_log.rows, key, names)
        return [each for each in found if each.time != TIMELESS and not {*names}.isdisjoint(_names_of(each))]


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


def _earliest(claim: AnyClaim) -> int:
    """Return the earliest time at which a claim may count: a promise may be older than its reply."""
    if type(claim) is Replied and claim.promised is not None:
        return min(claim.time, claim.promised)
    return claim.time


def _cause(claim: AnyClaim) -> Cause:
    event_id = claim.event if isinstance(claim, KeptOrder) else claim.id
    return "merged" if has_origin(event_id) else _CAUSE_OF.get(type(claim), "amended")


def _names_of(fact: Fact) -> list[str]:
    """Return the ids of what a fact is about: the entity, the order of a refund, or the id of an answer."""
    claim = fact.claim
    kind = type(claim)
    if kind is Answered or kind is AnswersWithdrawn:
        return [] if claim.answer is None else [claim.answer]  # type: ignore[union-attr]
    if kind is claims.Completed or kind is claims.Reversed:
        return [fact.entity, claim.order]  # type: ignore[union-attr]
    return [fact.entity]


def _concerns(facts: Sequence[Fact], fact: Fact, before: int) -> bool:
    """Return whether a fact may be about something that a customer has had since before a time.

    Args:
        facts: fact log of the customer.
        fact: the fact.
        before: time, microseconds since the epoch.
    """
    names = {*_names_of(fact)}
    for each in facts:
        if each.entity == fact.entity and isinstance(each.claim, RefundClaim):
            names.add(each.claim.order)  # the refund may name another order by now
    return any(_earliest(each.claim) < before and not names.isdisjoint(_names_of(each)) for each in facts)
