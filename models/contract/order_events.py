"""The events of the topics `orders` and `refunds` (docs/metrics.md, "Events")."""

from msgspec import Struct

from models.contract.event import Amount, Attributes, Currency, Event, Id, Quantity, SignedAmount, Time


class Item(Struct, frozen=True, gc=False):
    """A line of an order."""

    sku: Id
    quantity: Quantity
    amount: SignedAmount


class OrderPlaced(Event, tag="order.placed", frozen=True):
    """An order was placed."""

    order_id: Id
    amount: Amount
    currency: Currency
    items: list[Item] | None = None
    cart_id: Id | None = None
    promised_at: Time | None = None
    payment_method: str | None = None
    referred_by: Id | None = None
    coupon: str | None = None
    attributes: Attributes | None = None


class OrderAmended(Event, tag="order.amended", frozen=True):
    """The total of an order changed. The currency stays."""

    order_id: Id
    amount: Amount


class OrderCancelled(Event, tag="order.cancelled", frozen=True):
    """An order was cancelled."""

    order_id: Id
    reason: str | None = None


class OrderRestored(Event, tag="order.restored", frozen=True):
    """The cancellation of an order no longer holds."""

    order_id: Id


class OrderLinePlaced(Event, tag="order.line_placed", frozen=True):
    """One line of an order was placed, from a source that has a record for each line."""

    order_id: Id
    line_id: Id
    amount: SignedAmount
    currency: Currency
    sku: Id | None = None
    quantity: Quantity | None = None
    cart_id: Id | None = None
    promised_at: Time | None = None
    payment_method: str | None = None
    referred_by: Id | None = None
    coupon: str | None = None
    attributes: Attributes | None = None


class OrderShipped(Event, tag="order.shipped", frozen=True):
    """An order was shipped."""

    order_id: Id


class OrderDelivered(Event, tag="order.delivered", frozen=True):
    """An order was delivered."""

    order_id: Id


class CheckoutStarted(Event, tag="checkout.started", frozen=True):
    """A customer started the checkout of a cart."""

    cart_id: Id


class PaymentFailed(Event, tag="payment.failed", frozen=True):
    """A payment failed."""

    payment_method: str
    cart_id: Id | None = None
    order_id: Id | None = None


class StockMissed(Event, tag="stock.missed", frozen=True):
    """A customer wanted a product that was out of stock."""

    sku: Id


class RefundRequested(Event, tag="refund.requested", frozen=True):
    """A customer requested a refund."""

    refund_id: Id
    order_id: Id
    amount: Amount | None = None
    reason: str | None = None


class RefundCompleted(Event, tag="refund.completed", frozen=True):
    """A refund was paid, in the currency of the order."""

    refund_id: Id
    order_id: Id
    amount: Amount


class RefundRejected(Event, tag="refund.rejected", frozen=True):
    """A refund was rejected."""

    refund_id: Id
    order_id: Id


class RefundReversed(Event, tag="refund.reversed", frozen=True):
    """A paid refund failed or was taken back: the shop has the money."""

    refund_id: Id
    order_id: Id
    reason: str | None = None
