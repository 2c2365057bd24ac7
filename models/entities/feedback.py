"""Reviews and survey answers, applied to the aggregates (docs/metrics.md, "Feedback")."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from models.aggregation.aggregates import Aggregates
from models.definitions.windows import US_PER_HOUR
from models.entities.exposures import BAD_EXPERIENCE, STOCKOUT, Exposure
from models.facts.claims import (
    SURVEYS,
    Answered,
    AnswersWithdrawn,
    CustomerClaim,
    Removed,
    ReviewClaim,
    StockMissed,
    Submitted,
    rank,
)

NPS, CES, CSAT = range(len(SURVEYS))

#: Highest NPS score of a detractor, and lowest score of a promoter.
DETRACTOR, PROMOTER = 6, 9
#: Lowest CSAT score of a satisfied answer.
_SATISFIED = 4
#: Highest rating of a bad review.
_DISAPPOINTED = 2


class Review(Struct, frozen=True, gc=False):
    """The latest version of a review that has not been removed.

    Attributes:
        hour: event hour of the version.
        rating: 1 to 5 stars.
        sentiment: sentiment of the text in billionths. None if unknown.
    """

    hour: int
    rating: int
    sentiment: int | None


def derive(claims: Sequence[ReviewClaim]) -> Review | None:
    """Return the review that the claims of one `review_id` make. None if it was removed or not submitted."""
    latest: Submitted | None = None
    written: Submitted | None = None  # the latest version with a text of its own
    for claim in claims:
        if isinstance(claim, Removed):
            return None
        if latest is None or rank(claim) > rank(latest):
            latest = claim
        if not claim.text_unchanged and (written is None or rank(claim) > rank(written)):
            written = claim
    if latest is None:
        return None
    return Review(latest.time // US_PER_HOUR, latest.rating, None if written is None else written.sentiment)


def latest_nps(claims: Iterable[CustomerClaim]) -> Answered | None:
    """Return the customer's latest answer to the NPS survey that holds, or None without one."""
    return latest_nps_of(answers_that_hold(claims))


def latest_nps_of(answers: Iterable[Answered]) -> Answered | None:
    """Return the latest of some answers that hold, from `answers_that_hold`, to the NPS survey."""
    return max((answer for answer in answers if answer.survey == NPS), key=rank, default=None)


def answers_that_hold(claims: Iterable[CustomerClaim]) -> list[Answered]:
    """Return the answers of a customer that count: without an id each one, of an id the latest version.

    A withdrawal takes back the versions of every survey with its id that are earlier.
    """
    unversioned: list[Answered] = []
    versions: dict[tuple[int, str], Answered] = {}
    withdrawn: dict[str, AnswersWithdrawn] = {}
    for claim in claims:
        if type(claim) is AnswersWithdrawn:
            if claim.answer not in withdrawn or rank(claim) > rank(withdrawn[claim.answer]):
                withdrawn[claim.answer] = claim
        elif type(claim) is not Answered:
            continue
        elif claim.answer is None:
            unversioned.append(claim)
        else:
            known = versions.get((claim.survey, claim.answer))
            if known is None or rank(claim) > rank(known):
                versions[claim.survey, claim.answer] = claim
    return [*unversioned, *[one for one in versions.values() if not _is_withdrawn(one, withdrawn)]]


def _is_withdrawn(answer: Answered, withdrawn: Mapping[str, AnswersWithdrawn]) -> bool:
    found = None if answer.answer is None else withdrawn.get(answer.answer)
    return found is not None and rank(found) > rank(answer)


def is_satisfied(answer: Answered) -> bool:
    """Return whether an answer to the CSAT survey is that of a satisfied customer."""
    return answer.score >= _SATISFIED


def review_exposures(review: Review | None) -> tuple[Exposure, ...]:
    """Return the exposure of a review with a low rating. Empty for any other review."""
    if review is None or review.rating > _DISAPPOINTED:
        return ()
    return ((BAD_EXPERIENCE, review.hour),)


def claim_exposures(claim: CustomerClaim) -> tuple[Exposure, ...]:
    """Return the exposure in a claim about the customer: missing stock, or the answer of a detractor.

    Of answers, the caller passes only those that hold.
    """
    if isinstance(claim, StockMissed):
        return ((STOCKOUT, claim.time // US_PER_HOUR),)
    if isinstance(claim, Answered) and claim.survey == NPS and claim.score <= DETRACTOR:
        return ((BAD_EXPERIENCE, claim.time // US_PER_HOUR),)
    return ()


class FeedbackAggregator:
    """Applies reviews and survey answers to a partition's aggregates, and retracts them."""

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
        """Apply a review (`sign` 1), or retract it (-1)."""
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._reviews + review.hour)
        self._aggregates.add_total(self._ratings + review.hour, sign * review.rating)
        if review.sentiment is not None:
            cells.append(self._sentiments + review.hour)
            self._aggregates.add_total(self._sentiment + review.hour, sign * review.sentiment)

    def add_answer(self, answer: Answered, sign: int) -> None:
        """Apply an answer (`sign` 1), or retract it (-1).

        Of NPS, the caller applies only the latest answer of a customer.
        """
        at = answer.time // US_PER_HOUR
        cells = self._aggregates.counts.cells_of_weight(sign)
        cells.append(self._answers[answer.survey] + at)
        if answer.survey == CES:
            self._aggregates.add_total(self._efforts + at, sign * answer.score)
        elif answer.survey == CSAT:
            if is_satisfied(answer):
                cells.append(self._satisfied + at)
        elif answer.score >= PROMOTER:
            cells.append(self._promoters + at)
        elif answer.score <= DETRACTOR:
            cells.append(self._detractors + at)
