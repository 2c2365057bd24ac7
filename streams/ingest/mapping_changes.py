"""Inputs whose mapping differs from the one that made the state: for the log, the doctor and the live page.

A changed mapping applies to the records that are read from then on. What was counted before stays, so that
the numbers rest on both, until a reset reads all records again.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

#: What to do about it.
RESET_ADVICE: Final = (
    "`retention reset` reads all records again by the present mapping; without it, the former records keep"
    " what they counted"
)


def changed_inputs(state: Mapping[str, Sequence[str]], current: Mapping[str, str]) -> list[str]:
    """Return the input topics whose records were read by another mapping before, sorted.

    Args:
        state: input topic -> hashes of the mappings that made the state.
        current: input topic -> hash of the mapping that reads it now.

    Example:
        >>> changed_inputs({"shop.orders": ("a", "b"), "returns": ("c",)}, {"shop.orders": "b"})
        ['shop.orders']
    """
    return sorted(
        topic for topic, digest in current.items() if any(one != digest for one in state.get(topic, ()))
    )


def describe_changed(topics: Iterable[str]) -> str:
    """Return in one line that the state was made by another mapping.

    Example:
        >>> describe_changed(["shop.orders"])
        'records of shop.orders were counted by another mapping than the present one'
    """
    return f"records of {', '.join(topics)} were counted by another mapping than the present one"
