"""Describe experiments and variants beyond the limits, for the log and the doctor."""

from collections.abc import Sequence
from typing import Final

from models.aggregation.variant_sums import Beyond

#: Largest number of names that are kept and listed.
LISTED: Final = 20
ADVICE: Final = (
    "name the experiments that matter in `experiments` of the configuration file,"
    " or raise `max_experiments` or `max_variants`"
)


def describe_beyond(beyond: Sequence[Beyond]) -> str:
    r"""Return which experiments and variants count as `other`, in one line. Their names are any text.

    Example:
        >>> describe_beyond([("price", None), ("size", "x\n")])
        "experiments and variants beyond the limits, which count as `other` (2): 'price', 'size'='x\\n'"
    """
    names = ", ".join(f"{name!r}" if variant is None else f"{name!r}={variant!r}" for name, variant in beyond)
    number = f"{len(beyond)}{' or more' if len(beyond) == LISTED else ''}"
    return f"experiments and variants beyond the limits, which count as `other` ({number}): {names}"
