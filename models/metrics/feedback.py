"""What customers say, from the merged sums (docs/metrics.md, "Feedback")."""

from collections.abc import Iterator
from typing import Final

from models.facts.claims import SURVEYS
from models.metrics.samples import Sample, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "retention_nps": ("Net promoter score, -100 to 100.", ("window",)),
    "retention_ces": ("Mean customer effort score, 1 to 7, where 7 is easiest.", ("window",)),
    "retention_csat_ratio": ("Satisfied answers, 4 or 5 of 5.", ("window",)),
    "retention_review_rating": ("Mean rating of reviews, 1 to 5.", ("window",)),
    "retention_sentiment": ("Mean sentiment of reviews, -1 to 1.", ("window",)),
    "retention_responses": ("Answers and reviews.", ("window", "kind")),
}

_BILLION: Final = 1_000_000_000


def compute(merged: Totals) -> Iterator[Sample]:
    """Give the samples of every window."""
    for window in merged.windows:
        labels, hours = {"window": window.name}, window.hours
        answers = {survey: merged.sum(hours, "answers", survey) for survey in SURVEYS}
        reviews = merged.sum(hours, "reviews")
        balance = merged.sum(hours, "promoters") - merged.sum(hours, "detractors")
        yield ratio("retention_nps", labels, 100 * balance, answers["nps"])
        yield ratio("retention_ces", labels, merged.sum(hours, "efforts"), answers["ces"])
        yield ratio("retention_csat_ratio", labels, merged.sum(hours, "satisfied"), answers["csat"])
        yield ratio("retention_review_rating", labels, merged.sum(hours, "ratings"), reviews)
        sentiment = merged.sum(hours, "sentiment") / _BILLION
        yield ratio("retention_sentiment", labels, sentiment, merged.sum(hours, "sentiments"))
        for kind, number in (*answers.items(), ("review", reviews)):
            yield Sample("retention_responses", labels | {"kind": kind}, number)
