"""Divide the change of a ratio among strata (docs/metrics.md, "Why a number moved")."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple


class Share(NamedTuple):
    """A part of a whole: the numerator and the denominator of a ratio.

    Attributes:
        part: size of the part.
        whole: size of the whole.
    """

    part: Fraction
    whole: Fraction

    @property
    def ratio(self) -> Fraction | None:
        """The ratio; None over nothing."""
        return self.part / self.whole if self.whole else None


NOTHING = Share(Fraction(), Fraction())


def total(shares: Iterable[Share]) -> Share:
    """Return the sum of shares."""
    part = whole = Fraction()
    for share in shares:
        part, whole = part + share.part, whole + share.whole
    return Share(part, whole)


class Effect(NamedTuple):
    """The part of the whole ratio's change that one stratum causes.

    Attributes:
        rate: effect of the change of the stratum's own ratio.
        mix: effect of the change of the stratum's weight.
    """

    rate: Fraction
    mix: Fraction


def effects(strata: Sequence[tuple[Share, Share]]) -> list[Effect] | None:
    """Return the effects of each stratum. Their sum is exactly the change of the whole ratio.

    Args:
        strata: share of each stratum at the earlier and at the later instant.

    Returns:
        None if the whole is empty at either instant.

    Example:
        A ratio of 1/4 becomes 1/2, because the first stratum grows:

        >>> def share(part, whole): return Share(Fraction(part), Fraction(whole))
        >>> found = effects([(share(1, 2), share(4, 6)), (share(0, 2), share(0, 2))])
        >>> [f"{effect.rate} {effect.mix}" for effect in found]
        ['5/48 5/96', '0 3/32']
    """
    before, after = total(share for share, _ in strata), total(share for _, share in strata)
    if before.ratio is None or after.ratio is None:
        return None
    middle = before.ratio + after.ratio
    found = []
    for old, new in strata:
        first, second = old.ratio, new.ratio
        if first is None:  # a stratum that is empty at one instant has the ratio of the other
            first = second if second is not None else Fraction()
        if second is None:
            second = first
        weights = old.whole / before.whole, new.whole / after.whole
        rate = (weights[0] + weights[1]) * (second - first) / 2
        mix = (weights[1] - weights[0]) * (first + second - middle) / 2
        found.append(Effect(rate, mix))
    return found
