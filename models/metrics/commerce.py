"""Metrics of carts, payments, stock, deliveries and refunds.

docs/metrics.md, "Carts", "Deliveries" and "Refunds".
"""

from collections.abc import Iterator
from typing import Final

from models.aggregation.aggregates import methods_of
from models.definitions.windows import Window
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals, quantiles

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_refund_rejected_ratio": CatalogueEntry("Refunds declined, of those decided.", ("window",)),
    "retention_refund_seconds": CatalogueEntry(
        "Time from a refund's request to its completion.", ("window", "quantile")
    ),
    "retention_refunds_reversed": CatalogueEntry(
        "Refunds that failed or were taken back after they were paid.", ("window",)
    ),
    "retention_refunds_open": CatalogueEntry("Refunds requested and undecided.", ()),
    "retention_cart_abandonment_ratio": CatalogueEntry(
        "Carts abandoned, of those abandoned or ordered.", ("window",)
    ),
    "retention_cart_recovery_ratio": CatalogueEntry(
        "Carts ordered after they were abandoned, of those abandoned.",
        ("window",),
    ),
    "retention_checkout_seconds": CatalogueEntry(
        "Time from the first start of a checkout to the order.",
        ("window", "quantile"),
    ),
    "retention_delivery_seconds": CatalogueEntry("Time from order to delivery.", ("window", "quantile")),
    "retention_payment_failures": CatalogueEntry(
        "Payments that did not go through.", ("window", "payment_method")
    ),
    "retention_stockouts": CatalogueEntry("Products that were wanted and out of stock.", ("window",)),
    "retention_on_time_delivery_ratio": CatalogueEntry(
        "Deliveries by the time promised, of those with a promise.",
        ("window",),
    ),
    "retention_deliveries_overdue": CatalogueEntry(
        "Orders not delivered though the time promised has passed.", ()
    ),
}


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every window, and the gauges."""
    for window in totals.windows:
        labels = {"window": window.name}
        yield from _ratios(totals, window)
        for name in ("refund", "checkout", "delivery"):
            yield from quantiles(totals, window, f"retention_{name}_seconds", labels, (name,))
        for method in methods_of(totals.definitions):
            failures = totals.sum(window.hours, "payment_failures", method)
            yield Sample("retention_payment_failures", labels | {"payment_method": method}, failures)
        yield Sample("retention_stockouts", labels, totals.sum(window.hours, "stockouts"))
        yield Sample("retention_refunds_reversed", labels, totals.sum(window.hours, "refunds_reversed"))
    yield Sample("retention_refunds_open", {}, totals.gauge("refunds_open"))
    yield Sample("retention_deliveries_overdue", {}, totals.gauge("overdue"))


def _ratios(totals: Totals, window: Window) -> Iterator[Sample]:
    def in_window(name: str) -> int:
        return totals.sum(window.hours, name)

    completed, rejected = in_window("refunds_completed"), in_window("refunds_rejected")
    abandoned, recovered = in_window("carts_abandoned"), in_window("carts_recovered")
    for metric, part, whole in (
        ("retention_refund_rejected_ratio", rejected, rejected + completed),
        ("retention_cart_abandonment_ratio", abandoned, abandoned + in_window("carts_converted")),
        ("retention_cart_recovery_ratio", recovered, recovered + abandoned),
        ("retention_on_time_delivery_ratio", in_window("delivered_on_time"), in_window("delivered_promised")),
    ):
        yield ratio(metric, {"window": window.name}, part, whole)
