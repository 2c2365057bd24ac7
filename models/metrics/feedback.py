"""Metrics of surveys and reviews (docs/metrics.md, "Feedback")."""

from collections.abc import Iterator
from typing import Final

from models.facts.claims import SURVEYS
from models.metrics.samples import CatalogueEntry, Sample, ratio
from models.metrics.totals import Totals

CATALOGUE: Final[dict[str, CatalogueEntry]] = {
    "retention_nps": CatalogueEntry("Net promoter score, -100 to 100.", ("window",)),
    "retention_ces": CatalogueEntry("Mean customer effort score, 1 to 7, where 7 is easiest.", ("window",)),
    "retention_csat_ratio": CatalogueEntry("Satisfied answers, 4 or 5 of 5.", ("window",)),
    "retention_review_rating": CatalogueEntry("Mean rating of reviews, 1 to 5.", ("window",)),
    "retention_sentiment": CatalogueEntry("Mean sentiment of reviews, -1 to 1.", ("window",)),
    "retention_responses": CatalogueEntry("Answers and reviews.", ("window", "kind")),
}

_BILLION: Final = 1_000_000_000


def compute(totals: Totals) -> Iterator[Sample]:
    """Yield the samples of every window."""
    for window in totals.windows:
        labels, hours = {"window": window.name}, window.hours
        answers = {survey: totals.sum(hours, "answers", survey) for survey in SURVEYS}
        reviews = totals.sum(hours, "reviews")
        balance = totals.sum(hours, "promoters") - totals.sum(hours, "detractors")
        yield ratio("retention_nps", labels, 100 * balance, answers["nps"])
        yield ratio("retention_ces", labels, totals.sum(hours, "efforts"), answers["ces"])
        yield ratio("retention_csat_ratio", labels, totals.sum(hours, "satisfied"), answers["csat"])
        yield ratio("retention_review_rating", labels, totals.sum(hours, "ratings"), reviews)
        sentiment = totals.sum(hours, "sentiment") / _BILLION
        yield ratio("retention_sentiment", labels, sentiment, totals.sum(hours, "sentiments"))
        for kind, number in (*answers.items(), ("review", reviews)):
            yield Sample("retention_responses", labels | {"kind": kind}, number)
