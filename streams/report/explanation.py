"""Why ratios moved, as `/explain` answers it (docs/metrics.md, "Why a number moved")."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from models.contract.messages import Metric
from models.metrics.explained import EXPLAINED
from models.query.movement_parameters import Against, ExplainQuery
from models.query.movement_responses import Largest, Movement, Side, Term
from models.query.strata import with_defaults
from streams.report.figures import written
from streams.report.periods import Subject, length_of

#: Distance of the two instants -> its words.
DISTANCES: Final[Mapping[Against, str]] = {"1w": "a week", "4w": "four weeks"}
_TITLES: Final = {
    "retention_rate_ratio": "customers who stayed",
    "retention_sla_breach_ratio": "first responses by an agent that came too late",
    "retention_refund_ratio": "orders refunded so far",
}
#: Strata -> their name in a report.
_STRATA: Final[Mapping[str, str]] = {"tenure": "orders so far"}
_EXPOSURES: Final[Mapping[str, str]] = {
    "slow_response": "a late first response",
    "late_delivery": "a late delivery",
    "refund": "a refund",
    "refund_rejected": "a rejected refund",
    "stockout": "a product out of stock",
    "bad_experience": "a bad rating",
}
#: Exposed customers below which an exposure is not mentioned.
_FEWEST_EXPOSED: Final = 30
#: The effect of overlapping windows, once in a report.
_CAUTION: Final = "The two windows overlap, so all these intervals are wider than they have to be."
#: Terms that a report has room for.
_MOST_TERMS: Final = 6


class Explanation(Struct, frozen=True, kw_only=True):
    """Why a ratio moved.

    Attributes:
        title: the ratio in words.
        sentences: the change, its largest part, and the restatement by late data.
        by: name of the strata.
        terms: name, value before and now, and both effects of each stratum, the largest first. Empty if the
            change may be chance.
    """

    title: str
    sentences: tuple[str, ...]
    by: str
    terms: tuple[tuple[str, ...], ...]


def queries(subject: Subject) -> list[ExplainQuery]:
    """Return the requests of a report to `/explain`; none if its window does not explain its period."""
    if not subject.is_explained:
        return []
    window, against = subject.window, subject.against
    found = (
        ExplainQuery(metric="retention_rate_ratio", window=window, against=against),
        ExplainQuery(
            metric="retention_sla_breach_ratio", window=window, against=against, sla="first_human_response"
        ),
        ExplainQuery(metric="retention_refund_ratio", window=window, against=against),
    )
    return [with_defaults(query) for query in found]


def explanations_of(movements: Sequence[Movement]) -> list[Explanation]:
    """Return the explanations of the ratios that changed."""
    changed = [movement for movement in movements if movement.change]
    overlapping = [movement for movement in changed if movement.overlap]
    return [_explanation(movement, caution=movement in overlapping[-1:]) for movement in changed]


def earlier_metrics(movements: Sequence[Movement]) -> Iterator[Metric]:
    """Yield what is known of the earlier instant as series, so that a report can compare with it.

    The retention rate has the customers who were retained and lost as its parts.
    """
    for movement in movements:
        own = {"sla": movement.sla, "basis": movement.basis, "window": movement.window}
        labels = {name: value for name, value in own.items() if value is not None}
        yield _metric(movement.metric, {**EXPLAINED[movement.metric], **labels}, movement.before)
        if movement.metric == "retention_rate_ratio":
            yield from _sets(movement.before, labels)


def _sets(side: Side, labels: dict[str, str]) -> Iterator[Metric]:
    sizes = {"retained": side.numerator, "lost": side.denominator - side.numerator}
    for name, size in sizes.items():
        yield Metric(metric="retention_customers", labels=labels | {"set": name}, value=size, as_of=side.at)


def _metric(name: str, labels: dict[str, str], side: Side) -> Metric:
    return Metric(
        metric=name,
        labels=labels,
        value=side.value,
        numerator=side.numerator,
        denominator=side.denominator,
        low=side.low,
        high=side.high,
        as_of=side.at,
    )


def _explanation(movement: Movement, *, caution: bool) -> Explanation:
    terms = movement.terms[:_MOST_TERMS] if movement.distinguishable else []
    return Explanation(
        title=_TITLES.get(movement.metric, movement.metric),
        sentences=(*_sentences(movement), *([_CAUTION] if caution else [])),
        by=_STRATA.get(movement.by, movement.by),
        terms=tuple(map(_term, terms)),
    )


def _sentences(movement: Movement) -> Iterator[str]:
    now, before = _share(movement.after.value), _share(movement.before.value)
    yield (
        f"{now} in the last {length_of(movement.window)}, {before} {DISTANCES[movement.against]} before: "
        f"{_signed(movement.change)}{_between(movement)}."
    )
    largest = movement.largest
    if not movement.distinguishable:
        yield "This may be chance, so no part of it is ranked."
    elif largest is not None:
        yield f"The largest part comes {_cause(movement, largest)}: {_signed(largest.value)}."
    yield from _exposure(movement)
    restated = movement.restated
    if restated is not None and restated.difference:
        yield f"Late data has changed the earlier value by {_signed(restated.difference)}."


def _cause(movement: Movement, largest: Largest) -> str:
    group = f"{movement.by} {largest.stratum}"
    if movement.by == "tenure":
        group = f"customers with {largest.stratum} {'order' if largest.stratum == '1' else 'orders'} so far"
    if largest.effect == "rate":
        return f"from {group}, whose own share changed (rate effect)"
    return f"from {group}, whose weight in the total changed (mix effect)"


def _exposure(movement: Movement) -> Iterator[str]:
    """Yield the bad experience that explains most of the customers who did not stay."""
    known = [
        one
        for one in movement.exposures
        if one.after_most is not None and one.after_most < 0 and one.after_number >= _FEWEST_EXPOSED
    ]
    if known:
        worst = min(known, key=lambda one: one.after_most or 0.0)
        before = "" if worst.before_most is None else f", {_signed(worst.before_most)} before"
        name = _EXPOSURES.get(worst.exposure, worst.exposure)
        yield f"Of all bad experiences, {name} explains most, at most {_signed(worst.after_most)}{before}."


def _term(term: Term) -> tuple[str, ...]:
    effects = (_signed(term.rate_effect), _signed(term.mix_effect))
    return (term.stratum, _share(term.before), _share(term.after), *effects)


def _between(movement: Movement) -> str:
    if movement.low is None or movement.high is None:
        return ""
    return f", with 95 % confidence between {_signed(movement.low)} and {_signed(movement.high)}"


def _share(value: float | None) -> str:
    return "-" if value is None else written(value, "share")


def _signed(value: float | None) -> str:
    if value is None:
        return "-"
    text = f"{100 * abs(value):.1f} points"
    if text == "0.0 points":
        return text
    return f"+{text}" if value > 0 else f"\N{MINUS SIGN}{text}"
