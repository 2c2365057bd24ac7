"""The customer as a whole: the line of qualifying orders, where it puts them, and what they met on the way.

What one entity of a customer changes here concerns the others: an order that is cancelled moves the
customer's retention, standing and exposure at once. The parts are kept in step: each change is made with the
others as they are.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence

from models.aggregation.aggregates import Aggregates
from models.customers.action_returns import ActionReturnAggregator
from models.customers.customer import Customer
from models.customers.exposure import ExposureAggregator, OrderGap, order_gaps, variant_intervals
from models.customers.lifecycle import CustomerStatus, StatusAggregator
from models.customers.retention import RetentionAggregator
from models.definitions.definitions import Definitions
from models.definitions.windows import US_PER_HOUR, between
from models.entities.exposures import Exposure
from models.entities.orders import OrderHistory, QualifyingOrder
from models.facts.claims import Acted, Seen


class CustomerAggregator:
    """What customers as a whole add to a partition's aggregates."""

    def __init__(self, aggregates: Aggregates, definitions: Definitions, hour: int) -> None:
        self.hour = hour  #: That standings are of.
        self._retention = RetentionAggregator(aggregates, definitions)
        self._standings = StatusAggregator(aggregates, definitions)
        self._exposure = ExposureAggregator(aggregates, definitions)
        self._returns = ActionReturnAggregator(aggregates)
        # Event hour -> customers who may stand elsewhere from then on.
        self._steps: dict[int, list[bytes]] = {}

    def restore(self, account: Customer, encounters: Sequence[Exposure]) -> None:
        """Add what a restored customer adds, who has met all this."""
        row, line = account.row, account.line
        met = row.met
        for exposure, hour in encounters:
            met.setdefault(exposure, []).append(hour)
        for hours in met.values():
            hours.sort()
        if line:
            self._retention.add_history(line)
            if met or row.seen:
                chosen = _all(account)
                self._exposure.add_met(chosen, met, met, 1)
                for experiment, shown in account.shown.items():
                    self._exposure.add_shown(chosen, experiment, shown, 1)
        if account.acted:
            self._returns.add(account.acted, line, 1)
        self.reclassify(account, None)

    def replace_order(
        self, account: Customer, old: QualifyingOrder | None, new: QualifyingOrder | None
    ) -> None:
        """An order has another place in the customer's line, or none."""
        line, year, row = account.line, account.year(self.hour), account.row
        exposed = row.met or row.seen
        if account.acted:
            self._returns.add(account.acted, line, -1)
        if old is not None:
            gone = _near(line, old, present=True) if exposed else ()
            self._retention.remove(line, old)
            year.change(old, -1)
            if exposed:
                self._exposure.move(gone, _near(line, old, present=False), row.met, account.shown)
        if new is not None:
            gone = _near(line, new, present=False) if exposed else ()
            self._retention.insert(line, new)
            year.change(new, 1)
            if exposed:
                self._exposure.move(gone, _near(line, new, present=True), row.met, account.shown)
        if account.acted:
            self._returns.add(account.acted, line, 1)

    def record_exposure(self, account: Customer, old: Sequence[Exposure], new: Sequence[Exposure]) -> None:
        """Something was met that was not before, or the other way round."""
        if old == new or not (old or new):
            return
        chosen, met = _all(account), account.row.met
        exposures = {exposure for exposure, _ in (*old, *new)}
        self._exposure.add_met(chosen, met, exposures, -1)
        for exposure, hour in old:
            met[exposure].remove(hour)
            if not met[exposure]:
                del met[exposure]
        for exposure, hour in new:
            insort(met.setdefault(exposure, []), hour)
        self._exposure.add_met(chosen, met, exposures, 1)

    def add_action(self, account: Customer, claim: Acted) -> None:
        """An action was asked for, or held back."""
        account.renew_acted()
        self._returns.add((claim,), account.line, 1)

    def remove_action(self, account: Customer, claim: Acted) -> None:
        """An action has left the horizon."""
        account.renew_acted()
        self._returns.add((claim,), account.line, -1)

    def record_variant(self, account: Customer, experiment: str, claim: Seen) -> None:
        """Something was shown of an experiment."""
        shown, seen = account.shown.get(experiment, ()), account.row.seen.get(experiment, [])
        if len(shown) == 1 and shown[0][0] == claim.variant and shown[0][1][0] <= claim.time // US_PER_HOUR:
            seen.append(claim)  # the same again, as nearly always
        else:
            self.set_variants(account, experiment, [*seen, claim])

    def set_variants(self, account: Customer, experiment: str, seen: list[Seen]) -> None:
        """Put what was shown of an experiment in the place of what is known."""
        before, shown = account.shown.get(experiment, []), variant_intervals(seen)
        if shown != before:
            chosen = _all(account)
            self._exposure.add_shown(chosen, experiment, before, -1)
            self._exposure.add_shown(chosen, experiment, shown, 1)
            account.shown[experiment] = shown
        if seen:
            account.row.seen[experiment] = seen
        else:
            account.row.seen.pop(experiment, None)
            account.shown.pop(experiment, None)

    def status(self, account: Customer, hour: int | None = None) -> CustomerStatus | None:
        """Where the customer has been counted; as of an event hour (the present one) if not looked at since.

        None while nothing is known of them.
        """
        if account.standing is None:
            account.standing = self._derive(account, self.hour if hour is None else hour)
        return account.standing

    def _derive(self, account: Customer, hour: int) -> CustomerStatus | None:
        if not account.row.known:
            return None if account.row.letters is None else self._standings.of_referrer(account.sent, hour)
        return self._standings.derive(account.line, account.year(hour), account.sent, hour)

    def reclassify(self, account: Customer, before: CustomerStatus | None) -> None:
        """Count a customer where they stand now, no longer where they stood."""
        standing = account.standing = self._derive(account, self.hour)
        self._standings.change(before, standing)
        if standing is None or standing.until is None:
            return
        if before is None or before.until != standing.until:
            self._steps.setdefault(standing.until, []).append(account.key)

    def advance_to(self, hour: int) -> set[bytes]:
        """Let the present hour be a later one, and give the customers who may stand elsewhere now."""
        due = between(self._steps, self.hour + 1, hour + 1)
        self.hour = hour
        return {key for at in due for key in self._steps.pop(at)}


def _all(account: Customer) -> list[OrderGap]:
    return order_gaps([order.hour for order in account.line], end=True)


def _near(line: OrderHistory, entry: QualifyingOrder, *, present: bool) -> list[OrderGap]:
    """Give the gaps that an order makes, or the one that it would divide."""
    at = bisect_left(line, entry)
    hours = [other.hour for other in line[max(at - 1, 0) : at + 1 + present]]
    return order_gaps(hours, end=at + present >= len(line))
