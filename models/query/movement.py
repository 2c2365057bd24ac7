"""Explain why a ratio moved between two instants (docs/metrics.md, "Why a number moved")."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from models.definitions.definitions import PRIORITIES, Definitions
from models.definitions.money import to_base
from models.definitions.windows import Window
from models.entities.exposures import EXPOSURES
from models.metrics.bounds import UNDEFINED, Bounds, newcombe, wilson
from models.metrics.decomposition import NOTHING, Effect, Share, effects, total
from models.outputs.ids import to_datetime
from models.query.movement_links import list_of
from models.query.movement_parameters import ExplainQuery
from models.query.movement_responses import ExposureLimit, Largest, Movement, Restated, Side, Term
from models.query.strata import NONE, OF_CUSTOMERS, SPANS, StrataCounts
from models.query.tenure import TENURES

_INDEPENDENCE: Final = (
    "The windows of the two instants have customers, orders or tickets in common, so the two samples are not"
    " independent: the confidence interval of the change is wider than it has to be."
)


class Published(NamedTuple):
    """A value that was published.

    Attributes:
        at: its instant, microseconds since the epoch.
        numerator: numerator of the ratio.
        denominator: denominator of the ratio.
    """

    at: int
    numerator: float
    denominator: float


def instants_of(query: ExplainQuery, at: int, published_at: int | None) -> list[int]:
    """Return the instants to count at: the earlier one, the later one, and that of the published value.

    Args:
        query: parameters of the request.
        at: the later instant, microseconds since the epoch.
        published_at: instant of the published value; None without one.
    """
    return [at - SPANS[query.against], at, *(() if published_at is None else (published_at,))]


def movement_of(
    query: ExplainQuery,
    counts: StrataCounts,
    at: int,
    published: Published | None,
    definitions: Definitions,
) -> Movement:
    """Return the explanation of a change.

    Args:
        query: parameters of the request.
        counts: counts of all tasks at the instants of `instants_of`.
        at: the later instant, microseconds since the epoch.
        published: the value that was published on the day of the earlier instant. None without one.
        definitions: the shop's definitions.
    """
    strata = {name: _shares(units, definitions) for name, units in counts.strata.items()}
    names = sorted(strata, key=lambda name: _order_of(name, query, definitions))
    before, after = (total(strata[name][index] for name in names) for index in range(2))
    bounds = _bounds_of_change(query, before, after)
    distinguishable = _is_distinguishable(bounds)
    terms = _terms(query, {name: strata[name] for name in names}, (before, after))
    if distinguishable:
        terms.sort(key=_largest_effect_first)
    span, overlap = SPANS[query.against], SPANS[query.against] < _length(query)
    return Movement(
        metric=query.metric,
        window=query.window,
        against=query.against,
        by=query.segment or str(query.by),
        sla=query.sla,
        basis=query.basis,
        before=_side(query, before, at - span),
        after=_side(query, after, at),
        change=_float(_difference(before.ratio, after.ratio)),
        low=bounds.low,
        high=bounds.high,
        distinguishable=distinguishable,
        overlap=overlap,
        caution=_INDEPENDENCE if overlap else None,
        restated=None if published is None else _restated(strata.values(), published),
        largest=_largest(terms) if distinguishable else None,
        terms=terms,
        exposures=_exposures(counts.exposures, before, after) if query.metric in OF_CUSTOMERS else [],
    )


def _is_distinguishable(bounds: Bounds) -> bool | None:
    """Return whether 0 is outside the bounds of a change. None without bounds."""
    return None if bounds.low is None or bounds.high is None else not bounds.low <= 0 <= bounds.high


def _largest_effect_first(term: Term) -> float:
    return -max(abs(term.rate_effect or 0.0), abs(term.mix_effect or 0.0))


def _length(query: ExplainQuery) -> int:
    """Return how far back the facts of a value reach, microseconds: of customers two windows."""
    return Window.parse(query.window).minutes * 60_000_000 * (2 if query.metric in OF_CUSTOMERS else 1)


def _shares(units: Mapping[str, Sequence[int]], definitions: Definitions) -> list[Share]:
    """Return the shares of a stratum at each instant, money in the base currency."""
    rates = definitions.rates

    def value(unit: str, amount: int) -> Fraction:
        if not unit:
            return Fraction(amount)
        return Fraction(to_base(amount, unit, rates)) if unit in rates else Fraction()

    columns = [
        [Share(value(unit, part), value(unit, whole)) for part, whole in [*pairwise(counts)][::2]]
        for unit, counts in units.items()
    ]
    return [total(column) for column in zip(*columns, strict=True)]


def _order_of(name: str, query: ExplainQuery, definitions: Definitions) -> tuple[int, str]:
    """Return the place of a stratum: as configured, then by name."""
    configured = {segment.name: segment.labels for segment in definitions.segments}
    known = configured.get(query.segment or "", (*TENURES, *PRIORITIES))
    return (known.index(name) if name in known else len(known)), name


def _bounds_of_change(query: ExplainQuery, before: Share, after: Share) -> Bounds:
    if query.basis == "value":  # a share of money counts nothing
        return UNDEFINED
    one, other = [(float(share.part), float(share.whole)) for share in (before, after)]
    return newcombe(one, other)


def _side(query: ExplainQuery, share: Share, at: int) -> Side:
    bounds = UNDEFINED if query.basis == "value" else wilson(float(share.part), float(share.whole))
    return Side(
        at=to_datetime(at),
        value=_float(share.ratio),
        numerator=float(share.part),
        denominator=float(share.whole),
        low=bounds.low,
        high=bounds.high,
    )


def _terms(
    query: ExplainQuery, strata: Mapping[str, Sequence[Share]], wholes: tuple[Share, Share]
) -> list[Term]:
    """Return the term of each stratum, in their order."""
    known = effects([(shares[0], shares[1]) for shares in strata.values()])
    found: Sequence[Effect | None] = [None] * len(strata) if known is None else known
    return [
        _term(query, name, shares, wholes, effect)
        for (name, shares), effect in zip(strata.items(), found, strict=True)
    ]


def _term(
    query: ExplainQuery,
    name: str,
    shares: Sequence[Share],
    wholes: tuple[Share, Share],
    effect: Effect | None,
) -> Term:
    before, after = shares[:2]
    return Term(
        stratum=name,
        before=_float(before.ratio),
        before_number=float(before.whole),
        before_weight=_float(Share(before.whole, wholes[0].whole).ratio),
        after=_float(after.ratio),
        after_number=float(after.whole),
        after_weight=_float(Share(after.whole, wholes[1].whole).ratio),
        rate_effect=None if effect is None else float(effect.rate),
        mix_effect=None if effect is None else float(effect.mix),
        list=list_of(query, name),
    )


def _largest(terms: Sequence[Term]) -> Largest | None:
    rates = [Largest(term.stratum, "rate", term.rate_effect or 0.0) for term in terms]
    mixes = [Largest(term.stratum, "mix", term.mix_effect or 0.0) for term in terms]
    found = [one for both in zip(rates, mixes, strict=True) for one in both]
    return max(found, key=lambda one: abs(one.value), default=None)


def _restated(strata: Iterable[Sequence[Share]], published: Published) -> Restated:
    known = total(shares[2] for shares in strata).ratio
    was = Share(Fraction(published.numerator), Fraction(published.denominator)).ratio
    return Restated(
        at=to_datetime(published.at),
        published=_float(was),
        known_now=_float(known),
        difference=_float(_difference(was, known)),
    )


def _exposures(counts: Mapping[str, Sequence[int]], before: Share, after: Share) -> list[ExposureLimit]:
    """Return the most that each exposure can explain, at both instants."""

    def share(name: str, index: int) -> Share:
        found = counts.get(name)
        return NOTHING if found is None else Share(*map(Fraction, found[2 * index : 2 * index + 2]))

    def most(name: str, index: int, whole: Share) -> float | None:
        exposed, none = share(name, index), share(NONE, index)
        if exposed.ratio is None or none.ratio is None:
            return 0.0 if whole.whole and exposed.ratio is None else None
        return float(exposed.whole * (exposed.ratio - none.ratio) / whole.whole)

    return [
        ExposureLimit(
            exposure=name,
            before=_float(share(name, 0).ratio),
            before_number=int(share(name, 0).whole),
            before_most=most(name, 0, before),
            after=_float(share(name, 1).ratio),
            after_number=int(share(name, 1).whole),
            after_most=most(name, 1, after),
        )
        for name in EXPOSURES
    ]


def _difference(before: Fraction | None, after: Fraction | None) -> Fraction | None:
    return None if before is None or after is None else after - before


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
