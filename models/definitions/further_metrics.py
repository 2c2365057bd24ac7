"""The families of metrics that are off by default (docs/metrics.md, "Further metrics")."""

from typing import Final

from models.definitions.names import check_once

#: Orders and their net by whether they are the customer's first one.
ORDER_KINDS: Final = "order_kinds"
#: Time from a customer's first order to the second one.
SECOND_ORDER: Final = "second_order"
#: Share of delivered orders with a review.
REVIEW_RATE: Final = "review_rate"
#: All families.
FURTHER_METRICS: Final = (ORDER_KINDS, SECOND_ORDER, REVIEW_RATE)


def check_further_metrics(names: tuple[str, ...]) -> None:
    """Check that every name is the name of a family, and is named once.

    Raises:
        ValueError: a name is unknown, or is named twice. The message starts with the name of the parameter.
    """
    unknown = [name for name in names if name not in FURTHER_METRICS]
    if unknown:
        raise ValueError(f"further_metrics: {unknown[0]!r} is none of {', '.join(FURTHER_METRICS)}")
    check_once("further_metrics", names)
