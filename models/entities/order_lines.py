"""Orders that are known by their lines only (docs/metrics.md, "Order lines")."""

from collections.abc import Iterable, Sequence

from models.facts.claims import LinePlaced, OrderClaim, Placed, rank
from models.facts.first_order import places_order


def placed_by_lines(lines: Sequence[LinePlaced]) -> Placed | None:
    """Return the placing of an order that its lines make, or None without a line of amount 0 or more.

    The order begins with the smallest of these lines, by time and id: time, id, currency, channel, cart,
    promised time and referrer are that line's. The amount is the total of all lines in its currency.
    """
    beginnings = [line for line in lines if places_order(line)]
    if not beginnings:
        return None
    first = min(beginnings, key=rank)
    return Placed(
        first.time,
        first.id,
        total(lines, first.currency),
        first.currency,
        first.channel,
        first.promised,
        first.cart,
        first.referrer,
    )


def total(lines: Iterable[LinePlaced], currency: str) -> int:
    """Return the sum of each line's latest amount in a currency, at least 0, minor units."""
    return max(0, sum(line.amount for line in latest_lines(lines, currency).values()))


def latest_lines(lines: Iterable[LinePlaced], currency: str) -> dict[str, LinePlaced]:
    """Return id of a line -> its latest version, of the lines in a currency."""
    latest: dict[str, LinePlaced] = {}
    for line in lines:
        known = latest.get(line.line)
        if line.currency == currency and (known is None or rank(line) > rank(known)):
            latest[line.line] = line
    return latest


def in_other_currencies(claims: Sequence[OrderClaim]) -> list[LinePlaced]:
    """Return the lines of an order that do not count, as the order is summed in another currency.

    An order that is placed as a whole is not summed.
    """
    lines = [claim for claim in claims if isinstance(claim, LinePlaced)]
    order = placed_by_lines(lines)
    if order is None or len(lines) == 1 or any(isinstance(claim, Placed) for claim in claims):
        return []
    return [line for line in lines if line.currency != order.currency]
