"""The bad experiences by which churn is told apart (docs/metrics.md, "Churn by exposure")."""

from typing import Final

EXPOSURES: Final = (
    "slow_response",
    "late_delivery",
    "refund",
    "refund_rejected",
    "stockout",
    "bad_experience",
)
SLOW_RESPONSE, LATE_DELIVERY, REFUND, REFUND_REJECTED, STOCKOUT, BAD_EXPERIENCE = range(len(EXPOSURES))
#: Any of these, from which follows who met none.
ANY: Final = "any"

#: What was met, and in which event hour.
Exposure = tuple[int, int]
