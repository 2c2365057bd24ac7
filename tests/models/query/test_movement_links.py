"""The lists behind the terms of an explanation."""

import pytest

from models.query.movement_links import list_of
from models.query.movement_parameters import ExplainQuery


@pytest.mark.parametrize(
    ("by", "stratum", "path"),
    [
        ("priority", "urgent", "/tickets?breached&window=24h&sla=resolution&priority=urgent"),
        ("channel", "web", "/tickets?breached&window=24h&sla=resolution&channel=web"),
        ("team", "billing", "/tickets?breached&window=24h&sla=resolution&team=billing"),
        ("team", "other", None),
        ("team", "unknown", None),
    ],
)
def test_list_of_targets_has_the_parameters_of_the_explanation(by, stratum, path):
    query = ExplainQuery(metric="retention_sla_breach_ratio", window="24h", sla="resolution", by=by)
    assert list_of(query, stratum) == path


@pytest.mark.parametrize(
    ("basis", "path"),
    [
        ("orders", "/orders?refunded=orders&window=7d&segment=coupon:SPRING"),
        ("full", "/orders?refunded=full&window=7d&segment=coupon:SPRING"),
        ("value", "/orders?refunded=orders&window=7d&segment=coupon:SPRING"),
    ],
)
def test_list_of_refunds_has_the_orders_of_the_numerator(basis, path):
    query = ExplainQuery(metric="retention_refund_ratio", window="7d", segment="coupon", basis=basis)
    assert list_of(query, "SPRING") == path
