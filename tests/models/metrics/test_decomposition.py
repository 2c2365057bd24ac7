"""Effects of strata on the change of a ratio."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from models.metrics.decomposition import Share, effects, total


def share(part, whole):
    return Share(Fraction(part), Fraction(whole))


def test_effects_of_a_hand_example():
    """Half of the first stratum's customers leave, then three of five; the second grows from 50 to 150."""
    first = share(50, 100), share(60, 100)
    second = share(10, 50), share(30, 150)
    one, other = effects([first, second])
    # Weights 2/3 -> 2/5 and 1/3 -> 3/5; churn 0.5 -> 0.6 and 0.2 -> 0.2; in all 0.4 -> 0.36.
    assert one.rate == Fraction(16, 15) / 2 / 10
    assert one.mix == Fraction(-4, 15) / 2 * (Fraction(11, 10) - Fraction(76, 100))
    assert other.rate == 0
    assert other.mix == Fraction(4, 15) / 2 * (Fraction(4, 10) - Fraction(76, 100))
    assert sum(map(sum, (one, other))) == Fraction(36, 100) - Fraction(40, 100)


def test_stratum_that_is_new_has_no_rate_effect():
    found = effects([(share(5, 10), share(5, 10)), (share(0, 0), share(10, 10))])
    assert [effect.rate for effect in found] == [0, 0]
    assert sum(effect.mix for effect in found) == Fraction(1, 4)


def test_empty_whole_has_no_effects():
    assert effects([(share(0, 0), share(1, 2))]) is None
    assert effects([(share(1, 2), share(0, 0))]) is None
    assert effects([]) is None


shares = st.integers(0, 50).flatmap(lambda whole: st.integers(0, whole).map(lambda part: share(part, whole)))


@given(st.lists(st.tuples(shares, shares), max_size=6))
def test_effects_add_up_to_the_change_exactly(strata):
    before, after = (total(pair[index] for pair in strata) for index in range(2))
    found = effects(strata)
    if before.ratio is None or after.ratio is None:
        assert found is None
    else:
        assert sum(effect.rate + effect.mix for effect in found) == after.ratio - before.ratio
