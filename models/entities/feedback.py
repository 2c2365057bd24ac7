"""Reviews and survey answers, and what they add to the sums (docs/metrics.md, "Feedback")."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import BAD_EXPERIENCE, STOCKOUT, Exposure
from models.facts.claims import SURVEYS, Answered, CustomerClaim, Removed, ReviewClaim, StockMissed, Submitted

NPS, CES, CSAT = range(len(SURVEYS))

DETRACTOR, PROMOTER = 6, 9
_SATISFIED = 4
_DISAPPOINTED = 2


class Review(Struct, frozen=True, gc=False):
    """The latest version of a review that has not been removed."""

    hour: int
    rating: int
    sentiment: int | None


def derive(claims: Sequence[ReviewClaim]) -> Review | None:
    """Give the review that claims of one `review_id` make; None if there is none, or none any more."""
    latest: Submitted | None = None
    for claim in claims:
        if isinstance(claim, Removed):
            return None
        if latest is None or (claim.time, claim.id) > (latest.time, latest.id):
            latest = claim
    if latest is None:
        return None
    return Review(latest.time // US_PER_HOUR, latest.rating, latest.sentiment)


def latest_nps(claims: Iterable[CustomerClaim]) -> Answered | None:
    """Give a customer's latest answer to the NPS survey."""
    answers = [claim for claim in claims if isinstance(claim, Answered) and claim.survey == NPS]
    return max(answers, key=lambda claim: (claim.time, claim.id)) if answers else None


def review_exposures(review: Review | None) -> tuple[Exposure, ...]:
    """Give the bad experience that a review tells of, if it does."""
    if review is None or review.rating > _DISAPPOINTED:
        return ()
    return ((BAD_EXPERIENCE, review.hour),)


def claim_exposures(claim: CustomerClaim) -> tuple[Exposure, ...]:
    """Give what the customer met in something that is about nothing else."""
    if isinstance(claim, StockMissed):
        return ((STOCKOUT, claim.time // US_PER_HOUR),)
    if isinstance(claim, Answered) and claim.survey == NPS and claim.score <= DETRACTOR:
        return ((BAD_EXPERIENCE, claim.time // US_PER_HOUR),)
    return ()


class FeedbackAggregator:
    """What reviews and answers add to a partition's sums."""

    def __init__(self, aggregates: Aggregates) -> None:
        self._aggregates = aggregates
        self._reviews = aggregates.count("reviews")
        self._ratings = aggregates.total("ratings")
        self._sentiments = aggregates.count("sentiments")
        self._sentiment = aggregates.total("sentiment")
        self._answers = [aggregates.count("answers", survey) for survey in SURVEYS]
        self._promoters = aggregates.count("promoters")
        self._detractors = aggregates.count("detractors")
        self._efforts = aggregates.total("efforts")
        self._satisfied = aggregates.count("satisfied")

    def add_review(self, review: Review, sign: int) -> None:
        """Add a review's points, or take them back."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._reviews + review.hour)
        self._aggregates.add_total(self._ratings + review.hour, sign * review.rating)
        if review.sentiment is not None:
            cells.append(self._sentiments + review.hour)
            self._aggregates.add_total(self._sentiment + review.hour, sign * review.sentiment)

    def add_answer(self, answer: Answered, sign: int) -> None:
        """Add an answer's points, or take them back: of NPS a customer's latest only."""
        at = answer.time // US_PER_HOUR
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._answers[answer.survey] + at)
        if answer.survey == CES:
            self._aggregates.add_total(self._efforts + at, sign * answer.score)
        elif answer.survey == CSAT:
            if answer.score >= _SATISFIED:
                cells.append(self._satisfied + at)
        elif answer.score >= PROMOTER:
            cells.append(self._promoters + at)
        elif answer.score <= DETRACTOR:
            cells.append(self._detractors + at)
