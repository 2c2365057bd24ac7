"""Report events of files that count under another name, do not count, or contradict each other."""

from collections.abc import Iterable

from models.aggregation.aggregates import PartialAggregate
from models.definitions.definitions import Definitions
from models.facts.conflicts import Conflicts
from models.metrics.variants import beyond_limits
from streams.cli.messages import counted, warn
from streams.mapping.identity_joins import IdentityJoins, described
from streams.rollup.beyond_limits import ADVICE, LISTED, describe_beyond


def print_conflicts(conflicts: Conflicts) -> None:
    """Print a line on standard error for each topic with conflicting duplicates."""
    for kind, count in sorted(conflicts.counts.items()):
        warn(conflict_line(kind, count, conflicts.examples[kind]))


def print_other_currencies(lines: Iterable[str]) -> None:
    """Print a line on standard error if order lines do not count because of their currency.

    Args:
        lines: event ids of these lines.
    """
    found = list(lines)
    if found:
        warn(other_currencies_line(len(found), found[0]))


def print_joins(joins: IdentityJoins) -> None:
    """Print a line on standard error for each identity that joins implausibly many others."""
    for one in joins.implausible():
        warn(described(one))


def other_currencies_line(count: int, example: str) -> str:
    """Return the line on the order lines that do not count for their currency.

    Example:
        >>> other_currencies_line(1, "e1")
        '1 order line left out: in another currency than the first line of the order (e1)'
    """
    lines = counted(count, "order line")
    return f"{lines} left out: in another currency than the first line of the order ({example})"


def print_beyond_limits(partial: PartialAggregate, definitions: Definitions) -> None:
    """Print a line on standard error if experiments or variants are beyond the limits."""
    beyond = beyond_limits([partial], definitions, LISTED)
    if beyond:
        warn(f"{describe_beyond(beyond)}; {ADVICE}")


def conflict_line(kind: str, count: int, example: str) -> str:
    """Return the line on the conflicting duplicates of one topic.

    Example:
        >>> conflict_line("orders", 1, "e1")
        '1 conflicting duplicate on orders: an event id has several contents, and one counts (example: e1)'
    """
    duplicates = counted(count, "conflicting duplicate")
    return f"{duplicates} on {kind}: an event id has several contents, and one counts (example: {example})"
