"""The bad experiences that churn is broken down by (docs/metrics.md, "Churn by exposure")."""

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
#: Any of these. Customers without it had none of them.
ANY: Final = "any"

#: Exposure (index in `EXPOSURES`), and its event hour.
Exposure = tuple[int, int]
