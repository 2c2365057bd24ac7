"""The rule of an event type and its opposite (docs/metrics.md, "Corrections")."""

from itertools import permutations

import pytest

from models.entities.opposites import prevailing
from models.facts.claims import Cancelled, Delivered, OrderRestored

C, R = Cancelled, OrderRestored


@pytest.mark.parametrize(
    ("claims", "holds"),
    [
        ([], None),
        ([Delivered(1, "x")], None),
        ([R(1, "a")], R(1, "a")),
        ([C(1, "a"), C(2, "b")], C(1, "a")),
        ([C(1, "a"), R(2, "b")], R(2, "b")),
        ([C(1, "a"), R(2, "b"), C(3, "c"), C(4, "d")], C(3, "c")),
        ([C(1, "a"), C(2, "b"), R(3, "c"), R(4, "d")], R(3, "c")),
        ([C(1, "b"), R(1, "a")], C(1, "b")),
        ([C(1, "a"), R(1, "b")], R(1, "b")),
    ],
)
def test_first_of_the_last_run_holds_in_any_order(claims, holds):
    for order in permutations([*claims, Delivered(9, "other")]):
        assert prevailing(order, Cancelled, OrderRestored) == holds
